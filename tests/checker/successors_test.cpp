// SPDX-License-Identifier: MIT
#include "checker/successors.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "checker/search.hpp"
#include "tests/checker/example_models.hpp"
#include "tests/checker/graph_model.hpp"

namespace vmemcheck::checker {
namespace {

using examples::Graph;
using examples::Philosophers;
using examples::Workers;

TEST(SearchContext, CountsThroughAllAnswers) {
    SearchContext context;
    std::set<std::vector<int>> seen;
    int runs = 0;
    do {
        context.begin();
        std::vector<int> answers{context.choose(0, 3)};
        if (answers[0] == 1) answers.push_back(context.choose(1, 2));
        if (answers[0] == 2) {
            answers.push_back(context.choose(2, 1));
            answers.push_back(context.choose(0, 2));
        }
        ASSERT_EQ(context.taken().size(), answers.size());
        seen.insert(answers);
        ++runs;
    } while (context.advance());
    EXPECT_EQ(seen, (std::set<std::vector<int>>{{0}, {1, 0}, {1, 1}, {2, 0, 0}, {2, 0, 1}}));
    EXPECT_EQ(runs, 5);
    EXPECT_EQ(context.misuse(), Misuse::none);
}

TEST(SearchContext, NoticesMisuse) {
    SearchContext many;
    many.begin();
    for (unsigned i = 0; i < SearchContext::max_choices; ++i) many.choose(0, 1);
    EXPECT_EQ(many.misuse(), Misuse::none);
    many.choose(0, 1);
    EXPECT_EQ(many.misuse(), Misuse::too_many_choices);

    SearchContext none;
    none.begin();
    none.choose(0, 0);
    EXPECT_EQ(none.misuse(), Misuse::bad_choice);

    SearchContext other;
    other.begin();
    other.choose(0, 2);
    ASSERT_TRUE(other.advance());
    other.begin();
    other.choose(1, 2);
    EXPECT_EQ(other.misuse(), Misuse::not_a_function);

    SearchContext silent;
    silent.begin();
    silent.choose(0, 2);
    ASSERT_TRUE(silent.advance());
    silent.begin();
    silent.advance();
    EXPECT_EQ(silent.misuse(), Misuse::not_a_function);
}

TEST(RecordingContext, GivesTheRecordedAnswers) {
    const std::vector<ChoiceTaken> given{{4, 1}, {5, 0}};
    NoObserver silent;
    RecordingContext<> good(given, silent);
    EXPECT_EQ(good.choose(4, 2), 1);
    EXPECT_EQ(good.choose(5, 2), 0);
    EXPECT_FALSE(good.diverged());
    EXPECT_EQ(good.choose(6, 2), 0);
    EXPECT_TRUE(good.diverged()) << "more was asked than recorded";

    RecordingContext<> wrong(given, silent);
    EXPECT_EQ(wrong.choose(5, 2), 0);
    EXPECT_TRUE(wrong.diverged());
    RecordingContext<> few(given, silent);
    few.choose(4, 1);
    EXPECT_TRUE(few.diverged()) << "the answer 1 of one";
}

TEST(Successors, BlockedActorsSayWhy) {
    const Philosophers model{2, false, false};
    Philosophers::State state{};
    model.initial_states([&](const auto& s) { state = s; });
    const auto first = outcomes(model, state, 0);
    ASSERT_EQ(first.all.size(), 1U);
    EXPECT_TRUE(first.moves.enabled);
    state = first.all[0].steps.back().after;
    state = outcomes(model, state, 1).all[0].steps.back().after;
    const auto stuck = outcomes(model, state, 0);
    EXPECT_TRUE(stuck.all.empty());
    EXPECT_FALSE(stuck.moves.enabled);
    EXPECT_EQ(stuck.moves.guard.what, "fork 1");
    EXPECT_EQ(stuck.moves.guard.holder, 1);
}

TEST(Successors, FusedOutcomesShowTheirSteps) {
    const Workers model{1};
    const auto plain = outcomes(model, Workers::State{}, 0, false);
    ASSERT_EQ(plain.all.size(), 3U);
    for (const auto& outcome : plain.all) EXPECT_EQ(outcome.steps.size(), 1U);

    const auto fused = outcomes(model, Workers::State{}, 0, true);
    ASSERT_EQ(fused.all.size(), 4U) << "the hard job is polished in two ways";
    std::vector<int> efforts;
    for (const auto& outcome : fused.all) {
        ASSERT_EQ(outcome.steps.size(), 3U);
        EXPECT_EQ(outcome.steps[0].step, 0U);
        EXPECT_EQ(outcome.steps[1].step, 1U);
        EXPECT_EQ(outcome.steps[2].step, 2U);
        EXPECT_EQ(outcome.steps[1].after.pc[0], 2);
        EXPECT_EQ(outcome.steps[2].after.pc[0], 3);
        EXPECT_EQ(outcome.steps[2].choices.size(), outcome.steps[0].choices[0].second == 1 ? 1U : 0U);
        efforts.push_back(outcome.steps[2].after.effort[0]);
    }
    EXPECT_EQ(efforts, (std::vector<int>{1, 2, 3, 1}));
}

TEST(Successors, FailuresEndAnOutcome) {
    const Workers model{1};
    Workers::State state{};
    state.pc[0] = 3;
    state.job[0] = 2;
    const auto result = outcomes(model, state, 0, true);
    ASSERT_EQ(result.all.size(), 1U);
    ASSERT_EQ(result.all[0].failures.size(), 1U);
    EXPECT_EQ(result.all[0].failures[0].assertion, 7U);
    EXPECT_STREQ(result.all[0].failures[0].message, "a broken job was handed in");
}

/// Its first actor goes round by local steps, or comes to a place where they are blocked.
Graph by_local_steps(bool blocks) {
    Graph graph;
    graph.size = Graph::most;
    graph.local.fill(true);
    for (int s = 0; s < static_cast<int>(Graph::most); ++s) {
        auto& moves = graph.moves[0][static_cast<unsigned>(s)];
        if (blocks && s >= 3) continue;
        moves.push_back({(s + 1) % static_cast<int>(Graph::most)});
        if (!blocks) moves.push_back({(s + 2) % static_cast<int>(Graph::most)});
    }
    return graph;
}

TEST(Successors, EndlessLocalStepsAreCut) {
    const auto result = outcomes(by_local_steps(false), Graph::State{}, 0, true);
    EXPECT_LE(result.all.size(), std::size_t{Expander<Graph>::max_runs});
    for (const auto& outcome : result.all) {
        EXPECT_LE(outcome.steps.size(), std::size_t{Expander<Graph>::max_chain});
        EXPECT_TRUE(outcome.steps[0].starts_transition);
    }
}

TEST(Successors, AChainEndsBeforeALocalStepThatIsBlocked) {
    const auto result = outcomes(by_local_steps(true), Graph::State{}, 0, true);
    ASSERT_EQ(result.all.size(), 1U);
    EXPECT_EQ(result.all[0].steps.size(), 3U);
    EXPECT_EQ(result.all[0].steps.back().after.at, 3);
}

TEST(Successors, ASearchStoresTheStateBeforeTheBlockedStep) {
    const auto never = [](const Graph&, const Graph::State& s) { return s.at == 0 || s.at == 3; };
    const auto result =
        check<Graph>(by_local_steps(true), {examples::invariant<Graph>("no-state-of-a-blocked-run", never)});
    EXPECT_EQ(result.verdicts[0].status, Status::holds);
    EXPECT_EQ(result.statistics.states, 2U);
}

}  // namespace
}  // namespace vmemcheck::checker
