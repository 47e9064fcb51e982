// SPDX-License-Identifier: MIT
/// \file
/// Numbers in as few bytes as they need.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace vmemcheck::checker {

/// A number of `count` bytes, 0 to 8, that store_low() wrote. In registers: what is read at once after it was written
/// in parts, the processor has to wait for.
[[nodiscard]] inline std::uint64_t load_low(const unsigned char* from, unsigned count) {
    static_assert(std::endian::native == std::endian::little);
    const auto two = [from](unsigned at) {
        std::uint16_t value = 0;
        std::memcpy(&value, from + at, sizeof value);
        return std::uint64_t{value} << 8 * at;
    };
    const auto four = [from](unsigned at) {
        std::uint32_t value = 0;
        std::memcpy(&value, from + at, sizeof value);
        return std::uint64_t{value} << 8 * at;
    };
    switch (count) {
        case 0:
            return 0;
        case 1:
            return from[0];
        case 2:
            return two(0);
        case 3:
            return two(0) | std::uint64_t{from[2]} << 16;
        case 4:
            return four(0);
        case 5:
            return four(0) | std::uint64_t{from[4]} << 32;
        case 6:
            return four(0) | two(4);
        case 7:
            return four(0) | four(3);
        default:
            return four(0) | four(4);
    }
}

/// Writes the low `count` bytes of a number, 0 to 8. A switch over copies of fixed sizes, as one of any size is a call.
inline void store_low(unsigned char* to, std::uint64_t value, unsigned count) {
    switch (count) {
        case 0:
            return;
        case 1:
            std::memcpy(to, &value, 1);
            return;
        case 2:
            std::memcpy(to, &value, 2);
            return;
        case 3:
            std::memcpy(to, &value, 3);
            return;
        case 4:
            std::memcpy(to, &value, 4);
            return;
        case 5:
            std::memcpy(to, &value, 5);
            return;
        case 6:
            std::memcpy(to, &value, 6);
            return;
        case 7:
            std::memcpy(to, &value, 7);
            return;
        default:
            std::memcpy(to, &value, 8);
    }
}

}  // namespace vmemcheck::checker
