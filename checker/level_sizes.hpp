// SPDX-License-Identifier: MIT
/// \file
/// What the sizes of its levels say of how much of a breadth-first search is still to come.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "checker/memory.hpp"

namespace vmemcheck::checker {

/// Sizes of the last levels of a breadth-first search. They mostly grow, for many levels, and shrink again: while they
/// grow, about as many states as were seen are still to come, or more.
class LevelSizes {
 public:
    enum class Trend : std::uint8_t { growing, steady, shrinking };

    static constexpr std::size_t compared = 6;  ///< levels between the two that are compared, if there are so many

    /// \param states of the level after the last one, at least 1
    void add(std::uint64_t states) {
        sizes_[count_ % sizes_.size()] = states;
        ++count_;
    }
    /// Growing: by more than a tenth from the first level compared to the last. Shrinking: to three fifths or less.
    [[nodiscard]] Trend trend() const {
        if (count_ < 2) return Trend::steady;
        const std::uint64_t last = sizes_[(count_ - 1) % sizes_.size()];
        const std::uint64_t first = count_ <= sizes_.size() ? sizes_[0] : sizes_[count_ % sizes_.size()];
        if (last > first && last - first > first / 10) return Trend::growing;
        return last <= first / 5 * 3 ? Trend::shrinking : Trend::steady;
    }

 private:
    std::array<std::uint64_t, compared + 1> sizes_{};
    std::size_t count_ = 0;
};

/// By how many fifths parts of a table are to grow (CompactTable::grow_by()). To the double while at least as many
/// states are to come as were seen, which moves each key half as often as two fifths do; but not where there is no
/// memory for the double of all, as parts that got it would have room that the others lack. By little when few are to
/// come.
[[nodiscard]] inline unsigned fifths_to_grow_by(LevelSizes::Trend trend, const MemoryBudget& budget) {
    const bool plenty = budget.limit() == 0 || budget.used() <= budget.limit() / 2;
    if (trend == LevelSizes::Trend::growing && plenty) return 5;
    return trend == LevelSizes::Trend::shrinking ? 1 : 2;
}

}  // namespace vmemcheck::checker
