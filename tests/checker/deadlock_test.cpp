// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "checker/search.hpp"
#include "tests/checker/brute_force.hpp"
#include "tests/checker/example_models.hpp"

namespace vmemcheck::checker {
namespace {

using examples::Peterson;
using examples::Philosophers;
using examples::property;
using examples::Workers;

template <class M>
Result<M> check_deadlock(const M& model) {
    SearchOptions options;
    options.stop_when_decided = false;
    return check<M>(model, {property<M>("deadlock", PropertyKind::deadlock)}, options);
}

TEST(Deadlock, PhilosophersAllHoldOneFork) {
    for (unsigned n = 2; n <= 5; ++n) {
        const Philosophers model{n, false, false};
        ASSERT_EQ(examples::brute_force(model).ends, 1U);
        const auto result = check_deadlock(model);
        ASSERT_EQ(result.verdicts[0].status, Status::violated) << n;
        const auto& run = *result.verdicts[0].counterexample;
        EXPECT_EQ(run.steps.size(), n);
        ASSERT_EQ(run.blocked.size(), n);
        for (unsigned i = 0; i < n; ++i) {
            EXPECT_FALSE(run.blocked[i].can_move);
            EXPECT_TRUE(run.blocked[i].in_cycle);
            EXPECT_EQ(run.blocked[i].guard, "fork " + std::to_string((i + 1) % n));
            EXPECT_EQ(run.blocked[i].holder, static_cast<int>((i + 1) % n));
        }
    }
}

TEST(Deadlock, TheExplanationNamesGuardsAndHolders) {
    const auto result = check_deadlock(Philosophers{2, false, false});
    EXPECT_EQ(
        result.verdicts[0].counterexample->message,
        "deadlock: no process can move and the model is not at rest (wait-for cycle): "
        "philosopher0 waits for fork 1, held by philosopher1; philosopher1 waits for fork 0, held by philosopher0");
}

TEST(Deadlock, AnEnvironmentThatMovesDoesNotHelp) {
    const auto result = check_deadlock(Philosophers{2, false, true});
    ASSERT_EQ(result.verdicts[0].status, Status::violated);
    const auto& run = *result.verdicts[0].counterexample;
    ASSERT_EQ(run.blocked.size(), 3U);
    EXPECT_TRUE(run.blocked[2].can_move);
    EXPECT_EQ(text(run.blocked[2]), "owner can move");
    EXPECT_EQ(run.message.find("owner"), std::string::npos);
    EXPECT_EQ(run.steps.size(), 2U);
}

TEST(Deadlock, PolitePhilosophersAndPetersonGetOn) {
    EXPECT_EQ(check_deadlock(Philosophers{4, true, false}).verdicts[0].status, Status::holds);
    // Waiting for one that can move is no cycle.
    EXPECT_EQ(check_deadlock(Peterson{}).verdicts[0].status, Status::holds);
}

TEST(Deadlock, ModelsAtRestAreNotDeadlocked) {
    EXPECT_GT(examples::brute_force(Workers{2}).ends, 0U);
    EXPECT_EQ(check_deadlock(Workers{2}).verdicts[0].status, Status::holds);
}

/// With an owner who must ring the bell for ever: somebody can always move.
Philosophers in_company(unsigned count) { return {count, false, true, true}; }

TEST(Deadlock, AWaitForCycleIsFoundThoughOthersMove) {
    const auto result = check_deadlock(in_company(2));
    ASSERT_EQ(result.verdicts[0].status, Status::violated);
    const auto& run = *result.verdicts[0].counterexample;
    EXPECT_EQ(
        run.message,
        "wait-for cycle: philosopher0 waits for fork 1, held by philosopher1; philosopher1 waits for fork 0, held "
        "by philosopher0");
    EXPECT_EQ(run.steps.size(), 2U);
    EXPECT_TRUE(run.blocked[2].can_move);
    EXPECT_FALSE(run.blocked[2].in_cycle);
}

TEST(Deadlock, AProcessThatWaitsForItselfIsACycle) {
    const auto result = check_deadlock(in_company(1));  // his left fork is his right one
    ASSERT_EQ(result.verdicts[0].status, Status::violated);
    EXPECT_EQ(result.verdicts[0].counterexample->message,
              "wait-for cycle: philosopher0 waits for fork 0, held by philosopher0");
    EXPECT_EQ(result.verdicts[0].counterexample->steps.size(), 1U);
}

TEST(Deadlock, ACycleThroughAnEnvironmentIsNone) {
    Philosophers model = in_company(2);
    model.guest = true;
    EXPECT_EQ(check_deadlock(model).verdicts[0].status, Status::holds);
}

TEST(Deadlock, FailedAssertionsMayCountForIt) {
    auto both = property<Peterson>("deadlock", PropertyKind::deadlock);
    both.has_assertion = true;
    both.assertion = 0;
    const auto result = check<Peterson>(Peterson{Peterson::Mistake::no_flag}, {both});
    ASSERT_EQ(result.verdicts[0].status, Status::violated);
    EXPECT_EQ(result.verdicts[0].counterexample->message, "both are inside");
    both.assertion = 1;
    EXPECT_EQ(check<Peterson>(Peterson{Peterson::Mistake::no_flag}, {both}).verdicts[0].status, Status::holds);
}

TEST(Deadlock, AnInvariantMayCountForIt) {
    auto both = property<Philosophers>("deadlock", PropertyKind::deadlock);
    both.holds = [](const Philosophers&, const Philosophers::State& s) { return s.pc[0] != 2; };
    const auto eats = check<Philosophers>(Philosophers{3, true, false}, {both});
    ASSERT_EQ(eats.verdicts[0].status, Status::violated);
    EXPECT_EQ(eats.verdicts[0].counterexample->message, "does not hold: the sentence of deadlock");
    EXPECT_TRUE(eats.verdicts[0].counterexample->blocked.empty());
    both.holds = [](const Philosophers&, const Philosophers::State&) { return true; };
    EXPECT_EQ(check<Philosophers>(Philosophers{3, true, false}, {both}).verdicts[0].status, Status::holds);
    const auto stuck = check<Philosophers>(Philosophers{3, false, false}, {both});
    ASSERT_EQ(stuck.verdicts[0].status, Status::violated);
    EXPECT_EQ(stuck.verdicts[0].counterexample->blocked.size(), 3U);
}

}  // namespace
}  // namespace vmemcheck::checker
