// SPDX-License-Identifier: MIT
/// \file
/// Random walks through a model, for what is too large to search.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "checker/coverage.hpp"
#include "checker/describe.hpp"
#include "checker/layout.hpp"
#include "checker/memory.hpp"
#include "checker/model.hpp"
#include "checker/monitor.hpp"
#include "checker/options.hpp"
#include "checker/property.hpp"
#include "checker/result.hpp"
#include "checker/successors.hpp"

namespace vmemcheck::checker {

namespace detail {

/// A sink that counts outcomes, and keeps one of them.
template <class State>
class OneOutcome {
 public:
    explicit OneOutcome(const State& sample) : slot_(sample), after(sample) {}

    /// To be called before each expansion. \param wanted number of the outcome to keep
    void begin(std::uint64_t wanted) {
        wanted_ = wanted;
        count = 0;
    }

    State& slot() { return slot_; }
    bool on_step(unsigned, const State&, const State& reached, ActorId, const SearchContext& context) {
        if (count == wanted_) {
            after = reached;
            step = context.step();
            taken.assign(context.taken().begin(), context.taken().end());
            failures.assign(context.failures().begin(), context.failures().end());
        }
        return true;
    }
    void commit(unsigned) { ++count; }
    void drop(unsigned) {}
    void broken(Misuse how, ActorId, const SearchContext&) { misuse = how; }

 private:
    State slot_;
    std::uint64_t wanted_ = 0;

 public:
    std::uint64_t count = 0;  ///< outcomes of the expansion
    State after;              ///< of the outcome kept, as are the next three
    StepId step = no_step;
    std::vector<SearchContext::Taken> taken;
    std::vector<Failure> failures;
    Misuse misuse = Misuse::none;
};

/// Some random walks; run() may be called once.
template <Model M>
class Walker {
 public:
    using State = typename M::State;

    Walker(const M& model, const std::vector<Property<M>>& properties, const SimulationOptions& options)
        : model_(model),
          properties_(properties),
          options_(options),
          limits_(options.max_seconds, options.stop),
          monitor_(model, properties),
          expander_(model, false),
          random_(options.seed),
          moves_(model.actor_count()),
          counts_(model.actor_count()) {
        result_.coverage = Coverage(model.steps(), model.choices());
        result_.verdicts.resize(properties.size());
    }

    Result<M> run() {
        try {
            explore();
        } catch (const std::bad_alloc&) {
            end(Ended::memory_limit);
        } catch (const std::exception& error) {
            model_failed(std::string("the model threw: ") + error.what());
        }
        result_.ended = ended_.value_or(Ended::complete);
        for (std::size_t i = 0; i < properties_.size(); ++i) {
            auto run = std::move(result_.verdicts[i].counterexample);
            result_.verdicts[i] = monitor_.verdict(i, properties_[i], false);
            result_.verdicts[i].counterexample = std::move(run);
        }
        Statistics& statistics = result_.statistics;
        statistics.micro_steps = statistics.transitions;
        statistics.unclaimed_failures = monitor_.unclaimed_failures();
        statistics.packed_bits = layout_.bits();
        statistics.packed_bytes = layout_.packed_bytes();
        statistics.seconds = limits_.seconds();
        statistics.peak_resident_bytes = peak_resident_bytes();
        return std::move(result_);
    }

 private:
    void end(Ended why) {
        if (!ended_) ended_ = why;
    }
    void model_failed(const std::string& message) {
        ended_ = Ended::model_error;
        result_.model_error = message;
        if (walk_) result_.model_error_run = *walk_;
    }
    /// A number in 0 .. count - 1; the same on every platform.
    std::uint64_t below(std::uint64_t count) {
        __extension__ using Wide = unsigned __int128;
        return static_cast<std::uint64_t>(static_cast<Wide>(random_()) * count >> 64);
    }

    void explore() {
        std::vector<State> initial;
        model_.initial_states([&initial](const State& state) { initial.push_back(state); });
        if (initial.empty()) return model_failed("the model has no initial state");
        layout_ = layout_of(model_, initial.front());
        if (!layout_.error().empty()) return model_failed(layout_.error());
        for (std::uint64_t i = 0; i < options_.walks && !over(i); ++i) {
            walk_.emplace(Counterexample<M>{0, {}, initial[below(initial.size())], {}, {}});
            walk(i);
        }
    }
    bool over(std::uint64_t walk) {
        if (options_.stop_when_decided && monitor_.all_decided()) end(Ended::decided);
        if (const auto limit = limits_.check()) end(*limit);
        if (!ended_ && options_.progress && limits_.report_due()) {
            Progress progress;
            progress.states = progress.transitions = result_.statistics.transitions;
            progress.depth = walk_ ? walk_->steps.size() : 0;
            progress.frontier = options_.walks - walk;
            limits_.reported(progress);
            options_.progress(progress);
        }
        return ended_.has_value();
    }

