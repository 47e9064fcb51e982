// SPDX-License-Identifier: MIT
#include "checker/fair_components.hpp"

#include <algorithm>
#include <boost/graph/graph_traits.hpp>
#include <boost/graph/strong_components.hpp>
#include <boost/iterator/counting_iterator.hpp>
#include <boost/iterator/iterator_facade.hpp>
#include <iterator>
#include <limits>
#include <numeric>
#include <utility>

namespace vmemcheck::checker {

namespace {

constexpr std::uint32_t not_here = std::numeric_limits<std::uint32_t>::max();

/// Some states of a graph and the edges between them, for Boost.Graph: nothing is copied.
struct Part {
    const StateGraph* graph;
    const std::vector<StateIndex>* states;
    const std::vector<std::uint32_t>* local;
    const std::vector<char>* label_allowed;

    /// The next edge from this one on that stays in the part; else `end`.
    [[nodiscard]] StateGraph::Edge skip(StateGraph::Edge edge, StateGraph::Edge end) const {
        while (edge != end &&
               ((*label_allowed)[graph->label_id(edge)] == 0 || (*local)[graph->target(edge)] == not_here)) {
            ++edge;
        }
        return edge;
    }
};

struct PartEdge {
    std::uint32_t source = 0;
    std::uint32_t target = 0;
    friend bool operator==(const PartEdge&, const PartEdge&) = default;
};

class PartEdgeIterator
    : public boost::iterator_facade<PartEdgeIterator, PartEdge, boost::forward_traversal_tag, PartEdge> {
 public:
    PartEdgeIterator() = default;
    PartEdgeIterator(const Part* part, std::uint32_t source, StateGraph::Edge edge, StateGraph::Edge end)
        : part_(part), edge_(edge), end_(end), source_(source) {}

 private:
    friend class boost::iterator_core_access;
    [[nodiscard]] PartEdge dereference() const { return {source_, (*part_->local)[part_->graph->target(edge_)]}; }
    [[nodiscard]] bool equal(const PartEdgeIterator& other) const { return edge_ == other.edge_; }
    void increment() { edge_ = part_->skip(edge_ + 1, end_); }

    const Part* part_ = nullptr;
    StateGraph::Edge edge_ = 0;
    StateGraph::Edge end_ = 0;
    std::uint32_t source_ = 0;
};

// What boost::IncidenceGraph and boost::VertexListGraph ask for; found by argument-dependent lookup.
[[nodiscard]] std::pair<boost::counting_iterator<std::uint32_t>, boost::counting_iterator<std::uint32_t>> vertices(
    const Part& part) {
    return {boost::counting_iterator<std::uint32_t>(0),
            boost::counting_iterator<std::uint32_t>(static_cast<std::uint32_t>(part.states->size()))};
}
[[nodiscard]] std::uint32_t num_vertices(const Part& part) { return static_cast<std::uint32_t>(part.states->size()); }
[[nodiscard]] std::pair<PartEdgeIterator, PartEdgeIterator> out_edges(std::uint32_t vertex, const Part& part) {
    const StateIndex state = (*part.states)[vertex];
    const StateGraph::Edge end = part.graph->end_edge(state);
    const StateGraph::Edge first = part.skip(part.graph->first_edge(state), end);
    return {PartEdgeIterator(&part, vertex, first, end), PartEdgeIterator(&part, vertex, end, end)};
}
[[nodiscard]] std::uint64_t out_degree(std::uint32_t vertex, const Part& part) {
    const auto [first, last] = out_edges(vertex, part);
    return static_cast<std::uint64_t>(std::distance(first, last));
}
[[nodiscard]] std::uint32_t source(const PartEdge& edge, const Part&) { return edge.source; }
[[nodiscard]] std::uint32_t target(const PartEdge& edge, const Part&) { return edge.target; }

}  // namespace

}  // namespace vmemcheck::checker

template <>
struct boost::graph_traits<vmemcheck::checker::Part> {
    using vertex_descriptor = std::uint32_t;
    using edge_descriptor = vmemcheck::checker::PartEdge;
    using directed_category = boost::directed_tag;
    using edge_parallel_category = boost::allow_parallel_edge_tag;
    struct traversal_category : boost::incidence_graph_tag, boost::vertex_list_graph_tag {};
    using vertex_iterator = boost::counting_iterator<std::uint32_t>;
    using out_edge_iterator = vmemcheck::checker::PartEdgeIterator;
    using vertices_size_type = std::uint32_t;
    using edges_size_type = std::uint64_t;
    using degree_size_type = std::uint64_t;
    static vertex_descriptor null_vertex() { return vmemcheck::checker::not_here; }
};

