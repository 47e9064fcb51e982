// SPDX-License-Identifier: MIT
/// \file
/// Memory fetched ahead of its use.
#pragma once

namespace vmemcheck::checker {

/// Fetches the cache line at `at`, to be written to: no other core has it afterwards.
inline void prefetch_to_write(const void* at) {
#if defined(__x86_64__) && defined(__GNUC__)
    // __builtin_prefetch() gives the instruction only if the compiler is told that the processor has it. All that run
    // 64-bit code have it or do nothing there.
    asm volatile("prefetchw %0" : : "m"(*static_cast<const char*>(at)));  // NOLINT(hicpp-no-assembler)
#elif defined(__GNUC__)
    __builtin_prefetch(at, 1);
#else
    static_cast<void>(at);
#endif
}

}  // namespace vmemcheck::checker
