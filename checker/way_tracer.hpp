// SPDX-License-Identifier: MIT
/// \file
/// Runs from the numbers of their transitions.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "checker/monitor.hpp"
#include "checker/result.hpp"
#include "checker/successors.hpp"
#include "checker/trace.hpp"

namespace vmemcheck::checker {

/// Makes a run again from its first state and, of each transition, its number among all that leave the state, in the
/// order of the search: actor after actor, those that were not followed included.
template <Model M>
class WayTracer {
 public:
    using State = typename M::State;

    /// \param fuse, check_fused as in the search that numbered the transitions
    WayTracer(const M& model, const Monitor<M>& monitor, bool fuse, bool check_fused)
        : model_(model), monitor_(monitor), fuse_(fuse), check_fused_(check_fused) {}

    /// The run; its property and message are left for the caller.
    [[nodiscard]] Counterexample<M> run(const State& initial, std::span<const std::uint32_t> transitions) const {
        Counterexample<M> run{0, {}, initial, {}, {}};
        for (const std::uint32_t number : transitions) append(run, number);
        return run;
    }
    /// Appends the beginning of a transition of one actor.
    /// \param outcome number of the transition among the actor's
    /// \param runs micro-steps of it
    void append(Counterexample<M>& run, ActorId actor, std::uint64_t outcome, unsigned runs) const {
        auto found = expand(run.last(), actor);
        if (outcome >= found.size()) return;
        auto& steps = found[outcome].steps;
        if (runs < steps.size()) steps.erase(steps.begin() + runs, steps.end());
        for (auto& step : steps) run.steps.push_back(std::move(step));
    }

 private:
    void append(Counterexample<M>& run, std::uint64_t number) const {
        const State from = run.last();
        for (ActorId actor = 0; actor < model_.actor_count(); ++actor) {
            auto found = expand(from, actor);
            if (number < found.size()) {
                for (auto& step : found[number].steps) run.steps.push_back(std::move(step));
                return;
            }
            number -= found.size();
        }
    }
    [[nodiscard]] std::vector<Outcome<State>> expand(const State& from, ActorId actor) const {
        const auto follow = [this](unsigned depth, const State& before, const State& after,
                                   const SearchContext& context) {
            return followed(monitor_, check_fused_, depth, before, after, context.failures());
        };
        Expander<M> expander(model_, fuse_);
        detail::PathSink<State, decltype(follow)> sink(from, follow);
        expander.expand(from, actor, sink);
        return std::move(sink.outcomes);
    }

    const M& model_;
    const Monitor<M>& monitor_;
    bool fuse_;
    bool check_fused_;
};

}  // namespace vmemcheck::checker
