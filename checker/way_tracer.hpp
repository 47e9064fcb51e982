// SPDX-License-Identifier: MIT
/// \file
/// Runs from the numbers of their transitions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "checker/layout.hpp"
#include "checker/monitor.hpp"
#include "checker/options.hpp"
#include "checker/persistent_sets.hpp"
#include "checker/place.hpp"
#include "checker/property.hpp"
#include "checker/result.hpp"
#include "checker/successors.hpp"
#include "checker/symmetry.hpp"
#include "checker/trace.hpp"

namespace vmemcheck::checker {

/// Makes a run again from its first state and, of each transition, its number among all that leave the state, in the
/// order of the search: actor after actor (of a persistent set, where it made use of one), those that were not followed
/// included.
///
/// Where the search kept normalized states, the numbers are of those; the run made is one of the model, though: each of
/// its transitions is the first that does the same and leads to a state that is normalized to the same.
template <Model M>
class WayTracer {
 public:
    using State = typename M::State;

    /// \param options of the search that numbered the transitions
    /// \param symmetry that it made use of
    WayTracer(const M& model, const std::vector<Property<M>>& properties, const Monitor<M>& monitor,
              const SearchOptions& options, const Layout& layout, const Symmetry& symmetry)
        : model_(model),
          properties_(properties),
          monitor_(monitor),
          options_(options),
          layout_(layout),
          symmetry_(symmetry) {}

    /// The run that makes these transitions, and then goes to the place; its property and message are left for the
    /// caller. Throws NotSymmetric if there is none.
    [[nodiscard]] Counterexample<M> run(const State& initial, std::span<const std::uint32_t> transitions,
                                        const Place& place) {
        Counterexample<M> run{0, {}, initial, {}, {}};
        State kept = normalized(initial);
        PersistentSets<M> sets(model_, properties_, monitor_, options_.fuse, symmetry_, layout_.fields(), initial);
        for (const std::uint32_t number : transitions) {
            const Part<State> part = whole(kept, number, sets);
            append(run, part);
            if (part.steps.empty()) return run;
            kept = normalized(part.steps.back().after);
        }
        if (place.in_transition && place.runs > 0) {
            auto found = expand(kept, place.actor);
            append(run, take_part(found, place.outcome, place.runs));
        }
        return run;
    }

 private:
    [[nodiscard]] State normalized(State state) {
        symmetry_.normalize(state);
        return state;
    }
    [[nodiscard]] auto expand(const State& from, ActorId actor) const {
        return transitions_of(model_, monitor_, options_.fuse, options_.check_fused, from, actor);
    }
    /// \param number of the transition among all that the search made of the state
    [[nodiscard]] Part<State> whole(const State& from, std::uint64_t number, PersistentSets<M>& sets) const {
        const std::uint64_t set = options_.partial_order ? sets.choose(from) : 0;
        for (ActorId actor = 0; actor < model_.actor_count(); ++actor) {
            if (set != 0 && (set >> actor & 1) == 0) continue;
            auto sink = expand(from, actor);
            if (number < sink.outcomes.size()) return take_part(sink, number);
            number -= sink.outcomes.size();
        }
        return {};
    }

    /// Appends what the last state of the run can do that is the same but for the numbering of parts.
    void append(Counterexample<M>& run, Part<State> part) {
        if constexpr (Symmetric<M>) {
            if (!symmetry_.empty() && !part.steps.empty()) part = same_from(run.last(), part);
        }
        for (auto& step : part.steps) run.steps.push_back(std::move(step));
    }
    [[nodiscard]] Part<State> same_from(const State& from, const Part<State>& part) {
        const State target = normalized(part.steps.back().after);
        for (ActorId actor = 0; actor < model_.actor_count(); ++actor) {
            auto sink = expand(from, actor);
            for (std::size_t i = 0; i < sink.outcomes.size(); ++i) {
                if (sink.outcomes[i].steps.size() < part.steps.size()) continue;
                Part<State> other = take_part(sink, i, part.steps.size());
                const auto same = [](const MicroStep<State>& a, const MicroStep<State>& b) { return a.step == b.step; };
                if (other.dropped == part.dropped &&
                    std::equal(other.steps.begin(), other.steps.end(), part.steps.begin(), same) &&
                    layout_.equal(normalized(other.steps.back().after), target)) {
                    return other;
                }
            }
        }
        throw NotSymmetric("the model is not symmetric: a step that is there with parts numbered otherwise is missing");
    }

    const M& model_;
    const std::vector<Property<M>>& properties_;
    const Monitor<M>& monitor_;
    const SearchOptions& options_;
    const Layout& layout_;
    Symmetry symmetry_;
};

}  // namespace vmemcheck::checker
