// SPDX-License-Identifier: MIT
/// \file
/// Induction over one step: does every path of every step keep every predicate?
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "spec/catalogue.hpp"
#include "spec/symbolic_step.hpp"

namespace vmemcheck::bbm::spec {

/// A step function at one program counter.
struct StepInstance {
    checker::ActorId actor = 0;
    StepId step{};
};
/// Every step of the model: together they are the transition relation.
[[nodiscard]] const std::vector<StepInstance>& step_instances();

/// What induction is about: indices 0 .. obligations - 1 are state predicates (invariants, lemmas, "fields-in-range"),
/// those after are assertions inside steps, which can only be proved.
class Obligations {
 public:
    static std::size_t count() { return predicates() + assertion::count; }
    static std::size_t predicates() { return invariants<SymbolicDomain>.size() + lemma_infos.size() + 1; }
    static std::size_t of(assertion::Id which) { return predicates() + which; }
    static std::size_t in_range() { return predicates() - 1; }
    [[nodiscard]] static std::string_view name(std::size_t index);
};

/// A set of obligations.
using ObligationSet = std::vector<bool>;

/// A state that satisfies what was assumed, and a step that leads out.
struct Cti {
    StepInstance step;
    std::size_t path = 0;
    std::vector<std::pair<checker::ChoiceId, int>> choices;
    Bbm::State before;
    Bbm::State after;
    std::vector<std::size_t> broken;  ///< obligations
};

/// The outcome for one step.
struct StepResult {
    std::size_t paths = 0;
    std::size_t queries = 0;
    double seconds = 0;
    double slowest = 0;  ///< seconds of the slowest query
    std::size_t slowest_path = 0;
    bool unknown = false;               ///< a query timed out or was given up
    std::vector<Cti> ctis;              ///< at most one for each obligation broken here
    std::vector<ObligationSet> needed;  ///< for each obligation: predicates in the cores of its proofs; empty: no query
};

struct InductionOptions {
    unsigned timeout_ms = 10000;  ///< of one query
    bool cores = true;            ///< find out which predicates each proof needs
};

/// Proves of every path of one step that it keeps the obligations in `goals`, assuming those predicates in `assumed`
/// before it.
[[nodiscard]] StepResult induct(const Config& config, const StepInstance& step, const ObligationSet& assumed,
                                const ObligationSet& goals, const InductionOptions& options);

}  // namespace vmemcheck::bbm::spec
