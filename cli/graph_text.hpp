// SPDX-License-Identifier: MIT
/// \file
/// Graphs of 'vmemcheck graph' as DOT and SVG.
#pragma once

#include <string>

#include "cli/graph_views.hpp"

namespace vmemcheck::cli {

/// The graph for Graphviz. Entries have a double border; what was never reached or taken is dashed; edges on cycles,
/// and those that are taken although not declared, are red.
[[nodiscard]] std::string dot_text(const ViewGraph& graph, const std::string& title);

/// Throws UserError unless Graphviz can be run. To be called before long work.
void require_graphviz();

/// What Graphviz makes of a graph. Throws UserError if it fails.
/// \param dot the graph, see dot_text()
[[nodiscard]] std::string svg_text(const std::string& dot);

}  // namespace vmemcheck::cli
