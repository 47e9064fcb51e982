// SPDX-License-Identifier: MIT
/// \file
/// What each walk is a walk of.
#pragma once

#include <cstdint>
#include <random>

#include "properties/fuzz.hpp"

namespace vmemcheck::bbm::fuzz {

/// Random numbers, the same on every platform.
class Dice {
 public:
    /// Those of one walk. \param seed that of all walks
    Dice(std::uint64_t seed, std::uint64_t walk);

    /// 0 .. count - 1; 0 if count is 0.
    std::uint64_t below(std::uint64_t count);
    /// low .. high
    int between(int low, int high);
    bool one_in(std::uint64_t count) { return below(count) == 0; }

 private:
    std::mt19937_64 random_;
};

/// The configuration of one walk.
[[nodiscard]] Config vary(const Options& options, Dice& dice);

/// Big blocks that an earlier driver left plugged: a set that BasicBbm::initial_states() has.
[[nodiscard]] std::uint64_t draw_left_plugged(const Config& config, Dice& dice);

}  // namespace vmemcheck::bbm::fuzz
