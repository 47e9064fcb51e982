// SPDX-License-Identifier: MIT
#include "checker/team.hpp"

#include <sched.h>

#include <chrono>
#include <cstddef>
#include <system_error>

namespace vmemcheck::checker {

namespace {

/// How long a thread looks for more work, or for the end of it, before it sleeps. One that sleeps between two phases of
/// a round is woken late, and on the core of the one that wakes it, and may be kept there for the whole phase: then the
/// two never run side by side.
constexpr std::chrono::milliseconds patience{1};

/// Looks for it so long.
template <class Come>
void look_for(Come&& come) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!come() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
}

/// Moves the calling thread away from a core, unless it is negative (unknown) or the only one; later it may go where
/// the system likes. A new thread begins on the core of the one that made it. The system moves it when the two have
/// taken turns there for some 10 ms, in which a small search has ended.
void leave_core(int core) {
    cpu_set_t allowed;
    if (core < 0 || core >= CPU_SETSIZE || ::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
    cpu_set_t others = allowed;
    CPU_CLR(static_cast<std::size_t>(core), &others);
    if (CPU_COUNT(&others) == 0 || ::sched_setaffinity(0, sizeof others, &others) != 0) return;
    ::sched_setaffinity(0, sizeof allowed, &allowed);
}

}  // namespace

Team::Team(unsigned size) {
    const int core = ::sched_getcpu();
    try {
        for (unsigned i = 1; i < size; ++i) {
            threads_.emplace_back([this, i, core] {
                leave_core(core);
                follow(i);
            });
        }
    } catch (const std::system_error&) {
        // The threads there are do the work.
    }
}

Team::~Team() {
    work_ = nullptr;
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

void Team::run(const std::function<void(unsigned)>& work) {
    if (threads_.empty()) return work(0);
    work_ = &work;
    working_.store(static_cast<std::uint32_t>(threads_.size()), std::memory_order_relaxed);
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
    work(0);
    look_for([this] { return working_.load(std::memory_order_acquire) == 0; });
    while (const std::uint32_t left = working_.load(std::memory_order_acquire)) {
        working_.wait(left, std::memory_order_acquire);
    }
}

void Team::follow(unsigned number) {
    for (std::uint32_t seen = 0;; ++seen) {
        look_for([&] { return round_.load(std::memory_order_acquire) != seen; });
        round_.wait(seen, std::memory_order_acquire);
        if (work_ == nullptr) return;
        (*work_)(number);
        if (working_.fetch_sub(1, std::memory_order_acq_rel) == 1) working_.notify_one();
    }
}

}  // namespace vmemcheck::checker
