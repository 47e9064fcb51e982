// SPDX-License-Identifier: MIT
/// \file
/// What a check gives back: verdicts, counterexamples, coverage, statistics.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "checker/context.hpp"
#include "checker/coverage.hpp"
#include "checker/model.hpp"
#include "checker/property.hpp"

namespace vmemcheck::checker {

/// What is known of a property.
enum class Status : std::uint8_t {
    holds,  ///< in all of the states reachable without passing a violation (of any property)
    violated,
    reached,     ///< reachability only
    unreached,   ///< reachability only: nowhere in the states reachable without passing a violation
    incomplete,  ///< nothing found, but not everything was explored
};

/// Why a search ended.
enum class Ended : std::uint8_t {
    complete,  ///< everything was explored (violating states excepted: they are not expanded)
    decided,   ///< every property was violated or reached
    state_limit,
    memory_limit,  ///< the limit given, or the machine's
    disk_error,    ///< no room in SearchOptions::disk_folder, or something else is wrong with it
    time_limit,
    approximate,  ///< everything was explored but for states that were omitted (SearchOptions::approximation)
    depth_limit,  ///< all states up to the limit were explored, and there are states at it
    interrupted,
    model_error,  ///< the model broke a rule: Result::model_error
};

/// In a word: "holds".
[[nodiscard]] const char* text(Status status);
/// In a word or two: "state limit".
[[nodiscard]] const char* text(Ended ended);
/// In a word or two: "end state".
[[nodiscard]] const char* text(PropertyKind kind);

/// One run of a step function.
template <class State>
struct MicroStep {
    ActorId actor{};                   ///< who
    StepId step{};                     ///< which step
    std::vector<ChoiceTaken> choices;  ///< in the order they were asked
    State after;                       ///< the state it led to
    /// False for a local step the search ran together with the step before it.
    bool starts_transition = true;
};

/// An actor at the end of a deadlock counterexample.
struct BlockedActor {
    ActorId actor{};          ///< who
    std::string actor_name;   ///< its name
    ActorKind kind{};         ///< whether it owes anything
    bool can_move = false;    ///< then the other members below are empty
    std::string guard;        ///< what it waits for
    int holder = -1;          ///< who has it, -1 if unknown
    std::string holder_name;  ///< empty if unknown
    bool in_cycle = false;    ///< waits, by way of holders, for itself
};

/// "worker waits for hotplug_mutex, held by user", "user can move".
[[nodiscard]] std::string text(const BlockedActor& blocked);

/// A run that ends in a violation, or that reaches what a reachability property asks for.
template <class M>
struct Counterexample {
    std::size_t property{};                           ///< index into the properties checked
    std::string message;                              ///< why it counts, one sentence
    typename M::State initial;                        ///< where it begins
    std::vector<MicroStep<typename M::State>> steps;  ///< in order
    std::vector<BlockedActor> blocked;  ///< every actor, for a deadlock or in the first state of a loop; else empty
    /// For liveness: after the steps the state is what it was before step number `loop`, and the run goes on from there
    /// for ever. With loop == steps.size() nothing happens any more.
    std::optional<std::size_t> loop{};

    /// The state it ends in.
    [[nodiscard]] const typename M::State& last() const { return steps.empty() ? initial : steps.back().after; }
    /// Transitions: steps without the local ones fused to them.
    [[nodiscard]] std::size_t transitions() const {
        std::size_t count = 0;
        for (const auto& step : steps) count += step.starts_transition ? 1 : 0;
        return count;
    }
};

/// What a search says of one property.
template <class M>
struct Verdict {
    Status status = Status::incomplete;  ///< what is known
    /// The property's trigger never occurred (for end_state: in no end state), so it said nothing.
    bool vacuous = false;
    /// holds; for reachability, reached or unreached as expected. False if incomplete.
    bool as_expected = false;
    /// Present if violated or reached (unless there was no memory left to build it).
    std::optional<Counterexample<M>> counterexample;
};

/// Figures of a search or a simulation.
struct Statistics {
    std::uint64_t states = 0;  ///< stored (simulation: visited, repetitions counted)
    /// States that those expanded stand for, where some were not kept because of symmetry; else 0. Only those that can
    /// be reached count if the initial states are as symmetric as the rest.
    std::uint64_t represented = 0;
    /// States of which only some actors were expanded, as it does not matter what the others do first
    /// (SearchOptions::partial_order).
    std::uint64_t reduced = 0;
    std::uint64_t transitions = 0;         ///< outcomes of steps, with what was fused to them
    std::uint64_t micro_steps = 0;         ///< enabled runs of step functions
    std::uint64_t pruned = 0;              ///< states and transitions not followed, as they violate a property
    std::uint64_t unclaimed_failures = 0;  ///< fail() calls of assertions that no property asked about; not pruned
    std::uint64_t max_depth = 0;           ///< transitions from an initial state (depth first: along the paths taken)
    double seconds = 0;                    ///< from the beginning to the end, by the clock
    // Of the graph that liveness properties are decided on; 0 if there are none.
    std::uint64_t graph_transitions = 0;  ///< different ones
    std::size_t graph_bytes = 0;          ///< all that deciding took at most, without the states
    double graph_seconds = 0;             ///< of `seconds`
    std::size_t packed_bits = 0;          ///< of a state
    std::size_t packed_bytes = 0;         ///< of a state
    std::size_t memory_bytes = 0;         ///< taken by the search at its end, in files as well
    std::size_t peak_memory_bytes = 0;    ///< most it took at any time
    std::size_t peak_disk_bytes = 0;      ///< of files (SearchOptions::disk_folder)
    /// If the search was approximate: the probability at most that any of as many states as it found was omitted where
    /// it first came up, and the share at least of these that are expected not to be. Else 0 and 1.
    double omission_bound = 0;
    double expected_coverage = 1;         ///< see omission_bound
    std::size_t peak_resident_bytes = 0;  ///< of the whole process, from getrusage

    /// transitions by seconds; 0 if it took no time.
    [[nodiscard]] double transitions_per_second() const {
        return seconds > 0 ? static_cast<double>(transitions) / seconds : 0;
    }
    /// Everything the search holds, by the number of states.
    [[nodiscard]] double bytes_per_state() const {
        return states > 0 ? static_cast<double>(memory_bytes) / static_cast<double>(states) : 0;
    }
};

/// What a search gives back.
template <class M>
struct Result {
    std::vector<Verdict<M>> verdicts;  ///< one a property, in their order
    Ended ended = Ended::complete;     ///< why it ended
    /// Every state reachable without passing a violation was explored.
    bool complete = false;
    std::string model_error;  ///< if ended == model_error: what is wrong with the model
    /// The run to the error, if it has one; its property index means nothing.
    std::optional<Counterexample<M>> model_error_run;
    Coverage coverage;      ///< which steps and answers were exercised
    Statistics statistics;  ///< how much there was, and what it took

    /// Every verdict is as expected and the model made no error. Vacuous verdicts count as expected.
    [[nodiscard]] bool as_expected() const {
        for (const auto& verdict : verdicts) {
            if (!verdict.as_expected) return false;
        }
        return ended != Ended::model_error;
    }
};

}  // namespace vmemcheck::checker
