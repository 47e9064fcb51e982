// SPDX-License-Identifier: MIT
/// \file
/// States of a model to measure with: the first that a breadth-first search finds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "checker/layout.hpp"
#include "checker/model.hpp"
#include "checker/successors.hpp"

namespace vmemcheck::bench {

/// An Expander's sink that shows each outcome to somebody.
template <class State, class Seen>
class Outcomes {
 public:
    /// \param seen called with each outcome; must outlive this
    Outcomes(const State& sample, Seen& seen) : slot_(sample), seen_(seen) {}

    State& slot() { return slot_; }
    bool on_step(unsigned, const State&, const State&, checker::ActorId, const checker::SearchContext&) { return true; }
    void commit(unsigned) { seen_(slot_); }
    void drop(unsigned) {}
    void broken(checker::Misuse, checker::ActorId, const checker::SearchContext&) {}

 private:
    State slot_;
    Seen& seen_;
};

/// Calls seen(after) for each outcome of each actor in a state.
template <checker::Model M, class Seen>
void expand(checker::Expander<M>& expander, const M& model, const typename M::State& from, Seen& seen) {
    Outcomes<typename M::State, Seen> outcomes(from, seen);
    for (checker::ActorId actor = 0; actor < model.actor_count(); ++actor) expander.expand(from, actor, outcomes);
}

template <checker::Model M>
struct Sample {
    using State = typename M::State;
    std::vector<State> states;                   ///< different ones
    std::vector<std::pair<State, State>> pairs;  ///< steps: before, after
};

/// \param count states wanted; the model must have so many
template <checker::Model M>
[[nodiscard]] Sample<M> sample(const M& model, std::size_t count) {
    Sample<M> found;
    model.initial_states([&](const auto& state) { found.states.push_back(state); });
    const checker::Layout layout = checker::layout_of(model, found.states.front());
    std::set<std::vector<std::uint32_t>> known;
    const auto is_new = [&](const auto& state) {
        std::vector<std::uint32_t> packed(layout.buffer_words());
        return layout.pack(state, packed.data()) < 0 && known.insert(std::move(packed)).second;
    };
    std::erase_if(found.states, [&](const auto& state) { return !is_new(state); });
    checker::Expander<M> expander(model, false);
    for (std::size_t next = 0; next < found.states.size() && found.states.size() < count; ++next) {
        const auto before = found.states[next];
        const auto seen = [&](const auto& after) {
            found.pairs.emplace_back(before, after);
            if (found.states.size() < count && is_new(after)) found.states.push_back(after);
        };
        expand(expander, model, before, seen);
    }
    return found;
}

}  // namespace vmemcheck::bench
