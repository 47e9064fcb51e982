// SPDX-License-Identifier: MIT
/// \file
/// Graphs of 'vmemcheck graph' as JSON.
#pragma once

#include "cli/config_text.hpp"
#include "cli/graph_views.hpp"

namespace vmemcheck::cli {

/// The members "nodes", "edges" and "cycles" (docs/graphs.md).
/// \param state_machine nodes have their immediate dominators, too
void put_graph(Json& object, const ViewGraph& graph, bool state_machine);

}  // namespace vmemcheck::cli
