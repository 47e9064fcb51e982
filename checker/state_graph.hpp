// SPDX-License-Identifier: MIT
/// \file
/// The graph of the states that a search has stored: what liveness is decided on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "checker/fairness.hpp"
#include "checker/store.hpp"

namespace vmemcheck::checker {

/// Properties as bits: bit i is number i of those a graph was made for.
using PropertySet = std::uint32_t;

/// What matters of a transition besides where it leads. Transitions that agree in all of it are one edge of the graph.
struct EdgeLabel {
    FairnessSet actions = 0;  ///< the actions it is, of all its runs of steps
    // Of the states within it, if local steps were run together with the first:
    PropertySet holds = 0;    ///< properties whose predicate holds in one of them
    PropertySet fails = 0;    ///< properties whose predicate does not hold in one of them
    PropertySet pending = 0;  ///< properties whose trigger holds in one of them, and no predicate after it

    [[nodiscard]] auto key() const { return std::tie(actions, holds, fails, pending); }
    friend bool operator==(const EdgeLabel& a, const EdgeLabel& b) { return a.key() == b.key(); }
    friend bool operator<(const EdgeLabel& a, const EdgeLabel& b) { return a.key() < b.key(); }
};

/// The graph, compressed: the edges of a state lie side by side, 4 bytes for where one leads and 2 for its label; a
/// state takes 24 bytes: where its edges begin, which actions are enabled, which predicates and triggers hold, and how
/// far it is.
class StateGraph {
 public:
    using Edge = std::uint64_t;  ///< index of an edge
    using LabelId = std::uint16_t;

    /// \param states there will be so many
    explicit StateGraph(StateIndex states);

    /// Adds an edge from the state that is being added; one that is there already is not added again.
    /// \return false if there are more than 65,536 different labels
    bool add_edge(StateIndex target, const EdgeLabel& label);
    /// The next state is complete: the first, then the second, and so on.
    /// \param distance transitions from an initial state
    /// \param expanded all of its transitions are known. If not, the graph says nothing of runs that pass it.
    void add_state(FairnessSet enabled, PropertySet holds, PropertySet triggers, std::uint32_t distance, bool expanded);

    [[nodiscard]] StateIndex size() const { return static_cast<StateIndex>(states_.size()); }
    [[nodiscard]] std::uint64_t edges() const { return targets_.size(); }
    [[nodiscard]] Edge first_edge(StateIndex state) const { return state == 0 ? 0 : states_[state - 1].end; }
    [[nodiscard]] Edge end_edge(StateIndex state) const { return states_[state].end; }
    [[nodiscard]] StateIndex target(Edge edge) const { return targets_[edge]; }
    [[nodiscard]] LabelId label_id(Edge edge) const { return labels_[edge]; }
    [[nodiscard]] const EdgeLabel& label(LabelId id) const { return label_table_[id]; }
    [[nodiscard]] std::size_t label_count() const { return label_table_.size(); }

    [[nodiscard]] FairnessSet enabled(StateIndex state) const { return states_[state].enabled; }
    [[nodiscard]] bool holds(StateIndex state, unsigned property) const {
        return (states_[state].holds >> property & 1U) != 0;
    }
    [[nodiscard]] bool triggered(StateIndex state, unsigned property) const {
        return (states_[state].triggers >> property & 1U) != 0;
    }
    [[nodiscard]] std::uint32_t distance(StateIndex state) const { return states_[state].distance & ~unexpanded; }
    [[nodiscard]] bool expanded(StateIndex state) const { return (states_[state].distance & unexpanded) == 0; }

    /// Memory taken, in bytes.
    [[nodiscard]] std::size_t bytes() const;

 private:
    static constexpr std::uint32_t unexpanded = 0x80000000U;

    struct Node {
        Edge end;
        FairnessSet enabled;
        PropertySet holds;
        PropertySet triggers;
        std::uint32_t distance;  ///< and unexpanded
    };

    std::vector<Node> states_;
    std::vector<StateIndex> targets_;
    std::vector<LabelId> labels_;
    std::vector<EdgeLabel> label_table_;
    std::map<EdgeLabel, LabelId> label_ids_;
};

}  // namespace vmemcheck::checker
