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

}  // namespace vmemcheck::checker
