// SPDX-License-Identifier: MIT
/// \file
/// Which bytes of two states differ.
#pragma once

#include <cstddef>
#include <cstdint>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace vmemcheck::checker::detail {

/// A bit for each byte that differs, bit 0 for the first. Without a branch: which bytes a step changes, no branch
/// predictor learns.
/// \tparam bytes 1 to 64
template <std::size_t bytes>
[[nodiscard]] std::uint64_t differing_bytes(const unsigned char* a, const unsigned char* b) {
    static_assert(bytes >= 1 && bytes <= 64);
    std::uint64_t differing = 0;
#ifdef __SSE2__
    constexpr std::size_t lane = sizeof(__m128i);
    constexpr std::size_t half = lane / 2;
    const auto equal = [](__m128i x, __m128i y) {
        return static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(x, y))));
    };
    if constexpr (bytes >= lane) {
        constexpr std::uint64_t all = 0xffff;
        const auto compare = [&](std::size_t from) {
            const auto load = [from](const unsigned char* bytes_of) {
                return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes_of + from));
            };
            differing |= (equal(load(a), load(b)) ^ all) << from;
        };
        for (std::size_t from = 0; from + lane <= bytes; from += lane) compare(from);
        if constexpr (bytes % lane != 0) compare(bytes - lane);
        return differing;
    } else if constexpr (bytes >= half) {
        const auto compare = [&](std::size_t from) {
            const auto load = [from](const unsigned char* bytes_of) {
                return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(bytes_of + from));
            };
            differing |= ((equal(load(a), load(b)) & 0xff) ^ 0xff) << from;
        };
        compare(0);
        if constexpr (bytes != half) compare(bytes - half);
        return differing;
    }
#endif
    for (std::size_t i = 0; i < bytes; ++i) differing |= static_cast<std::uint64_t>(a[i] != b[i]) << i;
    return differing;
}

}  // namespace vmemcheck::checker::detail
