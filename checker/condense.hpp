// SPDX-License-Identifier: MIT
/// \file
/// Bits of a word, side by side.
#pragma once

#include <bit>
#include <cstdint>

namespace vmemcheck::checker::detail {

/// The bits of the word that the mask has, moved down so that none is between them. To be called only if
/// ParallelUnpacker::supported(): on x86-64 it takes BMI2.
[[nodiscard, gnu::always_inline]] inline std::uint64_t condense(std::uint64_t word, std::uint64_t mask) {
#ifdef __x86_64__
    // Not the intrinsic, which is inlined only where all code may use BMI2.
    asm("pextq %2, %1, %0" : "=r"(word) : "r"(word), "rm"(mask));
    return word;
#else
    std::uint64_t result = 0;
    for (unsigned at = 0; mask != 0; mask &= mask - 1, ++at) result |= (word >> std::countr_zero(mask) & 1) << at;
    return result;
#endif
}

}  // namespace vmemcheck::checker::detail
