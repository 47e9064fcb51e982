// SPDX-License-Identifier: MIT
/// \file
/// Watches a run, or all of them, for what properties say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "checker/context.hpp"
#include "checker/deadlock.hpp"
#include "checker/property.hpp"
#include "checker/result.hpp"
#include "checker/successors.hpp"

namespace vmemcheck::checker {

/// Evaluates properties on states, steps and the moves of actors, and keeps which are decided (violated or reached)
/// and which triggers were seen. Each on_... function calls hit(property, message) for a property it decides; message
/// is that of a fail() or null. A property without the function its kind needs says nothing, so it holds (is
/// unreached).
template <Model M>
class Monitor {
 public:
    using State = typename M::State;

    Monitor(const M& model, const std::vector<Property<M>>& properties)
        : model_(model), decided_(properties.size()), seen_(properties.size()), undecided_(properties.size()) {
        for (ActorId actor = 0; actor < model.actor_count(); ++actor) kinds_.push_back(model.actor_kind(actor));
        for (std::size_t i = 0; i < properties.size(); ++i) add(i, properties[i]);
        wants_moves_ = !deadlocks_.empty() || !ends_.empty();
    }

    /// A state that is seen for the first time. \return false if it violates an invariant
    template <class Hit>
    bool on_state(const State& state, Hit&& hit) {
        for (std::size_t i = 0; i < triggers_.size();) {
            if (triggers_[i].holds(model_, state)) {
                seen_[triggers_[i].property] = 1;
                triggers_[i] = triggers_.back();
                triggers_.pop_back();
            } else {
                ++i;
            }
        }
        bool good = true;
        for (const StateWatch& watch : invariants_) {
            if (watch.holds(model_, state)) [[likely]]
                continue;
            good = false;
            decide(watch.property, nullptr, hit);
        }
        for (const StateWatch& watch : goals_) {
            if (decided_[watch.property] == 0 && watch.holds(model_, state)) decide(watch.property, nullptr, hit);
        }
        return good;
    }

    /// An enabled run of a step. \return false if it violates an assertion or transition property
    template <class Hit>
    bool on_step(const State& before, const State& after, std::span<const Failure> failures, Hit&& hit) {
        bool good = true;
        for (const Failure& failure : failures) {
            bool claimed = false;
            for (const AssertionWatch& watch : assertions_) {
                if (watch.assertion != failure.assertion) continue;
                claimed = true;
                good = good && !watch.stops;
                decide(watch.property, failure.message, hit);
            }
            unclaimed_ += claimed ? 0 : 1;
        }
        for (const StepWatch& watch : transitions_) {
            if (watch.holds(model_, before, after)) [[likely]]
                continue;
            good = false;
            decide(watch.property, nullptr, hit);
        }
        for (const StepWatch& watch : step_goals_) {
            if (decided_[watch.property] == 0 && watch.holds(model_, before, after))
                decide(watch.property, nullptr, hit);
        }
        return good;
    }

    /// What the actors can do in a state. \param moves one an actor
    template <class Hit>
    void on_moves(const State& state, std::span<const Moves> moves, Hit&& hit) {
        if (!wants_moves_) return;
        const Stuck stuck = judge(moves, kinds_, [&] { return static_cast<bool>(model_.at_rest(state)); });
        if (stuck.deadlock || stuck.cycle) {
            for (const std::size_t property : deadlocks_) decide(property, nullptr, hit);
        }
        if (!stuck.at_end) return;
        for (const EndWatch& watch : ends_) {
            if (watch.trigger == nullptr || watch.trigger(model_, state)) seen_[watch.property] = 1;
            if (!watch.holds(model_, state)) decide(watch.property, nullptr, hit);
        }
    }

    /// on_state() without effects: whether all invariants hold.
    [[nodiscard]] bool state_good(const State& state) const {
        for (const StateWatch& watch : invariants_) {
            if (!watch.holds(model_, state)) return false;
        }
        return true;
    }
    /// on_step() without effects: what it would return.
    [[nodiscard]] bool step_good(const State& before, const State& after, std::span<const Failure> failures) const {
        for (const Failure& failure : failures) {
            for (const AssertionWatch& watch : assertions_) {
                if (watch.assertion == failure.assertion && watch.stops) return false;
            }
        }
        for (const StepWatch& watch : transitions_) {
            if (!watch.holds(model_, before, after)) return false;
        }
        return true;
    }

    /// Takes note that a property is decided, by another monitor say.
    void note_decided(std::size_t property) {
        undecided_ -= decided_[property] == 0 ? 1 : 0;
        decided_[property] = 1;
    }
    /// Adds which triggers another monitor of the same properties has seen, and the failures it did not claim.
    void absorb(const Monitor& other) {
        for (std::size_t i = 0; i < seen_.size(); ++i) seen_[i] = static_cast<char>(seen_[i] | other.seen_[i]);
        unclaimed_ += other.unclaimed_;
    }

