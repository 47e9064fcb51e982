// SPDX-License-Identifier: MIT
/// \file
/// The transition relation as data: for every path of every step, what it needs and what it changes.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "checker/replay.hpp"
#include "spec/symbolic_induction.hpp"
#include "spec/symbolic_terms.hpp"

namespace vmemcheck::bbm::spec {

/// A field of a state, in the order of describe_state().
struct FieldBounds {
    std::string name;
    int low = 0;
    int high = 0;
};

/// A path of a step that is not blocked.
struct TransitionPath {
    std::vector<TermId> conditions;
    std::vector<std::pair<int, TermId>> changes;  ///< field, its value afterwards
    std::vector<assertion::Id> failures;
    std::vector<checker::ChoiceTaken> choices;
};

/// A step with its paths.
struct Transition {
    StepInstance step;
    std::vector<std::pair<int, int>> pinned;  ///< field, the value it must have: program counters
    std::vector<TermId> premise;              ///< what else makes it the actor's next
    std::vector<TransitionPath> paths;
};

/// A property of single states, over any state.
using StatePredicate = std::function<SymBool(const Config&, const SymbolicState&)>;

/// Steps are enumerated when they are asked for, once. Members throw std::runtime_error if Z3 fails.
class TransitionRelation {
 public:
    /// \param assumed predicates that hold of every state of interest (proved, that is): they cut paths
    TransitionRelation(Config config, ObligationSet assumed);

    [[nodiscard]] const Config& config() const { return config_; }
    [[nodiscard]] const ObligationSet& assumed() const { return assumed_; }
    [[nodiscard]] const std::vector<FieldBounds>& fields() const { return fields_; }
    [[nodiscard]] Terms& terms() { return terms_; }

    [[nodiscard]] std::size_t size() const { return transitions_.size(); }
    /// What makes a step the actor's next; known without its paths.
    [[nodiscard]] const std::vector<std::pair<int, int>>& pinned(std::size_t i) const { return pinned_[i]; }
    [[nodiscard]] const Transition& transition(std::size_t i);

    /// The conjuncts of an obligation that is a predicate.
    [[nodiscard]] std::vector<TermId> predicate(std::size_t obligation);
    [[nodiscard]] TermId predicate(const StatePredicate& predicate);
    /// The conjuncts of all that is assumed.
    [[nodiscard]] const std::vector<TermId>& assumptions() const { return assumptions_; }

    /// Values of a state, in the order of fields(), and back.
    [[nodiscard]] std::vector<int> values(const Bbm::State& state) const;
    [[nodiscard]] Bbm::State state(const std::vector<int>& values) const;

 private:
    Transition enumerate(std::size_t i);
    std::vector<TermId> imported(const std::function<std::vector<z3::expr>(const SymbolicState&)>& build);

    Config config_;
    z3::context context_;  ///< one for all steps: Z3 takes long to take a context down
    ObligationSet assumed_;
    std::vector<FieldBounds> fields_;
    std::unordered_map<std::string, int> numbers_;  ///< by the name of the Z3 constant
    Terms terms_;
    std::vector<std::vector<std::pair<int, int>>> pinned_;
    std::vector<std::optional<Transition>> transitions_;
    std::vector<TermId> assumptions_;
};

}  // namespace vmemcheck::bbm::spec
