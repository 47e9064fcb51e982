// SPDX-License-Identifier: MIT
// 'vmemcheck graph': its views on small scopes, its formats, and what it refuses.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "run.hpp"

namespace vmemcheck::test {
namespace {

/// A scope of a thousand states.
const std::string one_block = " --big-blocks 1 --memory-blocks 1" + tiny;

class Graph : public Cli {
 protected:
    [[nodiscard]] Json graph(const std::string& arguments, int code = 0) const {
        const Outcome outcome = run("graph " + arguments + " -o graph.json");
        EXPECT_EQ(outcome.code, code) << outcome.err;
        return json("graph.json");
    }
    static bool has_node(const Json& graph, const std::string& name) {
        return std::any_of(graph["nodes"].begin(), graph["nodes"].end(),
                           [&](const Json& node) { return node["name"] == name && node["states"] > 0; });
    }
    /// The edges between two nodes as "actor: step", or "never" for one that was never taken.
    static std::string edge(const Json& graph, const std::string& from, const std::string& to) {
        std::string text;
        for (const Json& edge : graph["edges"]) {
            if (graph["nodes"][edge["from"].get<std::size_t>()]["name"] != from) continue;
            if (graph["nodes"][edge["to"].get<std::size_t>()]["name"] != to) continue;
            if (edge["by"].empty()) text += "never";
            for (const Json& use : edge["by"]) {
                text += use["actor"].get<std::string>() + ": " + use["step"].get<std::string>() + ' ';
            }
        }
        return text;
    }
};

// The question of the review: which callbacks of the driver run while the big block is FAKE_OFFLINE?
TEST_F(Graph, BlockNotifierAnswersTheQuestion) {
    const Json safe = graph("block-notifier" + one_block);
    EXPECT_TRUE(has_node(safe, "FAKE_OFFLINE / GOING_OFFLINE"));
    EXPECT_TRUE(has_node(safe, "FAKE_OFFLINE / CANCEL_OFFLINE"));
    EXPECT_EQ(edge(safe, "ADDED / NONE", "FAKE_OFFLINE / NONE"), "worker: wk_fo_mark_bb ");
    EXPECT_EQ(safe["complete"], true);
    std::uint64_t states = 0;
    std::uint64_t steps = 0;
    for (const Json& node : safe["nodes"]) {
        states += node["states"].get<std::uint64_t>();
        steps += node["stays"].get<std::uint64_t>();
    }
    for (const Json& edge : safe["edges"]) {
        EXPECT_EQ(edge["declared"], true) << edge;
        steps += edge["count"].get<std::uint64_t>();
    }
    EXPECT_EQ(states, safe["states"]);
    EXPECT_EQ(steps, safe["steps"]);

    const Json unsafe = graph("block-notifier --safe-unplug off --release linux-6.1" + one_block);
    EXPECT_FALSE(has_node(unsafe, "FAKE_OFFLINE / GOING_OFFLINE"));
    EXPECT_TRUE(has_node(unsafe, "ADDED / CANCEL_OFFLINE"));
    EXPECT_EQ(edge(unsafe, "ADDED / NONE", "FAKE_OFFLINE / NONE"), "never");
}

TEST_F(Graph, TransitionsThatAreNotDeclaredAreSaid) {
    const std::string mutant = "block-notifier --mutant pending-becomes-added --property no-warn" + one_block;
    const Outcome outcome = run("graph " + mutant + " -o g.dot");
    EXPECT_TRUE(has(outcome.out, "taken, not declared: PLUGGED / NONE -> ADDED / NONE\n")) << outcome.out;
    EXPECT_TRUE(has(read("g.dot"), "color=\"#c62828\""));
    EXPECT_FALSE(has(run("graph block-notifier" + one_block + " -o g.dot").out, "not declared"));
    EXPECT_FALSE(has(read("g.dot"), "color=\"#c62828\""));
}

TEST_F(Graph, WorkerAndItsDominators) {
    const Json worker = graph("worker" + one_block);
    EXPECT_TRUE(has_node(worker, "wk_fo_lock"));
    EXPECT_EQ(edge(worker, "wk_fo_lock", "wk_fo_mark_bb"), "worker: wk_fo_lock ");
    // Of the worker's steps, all are there, reached or not.
    EXPECT_FALSE(has_node(worker, "wk_finish_recheck"));
    EXPECT_TRUE(std::any_of(worker["nodes"].begin(), worker["nodes"].end(),
                            [](const Json& node) { return node["name"] == "wk_finish_recheck"; }));
    // A big block is marked FAKE_OFFLINE under hotplug_mutex only.
    const Outcome outcome = run("graph worker --dominators WK-FO-MARK-BB" + one_block);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    const std::size_t first = outcome.out.find("  wk_idle  (runs begin here)\n");
    const std::size_t lock = outcome.out.find("  wk_fo_lock\n  wk_fo_mark_bb\n");
    EXPECT_NE(lock, std::string::npos) << outcome.out;
    EXPECT_LT(first, lock) << outcome.out;
    EXPECT_FALSE(has(outcome.out, "digraph"));
    EXPECT_TRUE(has(run("graph worker --dominators wk_finish_recheck" + one_block).out,
                    "wk_finish_recheck: no run gets there\n"));
    for (const Json& node : worker["nodes"]) {
        if (node["name"] != "wk_fo_mark_bb") continue;
        EXPECT_EQ(worker["nodes"][node["immediate_dominator"].get<std::size_t>()]["name"], "wk_fo_lock");
    }
}

TEST_F(Graph, MemoryBlock) {
    const Json life = graph("memory-block" + one_block);
    EXPECT_TRUE(has_node(life, "absent"));
    EXPECT_TRUE(has_node(life, "online, sections online, Movable"));
    EXPECT_FALSE(has_node(life, "absent, sections online, Normal"));
    EXPECT_EQ(edge(life, "absent", "offline"), "worker: op_add ");
}

TEST_F(Graph, LockOrder) {
    const Json right = graph("lock-order" + one_block);
    EXPECT_TRUE(has(edge(right, "device_hotplug_lock", "hotplug_mutex"), "worker: op_offline_cb_lock"));
    EXPECT_EQ(edge(right, "hotplug_mutex", "device_hotplug_lock"), "");
    EXPECT_TRUE(right["cycles"].empty());
    // Whatever violates lock-discipline is not followed unless other properties are asked for.
    const Json wrong = graph("lock-order --mutant mutex-held-across-offline --property no-warn" + one_block, 1);
    EXPECT_TRUE(has(edge(wrong, "hotplug_mutex", "device_hotplug_lock"), "worker: "));
    ASSERT_EQ(wrong["cycles"].size(), 1U);
    EXPECT_GE(wrong["cycles"][0].size(), 2U);
}

TEST_F(Graph, Waits) {
    const Json waits = graph("waits" + one_block);
    EXPECT_EQ(edge(waits, "worker", "device"), "worker: response of the device ");
    EXPECT_EQ(edge(waits, "worker", "work not queued"), "worker: work not queued ");
}

TEST_F(Graph, Formats) {
    const Outcome dot = run("graph block-notifier" + one_block);
    EXPECT_EQ(dot.code, 0);
    EXPECT_TRUE(dot.out.starts_with("digraph vmemcheck {\n")) << dot.out;
    EXPECT_TRUE(has(dot.out, "peripheries=2"));
    const std::size_t arrows = static_cast<std::size_t>(std::count(dot.out.begin(), dot.out.end(), '>'));
    EXPECT_EQ(arrows, graph("block-notifier" + one_block)["edges"].size());
    EXPECT_EQ(run("graph block-notifier --format json -o x.dot" + one_block).code, 0);
    EXPECT_EQ(json("x.dot")["format"], "vmemcheck-graph");
    if (shell("dot -V").code == 0) {
        EXPECT_EQ(run("graph block-notifier -o x.svg" + one_block).code, 0);
        EXPECT_TRUE(has(read("x.svg"), "</svg>"));
        EXPECT_TRUE(has(read("x.svg"), "FAKE_OFFLINE"));
    }
    const Outcome without = shell("PATH=/nowhere; vmemcheck graph worker -o y.svg" + one_block);
    EXPECT_EQ(without.code, 2);
    EXPECT_TRUE(has(without.err, "Graphviz")) << without.err;
}

TEST_F(Graph, LimitsGiveAPartOfTheGraph) {
    const Outcome outcome = run("graph worker --max-states 50 -o part.json" + one_block);
    EXPECT_EQ(outcome.code, 3);
    EXPECT_TRUE(has(outcome.err, "a part of what can happen")) << outcome.err;
    EXPECT_EQ(json("part.json")["complete"], false);
    EXPECT_EQ(json("part.json")["states"], 50);
}

TEST_F(Graph, Refuses) {
    refused("graph", {"VIEW"});
    refused("graph worke", {"unknown view 'worke'", "'worker'"});
    refused("graph worker --format png", {"unknown format 'png'"});
    refused("graph worker --block 0", {"--block", "worker"});
    refused("graph memory-block --block 2", {"--block 2", "2 memory blocks"});
    refused("graph waits --dominators worker", {"--dominators", "waits"});
    refused("graph worker --dominators wk_fo_mark", {"unknown node 'wk_fo_mark'", "wk_fo_mark_bb"});
    refused("graph worker -o no/such/x.dot", {"no/such/x.dot"});
}

}  // namespace
}  // namespace vmemcheck::test