    /// What it keeps, apart from the model.
    struct Seen {
        std::vector<char> decided;
        std::vector<char> seen;
        std::uint64_t unclaimed = 0;
    };
    [[nodiscard]] Seen seen() const { return {decided_, seen_, unclaimed_}; }
    /// Takes over what another monitor of the same properties kept.
    void take_over(const Seen& other) {
        for (std::size_t i = 0; i < decided_.size(); ++i) {
            if (other.decided[i] != 0) note_decided(i);
            seen_[i] = static_cast<char>(seen_[i] | other.seen[i]);
        }
        unclaimed_ += other.unclaimed;
    }

    [[nodiscard]] bool decided(std::size_t property) const { return decided_[property] != 0; }
    /// Whether there are properties and all of them are violated or reached.
    [[nodiscard]] bool all_decided() const { return undecided_ == 0 && !decided_.empty(); }
    /// Whether a property has a trigger (or is an end_state) that was not seen.
    [[nodiscard]] bool vacuous(std::size_t property) const { return seen_[property] == 0; }
    [[nodiscard]] std::uint64_t unclaimed_failures() const { return unclaimed_; }
    /// Whether on_step() has anything to do with a step that fails no assertion.
    [[nodiscard]] bool watches_steps() const { return !transitions_.empty() || !step_goals_.empty(); }
    /// Whether on_moves() has anything to do.
    [[nodiscard]] bool wants_moves() const { return wants_moves_; }
    /// Whether deadlocks are looked for.
    [[nodiscard]] bool wants_deadlocks() const { return !deadlocks_.empty(); }
    /// Whether it matters for on_moves() what the environment can do.
    [[nodiscard]] bool wants_ends() const { return !ends_.empty(); }
    [[nodiscard]] std::span<const ActorKind> kinds() const { return kinds_; }

    /// The verdict on a property, without counterexample. \param complete everything was explored
    [[nodiscard]] Verdict<M> verdict(std::size_t i, const Property<M>& property, bool complete) const {
        Verdict<M> verdict;
        const bool goal = property.kind == PropertyKind::reachability;
        if (decided(i)) {
            verdict.status = goal ? Status::reached : Status::violated;
        } else if (complete) {
            verdict.status = goal ? Status::unreached : Status::holds;
        }
        verdict.vacuous = vacuous(i);
        verdict.as_expected = verdict.status == Status::holds ||
                              (verdict.status == Status::reached && property.expected) ||
                              (verdict.status == Status::unreached && !property.expected);
        return verdict;
    }

 private:
    using StatePredicate = bool (*)(const M&, const State&);
    using StepPredicate = bool (*)(const M&, const State&, const State&);
    struct StateWatch {
        StatePredicate holds;
        std::size_t property;
    };
    struct StepWatch {
        StepPredicate holds;
        std::size_t property;
    };
    struct AssertionWatch {
        AssertionId assertion;
        std::size_t property;
        bool stops;  ///< a step that fails it is not followed
    };
    struct EndWatch {
        StatePredicate holds;
        StatePredicate trigger;
        std::size_t property;
    };

    void add(std::size_t i, const Property<M>& property) {
        const bool end = property.kind == PropertyKind::end_state;
        if (property.trigger == nullptr && !end) seen_[i] = 1;
        if (property.trigger != nullptr && !end) triggers_.push_back({property.trigger, i});
        switch (property.kind) {
            case PropertyKind::invariant:
                if (property.holds != nullptr) invariants_.push_back({property.holds, i});
                break;
            case PropertyKind::assertion:
                assertions_.push_back({property.assertion, i, true});
                break;
            case PropertyKind::transition:
                if (property.holds_step != nullptr) transitions_.push_back({property.holds_step, i});
                break;
            case PropertyKind::end_state:
                if (property.holds != nullptr) ends_.push_back({property.holds, property.trigger, i});
                break;
            case PropertyKind::reachability:
                if (property.holds != nullptr) goals_.push_back({property.holds, i});
                if (property.holds_step != nullptr) step_goals_.push_back({property.holds_step, i});
                break;
            case PropertyKind::always_eventually:
            case PropertyKind::leads_to:
            case PropertyKind::eventually_always:
                break;  // not decided state by state: see liveness.hpp
            case PropertyKind::deadlock:
                deadlocks_.push_back(i);
                if (property.holds != nullptr) invariants_.push_back({property.holds, i});
                break;
        }
        if (property.has_assertion && property.kind != PropertyKind::assertion) {
            assertions_.push_back({property.assertion, i, property.kind != PropertyKind::reachability});
        }
    }
    template <class Hit>
    void decide(std::size_t property, const char* message, Hit& hit) {
        if (decided_[property] != 0) return;
        decided_[property] = 1;
        --undecided_;
        hit(property, message);
    }

    const M& model_;
    std::vector<char> decided_;
    std::vector<char> seen_;
    std::size_t undecided_;
    std::uint64_t unclaimed_ = 0;
    std::vector<ActorKind> kinds_;
    std::vector<StateWatch> triggers_;  ///< not seen yet
    std::vector<StateWatch> invariants_;
    std::vector<StateWatch> goals_;
    std::vector<StepWatch> transitions_;
    std::vector<StepWatch> step_goals_;
    std::vector<AssertionWatch> assertions_;
    std::vector<EndWatch> ends_;
    std::vector<std::size_t> deadlocks_;
    bool wants_moves_ = false;  ///< there are deadlocks_ or ends_
};

}  // namespace vmemcheck::checker
