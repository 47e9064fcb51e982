// SPDX-License-Identifier: MIT
/// \file
/// Numbers in as few bytes as they need.
#pragma once

#include <cstdint>
#include <cstring>

namespace vmemcheck::checker {

namespace detail {

/// memcpy() of 0 to 8 bytes: a switch over copies of fixed sizes, as one of any size is a call.
inline void copy_few(void* to, const void* from, unsigned count) {
    switch (count) {
        case 0:
            return;
        case 1:
            std::memcpy(to, from, 1);
            return;
        case 2:
            std::memcpy(to, from, 2);
            return;
        case 3:
            std::memcpy(to, from, 3);
            return;
        case 4:
            std::memcpy(to, from, 4);
            return;
        case 5:
            std::memcpy(to, from, 5);
            return;
        case 6:
            std::memcpy(to, from, 6);
            return;
        case 7:
            std::memcpy(to, from, 7);
            return;
        default:
            std::memcpy(to, from, 8);
    }
}

}  // namespace detail

/// A number of `count` bytes, 0 to 8, that store_low() wrote.
[[nodiscard]] inline std::uint64_t load_low(const unsigned char* from, unsigned count) {
    std::uint64_t value = 0;
    detail::copy_few(&value, from, count);
    return value;
}

/// Writes the low `count` bytes of a number, 0 to 8.
inline void store_low(unsigned char* to, std::uint64_t value, unsigned count) { detail::copy_few(to, &value, count); }

}  // namespace vmemcheck::checker
