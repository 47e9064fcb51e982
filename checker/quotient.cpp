// SPDX-License-Identifier: MIT
#include "checker/quotient.hpp"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/dominator_tree.hpp>
#include <boost/graph/strong_components.hpp>

namespace vmemcheck::checker {

namespace {

using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::bidirectionalS>;

}  // namespace

Quotient::NodeId Quotient::node(Key key) {
    const auto [at, fresh] = ids_.try_emplace(key, nodes_.size());
    if (fresh) nodes_.push_back({key, 0, 0, false});
    return at->second;
}

void Quotient::add_state(Key key, bool initial) {
    Node& seen = nodes_[node(key)];
    ++seen.states;
    seen.initial = seen.initial || initial;
}

void Quotient::add_step(Key from, Key to, ActorId actor, StepId label) {
    if (from == to) {
        ++nodes_[node(from)].stays;
    } else {
        add_edge(from, to, actor, label);
    }
}

void Quotient::add_edge(Key from, Key to, ActorId actor, StepId label) {
    const NodeId source = node(from);
    ++edges_[{source, node(to), actor, label}];
}

std::vector<Quotient::Edge> Quotient::edges() const {
    std::vector<Edge> list;
    list.reserve(edges_.size());
    for (const auto& [key, count] : edges_) {
        const auto [from, to, actor, label] = key;
        list.push_back({from, to, actor, label, count});
    }
    return list;
}

std::optional<Quotient::NodeId> Quotient::find(Key key) const {
    const auto at = ids_.find(key);
    if (at == ids_.end()) return std::nullopt;
    return at->second;
}

std::vector<std::optional<std::size_t>> immediate_dominators(const Digraph& graph,
                                                             std::span<const std::size_t> entries) {
    // Runs may begin at several nodes: a root of our own leads to them all.
    const std::size_t root = graph.nodes;
    Graph rooted(graph.nodes + 1);
    for (const std::size_t entry : entries) boost::add_edge(root, entry, rooted);
    // Boost takes an edge from a node that cannot be reached for a way to get there.
    const std::vector<bool> reached = reachable(graph, entries);
    for (const auto& [from, to] : graph.edges) {
        if (reached[from]) boost::add_edge(from, to, rooted);
    }
    const std::size_t none = Graph::null_vertex();
    std::vector<std::size_t> parents(graph.nodes + 1, none);
    boost::lengauer_tarjan_dominator_tree(
        rooted, root, boost::make_iterator_property_map(parents.begin(), boost::get(boost::vertex_index, rooted)));
    std::vector<std::optional<std::size_t>> immediate(graph.nodes);
    for (std::size_t i = 0; i < graph.nodes; ++i) {
        if (parents[i] != none && parents[i] != root) immediate[i] = parents[i];
    }
    return immediate;
}

std::vector<std::size_t> dominators(const std::vector<std::optional<std::size_t>>& immediate, std::size_t node) {
    std::vector<std::size_t> list{node};
    while (immediate[list.back()]) list.push_back(*immediate[list.back()]);
    std::reverse(list.begin(), list.end());
    return list;
}

std::vector<std::vector<std::size_t>> cycles(const Digraph& graph) {
    Graph copy(graph.nodes);
    for (const auto& [from, to] : graph.edges) boost::add_edge(from, to, copy);
    std::vector<std::size_t> component(graph.nodes);
    const std::size_t count = boost::strong_components(
        copy, boost::make_iterator_property_map(component.begin(), boost::get(boost::vertex_index, copy)));
    std::vector<std::vector<std::size_t>> members(count);
    for (std::size_t i = 0; i < graph.nodes; ++i) members[component[i]].push_back(i);
    std::vector<bool> cyclic(count);
    for (const auto& [from, to] : graph.edges) {
        if (component[from] == component[to]) cyclic[component[from]] = true;
    }
    std::vector<std::vector<std::size_t>> found;
    for (std::size_t i = 0; i < count; ++i) {
        if (cyclic[i]) found.push_back(std::move(members[i]));
    }
    std::sort(found.begin(), found.end());
    return found;
}

std::vector<bool> reachable(const Digraph& graph, std::span<const std::size_t> entries) {
    std::vector<std::vector<std::size_t>> next(graph.nodes);
    for (const auto& [from, to] : graph.edges) next[from].push_back(to);
    std::vector<bool> seen(graph.nodes);
    std::vector<std::size_t> open(entries.begin(), entries.end());
    while (!open.empty()) {
        const std::size_t at = open.back();
        open.pop_back();
        if (seen[at]) continue;
        seen[at] = true;
        open.insert(open.end(), next[at].begin(), next[at].end());
    }
    return seen;
}

}  // namespace vmemcheck::checker
