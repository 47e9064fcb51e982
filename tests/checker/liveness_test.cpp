// SPDX-License-Identifier: MIT
#include "checker/liveness.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <functional>

#include "checker/replay.hpp"
#include "checker/search.hpp"
#include "tests/checker/example_models.hpp"
#include "tests/checker/graph_model.hpp"

namespace vmemcheck::checker {
namespace {

using examples::Graph;
using examples::Peterson;
using examples::Philosophers;
using examples::property;

bool good(const Graph& g, const Graph::State& s) { return g.good[static_cast<unsigned>(s.at)]; }
bool triggered(const Graph& g, const Graph::State& s) { return g.trigger[static_cast<unsigned>(s.at)]; }

Property<Graph> about(PropertyKind kind, const Graph& graph) {
    auto p = property<Graph>("live", kind);
    p.holds = good;
    if (kind == PropertyKind::leads_to) p.trigger = triggered;
    p.fairness = (FairnessSet{1} << graph.fair.size()) - 1;
    return p;
}

/// Whether a fair run that violates the property exists, from the definition: a set of states that are visited again
/// and again, all of them reachable from one another by edges of it. For so few states all sets are tried.
class Oracle {
 public:
    Oracle(const Graph& graph, const Property<Graph>& property) : graph_(graph), property_(property) {
        for (unsigned a = 0; a < Graph::actors; ++a) {
            for (unsigned s = 0; s < graph.size; ++s) {
                for (std::size_t i = 0; i < graph.moves[a][s].size(); ++i) {
                    const std::array<ChoiceTaken, 1> answer{{{0, static_cast<int>(i)}}};
                    const FairnessSet actions = actions_of(graph.fair, a, 0, answer);
                    edges_.push_back({s, static_cast<unsigned>(graph.moves[a][s][i].to), actions});
                    enabled_[s] |= actions;
                }
            }
        }
    }

    [[nodiscard]] bool violated() const {
        for (unsigned set = 1; set < 1U << graph_.size; ++set) {
            if (fair(set) && wrong(set)) return true;
        }
        return false;
    }

 private:
    struct Edge {
        unsigned from, to;
        FairnessSet actions;
    };
    [[nodiscard]] FairnessSet kind(FairnessKind which) const { return of_kind(graph_.fair, which); }
    [[nodiscard]] static bool in(unsigned set, unsigned s) { return (set >> s & 1U) != 0; }

    /// States reachable from some, by way of states of `within`.
    [[nodiscard]] unsigned closure(unsigned from, unsigned within, FairnessSet forbidden) const {
        for (bool grew = true; grew;) {
            grew = false;
            for (const Edge& edge : edges_) {
                if ((edge.actions & forbidden) != 0 || !in(from, edge.from) || in(from, edge.to) ||
                    !in(within, edge.to))
                    continue;
                from |= 1U << edge.to;
                grew = true;
            }
        }
        return from;
    }
    [[nodiscard]] bool fair(unsigned set) const {
        const FairnessSet ceases = kind(FairnessKind::ceases);
        FairnessSet taken = 0;
        FairnessSet always = ~FairnessSet{0};
        FairnessSet ever = 0;
        for (unsigned s = 0; s < graph_.size; ++s) {
            if (!in(set, s)) continue;
            if (closure(1U << s, set, ceases) != set) return false;
            always &= enabled_[s];
            ever |= enabled_[s];
        }
        for (const Edge& edge : edges_) {
            if (in(set, edge.from) && in(set, edge.to) && (edge.actions & ceases) == 0) taken |= edge.actions;
        }
        return (kind(FairnessKind::weak) & always & ~taken) == 0 && (kind(FairnessKind::strong) & ever & ~taken) == 0;
    }
    /// Whether a run can come to the set, and staying there violates the property.
    [[nodiscard]] bool wrong(unsigned set) const {
        const unsigned all = (1U << graph_.size) - 1;
        const unsigned reachable = closure(1U, all, 0);
        unsigned bad = 0;
        for (unsigned s = 0; s < graph_.size; ++s) bad |= graph_.good[s] ? 0 : 1U << s;
        if ((set & reachable) == 0) return false;
        if (property_.kind == PropertyKind::eventually_always) return (set & bad) != 0;
        if ((set & ~bad) != 0) return false;
        if (property_.kind == PropertyKind::always_eventually) return true;
        unsigned sources = 0;
        for (unsigned s = 0; s < graph_.size; ++s) {
            if (graph_.trigger[s] && in(reachable & bad, s)) sources |= 1U << s;
        }
        return sources != 0 && (closure(sources, bad, 0) & set) != 0;
    }

