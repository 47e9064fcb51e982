// SPDX-License-Identifier: MIT
/// \file
/// All paths of one step of the model, as Z3 terms.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "model/bbm.hpp"
#include "spec/symbolic.hpp"

namespace vmemcheck::bbm::spec {

using SymbolicState = State<SymbolicDomain>;

/// A state of fresh variables "PREFIX.field", and the bounds that describe_state() gives them. In a focus positions and
/// amounts have no upper bounds.
struct FreshState {  // NOLINT(cppcoreguidelines-pro-type-member-init): a term has no default
    SymbolicState state;
    z3::expr bounds;
};
[[nodiscard]] FreshState fresh_state(z3::context& context, const Config& config, const std::string& prefix,
                                     const Focus* focus = nullptr);

/// Any state right after probe.
[[nodiscard]] FreshState initial_state(z3::context& context, const Config& config, const Focus* focus = nullptr);

/// The program counters at which the memory block at hand is offline and being onlined.
[[nodiscard]] SymBool is_onlining(const SymbolicState& state);

/// What is known of the sums that entities which are not kept add: they are not negative, and that of offline memory
/// blocks counts the one which is being onlined. `true` without a focus.
[[nodiscard]] z3::expr sums_of_others(const Config& config, const SymbolicState& state);

/// One feasible path of a step.
struct SymbolicPath {
    z3::expr condition;  ///< over the pre-state
    SymbolicState after;
    bool blocked = false;
    bool outside = false;  ///< something was indexed that is not there: see PathOracle::outside()
    bool unkept = false;   ///< what it works on is not kept in this focus
    std::vector<assertion::Id> failures;
    std::vector<std::pair<checker::ChoiceId, int>> choices;
};

/// Enumerates the paths of an actor's step at one program counter.
/// \param before the pre-state; its program counter (state.wk, op or rm) must be a constant
/// \param assumption holds of the pre-state: bounds, and what else cuts infeasible paths
/// \param stop when set, the enumeration ends early, with what it has
[[nodiscard]] std::vector<SymbolicPath> paths_of(const Config& config, checker::ActorId actor,
                                                 const SymbolicState& before, const z3::expr& assumption,
                                                 const std::atomic<bool>* stop = nullptr);

/// Values of a Z3 model for a symbolic state, as a native state.
[[nodiscard]] Bbm::State concrete(const Config& config, const SymbolicState& symbolic, const z3::model& model);

}  // namespace vmemcheck::bbm::spec
