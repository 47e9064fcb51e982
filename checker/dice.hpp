// SPDX-License-Identifier: MIT
/// \file
/// Random numbers of a walk: a function of a seed and the number of the walk, the same on every platform.
#pragma once

#include <cstdint>

#include "checker/hash.hpp"

namespace vmemcheck::checker {

/// A sequence (SplitMix64's: Steele, Lea, Flood, OOPSLA 2014) that takes nothing to set up: walks are short and many.
class Dice {
 public:
    Dice(std::uint64_t seed, std::uint64_t walk)
        : state_(detail::fold_multiply(seed ^ 0xa0761d6478bd642fULL, walk ^ 0xe7037ed1a0b428dbULL) + seed + walk) {}

    std::uint64_t next() {
        state_ += 0x9e3779b97f4a7c15ULL;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31);
    }
    /// A number in 0 .. count - 1.
    std::uint64_t below(std::uint64_t count) {
        __extension__ using Wide = unsigned __int128;
        return static_cast<std::uint64_t>(static_cast<Wide>(next()) * count >> 64);
    }
    /// In 0 .. 1, 1 excluded.
    double fraction() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
    bool chance(double probability) { return fraction() < probability; }

 private:
    std::uint64_t state_;
};

}  // namespace vmemcheck::checker