    const Graph& graph_;
    const Property<Graph>& property_;
    std::vector<Edge> edges_;
    std::array<FairnessSet, Graph::most> enabled_{};
};

/// Whether some lasso with fewer than `limit` steps violates the property: tries all walks.
bool shorter_exists(const Graph& graph, const Property<Graph>& property, std::size_t limit) {
    std::vector<Graph::State> states{{0}};
    std::vector<RecordedStep> steps;
    const std::function<bool()> walk = [&] {
        for (std::size_t loop = 0; loop < states.size(); ++loop) {
            if (refuted_lasso(graph, property, states, steps, loop).empty()) return true;
        }
        if (steps.size() + 1 >= limit) return false;
        for (ActorId a = 0; a < Graph::actors; ++a) {
            const auto& targets = graph.moves[a][static_cast<unsigned>(states.back().at)];
            for (std::size_t i = 0; i < targets.size(); ++i) {
                states.push_back({static_cast<std::int8_t>(targets[i].to)});
                steps.push_back({a, 0, {{0, static_cast<int>(i)}}});
                if (walk()) return true;
                states.pop_back();
                steps.pop_back();
            }
        }
        return false;
    };
    return walk();
}

rc::Gen<Graph> any_graph() {
    return rc::gen::exec([] {
        Graph g;
        g.size = *rc::gen::inRange(1U, Graph::most);
        for (auto& actor : g.moves) {
            for (unsigned s = 0; s < g.size; ++s) {
                const auto count = *rc::gen::weightedElement<unsigned>({{3, 0U}, {4, 1U}, {2, 2U}});
                for (unsigned i = 0; i < count; ++i)
                    actor[s].push_back({*rc::gen::inRange(0, static_cast<int>(g.size))});
            }
        }
        for (unsigned s = 0; s < g.size; ++s) {
            g.good[s] = *rc::gen::weightedElement<bool>({{2, false}, {1, true}});
            g.trigger[s] = *rc::gen::arbitrary<bool>();
        }
        const auto assumptions = *rc::gen::inRange(0U, 4U);
        for (unsigned i = 0; i < assumptions; ++i) {
            FairnessInfo info{"assumption", FairnessKind::weak, "", 0, no_step, no_choice, ~0ULL};
            info.kind = *rc::gen::element(FairnessKind::weak, FairnessKind::strong, FairnessKind::ceases);
            info.actor = *rc::gen::element(ActorId{0}, ActorId{1}, any_actor);
            if (*rc::gen::arbitrary<bool>()) {
                info.choice = 0;
                info.values = *rc::gen::element(1ULL, 2ULL);
            }
            g.fair.push_back(info);
        }
        return g;
    });
}

const std::array<PropertyKind, 3> kinds{PropertyKind::always_eventually, PropertyKind::leads_to,
                                        PropertyKind::eventually_always};

TEST(Liveness, FindsALassoExactlyWhereTheDefinitionHasOne) {
    unsigned violations = 0;
    unsigned holding = 0;
    const bool ok = rc::check([&] {
        const Graph graph = *rc::gen::noShrink(any_graph());
        for (const PropertyKind kind : kinds) {
            const auto p = about(kind, graph);
            const auto result = check<Graph>(graph, {p});
            const auto& verdict = result.verdicts[0];
            const bool expected = Oracle(graph, p).violated();
            RC_ASSERT(verdict.status == (expected ? Status::violated : Status::holds));
            RC_ASSERT(verdict.as_expected == !expected);
            ++(expected ? violations : holding);
            if (!expected) continue;
            const auto& run = *verdict.counterexample;
            RC_ASSERT(run.loop.has_value());
            auto again = replay<Graph>(graph, run.initial, run.steps);
            RC_ASSERT(judge_lasso(graph, p, run.steps, *run.loop, again).empty());
            RC_ASSERT(again.status == Status::violated);
            if (!run.steps.empty() && run.steps.size() <= 6) RC_ASSERT(!shorter_exists(graph, p, run.steps.size()));
        }
    });
    EXPECT_TRUE(ok);
    EXPECT_GT(violations, 20U);
    EXPECT_GT(holding, 20U);
}

// --- known systems -----------------------------------------------------------------------------------------------

FairnessInfo actor_is(FairnessKind kind, ActorId actor) {
    return {"actor", kind, "", actor, no_step, no_choice, ~0ULL};
}

template <class M>
M with(M model, FairnessKind kind, unsigned actors) {
    for (unsigned i = 0; i < actors; ++i) model.fair.push_back(actor_is(kind, i));
    return model;
}

template <class F>
Property<F> leads(bool (*from)(const F&, const typename F::State&), bool (*to)(const F&, const typename F::State&),
                  FairnessSet fairness) {
    auto p = property<F>("leads", PropertyKind::leads_to);
    p.trigger = from;
    p.holds = to;
    p.fairness = fairness;
    return p;
}

bool left_waits(const Peterson&, const Peterson::State& s) { return s.pc[0] == 1; }
bool left_inside(const Peterson&, const Peterson::State& s) { return s.pc[0] == 3; }

TEST(Liveness, WhoWaitsForPetersonsLockGetsItIfBothGetOn) {
    const auto fair = with(Peterson{}, FairnessKind::weak, 2);
    EXPECT_EQ(check<Peterson>(fair, {leads<Peterson>(left_waits, left_inside, 3)}).verdicts[0].status, Status::holds);
    // Nobody need do anything if nothing is assumed: the run just stays where the trigger is.
    const auto lazy = check<Peterson>(fair, {leads<Peterson>(left_waits, left_inside, 0)});
    ASSERT_TRUE(lazy.verdicts[0].counterexample);
    const auto& run = *lazy.verdicts[0].counterexample;
    EXPECT_EQ(run.loop, run.steps.size());
    EXPECT_EQ(run.steps.size(), 1U);
    EXPECT_NE(run.message.find("nothing happens after step 1"), std::string::npos) << run.message;
    // If only the other gets on, the left one may be left out.
    EXPECT_EQ(check<Peterson>(fair, {leads<Peterson>(left_waits, left_inside, 2)}).verdicts[0].status,
              Status::violated);
}

bool first_hungry(const Philosophers&, const Philosophers::State& s) { return s.pc[0] == 0; }
bool first_eats(const Philosophers&, const Philosophers::State& s) { return s.pc[0] == 2; }

TEST(Liveness, APhilosopherStarvesUnderWeakFairnessOnly) {
    const auto weak = with(Philosophers{3, true, false}, FairnessKind::weak, 3);
    const auto strong = with(Philosophers{3, true, false}, FairnessKind::strong, 3);
    const auto p = leads<Philosophers>(first_hungry, first_eats, 7);
    EXPECT_EQ(check<Philosophers>(strong, {p}).verdicts[0].status, Status::holds);
    const auto result = check<Philosophers>(weak, {p});
    ASSERT_TRUE(result.verdicts[0].counterexample);
    const auto& run = *result.verdicts[0].counterexample;
    // Another eats again and again: takes a fork, a second one, puts both back.
    ASSERT_TRUE(run.loop);
    EXPECT_GE(run.steps.size() - *run.loop, 3U);
    auto again = replay<Philosophers>(weak, run.initial, run.steps);
    EXPECT_EQ(judge_lasso(weak, p, run.steps, *run.loop, again), "");
    // The same run is not fair if the actors are strongly fair.
    again = replay<Philosophers>(strong, run.initial, run.steps);
    EXPECT_NE(judge_lasso(strong, p, run.steps, *run.loop, again).find("enabled in it, and never taken"),
              std::string::npos);
    EXPECT_EQ(again.status, Status::incomplete);
}

TEST(Liveness, ALassoThatIsNoneIsRefuted) {
    const auto weak = with(Philosophers{3, true, false}, FairnessKind::weak, 3);
    const auto p = leads<Philosophers>(first_hungry, first_eats, 7);
    const auto result = check<Philosophers>(weak, {p});
    ASSERT_TRUE(result.verdicts[0].counterexample);
    auto run = *result.verdicts[0].counterexample;
    const auto judged = [&](std::size_t loop) {
        auto again = replay<Philosophers>(weak, run.initial, run.steps);
        return judge_lasso(weak, p, run.steps, loop, again);
    };
    EXPECT_NE(judged(run.steps.size() + 1).find("begins after the last step"), std::string::npos);
    EXPECT_NE(judged(run.steps.size()).find("never taken"), std::string::npos);
    EXPECT_NE(judged(*run.loop + 1).find("does not close: "), std::string::npos);
    auto ceases = weak;
    ceases.fair.push_back(actor_is(FairnessKind::ceases, run.steps.back().actor));
    auto q = p;
    q.fairness = 15;
    auto again = replay<Philosophers>(ceases, run.initial, run.steps);
    EXPECT_NE(judge_lasso(ceases, q, run.steps, *run.loop, again).find("is to cease"), std::string::npos);
}

// --- local steps -----------------------------------------------------------------------------------------------------

/// Lights a lamp, and puts it out in a local step: between transitions it is always out.
Graph lamp() {
    Graph graph;
    graph.size = 2;
    graph.moves[0][0] = {{1}};
    graph.moves[0][1] = {{0}};
    graph.local[1] = true;
    graph.fair = {actor_is(FairnessKind::weak, 0)};
    return graph;
}
bool lit(const Graph&, const Graph::State& s) { return s.at == 1; }
bool out(const Graph&, const Graph::State& s) { return s.at == 0; }
bool never(const Graph&, const Graph::State&) { return false; }

TEST(Liveness, LooksIntoTransitionsOfSeveralSteps) {
    for (const bool fuse : {false, true}) {
        SearchOptions options;
        options.fuse = fuse;
        std::vector<Property<Graph>> all;
        for (const auto holds : {lit, out}) {
            for (const PropertyKind kind : {PropertyKind::always_eventually, PropertyKind::eventually_always}) {
                all.push_back(property<Graph>("p", kind));
                all.back().holds = holds;
                all.back().fairness = 1;
            }
        }
        all.push_back(property<Graph>("lit leads to out", PropertyKind::leads_to));
        all.back().trigger = lit;
        all.back().holds = out;
        all.back().fairness = 1;
        all.push_back(property<Graph>("lit leads to nothing", PropertyKind::leads_to));
        all.back().trigger = lit;
        all.back().holds = never;
        all.back().fairness = 1;
        const auto result = check<Graph>(lamp(), all, options);
        EXPECT_EQ(result.statistics.states, fuse ? 1U : 2U);
        EXPECT_EQ(result.verdicts[0].status, Status::holds);     // always eventually lit
        EXPECT_EQ(result.verdicts[1].status, Status::violated);  // eventually always lit
        EXPECT_EQ(result.verdicts[2].status, Status::holds);
        EXPECT_EQ(result.verdicts[3].status, Status::violated);
        EXPECT_EQ(result.verdicts[4].status, Status::holds);
        EXPECT_EQ(result.verdicts[5].status, Status::violated);
        for (const std::size_t i : {1U, 3U, 5U}) {
            const auto& run = *result.verdicts[i].counterexample;
            auto again = replay<Graph>(lamp(), run.initial, run.steps);
            EXPECT_EQ(judge_lasso(lamp(), all[i], run.steps, *run.loop, again), "") << i;
        }
    }
}

// --- limits ----------------------------------------------------------------------------------------------------------

TEST(Liveness, SaysNothingOfWhatWasNotExplored) {
    const auto strong = with(Philosophers{3, true, false}, FairnessKind::strong, 3);
    const auto p = leads<Philosophers>(first_hungry, first_eats, 7);
    for (const Strategy strategy : {Strategy::breadth_first, Strategy::depth_first}) {
        SearchOptions options;
        options.strategy = strategy;
        EXPECT_EQ(check<Philosophers>(strong, {p}, options).verdicts[0].status, Status::holds);
        options.max_states = 6;
        const auto result = check<Philosophers>(strong, {p}, options);
        EXPECT_EQ(result.ended, Ended::state_limit);
        // States that were not expanded have no successors, and are no place to stay in for ever.
        EXPECT_EQ(result.verdicts[0].status, Status::incomplete);
        EXPECT_FALSE(result.verdicts[0].as_expected);
    }
}

TEST(Liveness, FindsALassoAmongTheStatesThereAre) {
    const auto lazy = with(Philosophers{3, true, false}, FairnessKind::weak, 0);
    SearchOptions options;
    options.max_depth = 2;
    const auto result = check<Philosophers>(lazy, {leads<Philosophers>(first_hungry, first_eats, 0)}, options);
    EXPECT_EQ(result.ended, Ended::depth_limit);
    EXPECT_EQ(result.verdicts[0].status, Status::violated);
}

bool nobody_eats(const Philosophers& m, const Philosophers::State& s) {
    return std::all_of(s.pc.begin(), s.pc.begin() + m.count, [](int pc) { return pc != 2; });
}

TEST(Liveness, DoesNotFollowRunsPastASafetyViolation) {
    auto fair = with(Philosophers{3, true, false}, FairnessKind::weak, 3);
    auto safe = property<Philosophers>("nobody eats", PropertyKind::invariant);
    safe.holds = nobody_eats;
    const auto p = leads<Philosophers>(first_hungry, first_eats, 7);
    const auto result = check<Philosophers>(fair, {safe, p});
    EXPECT_EQ(result.verdicts[0].status, Status::violated);
    // Every run comes to where somebody eats, and is not followed there.
    EXPECT_EQ(result.verdicts[1].status, Status::holds);
    EXPECT_EQ(check<Philosophers>(fair, {p}).verdicts[0].status, Status::violated);
}

TEST(Liveness, MemoryLimitLeavesItOpen) {
    const auto strong = with(Philosophers{5, true, false}, FairnessKind::strong, 5);
    const auto p = leads<Philosophers>(first_hungry, first_eats, 31);
    const auto whole = check<Philosophers>(strong, {p});
    ASSERT_EQ(whole.verdicts[0].status, Status::holds);
    ASSERT_GT(whole.statistics.graph_transitions, 0U);
    SearchOptions options;
    options.max_memory_bytes = whole.statistics.memory_bytes + 1;
    const auto result = check<Philosophers>(strong, {p}, options);
    EXPECT_EQ(result.ended, Ended::memory_limit);
    EXPECT_FALSE(result.complete);
    EXPECT_EQ(result.verdicts[0].status, Status::incomplete);
}

}  // namespace
}  // namespace vmemcheck::checker
