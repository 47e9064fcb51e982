// SPDX-License-Identifier: MIT
/// \file
/// Builds the run to a state or a step again. A search keeps one parent a state; the steps in between are found by
/// expanding each parent once more.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "checker/layout.hpp"
#include "checker/monitor.hpp"
#include "checker/place.hpp"
#include "checker/result.hpp"
#include "checker/store.hpp"
#include "checker/successors.hpp"

namespace vmemcheck::checker {

/// Whether a transition is followed past a run of a step: no property is violated by the run or, if fused states are
/// checked, by the state it began in.
template <Model M>
[[nodiscard]] bool followed(const Monitor<M>& monitor, bool check_fused, unsigned depth,
                            const typename M::State& before, const typename M::State& after,
                            std::span<const Failure> failures) {
    return (!check_fused || depth == 0 || monitor.state_good(before)) && monitor.step_good(before, after, failures);
}

/// All transitions of an actor in a state, in the order in which a search makes them: those it does not follow are
/// `dropped`, and end where it stopped.
template <Model M>
[[nodiscard]] auto transitions_of(const M& model, const Monitor<M>& monitor, bool fuse, bool check_fused,
                                  const typename M::State& from, ActorId actor) {
    using State = typename M::State;
    const auto follow = [&monitor, check_fused](unsigned depth, const State& before, const State& after,
                                                const SearchContext& context) {
        return followed(monitor, check_fused, depth, before, after, context.failures());
    };
    Expander<M> expander(model, fuse);
    detail::PathSink<State, decltype(follow)> sink(from, follow);
    expander.expand(from, actor, sink);
    return sink;
}

/// A transition, or its first micro-steps.
template <class State>
struct Part {
    std::vector<MicroStep<State>> steps;  ///< none if there is no such transition
    bool dropped = false;                 ///< it ends here, and is not followed
};

/// Takes a transition, or the first `runs` of its micro-steps, out of those that transitions_of() found.
template <class State, class Follow>
[[nodiscard]] Part<State> take_part(detail::PathSink<State, Follow>& found, std::uint64_t number,
                                    std::size_t runs = ~std::size_t{0}) {
    if (number >= found.outcomes.size()) return {};
    Part<State> part{std::move(found.outcomes[number].steps), found.dropped[number]};
    if (runs < part.steps.size()) {
        part.steps.erase(part.steps.begin() + static_cast<std::ptrdiff_t>(runs), part.steps.end());
        part.dropped = false;
    }
    return part;
}

/// Rebuilds runs from a store.
template <Model M, class Store>
class Tracer {
 public:
    using State = typename M::State;

    /// \param fuse, check_fused as in the search that filled the store
    /// \param sample an initial state: gives the bytes that are not described
    Tracer(const M& model, const Layout& layout, const Store& store, const Monitor<M>& monitor, bool fuse,
           bool check_fused, const State& sample)
        : model_(model),
          layout_(layout),
          store_(store),
          monitor_(monitor),
          fuse_(fuse),
          check_fused_(check_fused),
          sample_(sample) {}

    /// The run to a place; its property and message are left for the caller.
    [[nodiscard]] Counterexample<M> run_to(const Place& place) const {
        std::vector<StateIndex> indices;
        const auto last = static_cast<StateIndex>(place.state);
        for (StateIndex i = last; i != no_state; i = store_.parent(i)) indices.push_back(i);
        std::reverse(indices.begin(), indices.end());
        Counterexample<M> run{0, {}, state(indices.front()), {}, {}};
        for (std::size_t i = 0; i + 1 < indices.size(); ++i) append(run, step_between(indices[i], indices[i + 1]));
        if (place.in_transition && place.runs > 0) {
            auto found = expand(state(last), place.actor);
            append(run, take_part(found, place.outcome, place.runs).steps);
        }
        return run;
    }

    [[nodiscard]] State state(StateIndex index) const {
        State result = sample_;
        layout_.unpack(store_.packed(index), result);
        return result;
    }

 private:
    using Steps = std::vector<MicroStep<State>>;

    static void append(Counterexample<M>& run, Steps steps) {
        for (auto& step : steps) run.steps.push_back(std::move(step));
    }
    auto expand(const State& from, ActorId actor) const {
        return transitions_of(model_, monitor_, fuse_, check_fused_, from, actor);
    }
    Steps step_between(StateIndex parent, StateIndex child) const {
        return find_outcome(state(parent), state(child), [](const Steps&) { return true; });
    }

 public:
    /// The steps of a transition from a state to another that wanted(steps) says true of; empty if there is none.
    template <class Wanted>
    [[nodiscard]] std::vector<MicroStep<State>> find_outcome(const State& from, const State& to,
                                                             const Wanted& wanted) const {
        for (ActorId actor = 0; actor < model_.actor_count(); ++actor) {
            auto sink = expand(from, actor);
            for (std::size_t i = 0; i < sink.outcomes.size(); ++i) {
                auto& steps = sink.outcomes[i].steps;
                if (!sink.dropped[i] && layout_.equal(steps.back().after, to) && wanted(steps)) return std::move(steps);
            }
        }
        return {};  // not possible for a step that is a function of the state
    }

 private:
    const M& model_;
    const Layout& layout_;
    const Store& store_;
    const Monitor<M>& monitor_;
    bool fuse_;
    bool check_fused_;
    State sample_;
};

}  // namespace vmemcheck::checker
