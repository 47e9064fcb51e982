// SPDX-License-Identifier: MIT
/// \file
/// Induction over one step: does every path of every step keep every predicate?
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "spec/catalogue.hpp"
#include "spec/facts.hpp"
#include "spec/symbolic_step.hpp"

namespace vmemcheck::bbm::spec {

/// A step function at one program counter.
struct StepInstance {
    checker::ActorId actor = 0;
    StepId step{};
};
/// Every step of the model: together they are the transition relation.
[[nodiscard]] const std::vector<StepInstance>& step_instances();

/// What induction is about: indices 0 .. predicates() - 1 are state predicates (invariants, lemmas,
/// "learned-facts", "fields-in-range"), those after are assertions inside steps, which can only be
/// proved.
class Obligations {
 public:
    static std::size_t count() { return predicates() + assertion::count; }
    static std::size_t predicates() { return invariants<SymbolicDomain>.size() + lemma_infos.size() + 2; }
    static std::size_t of(assertion::Id which) { return predicates() + which; }
    static std::size_t in_range() { return predicates() - 1; }
    /// The facts of InductionOptions: true where there are none.
    static std::size_t facts() { return predicates() - 2; }
    [[nodiscard]] static std::string_view name(std::size_t index);
};

/// A set of obligations.
using ObligationSet = std::vector<bool>;

/// A state that satisfies what was assumed, and a step that leads out.
struct Cti {
    std::size_t broken = 0;      ///< the obligation
    std::size_t proof_case = 0;  ///< index into Proof::cases
    std::string numbers;         ///< in a focus: where what is kept is, and how many there are
    StepInstance step;
    std::size_t path = 0;
    std::vector<std::pair<checker::ChoiceId, int>> choices;
    Bbm::State before;
    Bbm::State after;
};

/// Something that facts do not allow, and a step leads to.
struct NewFact {
    std::size_t pattern = 0;
    int guard = 0;
    int value = 0;
};

/// The outcome for one step.
struct StepResult {
    std::size_t paths = 0;
    std::size_t queries = 0;
    double seconds = 0;
    double slowest = 0;  ///< seconds of the slowest query
    std::size_t slowest_path = 0;
    std::vector<Cti> ctis;              ///< the first for each obligation broken here
    ObligationSet unknown;              ///< a query timed out or was stopped
    std::vector<ObligationSet> needed;  ///< for each obligation: predicates in the cores of its proofs; empty: no query
    std::string script;                 ///< all queries in SMT-LIB 2, if asked for
    std::vector<bool> facts_used;       ///< patterns of facts in the cores of this step
    std::vector<NewFact> new_facts;     ///< what has to be allowed for the facts to be kept by this step
};

struct InductionOptions {
    unsigned timeout_ms = 10000;              ///< of one query
    const std::atomic<bool>* stop = nullptr;  ///< set it to end early: what is left is unknown
    bool script = false;                      ///< fill StepResult::script
    /// The scope says what is kept of a system of any size (Focus), not what there is.
    bool focus = false;
    /// Assumed as the obligation facts(). As a goal they are not broken but widened, by StepResult::new_facts. Null:
    /// there are none.
    const Facts* facts = nullptr;
    const FactPlan* plan = nullptr;  ///< where they occur in this configuration's states
};

/// What initial states have that facts do not allow.
[[nodiscard]] std::vector<NewFact> new_initially(const Config& config, bool focus, const Facts& facts,
                                                 const FactPlan& plan);

/// Which predicates every initial state satisfies, proved; assertions count as satisfied.
[[nodiscard]] ObligationSet holds_initially(const Config& config, bool focus);

/// "user task: op_offline_test"
[[nodiscard]] std::string step_title(const StepInstance& step);

/// Proves of every path of one step that it keeps the obligations in `goals`, assuming those predicates in `assumed`
/// before it.
/// \param context a thread's own; with a new one the counterexamples depend on the other arguments only
[[nodiscard]] StepResult induct(z3::context& context, const Config& config, const StepInstance& step,
                                const ObligationSet& assumed, const ObligationSet& goals,
                                const InductionOptions& options);
/// The same, with a context of its own.
[[nodiscard]] StepResult induct(const Config& config, const StepInstance& step, const ObligationSet& assumed,
                                const ObligationSet& goals, const InductionOptions& options);

}  // namespace vmemcheck::bbm::spec
