// SPDX-License-Identifier: MIT
/// \file
/// The views of 'vmemcheck graph': what of the model each shows as a graph (docs/graphs.md).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checker/quotient.hpp"
#include "checker/revisit.hpp"
#include "cli/model.hpp"

namespace vmemcheck::cli {

/// Who takes an edge, with which step, and how often.
struct GraphUse {
    std::string actor;
    std::string step;  ///< in 'waits': what is waited for
    std::uint64_t count = 0;
};

struct GraphNode {
    std::string name;
    std::uint64_t states = 0;  ///< concrete states it stands for; 0: never reached
    std::uint64_t stays = 0;   ///< steps that begin and end in it
    unsigned group = 0;        ///< nodes of a group have a colour of their own
    bool entry = false;        ///< runs begin there
};

struct GraphEdge {
    std::size_t from = 0;
    std::size_t to = 0;
    std::vector<GraphUse> uses;  ///< empty: declared, and never taken
    bool declared = true;        ///< false: taken although not declared, by a view that knows what is

    [[nodiscard]] std::uint64_t count() const;
};

/// What a view shows.
struct ViewGraph {
    std::vector<GraphNode> nodes;
    std::vector<GraphEdge> edges;
    std::vector<std::vector<std::size_t>> cycles;  ///< of 'lock-order': locks that are taken in opposite orders

    /// Its nodes and taken edges, for analyses.
    [[nodiscard]] checker::Digraph taken() const;
    [[nodiscard]] std::vector<std::size_t> entries() const;
    /// The node with this name.
    [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const;
};

/// Watches a search, and makes a graph of what it saw.
class View {
 public:
    View() = default;
    View(const View&) = delete;
    View& operator=(const View&) = delete;
    virtual ~View() = default;

    [[nodiscard]] virtual checker::Visitor<Bbm>& visitor() = 0;
    [[nodiscard]] virtual ViewGraph graph() const = 0;
    /// Names of all nodes that there could be, of a state machine; else none.
    [[nodiscard]] virtual std::vector<std::string> names() const { return {}; }
};

/// Whether two names of nodes are the same, without regard to case and to '-' or '_'.
[[nodiscard]] bool same_node(std::string_view a, std::string_view b);

struct ViewInfo {
    std::string_view name;
    std::string_view description;
    int blocks;          ///< what --block numbers: 0 nothing, 1 big blocks, 2 memory blocks
    bool state_machine;  ///< its nodes are sets of states and its edges steps, so that dominators mean something
};
[[nodiscard]] std::span<const ViewInfo> view_infos();

/// \param model must outlive the view
/// \param block the big block or memory block to be watched, one of the scope
[[nodiscard]] std::unique_ptr<View> make_view(std::string_view name, const Bbm& model, int block);

}  // namespace vmemcheck::cli
