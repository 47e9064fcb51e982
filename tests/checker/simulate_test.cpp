// SPDX-License-Identifier: MIT
#include "checker/simulate.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "checker/replay.hpp"
#include "tests/checker/example_models.hpp"

namespace vmemcheck::checker {
namespace {

using examples::Peterson;
using examples::Philosophers;
using examples::property;
using examples::Workers;

template <class M>
bool same_run(const Counterexample<M>& a, const Counterexample<M>& b) {
    if (a.steps.size() != b.steps.size() || std::memcmp(&a.initial, &b.initial, sizeof a.initial) != 0) return false;
    for (std::size_t i = 0; i < a.steps.size(); ++i) {
        if (a.steps[i].actor != b.steps[i].actor || a.steps[i].choices != b.steps[i].choices) return false;
        if (std::memcmp(&a.steps[i].after, &b.steps[i].after, sizeof a.initial) != 0) return false;
    }
    return true;
}

SimulationOptions walks(std::uint64_t seed, std::uint64_t count, std::uint64_t length) {
    SimulationOptions options;
    options.seed = seed;
    options.walks = count;
    options.length = length;
    return options;
}

TEST(Simulate, FindsADeadlockWhoseWalkCanBeReplayed) {
    const Philosophers model{3, false, false};
    const auto deadlock = property<Philosophers>("deadlock", PropertyKind::deadlock);
    const auto result = simulate<Philosophers>(model, {deadlock}, walks(1, 1000, 200));
    ASSERT_EQ(result.verdicts[0].status, Status::violated);
    EXPECT_EQ(result.ended, Ended::decided);
    const auto& run = *result.verdicts[0].counterexample;
    EXPECT_EQ(run.blocked.size(), 3U);
    EXPECT_EQ(run.message.rfind("deadlock: ", 0), 0U);
    const auto again = replay(model, run.initial, run.steps, &deadlock);
    EXPECT_FALSE(again.diverged_at);
    EXPECT_EQ(again.status, Status::violated);
    EXPECT_EQ(again.decided_at, run.steps.size());
}

TEST(Simulate, TheSeedDecides) {
    const Peterson model{Peterson::Mistake::no_flag};
    const std::vector<Property<Peterson>> all{property<Peterson>("no-fail", PropertyKind::assertion)};
    const auto first = simulate(model, all, walks(5, 100, 100));
    const auto second = simulate(model, all, walks(5, 100, 100));
    ASSERT_EQ(first.verdicts[0].status, Status::violated);
    EXPECT_TRUE(same_run(*first.verdicts[0].counterexample, *second.verdicts[0].counterexample));
    EXPECT_EQ(first.statistics.transitions, second.statistics.transitions);
    bool differs = false;
    for (std::uint64_t seed = 6; seed < 12; ++seed) {
        const auto other = simulate(model, all, walks(seed, 100, 100));
        ASSERT_EQ(other.verdicts[0].status, Status::violated);
        differs = differs || !same_run(*first.verdicts[0].counterexample, *other.verdicts[0].counterexample);
    }
    EXPECT_TRUE(differs);
}

TEST(Simulate, ProvesNothing) {
    auto inside = property<Peterson>("inside", PropertyKind::reachability);
    inside.holds = [](const Peterson&, const Peterson::State& s) { return s.pc[0] == 3; };
    const auto result = simulate<Peterson>(Peterson{}, {property<Peterson>("no-fail", PropertyKind::assertion), inside},
                                           walks(1, 10, 500));
    EXPECT_EQ(result.ended, Ended::complete);
    EXPECT_FALSE(result.complete);
    EXPECT_EQ(result.verdicts[0].status, Status::incomplete);
    EXPECT_EQ(result.verdicts[1].status, Status::reached);
    EXPECT_EQ(result.statistics.transitions, 10U * 500U) << "Peterson's processes can always move";
    EXPECT_EQ(result.statistics.max_depth, 500U);
}

TEST(Simulate, CoversAllAnswersAndSeesEndStates) {
    auto poor = property<Workers>("poor", PropertyKind::end_state);
    poor.holds = [](const Workers&, const Workers::State& s) { return s.total < 600; };
    const auto result = simulate<Workers>(Workers{2}, {poor}, walks(3, 1000, 100));
    ASSERT_EQ(result.verdicts[0].status, Status::violated);
    EXPECT_EQ(result.verdicts[0].counterexample->last().total, 600);
    EXPECT_EQ(result.verdicts[0].counterexample->steps.size(), 8U);

    auto endless = walks(3, 200, 100);
    endless.stop_when_decided = false;
    const auto all = simulate<Workers>(Workers{2}, {poor}, endless);
    EXPECT_EQ(all.statistics.transitions, 200U * 8U);
    EXPECT_EQ(all.coverage.step(0).executions, 400U);
    EXPECT_EQ(all.coverage.answers_never_given(), (std::vector<ChoiceTaken>{{2, 0}}));
    for (int job = 0; job < 3; ++job) EXPECT_GT(all.coverage.choice(0, job), 90U) << "about a third of 400";
}

TEST(Simulate, Interrupted) {
    std::atomic<bool> stop = true;
    auto options = walks(1, 10, 10);
    options.stop = &stop;
    EXPECT_EQ(simulate<Peterson>(Peterson{}, {}, options).ended, Ended::interrupted);
    EXPECT_EQ(simulate<Peterson>(Peterson{}, {}, walks(1, 0, 10)).statistics.states, 0U);
}

}  // namespace
}  // namespace vmemcheck::checker
