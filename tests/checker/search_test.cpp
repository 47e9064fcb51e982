// SPDX-License-Identifier: MIT
#include "checker/search.hpp"

#include <gtest/gtest.h>

#include "tests/checker/brute_force.hpp"
#include "tests/checker/example_models.hpp"
#include "tests/checker/few_samples.hpp"
#include "tests/checker/graph_model.hpp"

namespace vmemcheck::checker {
namespace {

using examples::brute_force;
using examples::Graph;
using examples::invariant;
using examples::Peterson;
using examples::Philosophers;
using examples::property;
using examples::Workers;

constexpr std::array<Strategy, 2> strategies{Strategy::breadth_first, Strategy::depth_first};

bool alone(const Peterson&, const Peterson::State& s) { return s.pc[0] != 3 || s.pc[1] != 3; }
bool not_alone(const Peterson& m, const Peterson::State& s) { return !alone(m, s); }

/// Whether the model allows the steps of a run, one by one.
template <class M>
void expect_possible(const M& model, const Counterexample<M>& run) {
    auto state = run.initial;
    for (const auto& step : run.steps) {
        bool found = false;
        for (const auto& next : examples::brute_steps(model, state, step.actor)) {
            found = found || std::memcmp(&next.after, &step.after, sizeof state) == 0;
        }
        ASSERT_TRUE(found);
        state = step.after;
    }
}

TEST(Search, CountsStatesAndStepsAsBruteForceDoes) {
    for (const Strategy strategy : strategies) {
        SearchOptions options;
        options.strategy = strategy;
        options.fuse = false;
        const auto expect_equal = [&](const auto& model) {
            const auto brute = brute_force(model);
            using M = std::remove_cvref_t<decltype(model)>;
            const auto result = check<M>(model, {}, options);
            EXPECT_EQ(result.ended, Ended::complete);
            EXPECT_TRUE(result.complete);
            EXPECT_EQ(result.statistics.states, brute.depth.size());
            EXPECT_EQ(result.statistics.transitions, brute.steps);
            EXPECT_EQ(result.statistics.micro_steps, brute.steps);
            if (strategy == Strategy::breadth_first) {
                EXPECT_EQ(result.statistics.max_depth, brute.max_depth);
            }
        };
        for (unsigned n = 2; n <= 5; ++n) {
            expect_equal(Philosophers{n, false, false});
            expect_equal(Philosophers{n, true, true});
        }
        expect_equal(Peterson{});
        for (unsigned n = 1; n <= (few_samples ? 3 : 4); ++n) expect_equal(Workers{n});
    }
}

TEST(Search, PetersonsLockHolds) {
    for (const Strategy strategy : strategies) {
        SearchOptions options;
        options.strategy = strategy;
        const auto result = check<Peterson>(
            Peterson{}, {invariant<Peterson>("alone", alone), property<Peterson>("no-fail", PropertyKind::assertion)},
            options);
        ASSERT_EQ(result.verdicts.size(), 2U);
        for (const auto& verdict : result.verdicts) {
            EXPECT_EQ(verdict.status, Status::holds);
            EXPECT_TRUE(verdict.as_expected);
            EXPECT_FALSE(verdict.vacuous);
            EXPECT_FALSE(verdict.counterexample);
        }
        EXPECT_TRUE(result.as_expected());
        EXPECT_EQ(result.statistics.pruned, 0U);
    }
}

TEST(Search, CounterexamplesAreShortestBreadthFirst) {
    for (const auto mistake : {Peterson::Mistake::no_flag, Peterson::Mistake::no_turn}) {
        const Peterson model{mistake};
        const auto brute = brute_force(model, not_alone);
        const auto fails = brute_force<Peterson>(model, nullptr, true);
        ASSERT_TRUE(brute.first_bad);
        for (const Strategy strategy : strategies) {
            SearchOptions options;
            options.strategy = strategy;
            const auto one = check<Peterson>(model, {invariant<Peterson>("alone", alone)}, options);
            ASSERT_EQ(one.verdicts[0].status, Status::violated);
            EXPECT_FALSE(one.verdicts[0].as_expected);
            EXPECT_EQ(one.ended, Ended::decided);
            const auto& run = *one.verdicts[0].counterexample;
            EXPECT_FALSE(alone(model, run.last()));
            EXPECT_EQ(run.message, "does not hold: the sentence of alone");
            expect_possible(model, run);

            const auto two = check<Peterson>(model, {property<Peterson>("no-fail", PropertyKind::assertion)}, options);
            ASSERT_EQ(two.verdicts[0].status, Status::violated);
            const auto& fail = *two.verdicts[0].counterexample;
            EXPECT_EQ(fail.message, "both are inside");
            expect_possible(model, fail);
            EXPECT_EQ(fail.steps.back().step, 2U);
            if (strategy == Strategy::breadth_first) {
                EXPECT_EQ(run.steps.size(), *brute.first_bad);
                EXPECT_EQ(fail.steps.size(), *fails.first_fail);
            }
        }
    }
}

TEST(Search, ViolatingStatesAndStepsAreNotFollowed) {
    const Peterson model{Peterson::Mistake::no_flag};
    SearchOptions options;
    options.stop_when_decided = false;
    const auto brute = brute_force(model, not_alone);
    const auto states = check<Peterson>(model, {invariant<Peterson>("alone", alone)}, options);
    EXPECT_EQ(states.ended, Ended::complete);
    EXPECT_EQ(states.statistics.states, brute.depth.size());
    EXPECT_EQ(states.statistics.transitions, brute.steps);
    EXPECT_GT(states.statistics.pruned, 0U);

    const auto fails = brute_force<Peterson>(model, nullptr, true);
    const auto steps = check<Peterson>(model, {property<Peterson>("no-fail", PropertyKind::assertion)}, options);
    EXPECT_EQ(steps.statistics.states, fails.depth.size());
    EXPECT_EQ(steps.statistics.transitions, fails.steps);
    ASSERT_LT(fails.depth.size(), brute_force(model).depth.size());

    // An assertion that nobody asked about is no reason to stop.
    const auto ignored = check<Peterson>(model, {}, options);
    EXPECT_EQ(ignored.statistics.states, brute_force(model).depth.size());
    EXPECT_GT(ignored.statistics.unclaimed_failures, 0U);
}

TEST(Search, DecidesOnlyWhenAllProperties) {
    const Peterson model{Peterson::Mistake::no_flag};
    const auto always = [](const Peterson&, const Peterson::State&) { return true; };
    const auto result =
        check<Peterson>(model, {invariant<Peterson>("alone", alone), invariant<Peterson>("true", always)});
    EXPECT_EQ(result.ended, Ended::complete);
    EXPECT_EQ(result.verdicts[0].status, Status::violated);
    EXPECT_EQ(result.verdicts[1].status, Status::holds);
}

TEST(Search, TransitionProperty) {
    // Nobody changes the turn from inside. Holds; "nobody gives the turn away" does not.
    auto quiet = property<Peterson>("quiet-inside", PropertyKind::transition);
    quiet.holds_step = [](const Peterson&, const Peterson::State& a, const Peterson::State& b) {
        return a.turn == b.turn || (a.pc[0] != 3 && b.pc[0] != 3) || a.pc[1] != b.pc[1];
    };
    auto greedy = property<Peterson>("greedy", PropertyKind::transition);
    greedy.holds_step = [](const Peterson&, const Peterson::State& a, const Peterson::State& b) {
        return a.turn == b.turn;
    };
    const auto holds = check<Peterson>(Peterson{}, {quiet});
    EXPECT_EQ(holds.verdicts[0].status, Status::holds);
    const auto result = check<Peterson>(Peterson{}, {greedy});
    ASSERT_EQ(result.verdicts[0].status, Status::violated);
    const auto& run = *result.verdicts[0].counterexample;
    ASSERT_EQ(run.steps.size(), 2U);
    EXPECT_EQ(run.steps[1].step, 1U);
    EXPECT_NE(run.steps[0].after.turn, run.steps[1].after.turn);
}

TEST(Search, Reachability) {
    auto inside = property<Peterson>("inside", PropertyKind::reachability);
    inside.holds = [](const Peterson&, const Peterson::State& s) { return s.pc[1] == 3; };
    auto both = property<Peterson>("both", PropertyKind::reachability);
    both.holds = not_alone;
    auto leaves = property<Peterson>("leaves", PropertyKind::reachability);
    leaves.holds_step = [](const Peterson&, const Peterson::State& a, const Peterson::State& b) {
        return a.pc[0] == 3 && b.pc[0] == 0;
    };
    auto unwanted = inside;
    unwanted.expected = false;
    auto unwanted_both = both;
    unwanted_both.expected = false;
    const auto result = check<Peterson>(Peterson{}, {inside, both, leaves, unwanted, unwanted_both});
    EXPECT_EQ(result.verdicts[0].status, Status::reached);
    EXPECT_TRUE(result.verdicts[0].as_expected);
    EXPECT_EQ(result.verdicts[0].counterexample->steps.size(), 3U);
    EXPECT_EQ(result.verdicts[1].status, Status::unreached);
    EXPECT_FALSE(result.verdicts[1].as_expected);
    EXPECT_EQ(result.verdicts[2].status, Status::reached);
    EXPECT_EQ(result.verdicts[2].counterexample->steps.size(), 4U);
    EXPECT_EQ(result.verdicts[3].status, Status::reached);
    EXPECT_FALSE(result.verdicts[3].as_expected);
    EXPECT_EQ(result.verdicts[4].status, Status::unreached);
    EXPECT_TRUE(result.verdicts[4].as_expected);
    EXPECT_EQ(result.statistics.pruned, 0U) << "what is reached is followed";

    const auto early = check<Peterson>(Peterson{}, {inside, unwanted});
    EXPECT_EQ(early.ended, Ended::decided);
    EXPECT_LT(early.statistics.states, result.statistics.states);
}

TEST(Search, EndStates) {
    auto all_done = property<Workers>("all-done", PropertyKind::end_state);
    all_done.holds = [](const Workers& m, const Workers::State& s) { return m.at_rest(s); };
    auto poor = property<Workers>("poor", PropertyKind::end_state);
    poor.holds = [](const Workers&, const Workers::State& s) { return s.total < 900; };
    auto never = all_done;
    never.trigger = [](const Workers&, const Workers::State& s) { return s.total == 1; };
    const auto result = check<Workers>(Workers{3}, {all_done, poor, never});
    EXPECT_EQ(result.verdicts[0].status, Status::holds);
    EXPECT_FALSE(result.verdicts[0].vacuous);
    ASSERT_EQ(result.verdicts[1].status, Status::violated);
    EXPECT_EQ(result.verdicts[1].counterexample->last().total, 900);
    EXPECT_EQ(result.verdicts[2].status, Status::holds);
    EXPECT_TRUE(result.verdicts[2].vacuous);

    auto end = property<Peterson>("end", PropertyKind::end_state);
    end.holds = [](const Peterson&, const Peterson::State&) { return false; };
    const auto endless = check<Peterson>(Peterson{}, {end});
    EXPECT_EQ(endless.verdicts[0].status, Status::holds);
    EXPECT_TRUE(endless.verdicts[0].vacuous) << "it never ends";
}

TEST(Search, Vacuity) {
    auto seen = invariant<Peterson>("seen", alone);
    seen.trigger = [](const Peterson&, const Peterson::State& s) { return s.pc[0] == 3; };
    auto unseen = invariant<Peterson>("unseen", alone);
    unseen.trigger = not_alone;
    const auto result = check<Peterson>(Peterson{}, {seen, unseen});
    EXPECT_FALSE(result.verdicts[0].vacuous);
    EXPECT_TRUE(result.verdicts[1].vacuous);
    EXPECT_TRUE(result.verdicts[1].as_expected);
}

TEST(Search, FusingChangesNoVerdict) {
    auto done = property<Workers>("done", PropertyKind::end_state);
    done.holds = [](const Workers& m, const Workers::State& s) { return m.at_rest(s); };
    auto broken = property<Workers>("broken", PropertyKind::assertion);
    broken.assertion = 7;
    auto deadlock = property<Workers>("deadlock", PropertyKind::deadlock);
    auto rich = property<Workers>("rich", PropertyKind::reachability);
    rich.holds = [](const Workers&, const Workers::State& s) { return s.total == 600; };
    auto grows = property<Workers>("grows", PropertyKind::transition);
    grows.holds_step = [](const Workers&, const Workers::State& a, const Workers::State& b) {
        return a.total <= b.total;
    };
    const std::vector<Property<Workers>> all{done, broken, deadlock, rich, grows};
    for (const Strategy strategy : strategies) {
        SearchOptions options;
        options.strategy = strategy;
        const auto fused = check(Workers{4}, all, options);
        options.fuse = false;
        const auto plain = check(Workers{4}, all, options);
        ASSERT_EQ(fused.ended, Ended::complete);
        for (std::size_t i = 0; i < all.size(); ++i) {
            EXPECT_EQ(fused.verdicts[i].status, plain.verdicts[i].status) << all[i].id;
            EXPECT_EQ(fused.verdicts[i].vacuous, plain.verdicts[i].vacuous) << all[i].id;
        }
        EXPECT_EQ(fused.verdicts[1].status, Status::violated);
        EXPECT_EQ(fused.verdicts[3].status, Status::reached);
        EXPECT_LT(fused.statistics.states * 4, plain.statistics.states);
        EXPECT_GT(fused.statistics.micro_steps, fused.statistics.transitions);

        const auto& run = *fused.verdicts[1].counterexample;
        expect_possible(Workers{4}, run);
        if (strategy == Strategy::breadth_first) {
            ASSERT_EQ(run.steps.size(), 4U);
            EXPECT_EQ(run.transitions(), 2U);
            EXPECT_EQ(run.steps[0].choices, (std::vector<ChoiceTaken>{{0, 2}}));
            EXPECT_TRUE(run.steps[0].starts_transition);
            EXPECT_FALSE(run.steps[1].starts_transition);
            EXPECT_FALSE(run.steps[2].starts_transition);
            EXPECT_TRUE(run.steps[3].starts_transition);
        }
    }
}

TEST(Search, StatesInsideFusedTransitionsAreCheckedIfAsked) {
    // "sorted" lies between two local steps: a property may not read it, and if one does only check_fused finds out.
    const auto never_sorted =
        invariant<Workers>("never-sorted", [](const Workers&, const Workers::State& s) { return s.pc[0] != 2; });
    SearchOptions options;
    EXPECT_EQ(check<Workers>(Workers{2}, {never_sorted}, options).verdicts[0].status, Status::holds);
    options.check_fused = true;
    const auto result = check<Workers>(Workers{2}, {never_sorted}, options);
    ASSERT_EQ(result.verdicts[0].status, Status::violated);
    const auto& run = *result.verdicts[0].counterexample;
    EXPECT_EQ(run.steps.size(), 2U);
    EXPECT_EQ(run.last().pc[0], 2);
}

TEST(Search, FailedAssertionsMayCountForAPropertyOfAnyKind) {
    auto quiet = invariant<Peterson>("quiet", [](const Peterson&, const Peterson::State&) { return true; });
    quiet.has_assertion = true;
    const Peterson model{Peterson::Mistake::no_flag};
    SearchOptions options;
    options.stop_when_decided = false;
    const auto result = check<Peterson>(model, {quiet}, options);
    ASSERT_EQ(result.verdicts[0].status, Status::violated);
    EXPECT_EQ(result.verdicts[0].counterexample->message, "both are inside");
    EXPECT_GT(result.statistics.pruned, 0U);

    auto fails = property<Peterson>("fails", PropertyKind::reachability);
    fails.has_assertion = true;
    const auto reached = check<Peterson>(model, {fails}, options);
    ASSERT_EQ(reached.verdicts[0].status, Status::reached);
    EXPECT_EQ(reached.statistics.pruned, 0U) << "what is reached is followed";
    EXPECT_EQ(reached.statistics.states, brute_force(model).depth.size());
}

TEST(Search, RunsDoNotPassFailedAssertions) {
    // To 1 with a failure or, by the second answer, without; then on to 2.
    Graph two_ways;
    two_ways.size = 3;
    two_ways.moves[0][0] = {{1, true}, {1, false}};
    two_ways.moves[0][1] = {{2, false}};
    auto end = property<Graph>("end", PropertyKind::reachability);
    end.holds = [](const Graph&, const Graph::State& s) { return s.at == 2; };
    const auto result = check<Graph>(two_ways, {property<Graph>("no-fail", PropertyKind::assertion), end});
    ASSERT_EQ(result.verdicts[0].status, Status::violated);
    EXPECT_EQ(result.verdicts[0].counterexample->steps.back().choices, (std::vector<ChoiceTaken>{{0, 0}}));
    ASSERT_EQ(result.verdicts[1].status, Status::reached);
    const auto& run = *result.verdicts[1].counterexample;
    ASSERT_EQ(run.steps.size(), 2U);
    EXPECT_EQ(run.steps[0].choices, (std::vector<ChoiceTaken>{{0, 1}})) << "the way without failure";
}

TEST(Search, Coverage) {
    const auto result = check<Workers>(Workers{2}, {}, {});
    const Coverage& coverage = result.coverage;
    EXPECT_EQ(coverage.steps_never_run(), std::vector<StepId>{4}) << "go_home is never run";
    // "weather" is never asked; all answers of "job" and "care" are given.
    EXPECT_EQ(coverage.answers_never_given(), (std::vector<ChoiceTaken>{{2, 0}}));
    EXPECT_EQ(coverage.choice(0, 0), coverage.choice(0, 1));
    EXPECT_EQ(coverage.choice(0, 0) + coverage.choice(0, 1) + coverage.choice(0, 2), coverage.step(0).executions);
    EXPECT_EQ(coverage.value_count(1), 2U);
    std::uint64_t executions = 0;
    std::uint64_t states = 1;
    for (StepId i = 0; i < coverage.step_count(); ++i) {
        executions += coverage.step(i).executions;
        states += coverage.step(i).new_states;
    }
    EXPECT_EQ(executions, result.statistics.micro_steps);
    EXPECT_EQ(states, result.statistics.states);
    EXPECT_EQ(coverage.step(1).new_states, 0U) << "local steps begin no transition";

    // A worker alone gets 3 jobs, one of them with a choice in its preparation.
    SearchOptions plain;
    plain.fuse = false;
    const auto alone = check<Workers>(Workers{1}, {}, plain);
    EXPECT_EQ(alone.coverage.step(0).executions, 3U);
    EXPECT_EQ(alone.coverage.step(2).executions, 4U);
    EXPECT_EQ(alone.coverage.choice(1, 1), 1U);
}

TEST(Search, Statistics) {
    const auto result = check<Workers>(Workers{3}, {}, {});
    const Statistics& statistics = result.statistics;
    EXPECT_EQ(statistics.packed_bits, 3U * (3 + 2 + 2) + 11);
    EXPECT_EQ(statistics.packed_bytes, 4U);
    EXPECT_GT(statistics.memory_bytes, statistics.states * 8);
    EXPECT_GE(statistics.peak_memory_bytes, statistics.memory_bytes);
    EXPECT_GT(statistics.peak_resident_bytes, std::size_t{1} << 20);
    EXPECT_GT(statistics.transitions_per_second(), 0);
}

}  // namespace
}  // namespace vmemcheck::checker
