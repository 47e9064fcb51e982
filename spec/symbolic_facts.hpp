// SPDX-License-Identifier: MIT
/// \file
/// Learned facts as Z3 terms.
#pragma once

#include <optional>
#include <vector>

#include "spec/symbolic_induction.hpp"

namespace vmemcheck::bbm::spec {

/// A pattern at one place of a symbolic state.
struct FactInstance {  // NOLINT(cppcoreguidelines-pro-type-member-init): a term has no default
    std::size_t pattern = 0;
    z3::expr guard;
    z3::expr value;

    /// Whether it is word for word the same.
    [[nodiscard]] bool same(const FactInstance& other) const;
};

/// Every instance of every pattern that was not dropped, in the order of the plan. Needs a PathOracle in force.
[[nodiscard]] std::vector<FactInstance> instances_of(const FactPlan& plan, const Facts& facts, const Config& config,
                                                     const SymbolicState& state);

/// What facts say of an instance; nothing if they allow all that its bounds do.
[[nodiscard]] std::optional<z3::expr> allowed(const FactPlan& plan, const Facts& facts, const FactInstance& instance);

/// Appends what is so in a Z3 model and is not allowed, and allows it.
void widen(Facts& facts, std::vector<NewFact>& added, const std::vector<FactInstance>& instances,
           const z3::model& model);

}  // namespace vmemcheck::bbm::spec
