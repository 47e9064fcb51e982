// SPDX-License-Identifier: MIT
/// \file
/// What induction over one step and unrolling share.
#pragma once

#include <vector>

#include "spec/symbolic_induction.hpp"

namespace vmemcheck::bbm::spec {

/// A pre-state in which a step is its actor's next.
struct Pinned {  // NOLINT(cppcoreguidelines-pro-type-member-init): a term has no default
    FreshState fresh;
    z3::expr premise;  ///< what the program counters pinned do not say
};
[[nodiscard]] Pinned pinned_state(z3::context& context, const Config& config, const StepInstance& instance,
                                  const Focus* focus = nullptr);

/// The conjuncts of a state predicate. Needs a PathOracle in force.
/// \param obligation less than Obligations::predicates()
[[nodiscard]] std::vector<z3::expr> conjuncts_of(const Config& config, const SymbolicState& state,
                                                 std::size_t obligation, bool focus = false);

}  // namespace vmemcheck::bbm::spec
