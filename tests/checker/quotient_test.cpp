// SPDX-License-Identifier: MIT
// Abstract state machines of small models, with counts found by hand, and the analyses of graphs.
#include "checker/quotient.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "checker/search.hpp"
#include "example_models.hpp"

namespace vmemcheck::checker {
namespace {

using Peterson = examples::Peterson;
using Philosophers = examples::Philosophers;

/// "FROM>TO actor step" -> how often.
std::map<std::string, std::uint64_t> counts(const Quotient& quotient) {
    std::map<std::string, std::uint64_t> list;
    for (const Quotient::Edge& edge : quotient.edges()) {
        const std::string name = std::to_string(quotient.nodes()[edge.from].key) + '>' +
                                 std::to_string(quotient.nodes()[edge.to].key) + ' ' + std::to_string(edge.actor) +
                                 ' ' + std::to_string(edge.label);
        EXPECT_TRUE(list.emplace(name, edge.count).second) << name << " is there twice";
    }
    return list;
}

// Two philosophers: (0,0), (1,0), (0,1), (2,0), (0,2) and (1,1), where both wait. By the first's program counter: 0 in
// three states, 1 in two, 2 in one. He takes the first fork in (0,0) and (0,1), the second in (1,0), and puts back in
// (2,0). The other moves, and the first stays: (0,0)>(0,1)>(0,2)>(0,0) and (1,0)>(1,1).
TEST(QuotientTest, CountsStatesAndStepsOfANode) {
    Philosophers model;
    model.count = 2;
    QuotientVisitor<Philosophers> visitor(
        [](const Philosophers::State& state) { return static_cast<Quotient::Key>(state.pc[0]); });
    const auto result = survey(model, {}, SearchOptions{}, visitor);
    EXPECT_TRUE(result.complete);
    EXPECT_EQ(result.statistics.states, 6U);
    const Quotient& quotient = visitor.quotient();
    ASSERT_EQ(quotient.nodes().size(), 3U);
    for (const Quotient::Node& node : quotient.nodes()) {
        EXPECT_EQ(node.states, 3U - node.key) << node.key;
        EXPECT_EQ(node.initial, node.key == 0) << node.key;
        EXPECT_EQ(node.stays, node.key == 0 ? 3U : node.key == 1 ? 1U : 0U) << node.key;
    }
    const std::map<std::string, std::uint64_t> expected{{"0>1 0 0", 2}, {"1>2 0 1", 1}, {"2>0 0 2", 1}};
    EXPECT_EQ(counts(quotient), expected);
    EXPECT_TRUE(quotient.find(2));
    EXPECT_FALSE(quotient.find(3));
}

// All that the search counts is in the quotient, whatever the abstraction.
TEST(QuotientTest, LosesNoStateAndNoStep) {
    Philosophers model;
    model.count = 4;
    model.owner = true;
    for (const unsigned classes : {1U, 2U, 7U}) {
        QuotientVisitor<Philosophers> visitor([classes](const Philosophers::State& state) {
            unsigned sum = 0;
            for (unsigned i = 0; i < 4; ++i) sum = 3 * sum + static_cast<unsigned>(state.pc[i]);
            return sum % classes;
        });
        const auto result = survey(model, {}, SearchOptions{}, visitor);
        std::uint64_t states = 0;
        std::uint64_t steps = 0;
        for (const Quotient::Node& node : visitor.quotient().nodes()) {
            states += node.states;
            steps += node.stays;
        }
        for (const Quotient::Edge& edge : visitor.quotient().edges()) steps += edge.count;
        EXPECT_EQ(states, result.statistics.states);
        EXPECT_EQ(steps, result.statistics.micro_steps);
        EXPECT_LE(visitor.quotient().nodes().size(), classes);
    }
}

TEST(QuotientTest, MarksEveryInitialNode) {
    QuotientVisitor<Peterson> visitor(
        [](const Peterson::State& state) { return static_cast<Quotient::Key>(state.turn); });
    const auto result = survey(Peterson{}, {}, SearchOptions{}, visitor);
    EXPECT_TRUE(result.complete);
    ASSERT_EQ(visitor.quotient().nodes().size(), 2U);
    for (const Quotient::Node& node : visitor.quotient().nodes()) EXPECT_TRUE(node.initial);
}

/// Collects the waits of a search for two philosophers.
struct Waits final : Visitor<Philosophers> {
    std::map<std::pair<ActorId, int>, unsigned> seen;
    std::uint64_t unexpanded = 0;

