// SPDX-License-Identifier: MIT
/// \file
/// The abstract state machine of a model: its states, as a function of the caller sees them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "checker/model.hpp"
#include "checker/revisit.hpp"

namespace vmemcheck::checker {

/// Nodes that stand for sets of states, and edges that stand for the steps between them. An edge is there if and only
/// if some step leads from a state of the one node to a state of the other, so whatever every path of edges passes,
/// every run passes; the opposite need not hold.
class Quotient {
 public:
    /// What a node's states have in common; the caller decides what it means.
    using Key = std::uint32_t;
    using NodeId = std::size_t;

    struct Node {
        Key key = 0;
        std::uint64_t states = 0;  ///< stored states; none if steps pass it only in the middle of fused transitions
        std::uint64_t stays = 0;   ///< steps that lead from a state of it to a state of it
        bool initial = false;      ///< a run can begin there
    };
    struct Edge {
        NodeId from = 0;
        NodeId to = 0;
        ActorId actor = 0;
        StepId label = 0;         ///< the step, or what else the caller counts
        std::uint64_t count = 0;  ///< how often; at least 1
    };

    void add_state(Key key, bool initial);
    /// A step between two states; if their keys are equal it is no edge.
    void add_step(Key from, Key to, ActorId actor, StepId label);
    /// An edge, which may lead from a node to itself.
    void add_edge(Key from, Key to, ActorId actor, StepId label);

    /// In the order in which they were seen first.
    [[nodiscard]] const std::vector<Node>& nodes() const { return nodes_; }
    /// By from, to, actor and label; no two have all four in common.
    [[nodiscard]] std::vector<Edge> edges() const;
    /// The node with this key, if it was seen.
    [[nodiscard]] std::optional<NodeId> find(Key key) const;

 private:
    NodeId node(Key key);

    std::vector<Node> nodes_;
    std::unordered_map<Key, NodeId> ids_;
    std::map<std::tuple<NodeId, NodeId, ActorId, StepId>, std::uint64_t> edges_;
};

/// Makes the quotient of a model under a function of its states.
template <Model M>
class QuotientVisitor final : public Visitor<M> {
 public:
    using State = typename M::State;
    using Abstraction = std::function<Quotient::Key(const State&)>;

    /// \param key must depend on the state only
    explicit QuotientVisitor(Abstraction key) : key_(std::move(key)) {}

    [[nodiscard]] const Quotient& quotient() const { return quotient_; }

    void on_state(const State& state, bool initial, bool) override { quotient_.add_state(key_(state), initial); }
    void on_step(const State& before, const State& after, ActorId actor, StepId step) override {
        quotient_.add_step(key_(before), key_(after), actor, step);
    }
    void on_wait(const State&, ActorId, const Guard&) override {}

 private:
    Abstraction key_;
    Quotient quotient_;
};

/// A small directed graph: nodes are 0 .. nodes - 1, and an edge may be there several times.
struct Digraph {
    std::size_t nodes = 0;
    std::vector<std::pair<std::size_t, std::size_t>> edges;
};

/// Of each node, its immediate dominator: the last other node that every path to it from the entries passes.
/// None for a node that cannot be reached, and for one that no single node dominates (an entry, to begin with).
/// (Lengauer and Tarjan, TOPLAS 1979.)
/// \param entries nodes of the graph
[[nodiscard]] std::vector<std::optional<std::size_t>> immediate_dominators(const Digraph& graph,
                                                                           std::span<const std::size_t> entries);

/// The node and all that every path to it passes, in the order in which a path passes them first.
/// \param immediate see immediate_dominators()
[[nodiscard]] std::vector<std::size_t> dominators(const std::vector<std::optional<std::size_t>>& immediate,
                                                  std::size_t node);

/// The strongly connected components that have an edge: each is the set, in ascending order, of all nodes that lie on
/// cycles together.
[[nodiscard]] std::vector<std::vector<std::size_t>> cycles(const Digraph& graph);

/// Of each node, whether a path leads to it from an entry.
[[nodiscard]] std::vector<bool> reachable(const Digraph& graph, std::span<const std::size_t> entries);

}  // namespace vmemcheck::checker
