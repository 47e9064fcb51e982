// SPDX-License-Identifier: MIT
/// \file
/// Whether a program keeps the rules of checker/program.hpp, as far as random walks can tell. An exploration believes
/// what a program says of itself: a thing touched and not told makes it leave out what it should not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "checker/choices.hpp"
#include "checker/program.hpp"

namespace vmemcheck::checker {

/// What audit() is told.
struct ProgramAuditOptions {
    std::uint64_t seed = 0;      ///< the same one gives the same walks
    std::uint64_t walks = 100;   ///< how many
    std::size_t exchanges = 20;  ///< pairs of alternatives tried in both orders, a walk
    /// How often a walk leaves the default, as in ExploreOptions.
    double deviations = 8;
    std::size_t max_steps = 10'000;  ///< of a walk
    std::size_t max_findings = 10;   ///< the audit ends with so many
};

/// A rule that was broken.
struct ProgramFinding {
    std::string what;  ///< which rule, and where, one sentence
    Choices schedule;  ///< after which it was
};

/// What an audit found, and how much it looked at.
struct ProgramAudit {
    std::vector<ProgramFinding> findings;  ///< none: no rule was seen broken
    std::uint64_t steps = 0;               ///< that were taken twice and compared
    std::uint64_t restored = 0;            ///< states that were restored, and the walk gone on from there
    std::uint64_t exchanged = 0;           ///< pairs that touch nothing in common and came to the same in both orders
    std::uint64_t enabled = 0;             ///< steps that let another actor go on
    std::uint64_t met = 0;                 ///< states that were met again, with the same to choose from and to follow
};

/// Audits a program by random walks:
/// - the same choices give the same alternatives, fingerprints and touched objects, also after save() and restore();
/// - alternatives of two actors that touch nothing in common come to the same in both orders;
/// - a step that lets an actor go on that had to wait wrote something that this actor touched last;
/// - states of one fingerprint have the same alternatives, and the same one leads to one fingerprint from all.
[[nodiscard]] ProgramAudit audit(Program& program, const ProgramAuditOptions& options = {});

}  // namespace vmemcheck::checker
