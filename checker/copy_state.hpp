// SPDX-License-Identifier: MIT
/// \file
/// Copies states.
#pragma once

#include <cstddef>
#include <cstring>
#include <type_traits>
#include <utility>

namespace vmemcheck::checker::detail {

/// to = from. GCC copies more than a few words with 'rep movs', which takes longer to begin than all of a state takes
/// in pieces that fit registers.
template <class State>
[[gnu::always_inline]] inline void copy_state(State& to, const State& from) {
    constexpr std::size_t piece = 32;
    constexpr std::size_t most_pieces = 32;
    if constexpr (std::is_trivially_copyable_v<State> && sizeof(State) > piece &&
                  sizeof(State) <= most_pieces * piece) {
        auto* const target = reinterpret_cast<unsigned char*>(&to);
        const auto* const source = reinterpret_cast<const unsigned char*>(&from);
        [&]<std::size_t... i>(std::index_sequence<i...>) {
            (std::memcpy(target + i * piece, source + i * piece, piece), ...);
        }
        (std::make_index_sequence<sizeof(State) / piece>());
        constexpr std::size_t whole = sizeof(State) / piece * piece;
        if constexpr (sizeof(State) != whole) std::memcpy(target + whole, source + whole, sizeof(State) - whole);
    } else {
        to = from;
    }
}

}  // namespace vmemcheck::checker::detail
