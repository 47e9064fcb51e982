// SPDX-License-Identifier: MIT
/// \file
/// Finds a fair infinite run that violates a liveness property, in a stored graph of states.
#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <vector>

#include "checker/property.hpp"
#include "checker/state_graph.hpp"

namespace vmemcheck::checker {

/// One property, as the graph knows it, and what is assumed of runs.
struct LivenessQuery {
    PropertyKind kind = PropertyKind::always_eventually;
    unsigned property = 0;  ///< its number in PropertySet
    FairnessSet weak = 0;
    FairnessSet strong = 0;
    FairnessSet ceases = 0;
};

/// An infinite run: any path to `root`, then the edges, those from number `loop` on again and again. With
/// loop == edges.size() the run stays in the last state.
struct AbstractLasso {
    StateIndex root = no_state;
    std::vector<StateGraph::Edge> edges;
    std::size_t loop = 0;
    /// No lasso has fewer transitions, path to the root included. False: the search for a shorter one was cut off.
    bool shortest = true;
};

/// What a search for a lasso gave.
struct LassoSearch {
    std::optional<AbstractLasso> lasso;  ///< none: the property holds, as far as the graph goes
    bool interrupted = false;            ///< nothing is known
    std::size_t bytes = 0;               ///< most memory taken
};

/// Looks for a fair run that violates the property.
///
/// The graph without what the violation may not pass (states where the predicate holds; from some point on, actions
/// that cease) is split into strongly connected components (boost::strong_components: Tarjan). One in which an action
/// is enabled everywhere and never taken is not weakly fair. One in which an action is enabled somewhere and never
/// taken is not strongly fair, but without the states in which it is enabled may have parts that are: these are split
/// again (Lichtenstein, Pnueli, POPL 1985). A state may also be stayed in for ever, so that a component of one state
/// needs no edge. Of all fair components, the shortest lasso is searched for: from each state, nearest first, breadth
/// first over states and what of the fairness the cycle has shown so far.
///
/// \param stop ends the search when set; may be null
[[nodiscard]] LassoSearch find_fair_lasso(const StateGraph& graph, const LivenessQuery& query,
                                          const std::atomic<bool>* stop);

}  // namespace vmemcheck::checker