    void on_state(const State&, bool, bool expanded) override { unexpanded += expanded ? 0 : 1; }
    void on_step(const State&, const State&, ActorId, StepId) override {}
    void on_wait(const State& state, ActorId actor, const Guard& guard) override {
        const bool has_first = state.pc[actor] == 1;
        EXPECT_EQ(guard.what, Philosophers::forks[has_first ? 1 - actor : actor]);
        ++seen[{actor, guard.holder}];
    }
};

// The first waits for the second in (1,1) and (0,2): his own fork is taken there or the second one is.
TEST(QuotientTest, VisitorsSeeWhoWaitsForWhom) {
    Philosophers model;
    model.count = 2;
    Waits waits;
    const auto result = survey(model, {}, SearchOptions{}, waits);
    EXPECT_TRUE(result.complete);
    const std::map<std::pair<ActorId, int>, unsigned> expected{{{0, 1}, 2}, {{1, 0}, 2}};
    EXPECT_EQ(waits.seen, expected);
    EXPECT_EQ(waits.unexpanded, 0U);
}

TEST(QuotientTest, StatesThatALimitLeavesUnexpandedAreShownAsSuch) {
    Philosophers model;
    SearchOptions options;
    options.max_depth = 1;
    Waits waits;
    const auto result = survey(model, {}, options, waits);
    EXPECT_EQ(result.ended, Ended::depth_limit);
    EXPECT_EQ(result.statistics.states, 4U);  // nobody has a fork, or one of three has
    EXPECT_EQ(waits.unexpanded, 3U);
    EXPECT_TRUE(waits.seen.empty());
}

// Lengauer and Tarjan's own example (TOPLAS 1979, figure 1): R A B C D E F G H I J K L.
TEST(Dominators, OfAPublishedGraph) {
    const std::string names = "RABCDEFGHIJKL";
    Digraph graph{names.size(), {}};
    for (const std::string edge : {"RA", "RB", "RC", "AD", "BA", "BD", "BE", "CF", "CG", "DL", "EH",
                                   "FI", "GI", "GJ", "HE", "HK", "IK", "JI", "KI", "KR", "LH"}) {
        graph.edges.emplace_back(names.find(edge[0]), names.find(edge[1]));
    }
    const std::vector<std::size_t> entry{0};
    const auto immediate = immediate_dominators(graph, entry);
    const std::string expected = "-RRRRRCCRRGRD";
    ASSERT_EQ(immediate.size(), expected.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
        EXPECT_EQ(immediate[i] ? names[*immediate[i]] : '-', expected[i]) << names[i];
    }
    std::string path;
    for (const std::size_t i : dominators(immediate, names.find('J'))) path += names[i];
    EXPECT_EQ(path, "RCGJ");
}

/// Whether a path from the entries leads to `to` without passing `without`.
bool avoids(const Digraph& graph, const std::vector<std::size_t>& entries, std::size_t without, std::size_t to) {
    Digraph rest{graph.nodes, {}};
    for (const auto& edge : graph.edges) {
        if (edge.first != without && edge.second != without) rest.edges.push_back(edge);
    }
    std::vector<std::size_t> from;
    for (const std::size_t entry : entries) {
        if (entry != without) from.push_back(entry);
    }
    return to != without && reachable(rest, from)[to];
}

// By definition: a dominates b if there is no way to b past a.
TEST(Dominators, AreWhatNoPathAvoids) {
    unsigned seed = 1;
    const auto random = [&seed](std::size_t below) {
        seed = seed * 1103515245U + 12345U;
        return static_cast<std::size_t>(seed >> 16) % below;
    };
    for (int round = 0; round < 200; ++round) {
        Digraph graph{2 + random(8), {}};
        for (std::size_t i = random(2 * graph.nodes) + 1; i-- > 0;) {
            graph.edges.emplace_back(random(graph.nodes), random(graph.nodes));
        }
        std::vector<std::size_t> entries{0};
        if (random(2) == 1) entries.push_back(graph.nodes - 1);
        const auto immediate = immediate_dominators(graph, entries);
        const auto reached = reachable(graph, entries);
        for (std::size_t node = 0; node < graph.nodes; ++node) {
            if (!reached[node]) {
                EXPECT_FALSE(immediate[node]);
                continue;
            }
            const auto list = dominators(immediate, node);
            for (std::size_t other = 0; other < graph.nodes; ++other) {
                const bool listed = std::find(list.begin(), list.end(), other) != list.end();
                EXPECT_EQ(listed, !avoids(graph, entries, other, node)) << round << ": " << other << " of " << node;
            }
        }
    }
}

TEST(Dominators, CyclesAreComponentsWithAnEdge) {
    const Digraph graph{6, {{0, 1}, {1, 2}, {2, 1}, {2, 3}, {4, 4}, {3, 5}, {0, 1}}};
    const std::vector<std::vector<std::size_t>> expected{{1, 2}, {4}};
    EXPECT_EQ(cycles(graph), expected);
    EXPECT_TRUE(cycles(Digraph{2, {{0, 1}}}).empty());
}

}  // namespace
}  // namespace vmemcheck::checker
