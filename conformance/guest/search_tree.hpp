// SPDX-License-Identifier: MIT
/// \file
/// The states that the search for a run has come to, each once, and which of them it goes on from.
#pragma once

#include <cstddef>
#include <queue>
#include <string>
#include <unordered_set>
#include <vector>

#include "checker/layout.hpp"
#include "conformance/guest/node.hpp"

namespace vmemcheck::conformance::explaining {

class SearchTree {
 public:
    explicit SearchTree(const bbm::Bbm& model);

    /// Adds a node, unless there is one that is the same but for the way to it.
    void push(Node node);

    [[nodiscard]] const Node& operator[](std::size_t at) const { return nodes_[at]; }
    [[nodiscard]] std::size_t size() const { return nodes_.size(); }
    /// The most recorded events that any node explains.
    [[nodiscard]] std::size_t best() const { return best_; }

    /// Nodes that the search has not gone on from.
    [[nodiscard]] bool has_open() const { return !open_.empty(); }
    /// Takes the one that explains most events at the least cost. There must be one.
    [[nodiscard]] std::size_t take_open();

    /// The node from which the step in flight in a slot was taken.
    [[nodiscard]] std::size_t before_step(std::size_t at, std::size_t slot) const;
    /// The last node at which a page block was not isolated: from an isolated block nobody gets a page, so who has one
    /// got it before.
    [[nodiscard]] std::size_t before_isolation(std::size_t at, std::size_t block) const;

 private:
    struct Open {
        std::size_t event;
        unsigned cost;
        std::size_t node;
        bool operator<(const Open& o) const {
            if (event != o.event) return event < o.event;  // furthest first
            if (cost != o.cost) return cost > o.cost;
            return node < o.node;
        }
    };

    checker::Layout layout_;
    std::vector<Node> nodes_;
    std::priority_queue<Open> open_;
    std::unordered_set<std::string> seen_;
    std::size_t best_ = 0;
};

}  // namespace vmemcheck::conformance::explaining
