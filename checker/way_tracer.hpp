// SPDX-License-Identifier: MIT
/// \file
/// Runs from the numbers of their transitions.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "checker/monitor.hpp"
#include "checker/place.hpp"
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

    /// The run that makes these transitions, and then goes to the place; its property and message are left for the
    /// caller.
    [[nodiscard]] Counterexample<M> run(const State& initial, std::span<const std::uint32_t> transitions,
                                        const Place& place) const {
        Counterexample<M> run{0, {}, initial, {}, {}};
        for (const std::uint32_t number : transitions) append(run, number);
        if (place.in_transition && place.runs > 0) append_beginning(run, expand(run.last(), place.actor), place);
        return run;
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
        return transitions_of(model_, monitor_, fuse_, check_fused_, from, actor).outcomes;
    }

    const M& model_;
    const Monitor<M>& monitor_;
    bool fuse_;
    bool check_fused_;
};

}  // namespace vmemcheck::checker
