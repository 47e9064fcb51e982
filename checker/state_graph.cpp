// SPDX-License-Identifier: MIT
#include "checker/state_graph.hpp"

#include <limits>

namespace vmemcheck::checker {

StateGraph::StateGraph(StateIndex states) { states_.reserve(states); }

bool StateGraph::add_edge(StateIndex target, const EdgeLabel& label) {
    const auto [place, is_new] = label_ids_.try_emplace(label, static_cast<LabelId>(label_table_.size()));
    if (is_new) {
        if (label_table_.size() > std::numeric_limits<LabelId>::max()) return false;
        label_table_.push_back(label);
    }
    const Edge first = states_.empty() ? 0 : states_.back().end;
    for (Edge edge = first; edge < targets_.size(); ++edge) {
        if (targets_[edge] == target && labels_[edge] == place->second) return true;
    }
    targets_.push_back(target);
    labels_.push_back(place->second);
    return true;
}

void StateGraph::add_state(FairnessSet enabled, PropertySet holds, PropertySet triggers, std::uint32_t distance,
                           bool expanded) {
    states_.push_back({targets_.size(), enabled, holds, triggers, expanded ? distance : distance | unexpanded});
}

std::size_t StateGraph::bytes() const {
    return states_.capacity() * sizeof(Node) + targets_.capacity() * sizeof(StateIndex) +
           labels_.capacity() * sizeof(LabelId);
}

}  // namespace vmemcheck::checker
