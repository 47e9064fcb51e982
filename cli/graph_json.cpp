// SPDX-License-Identifier: MIT
#include "cli/graph_json.hpp"

#include <utility>

namespace vmemcheck::cli {

void put_graph(Json& object, const ViewGraph& graph, bool state_machine) {
    const auto immediate = checker::immediate_dominators(graph.taken(), graph.entries());
    Json nodes = Json::array();
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
        const GraphNode& node = graph.nodes[i];
        Json one{{"id", i}, {"name", node.name}, {"states", node.states}};
        if (state_machine) {
            one["stays"] = node.stays;
            one["entry"] = node.entry;
            one["immediate_dominator"] = immediate[i] ? Json(*immediate[i]) : Json();
        }
        nodes.push_back(std::move(one));
    }
    object["nodes"] = std::move(nodes);
    Json edges = Json::array();
    for (const GraphEdge& edge : graph.edges) {
        Json by = Json::array();
        for (const GraphUse& use : edge.uses) {
            by.push_back({{"actor", use.actor}, {"step", use.step}, {"count", use.count}});
        }
        edges.push_back({{"from", edge.from},
                         {"to", edge.to},
                         {"count", edge.count()},
                         {"declared", edge.declared},
                         {"by", std::move(by)}});
    }
    object["edges"] = std::move(edges);
    object["cycles"] = graph.cycles;
}

}  // namespace vmemcheck::cli
