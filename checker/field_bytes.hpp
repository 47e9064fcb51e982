// SPDX-License-Identifier: MIT
/// \file
/// Fields in the bytes of a state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace vmemcheck::checker {

/// The value of a field. \param state the bytes of a state \param offset of the field \param size 1 or 2 bytes
[[nodiscard]] inline int load_field(const unsigned char* state, std::size_t offset, unsigned size) {
    if (size == 1) return static_cast<signed char>(state[offset]);
    std::int16_t value = 0;
    std::memcpy(&value, state + offset, sizeof value);
    return value;
}

/// Sets a field. \param value fits its bytes
inline void store_field(unsigned char* state, std::size_t offset, unsigned size, int value) {
    if (size == 1) {
        state[offset] = static_cast<unsigned char>(value);
    } else {
        const auto narrow = static_cast<std::int16_t>(value);
        std::memcpy(state + offset, &narrow, sizeof narrow);
    }
}

/// The low `count` bytes of a number, 0 to 8, as store_low() wrote them. (A switch, as a copy of so many bytes is a
/// call.)
[[nodiscard]] inline std::uint64_t load_low(const unsigned char* from, unsigned count) {
    std::uint64_t value = 0;
    switch (count) {
        case 0:
            return 0;
        case 1:
            return *from;
        case 2:
            std::memcpy(&value, from, 2);
            return value;
        case 3:
            std::memcpy(&value, from, 3);
            return value;
        case 4:
            std::memcpy(&value, from, 4);
            return value;
        case 5:
            std::memcpy(&value, from, 5);
            return value;
        case 6:
            std::memcpy(&value, from, 6);
            return value;
        case 7:
            std::memcpy(&value, from, 7);
            return value;
        default:
            std::memcpy(&value, from, 8);
            return value;
    }
}

/// Writes the low `count` bytes of a number, 0 to 8.
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
