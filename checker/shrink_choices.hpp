// SPDX-License-Identifier: MIT
/// \file
/// Makes a violating run of a program simpler.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "checker/choices.hpp"

namespace vmemcheck::checker {

/// What shrink() is told.
struct ShrinkChoicesOptions {
    std::size_t max_steps = 10'000;   ///< of a run
    std::uint64_t max_runs = 10'000;  ///< of delta debugging
    /// Most runs of the bounded exploration that looks for a run of less cost; 0: none.
    std::uint64_t search_runs = 20'000;
    double max_seconds = 30;                  ///< of the whole; 0: no limit
    const std::atomic<bool>* stop = nullptr;  ///< set it to end early, with what was reached so far
};

/// A run that violates the property, shrunk.
struct ShrunkChoices {
    Replayed run;            ///< to the violation
    std::uint64_t runs = 0;  ///< taken to shrink it, those of the exploration included
    /// No run that violates the property costs less: the exploration of all that do was complete (up to the collision
    /// of fingerprints).
    bool least_cost = false;
};

/// Shrinks a run by delta debugging (Zeller, Hildebrandt, IEEE TSE 2002): deviations from the default are left out,
/// then parts of the run, and answers are made simpler; each time the rest is run leniently, and what violates the same
/// property is kept if it costs less, or as much with fewer deviations, or as many with fewer steps, or with smaller
/// answers. Then a bounded exploration looks for what costs still less.
/// \return nothing if the choices, run leniently, do not violate the property
[[nodiscard]] std::optional<ShrunkChoices> shrink(Program& program, const Choices& choices, const std::string& property,
                                                  const ShrinkChoicesOptions& options = {});

}  // namespace vmemcheck::checker
