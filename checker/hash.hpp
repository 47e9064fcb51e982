// SPDX-License-Identifier: MIT
/// \file
/// Hash of a packed state.
#pragma once

#include <cstdint>

namespace vmemcheck::checker {

namespace detail {

/// Both halves of the 128-bit product, folded: the "mum" of wyhash (Wang Yi, 2019).
inline std::uint64_t fold_multiply(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace detail

/// A 64-bit hash of `count` 32-bit words; every bit of it may be used alone. The same on every platform.
inline std::uint64_t hash_words(const std::uint32_t* words, unsigned count) {
    constexpr std::uint64_t first = 0xa0761d6478bd642fULL;
    constexpr std::uint64_t second = 0xe7037ed1a0b428dbULL;
    std::uint64_t hash = 0x8ebc6af09c88c6e3ULL ^ count;
    const auto pair = [words](unsigned i) {
        return static_cast<std::uint64_t>(words[i]) | static_cast<std::uint64_t>(words[i + 1]) << 32;
    };
    unsigned i = 0;
    for (; i + 4 <= count; i += 4) hash = detail::fold_multiply(pair(i) ^ first, pair(i + 2) ^ hash);
    if (i + 2 <= count) {
        hash = detail::fold_multiply(pair(i) ^ first, hash ^ second);
        i += 2;
    }
    if (i < count) hash = detail::fold_multiply(words[i] ^ second, hash ^ first);
    return detail::fold_multiply(hash ^ first, hash ^ second);
}

/// The same of 64-bit words, of which there are always as many.
inline std::uint64_t hash_words(const std::uint64_t* words, unsigned count) {
    std::uint64_t hash = 0x8ebc6af09c88c6e3ULL;
    for (unsigned i = 0; i < count; ++i) hash = detail::fold_multiply(words[i] ^ hash, 0xa0761d6478bd642fULL);
    return detail::fold_multiply(hash ^ 0x9e3779b97f4a7c15ULL, 0xe7037ed1a0b428dbULL);
}

}  // namespace vmemcheck::checker
