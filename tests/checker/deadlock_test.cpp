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
            EXPECT_EQ(run.blocked[i].guard, "fork");
            EXPECT_EQ(run.blocked[i].holder, static_cast<int>((i + 1) % n));
        }
    }
}

TEST(Deadlock, TheExplanationNamesGuardsAndHolders) {
    const auto result = check_deadlock(Philosophers{2, false, false});
    EXPECT_EQ(result.verdicts[0].counterexample->message,
              "deadlock: no process can move and the model is not at rest (wait-for cycle): "
              "philosopher0 waits for fork, held by philosopher1; philosopher1 waits for fork, held by philosopher0");
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

/// Two processes that lock a and b in opposite orders, a third that always moves, and one that waits for an environment
/// holding a lock it waits with.
struct Crossed {
    struct State {
        std::array<std::int8_t, 2> pc;
        std::array<std::int8_t, 2> owner;  ///< of a lock: actor + 1, 0: free
        std::int8_t ticks;
    };
    bool environment = false;  ///< whether the second of the two is an environment
    bool relock = false;       ///< whether the first locks what it has

    unsigned actor_count() const { return 3; }
    std::string actor_name(ActorId a) const { return std::array<const char*, 3>{"one", "two", "clock"}[a]; }
    ActorKind actor_kind(ActorId a) const {
        return a == 1 && environment ? ActorKind::environment : ActorKind::process;
    }
    std::span<const StepInfo> steps() const {
        static constexpr std::array<StepInfo, 4> all{
            {{"lock", "", ""}, {"lock2", "", ""}, {"unlock", "", ""}, {"tick", "", ""}}};
        return all;
    }
    std::span<const ChoiceInfo> choices() const { return {}; }
    bool at_rest(const State&) const { return false; }
    void describe(const State& s, FieldSink& sink) const {
        for (unsigned i = 0; i < 2; ++i) {
            sink("pc" + std::to_string(i), s.pc[i], 0, 2);
            sink("owner" + std::to_string(i), s.owner[i], 0, 2);
        }
        sink("ticks", s.ticks, 0, 3);
    }
    template <class F>
    void initial_states(F&& found) const {
        found(State{});
    }
    template <class Context>
    void step(State& s, ActorId a, Context& context) const {
        if (a == 2) {
            context.at(3);
            s.ticks = static_cast<std::int8_t>((s.ticks + 1) % 4);
            return;
        }
        context.at(static_cast<StepId>(s.pc[a]));
        if (s.pc[a] == 2) {
            s.owner = {0, 0};
            s.pc[a] = 0;
            return;
        }
        const bool second = s.pc[a] == 1 && !(relock && a == 0);
        auto& owner = s.owner[(a == 1) != second ? 1 : 0];
        if (owner != 0) return context.blocked({(a == 1) != second ? "lock b" : "lock a", owner - 1});
        owner = static_cast<std::int8_t>(a + 1);
        ++s.pc[a];
    }
};

TEST(Deadlock, AWaitForCycleIsFoundThoughOthersMove) {
    const auto result = check_deadlock(Crossed{});
    ASSERT_EQ(result.verdicts[0].status, Status::violated);
    const auto& run = *result.verdicts[0].counterexample;
    EXPECT_EQ(run.message, "wait-for cycle: one waits for lock b, held by two; two waits for lock a, held by one");
    EXPECT_EQ(run.steps.size(), 2U);
    EXPECT_TRUE(run.blocked[2].can_move);
    EXPECT_FALSE(run.blocked[2].in_cycle);
}

TEST(Deadlock, AProcessThatWaitsForItselfIsACycle) {
    const auto result = check_deadlock(Crossed{false, true});
    ASSERT_EQ(result.verdicts[0].status, Status::violated);
    EXPECT_EQ(result.verdicts[0].counterexample->message, "wait-for cycle: one waits for lock a, held by one");
    EXPECT_EQ(result.verdicts[0].counterexample->steps.size(), 1U);
}

TEST(Deadlock, ACycleThroughAnEnvironmentIsNone) {
    EXPECT_EQ(check_deadlock(Crossed{true, false}).verdicts[0].status, Status::holds);
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
