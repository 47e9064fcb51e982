// SPDX-License-Identifier: MIT
#include "checker/replay.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "checker/search.hpp"
#include "tests/checker/example_models.hpp"

namespace vmemcheck::checker {
namespace {

using examples::invariant;
using examples::Peterson;
using examples::Philosophers;
using examples::property;
using examples::Workers;

const std::vector<RecordedStep> hard_job{{0, 0, {{0, 1}}}, {0, 1, {}}, {0, 2, {{1, 1}}}, {0, 3, {}}};

TEST(Replay, FollowsACounterexample) {
    const Peterson model{Peterson::Mistake::no_turn};
    const auto alone = invariant<Peterson>(
        "alone", [](const Peterson&, const Peterson::State& s) { return s.pc[0] != 3 || s.pc[1] != 3; });
    const auto result = check<Peterson>(model, {alone});
    const auto& run = *result.verdicts[0].counterexample;
    const auto again = replay(model, run.initial, run.steps, &alone);
    EXPECT_FALSE(again.diverged_at) << again.reason;
    ASSERT_EQ(again.states.size(), run.steps.size() + 1);
    for (std::size_t i = 0; i < run.steps.size(); ++i) {
        EXPECT_EQ(std::memcmp(&again.states[i + 1], &run.steps[i].after, sizeof run.initial), 0);
    }
    EXPECT_EQ(again.status, Status::violated);
    EXPECT_EQ(again.decided_at, run.steps.size());
    EXPECT_EQ(again.message, run.message);

    // The right lock does not allow it, and says why.
    const auto right = replay(Peterson{}, run.initial, run.steps, &alone);
    ASSERT_TRUE(right.diverged_at);
    EXPECT_LT(*right.diverged_at, run.steps.size());
    EXPECT_EQ(right.status, Status::incomplete);
    EXPECT_EQ(right.states.size(), *right.diverged_at + 1);
    EXPECT_NE(right.reason.find("is blocked: the other's turn, held by "), std::string::npos) << right.reason;
}

TEST(Replay, FollowsFusedStepsAndTellsTheObserver) {
    std::vector<int> heard;
    const auto observer = [&heard](const Workers::State&, const Workers::Event& event) {
        heard.push_back(static_cast<int>(event.worker) * 10 + event.job);
    };
    const auto result = replay<Workers>(Workers{2}, Workers::State{}, hard_job, nullptr, observer);
    EXPECT_FALSE(result.diverged_at) << result.reason;
    EXPECT_EQ(result.states.back().total, 300);
    EXPECT_EQ(heard, std::vector<int>{1});
    EXPECT_EQ(result.status, Status::incomplete);
}

TEST(Replay, SaysWhereAndWhyItDiverges) {
    const auto diverge = [](std::size_t index, const RecordedStep& other) {
        auto steps = hard_job;
        steps[index] = other;
        const auto result = replay<Workers>(Workers{2}, Workers::State{}, steps);
        EXPECT_EQ(result.diverged_at, index);
        EXPECT_EQ(result.states.size(), index + 1);
        return result.reason;
    };
    EXPECT_EQ(diverge(0, {9, 0, {}}), "there is no actor 9");
    EXPECT_EQ(diverge(1, {0, 2, {}}), "worker0 takes step sort, recorded was polish");
    EXPECT_EQ(diverge(0, {0, 0, {}}), "worker0 asks for job, which is not recorded");
    EXPECT_EQ(diverge(0, {0, 0, {{1, 0}}}), "worker0 asks for job, recorded was care=0");
    EXPECT_EQ(diverge(0, {0, 0, {{0, 3}}}), "worker0 asks for job, recorded was job=3");
    EXPECT_EQ(diverge(1, {0, 1, {{0, 2}}}), "worker0 does not ask for job=broken, which is recorded");
    EXPECT_EQ(diverge(0, {0, 0, {{0, 1}, {1, 1}}}), "worker0 does not ask for care=1, which is recorded");

    Workers::State done{};
    done.pc[0] = 4;
    const auto blocked = replay<Workers>(Workers{1}, done, hard_job);
    EXPECT_EQ(blocked.diverged_at, 0U);
    EXPECT_EQ(blocked.reason, "worker0 is blocked: nothing left to do; recorded was step get");
}

TEST(Replay, AStepThatDivergesEmitsNothing) {
    int heard = 0;
    const auto observer = [&heard](const Workers::State&, const Workers::Event&) { ++heard; };
    auto steps = hard_job;
    steps[3].choices = {{0, 0}};
    const auto result = replay<Workers>(Workers{1}, Workers::State{}, steps, nullptr, observer);
    EXPECT_EQ(result.diverged_at, 3U);
    EXPECT_EQ(heard, 0);
}

TEST(Replay, EvaluatesEveryKindOfProperty) {
    const Workers model{1};
    const auto on = [&](const Property<Workers>& p) { return replay<Workers>(model, Workers::State{}, hard_job, &p); };

    auto reach = property<Workers>("reach", PropertyKind::reachability);
    reach.holds = [](const Workers&, const Workers::State& s) { return s.effort[0] == 3; };
    EXPECT_EQ(on(reach).status, Status::reached);
    EXPECT_EQ(on(reach).decided_at, 3U);

    auto step = property<Workers>("step", PropertyKind::transition);
    step.holds_step = [](const Workers&, const Workers::State& a, const Workers::State& b) {
        return a.total == b.total;
    };
    EXPECT_EQ(on(step).status, Status::violated);
    EXPECT_EQ(on(step).decided_at, 4U);

    auto end = property<Workers>("end", PropertyKind::end_state);
    end.holds = [](const Workers&, const Workers::State& s) { return s.total != 300; };
    EXPECT_EQ(on(end).status, Status::violated);
    EXPECT_EQ(on(end).decided_at, 4U);

    auto assertion = property<Workers>("assertion", PropertyKind::assertion);
    assertion.assertion = 7;
    EXPECT_EQ(on(assertion).status, Status::incomplete);
    const std::vector<RecordedStep> broken{{0, 0, {{0, 2}}}, {0, 1, {}}, {0, 2, {}}, {0, 3, {}}};
    const auto failed = replay<Workers>(model, Workers::State{}, broken, &assertion);
    EXPECT_EQ(failed.status, Status::violated);
    EXPECT_EQ(failed.decided_at, 4U);
    EXPECT_EQ(failed.message, "a broken job was handed in");

    const Philosophers table{2, false, false};
    const auto deadlock = property<Philosophers>("deadlock", PropertyKind::deadlock);
    Philosophers::State start{};
    start.fork.fill(-1);
    const std::vector<RecordedStep> both{{0, 0, {}}, {1, 0, {}}};
    const auto stuck = replay(table, start, both, &deadlock);
    EXPECT_EQ(stuck.status, Status::violated);
    EXPECT_EQ(stuck.decided_at, 2U);
    EXPECT_EQ(stuck.blocked.size(), 2U);
    const std::vector<RecordedStep> one{{0, 0, {}}};
    EXPECT_EQ(replay(table, start, one, &deadlock).status, Status::incomplete);
}

}  // namespace
}  // namespace vmemcheck::checker