    void walk(std::uint64_t number) {
        const auto hit = [this](std::size_t property, const char* message) { found(property, message); };
        OneOutcome<State> one(walk_->initial);
        if (const int bad = layout_.check(walk_->initial); bad >= 0) {
            return model_failed(bounds_text(layout_, walk_->initial, bad) + " in an initial state");
        }
        ++result_.statistics.states;
        bool good = monitor_.on_state(walk_->initial, hit);
        while (good && walk_->steps.size() < options_.length && !over(number)) {
            const State before = walk_->last();
            const std::optional<ActorId> actor = choose_actor(before, one);
            if (ended_) return;
            monitor_.on_moves(before, moves_, hit);
            if (!actor) return;
            one.begin(below(counts_[*actor]));
            expander_.expand(before, *actor, one);
            if (one.misuse != Misuse::none) return model_failed(text(one.misuse));
            good = take(before, *actor, one, hit);
        }
        if (!good) ++result_.statistics.pruned;
    }

    /// Sees what every actor can do and picks one that can move.
    std::optional<ActorId> choose_actor(const State& state, OneOutcome<State>& one) {
        std::uint64_t processes = 0;
        std::uint64_t environment = 0;
        for (ActorId actor = 0; actor < moves_.size(); ++actor) {
            one.begin(~std::uint64_t{0});
            moves_[actor] = expander_.expand(state, actor, one);
            if (one.misuse != Misuse::none) {
                model_failed(std::string(text(one.misuse)) + " (actor " + std::string(model_.actor_name(actor)) + ")");
                return std::nullopt;
            }
            counts_[actor] = one.count;
            if (!moves_[actor].enabled) continue;
            ++(model_.actor_kind(actor) == ActorKind::process ? processes : environment);
        }
        if (processes + environment == 0) return std::nullopt;
        // The environment can move nearly always: drawn as often as the rest, it would leave them no time to get
        // anywhere.
        constexpr std::uint64_t rarity = 16;
        const bool process = processes > 0 && (environment == 0 || below(rarity) != 0);
        std::uint64_t pick = below(process ? processes : environment);
        for (ActorId actor = 0;; ++actor) {
            if (!moves_[actor].enabled || (model_.actor_kind(actor) == ActorKind::process) != process) continue;
            if (pick-- == 0) return actor;
        }
    }

    template <class Hit>
    bool take(const State& before, ActorId actor, const OneOutcome<State>& one, Hit& hit) {
        MicroStep<State> step{actor, one.step, {}, one.after, true};
        for (const auto& taken : one.taken) step.choices.emplace_back(taken.choice, taken.value);
        walk_->steps.push_back(std::move(step));
        ++result_.statistics.transitions;
        result_.statistics.max_depth = std::max<std::uint64_t>(result_.statistics.max_depth, walk_->steps.size());
        if (const Misuse how = result_.coverage.record(one.step, one.taken); how != Misuse::none) {
            model_failed(std::string(text(how)) + " (actor " + std::string(model_.actor_name(actor)) + ")");
            return false;
        }
        if (!monitor_.on_step(before, one.after, one.failures, hit)) return false;
        if (layout_.check(one.after) >= 0) {
            model_failed(bounds_text(model_, layout_, *walk_));
            return false;
        }
        ++result_.statistics.states;
        return monitor_.on_state(one.after, hit);
    }

    void found(std::size_t property, const char* message) {
        Counterexample<M> run = *walk_;
        describe(run, model_, property, properties_[property], message);
        result_.verdicts[property].counterexample = std::move(run);
    }

    const M& model_;
    const std::vector<Property<M>>& properties_;
    const SimulationOptions& options_;
    Limits limits_;
    Monitor<M> monitor_;
    Expander<M> expander_;
    std::mt19937_64 random_;
    Layout layout_;
    std::vector<Moves> moves_;           ///< one an actor
    std::vector<std::uint64_t> counts_;  ///< outcomes of each actor
    std::optional<Counterexample<M>> walk_;
    std::optional<Ended> ended_;
    Result<M> result_;
};

}  // namespace detail

/// Walks at random: in each state an actor that can move is drawn, then one of its outcomes. Processes are drawn each
/// as likely; the environment moves in one of sixteen steps, or when no process can. The same seed gives the same walks
/// on every platform. A walk ends at its length, where no actor can move, or at a violation (also of a property that an
/// earlier walk violated); the walk is the counterexample.
///
/// Walks prove nothing: a property that is not violated (or reached) is incomplete, never "holds", and Result::complete
/// is false even if Result::ended is complete (all walks were walked). Nothing is fused. Statistics count visits.
/// Coverage::StepCount::new_states stays 0.
template <Model M>
[[nodiscard]] Result<M> simulate(const M& model, const std::vector<Property<M>>& properties,
                                 const SimulationOptions& options = {}) {
    return detail::Walker<M>(model, properties, options).run();
}

}  // namespace vmemcheck::checker
