// SPDX-License-Identifier: MIT
/// \file
/// The fair strongly connected components of a part of a graph of states.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "checker/fair_lasso.hpp"
#include "checker/state_graph.hpp"

namespace vmemcheck::checker {

/// The part of a graph in which a violation goes on for ever, and its fair components. Knows of each state in which of
/// them it is.
class FairComponents {
 public:
    using Component = std::uint32_t;
    static constexpr Component none = 0;

    /// \param inside the states a violation may stay in
    FairComponents(const StateGraph& graph, const LivenessQuery& query, const std::vector<bool>& inside,
                   const std::atomic<bool>* stop);

    /// The fair component of a state, 1, 2, ..., or none.
    [[nodiscard]] Component of(StateIndex state) const { return component_[state]; }
    /// States that are in a fair component, in their order.
    [[nodiscard]] const std::vector<StateIndex>& states() const { return fair_states_; }
    /// Actions enabled in some state of a component.
    [[nodiscard]] FairnessSet some_enabled(Component component) const { return some_enabled_[component]; }
    /// Whether a run that stays in a fair component may take this edge.
    [[nodiscard]] bool stays(StateIndex from, StateGraph::Edge edge) const {
        return component_[graph_.target(edge)] == component_[from] && allowed(edge);
    }
    /// Whether an edge, and a state, show that the predicate fails again and again (PropertyKind::eventually_always;
    /// of the other kinds all do).
    [[nodiscard]] bool accepts(StateGraph::Edge edge) const {
        return query_.kind != PropertyKind::eventually_always ||
               (graph_.label(graph_.label_id(edge)).fails >> query_.property & 1U) != 0;
    }
    [[nodiscard]] bool accepts_state(StateIndex state) const {
        return query_.kind != PropertyKind::eventually_always || !graph_.holds(state, query_.property);
    }
    [[nodiscard]] bool interrupted() const { return interrupted_; }
    /// Most memory taken, in bytes.
    [[nodiscard]] std::size_t peak_bytes() const { return peak_bytes_; }

 private:
    struct Facts;

    [[nodiscard]] bool allowed(StateGraph::Edge edge) const {
        const EdgeLabel& label = graph_.label(graph_.label_id(edge));
        if ((label.actions & query_.ceases) != 0) return false;
        return query_.kind == PropertyKind::eventually_always || (label.holds >> query_.property & 1U) == 0;
    }
    void split(std::vector<StateIndex> states, std::vector<std::vector<StateIndex>>& todo);
    void judge(const std::vector<StateIndex>& states, const std::vector<std::uint32_t>& component, std::size_t count,
               std::vector<std::vector<StateIndex>>& todo);

    const StateGraph& graph_;
    LivenessQuery query_;
    const std::atomic<bool>* stop_;
    std::vector<std::uint32_t> local_;  ///< number of a state in the part that is being split, or not_here
    std::vector<Component> component_;
    std::vector<StateIndex> fair_states_;
    std::vector<FairnessSet> some_enabled_{0};
    bool interrupted_ = false;
    std::size_t peak_bytes_ = 0;
};

}  // namespace vmemcheck::checker