namespace vmemcheck::checker {

/// What is known of a component.
struct FairComponents::Facts {
    FairnessSet all_enabled = ~FairnessSet{0};
    FairnessSet some_enabled = 0;
    FairnessSet taken = 0;
    bool accepted = false;
};

FairComponents::FairComponents(const StateGraph& graph, const LivenessQuery& query, const std::vector<bool>& inside,
                               const std::atomic<bool>* stop)
    : graph_(graph), query_(query), stop_(stop), local_(graph.size(), not_here), component_(graph.size(), none) {
    std::vector<StateIndex> all;
    for (StateIndex state = 0; state < graph.size(); ++state) {
        if (inside[state]) all.push_back(state);
    }
    std::vector<std::vector<StateIndex>> todo;
    todo.push_back(std::move(all));
    while (!todo.empty()) {
        if (stop_ != nullptr && stop_->load(std::memory_order_relaxed)) {
            interrupted_ = true;
            return;
        }
        std::vector<StateIndex> states = std::move(todo.back());
        todo.pop_back();
        split(std::move(states), todo);
    }
    std::sort(fair_states_.begin(), fair_states_.end());
    local_ = {};
}

void FairComponents::split(std::vector<StateIndex> states, std::vector<std::vector<StateIndex>>& todo) {
    const auto count = static_cast<std::uint32_t>(states.size());
    for (std::uint32_t i = 0; i < count; ++i) local_[states[i]] = i;
    std::vector<char> label_allowed(graph_.label_count());
    for (std::size_t id = 0; id < label_allowed.size(); ++id) {
        const EdgeLabel& label = graph_.label(static_cast<StateGraph::LabelId>(id));
        const bool passes =
            query_.kind == PropertyKind::eventually_always || (label.holds >> query_.property & 1U) == 0;
        label_allowed[id] = passes && (label.actions & query_.ceases) == 0 ? 1 : 0;
    }
    const Part part{&graph_, &states, &local_, &label_allowed};
    std::vector<std::uint32_t> component(count);
    std::vector<std::uint32_t> root(count);
    std::vector<std::uint32_t> discovered(count);
    const auto map = [](std::vector<std::uint32_t>& values) {
        return boost::make_iterator_property_map(values.begin(), boost::identity_property_map());
    };
    const std::size_t components = boost::strong_components(
        part, map(component),
        boost::vertex_index_map(boost::identity_property_map()).root_map(map(root)).discover_time_map(map(discovered)));
    peak_bytes_ =
        std::max(peak_bytes_, (local_.size() + component_.size() + std::size_t{4} * count) * sizeof(std::uint32_t) +
                                  components * sizeof(Facts));
    root = {};
    discovered = {};
    judge(states, component, components, todo);
    for (const StateIndex state : states) local_[state] = not_here;
}

void FairComponents::judge(const std::vector<StateIndex>& states, const std::vector<std::uint32_t>& component,
                           std::size_t count, std::vector<std::vector<StateIndex>>& todo) {
    std::vector<Facts> facts(count);
    for (std::size_t i = 0; i < states.size(); ++i) {
        Facts& of = facts[component[i]];
        const StateIndex state = states[i];
        of.all_enabled &= graph_.enabled(state);
        of.some_enabled |= graph_.enabled(state);
        of.accepted = of.accepted || accepts_state(state);
        for (StateGraph::Edge edge = graph_.first_edge(state); edge != graph_.end_edge(state); ++edge) {
            const std::uint32_t to = local_[graph_.target(edge)];
            if (to == not_here || component[to] != component[i] || !allowed(edge)) continue;
            of.taken |= graph_.label(graph_.label_id(edge)).actions;
            of.accepted = of.accepted || accepts(edge);
        }
    }
    std::vector<Component> name(count, none);
    std::vector<std::uint32_t> part(count, not_here);
    for (std::size_t i = 0; i < states.size(); ++i) {
        const std::uint32_t here = component[i];
        const Facts& of = facts[here];
        if (!of.accepted || (query_.weak & of.all_enabled & ~of.taken) != 0) continue;
        const FairnessSet unfair = query_.strong & of.some_enabled & ~of.taken;
        if (unfair == 0) {
            if (name[here] == none) {
                name[here] = static_cast<Component>(some_enabled_.size());
                some_enabled_.push_back(of.some_enabled);
            }
            component_[states[i]] = name[here];
            fair_states_.push_back(states[i]);
        } else if ((graph_.enabled(states[i]) & unfair) == 0) {
            if (part[here] == not_here) {
                part[here] = static_cast<std::uint32_t>(todo.size());
                todo.emplace_back();
            }
            todo[part[here]].push_back(states[i]);
        }
    }
}

}  // namespace vmemcheck::checker
