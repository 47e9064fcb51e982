// SPDX-License-Identifier: MIT
/// \file
/// Runs of several steps at once: bounded model checking and k-induction.
///
/// The transition relation is unrolled into clauses: a literal for each value that a field may have after so many
/// steps, a literal for each path that may be taken then. What may be is found by a forward pass over sets of values,
/// one a field, which leaves most of the relation out of the first steps. (Biere, Cimatti, Clarke, Zhu, TACAS 1999;
/// Sheeran, Singh, Stalmarck, FMCAD 2000.)
///
/// A step is taken from states within the bounds of describe_state() only, and from those that satisfy what the
/// relation assumes: answers speak of all runs if the predicates assumed are proved, "fields-in-range" among the
/// proved.
#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <vector>

#include "checker/result.hpp"
#include "spec/properties.hpp"
#include "spec/symbolic_relation.hpp"

namespace vmemcheck::bbm::spec {

struct UnrollOptions {
    unsigned timeout_ms = 0;                  ///< of one query; 0: none
    const std::atomic<bool>* stop = nullptr;  ///< set it to get an answer soon: unknown
    /// k_induct: look at paths without a repeated state only, which is enough.
    bool simple_path = true;
};

/// What a run is to end in: a state, or a step that fails an assertion.
struct Target {
    std::vector<TermId> conjuncts;  ///< of what holds of other states; unless it is an assertion
    std::optional<assertion::Id> assertion;

    /// The violation of an obligation.
    static Target violation(TransitionRelation& relation, std::size_t obligation);
    /// A state that satisfies a predicate.
    static Target state(TransitionRelation& relation, const StatePredicate& predicate);
};

/// Steps one after the other. Every state but perhaps the last is within bounds and satisfies what is assumed.
struct SymbolicRun {
    std::vector<Bbm::State> states;  ///< one more than steps
    std::vector<checker::RecordedStep> steps;
};

struct UnrollStatistics {
    double seconds = 0;
    double slowest = 0;  ///< seconds of the slowest query
    std::size_t queries = 0;
    std::size_t variables = 0;
    std::size_t clauses = 0;
};

struct BmcResult {
    enum class Verdict : std::uint8_t { found, none, unknown } verdict = Verdict::unknown;
    unsigned depth = 0;              ///< steps of the run found; else no run of fewer than, or (none) so many steps
    std::optional<SymbolicRun> run;  ///< from an initial state
    UnrollStatistics statistics;
};

/// Finds a shortest run of at most max_depth steps from an initial state to the target. Every run found has been run
/// again natively; throws std::logic_error if the two disagree, std::runtime_error if Z3 fails at enumerating paths.
/// If it fails later, for want of memory say, the answer is unknown.
[[nodiscard]] BmcResult bmc(TransitionRelation& relation, const Target& target, unsigned max_depth,
                            const UnrollOptions& options);

struct KInductionResult {
    enum class Verdict : std::uint8_t { proved, violated, not_inductive, unknown } verdict = Verdict::unknown;
    unsigned k = 0;                  ///< with which it is proved; else the largest tried
    std::optional<SymbolicRun> run;  ///< violated: from an initial state. not_inductive: from some state, k steps
    UnrollStatistics statistics;
};

/// Proves that the target is never reached: not in fewer than k steps, and not after k steps (k states, for a state
/// target) that keep clear of it, with k = 1, 2, ... max_k.
[[nodiscard]] KInductionResult k_induct(TransitionRelation& relation, const Target& target, unsigned max_k,
                                        const UnrollOptions& options);

/// A run as the checker shows, saves and replays it.
/// \param index of the property among properties
[[nodiscard]] checker::Counterexample<Bbm> counterexample_of(const Bbm& model, const std::vector<Property>& properties,
                                                             std::size_t index, const SymbolicRun& run);

}  // namespace vmemcheck::bbm::spec
