// SPDX-License-Identifier: MIT
/// \file
/// What a model must satisfy.
#pragma once

#include <cstdint>
#include <string>

#include "checker/fairness.hpp"
#include "checker/footprint.hpp"
#include "checker/model.hpp"

namespace vmemcheck::checker {

/// What a property says of the states and runs of a model.
enum class PropertyKind : std::uint8_t {
    invariant,     ///< holds(state) in every reachable state
    assertion,     ///< no step calls fail(assertion)
    transition,    ///< holds_step(before, after) for every step
    end_state,     ///< holds(state) in every reachable state in which no actor, environment included, can move
    reachability,  ///< some reachable state (holds) or step (holds_step) satisfies it
    deadlock,      ///< no reachable state in which every process is blocked and the model is not at rest,
                   ///< and no cycle of processes that wait for one another
    // Liveness, of every fair infinite run; one that stays in a state for ever is infinite, too.
    always_eventually,  ///< holds(state) again and again
    leads_to,           ///< each state with trigger(state) is followed by one with holds(state), or is one
    eventually_always,  ///< from some point on holds(state) in every state
};

/// Whether properties of this kind speak of infinite runs.
[[nodiscard]] constexpr bool is_liveness(PropertyKind kind) { return kind >= PropertyKind::always_eventually; }

/// A property of a model. Plain data and plain functions: predicates are called for every state.
template <class M>
struct Property {
    using State = typename M::State;  ///< of the model

    std::string id;         ///< stable name, for instance "not-broken"
    PropertyKind kind{};    ///< which of the members below count
    std::string sentence;   ///< what it says, one sentence
    std::string source;     ///< the function, specification clause or paper it comes from
    std::string broken_by;  ///< the mutant or release that shows it can fail

    /// Of a state: what must hold, or what a reachability property looks for.
    bool (*holds)(const M&, const State&) = nullptr;
    /// The same of a step, where the kind asks for it.
    bool (*holds_step)(const M&, const State& before, const State& after) = nullptr;
    /// For PropertyKind::assertion; with has_assertion, fail() calls that count for a property of another kind as well.
    /// A deadlock property may have an invariant (holds) besides.
    AssertionId assertion = 0;
    bool has_assertion = false;  ///< see assertion

    /// For partial-order reduction: the objects that holds, holds_step and trigger read (see DeclaresFootprints).
    ObjectSet reads = every_object;

    /// For liveness: the assumptions of the model under which it must hold.
    FairnessSet fairness = 0;

    /// The situation in which the property says something; null: always. If it never occurs the verdict is vacuous.
    bool (*trigger)(const M&, const State&) = nullptr;

    /// For reachability: whether it is meant to be reachable. Reached against expectation, or not reached against
    /// expectation, counts as a violation.
    bool expected = true;
};

}  // namespace vmemcheck::checker
