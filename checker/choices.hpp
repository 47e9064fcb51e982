// SPDX-License-Identifier: MIT
/// \file
/// A run of a program as its choices, and how to run it again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "checker/program.hpp"

namespace vmemcheck::checker {

/// What was taken at a point of choice. The cost is left out: it follows from the choices before.
struct Choice {
    std::uint16_t actor = 0;   ///< who moves
    std::uint16_t answer = 0;  ///< 0 is the benign one

    Choice() = default;
    /// \param of the actor
    Choice(std::uint16_t of, std::uint16_t answered) : actor(of), answer(answered) {}
    /// Takes an alternative.
    explicit Choice(const Alternative& alternative) : actor(alternative.actor), answer(alternative.answer) {}

    /// Equal in all members.
    friend bool operator==(const Choice&, const Choice&) = default;
};

/// A run: one choice for each point, points with one alternative included.
using Choices = std::vector<Choice>;

/// A run that was run again.
struct Replayed {
    Choices taken;                        ///< in a lenient run not what was given
    std::uint64_t cost = 0;               ///< of the alternatives taken, summed
    std::vector<std::size_t> deviations;  ///< steps, from 0, at which something else than the default was taken
    /// How it ended; nothing if the choices or the steps ran out before, or a strict run failed.
    std::optional<ProgramEnd> end;
    /// Of a strict run: the number, from 0, of the choice that could not be taken.
    std::optional<std::size_t> missing_at;
    /// What is wrong at missing_at, and what was offered there; with names, for people.
    std::string error;

    /// Whether it ended in a violation of that property.
    [[nodiscard]] bool violates(const std::string& property) const {
        return end && end->kind == ProgramEnd::Kind::violation && end->property == property;
    }
};

/// Runs a program by choices that it must offer one after the other; ends with the last of them.
/// The program is left where that was.
[[nodiscard]] Replayed replay_strictly(Program& program, const Choices& choices);

/// Runs a program to its end. A choice that is not offered when its turn comes is skipped; when there are none left the
/// default is taken.
/// \param max_steps the run is left after so many
[[nodiscard]] Replayed replay_leniently(Program& program, const Choices& choices, std::size_t max_steps);

/// Takes an alternative and notes it. \param index into alternatives()
void take(Program& program, std::size_t index, Replayed& run);

/// The number of the alternative that a choice names; nothing if it is not offered.
[[nodiscard]] std::optional<std::size_t> find_alternative(const Program& program, const Choice& choice);

}  // namespace vmemcheck::checker
