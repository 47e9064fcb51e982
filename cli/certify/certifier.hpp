// SPDX-License-Identifier: MIT
/// \file
/// Confirms a closed set of states. It runs the model's own steps and evaluates the properties' own predicates, but has
/// nothing else of the checker: its context, its set of states and its unpacking are its own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/bbm.hpp"

namespace vmemcheck::certify {

/// What a certificate claims.
struct Claim {
    bbm::Config config;
    std::vector<std::string> properties;  ///< ids
    unsigned words = 0;                   ///< 32-bit words of a state
    std::vector<std::uint32_t> states;    ///< one after the other
};

struct Verdict {
    std::string refuted;  ///< why the claim is wrong: which state, actor and step; empty if it is right
    std::uint64_t states = 0;
    std::uint64_t steps = 0;  ///< steps of actors, one an answer
};

/// The least number of 32-bit words for a state of this configuration, and its fields.
[[nodiscard]] std::vector<checker::FieldInfo> fields_of(const bbm::Config& config);
[[nodiscard]] unsigned words_for(const std::vector<checker::FieldInfo>& fields);

/// Whether all initial states are in the set, every step of every actor leads from the set into it, every field is
/// within its bounds, and the claimed invariants, transition properties and assertions are never broken.
/// \param claim its states are a multiple of words_for() words; its scope fits bbm::native_capacity
[[nodiscard]] Verdict certify(const Claim& claim);

}  // namespace vmemcheck::certify
