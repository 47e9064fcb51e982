// SPDX-License-Identifier: MIT
#include "conformance/driver/fault.hpp"

#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <ctime>
#include <mutex>

#include "conformance/driver/address_sanitizer.hpp"

#if VMEMCHECK_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

namespace vmemcheck::conformance {

namespace {

constexpr int watchdog_signal = SIGVTALRM;
constexpr std::array fault_signals{SIGSEGV, SIGBUS, SIGFPE, SIGILL};

/// Of a thread. Plain, so that a signal handler may use it.
struct Watched {
    FaultHandler* handler = nullptr;
    std::atomic<unsigned> fed = 0;  ///< counts feedings
    unsigned seen = 0;              ///< feedings, at the last tick
    unsigned ticks = 0;             ///< since the last feeding
    int signal = 0;
    std::uintptr_t code = 0, address = 0;
};
thread_local Watched watched;

[[noreturn]] void land() {
#if VMEMCHECK_ADDRESS_SANITIZER
    __asan_handle_no_return();
#endif
    watched.handler->landed(watched.signal, watched.code, watched.address);
    __builtin_unreachable();
}

void on_signal(int signal, siginfo_t* info, void* context) {
    Watched& w = watched;
    auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    const auto code = static_cast<std::uintptr_t>(registers[REG_RIP]);
    const bool late = signal == watchdog_signal;
    if (late) {
        const unsigned fed = w.fed.load(std::memory_order_relaxed);
        w.ticks = fed == w.seen ? w.ticks + 1 : 0;
        w.seen = fed;
        if (w.ticks < 2) return;
    }
    void* const stack = w.handler != nullptr ? w.handler->landing_stack(code, late) : nullptr;
    if (stack == nullptr) {
        if (!late) std::signal(signal, SIG_DFL);  // and the instruction is tried again
        return;
    }
    w.ticks = 0;
    w.signal = signal;
    w.code = code;
    w.address = late || signal == SIGFPE ? 0 : reinterpret_cast<std::uintptr_t>(info->si_addr);
    // As if called: the return address is where the stack is 8 bytes off a multiple of 16.
    constexpr std::uintptr_t aligned = 15;
    registers[REG_RSP] =
        static_cast<greg_t>(((reinterpret_cast<std::uintptr_t>(stack) - 64) & ~aligned) - sizeof(void*));
    registers[REG_RIP] = static_cast<greg_t>(reinterpret_cast<std::uintptr_t>(&land));
}

/// A stack that overflows cannot take the handler.
void use_alternate_stack() {
    constexpr std::size_t bytes = std::size_t{64} * 1024;
    alignas(16) static thread_local std::array<std::byte, bytes> memory;
    stack_t stack{};
    stack.ss_sp = memory.data();
    stack.ss_size = memory.size();
    ::sigaltstack(&stack, nullptr);
}

/// Ticks twice for each second of this thread's processor time. Without it the machine works as well.
class Watchdog {
 public:
    Watchdog() {
        sigevent event{};
        event.sigev_notify = SIGEV_THREAD_ID;
        event.sigev_signo = watchdog_signal;
        event._sigev_un._tid = static_cast<pid_t>(::syscall(SYS_gettid));
        ticks_ = ::timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer_) == 0;
        if (!ticks_) return;
        itimerspec every{};
        every.it_interval.tv_nsec = every.it_value.tv_nsec = 500'000'000;
        ::timer_settime(timer_, 0, &every, nullptr);
    }
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;
    ~Watchdog() {
        if (ticks_) ::timer_delete(timer_);
    }

 private:
    timer_t timer_{};
    bool ticks_ = false;
};

}  // namespace

void set_fault_handler(FaultHandler* handler) {
    static std::once_flag once;
    std::call_once(once, [] {
        struct sigaction action {};
        action.sa_sigaction = on_signal;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
        ::sigemptyset(&action.sa_mask);
        for (const int signal : fault_signals) ::sigaction(signal, &action, nullptr);
        ::sigaction(watchdog_signal, &action, nullptr);
    });
    watched.handler = handler;
    if (handler == nullptr) return;
    thread_local const bool ready = [] {
        use_alternate_stack();
        return true;
    }();
    static_cast<void>(ready);
    thread_local const Watchdog watchdog;
    static_cast<void>(watchdog);
}

void feed_watchdog() { watched.fed.fetch_add(1, std::memory_order_relaxed); }

}  // namespace vmemcheck::conformance
