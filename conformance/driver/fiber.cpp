// SPDX-License-Identifier: MIT
#include "conformance/driver/fiber.hpp"

#include <sys/mman.h>

#include <boost/context/detail/fcontext.hpp>
#include <cstring>
#include <new>
#include <utility>

#include "conformance/driver/address_sanitizer.hpp"

#if VMEMCHECK_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace vmemcheck::conformance {

namespace context = boost::context::detail;

namespace {

struct Start {
    Fibers* fibers;
    int fiber;
};

constexpr bool sanitized = VMEMCHECK_ADDRESS_SANITIZER != 0;

/// What the registers that nobody saves hold from elsewhere must not end up on a fiber's stack, where a function pushes
/// them unread (as __fentry__ does): the same run would leave another stack.
inline void forget_registers() {
    asm volatile(
        "xorl %%eax, %%eax\n xorl %%ecx, %%ecx\n xorl %%edx, %%edx\n xorl %%esi, %%esi\n xorl %%edi, %%edi\n"
        "xorl %%r8d, %%r8d\n xorl %%r9d, %%r9d\n xorl %%r10d, %%r10d\n xorl %%r11d, %%r11d\n" ::
            : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc");
}

}  // namespace

struct FiberEntry {
    [[noreturn]] static void enter(context::transfer_t from) {
        const Start start = *static_cast<Start*>(from.data);
        Fibers& fibers = *start.fibers;
        fibers.back_ = from.fctx;
        forget_registers();
        fibers.run(start.fiber);
        fibers.forget(start.fiber);
#if VMEMCHECK_ADDRESS_SANITIZER
        __sanitizer_start_switch_fiber(nullptr, fibers.outer_bottom_, fibers.outer_size_);
#endif
        context::jump_fcontext(fibers.back_, nullptr);
        __builtin_unreachable();
    }
};

Fibers::Fibers(std::function<void(int)> body) : body_(std::move(body)) {
    void* memory = ::mmap(nullptr, (guard_bytes + stack_bytes) * max_fibers, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    stacks_ = static_cast<std::byte*>(memory);
    for (int fiber = 0; fiber < max_fibers; ++fiber) {
        if (::mprotect(bottom(fiber), stack_bytes, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
    }
}

Fibers::~Fibers() { ::munmap(stacks_, (guard_bytes + stack_bytes) * max_fibers); }

bool Fibers::can_be_copied() { return !sanitized; }

void Fibers::begin(int fiber) {
#if VMEMCHECK_ADDRESS_SANITIZER
    __asan_unpoison_memory_region(bottom(fiber), stack_bytes);
#endif
    // What a function leaves uninitialised must not depend on what ran here before.
    std::memset(top(fiber) - 8192, 0, 8192);
    context_[static_cast<std::size_t>(fiber)] = context::make_fcontext(top(fiber), stack_bytes, FiberEntry::enter);
}

void Fibers::run(int fiber) {
#if VMEMCHECK_ADDRESS_SANITIZER
    __sanitizer_finish_switch_fiber(nullptr, &outer_bottom_, &outer_size_);
#endif
    body_(fiber);
}

void Fibers::resume(int fiber) {
    static thread_local Start start;  // not on this stack: its address must be the same at any depth
    start = {this, fiber};
    auto& own = context_[static_cast<std::size_t>(fiber)];
#if VMEMCHECK_ADDRESS_SANITIZER
    __sanitizer_start_switch_fiber(&fake_stack_, bottom(fiber), stack_bytes);
#endif
    const context::transfer_t transfer = context::jump_fcontext(own, &start);
#if VMEMCHECK_ADDRESS_SANITIZER
    __sanitizer_finish_switch_fiber(fake_stack_, nullptr, nullptr);
#endif
    if (own == nullptr) return;
    own = transfer.fctx;
    if constexpr (!sanitized) {
        constexpr std::ptrdiff_t below = 6144;
        auto* const from = static_cast<std::byte*>(own) - below;
        if (from >= bottom(fiber)) std::memset(from, 0, static_cast<std::size_t>(below));
    }
}

void Fibers::yield([[maybe_unused]] int fiber) {
#if VMEMCHECK_ADDRESS_SANITIZER
    void* fake = nullptr;
    __sanitizer_start_switch_fiber(&fake, outer_bottom_, outer_size_);
#endif
    back_ = context::jump_fcontext(back_, nullptr).fctx;
    forget_registers();
#if VMEMCHECK_ADDRESS_SANITIZER
    __sanitizer_finish_switch_fiber(fake, &outer_bottom_, &outer_size_);
#endif
}

std::span<const std::byte> Fibers::used(int fiber) const {
    const auto* from = static_cast<const std::byte*>(context_[static_cast<std::size_t>(fiber)]);
    if (from == nullptr) return {};
    return {from, static_cast<std::size_t>(top(fiber) - from)};
}

void Fibers::put_back(int fiber, std::span<const std::byte> stack) {
    auto& own = context_[static_cast<std::size_t>(fiber)];
    if (stack.empty()) {
        own = nullptr;
        return;
    }
    std::byte* const from = top(fiber) - stack.size();
    std::memcpy(from, stack.data(), stack.size());
    constexpr std::ptrdiff_t below = 6144;
    if (from - below >= bottom(fiber)) std::memset(from - below, 0, static_cast<std::size_t>(below));
    own = from;
}

bool Fibers::on_stack(int fiber, const void* address) const {
    const auto* at = static_cast<const std::byte*>(address);
    return at >= bottom(fiber) && at < top(fiber);
}

std::size_t Fibers::room_below(int fiber, const void* address) const {
    const auto* at = static_cast<const std::byte*>(address);
    return at > bottom(fiber) ? static_cast<std::size_t>(at - bottom(fiber)) : 0;
}

}  // namespace vmemcheck::conformance
