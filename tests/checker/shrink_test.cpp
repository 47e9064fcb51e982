// SPDX-License-Identifier: MIT
#include "checker/shrink.hpp"

#include <gtest/gtest.h>

#include "checker/guided_walk.hpp"
#include "checker/replay.hpp"
#include "checker/search.hpp"
#include "tests/checker/example_models.hpp"

namespace vmemcheck::checker {
namespace {

using examples::Peterson;
using examples::Philosophers;
using examples::property;
using examples::Workers;

template <class M>
typename M::State first_state(const M& model) {
    std::optional<typename M::State> first;
    model.initial_states([&first](const typename M::State& state) {
        if (!first) first = state;
    });
    return *first;
}

template <class M>
Walked walk(const M& model, const std::vector<Property<M>>& known, const std::vector<Property<M>>& open,
            std::uint64_t seed, std::uint64_t length = 300) {
    Guidance guidance;
    Coverage coverage(model.steps(), model.choices());
    WalkOptions options;
    options.seed = seed;
    options.length = length;
    return GuidedWalk<M>(model, known, open, guidance, coverage, options).run(first_state(model));
}

/// The first walk that violates the property.
template <class M>
Schedule violating(const M& model, const Property<M>& broken) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        Walked walked = walk<M>(model, {}, {broken}, seed);
        if (walked.violated) return walked.moves;
    }
    ADD_FAILURE() << "no walk violates " << broken.id;
    return {};
}

/// Replays, decides the property with its last step, and has as many steps as the shortest run.
template <class M>
void expect_shortest(const M& model, const Property<M>& broken, const Counterexample<M>& run) {
    const auto again = replay(model, run.initial, run.steps, &broken);
    EXPECT_FALSE(again.diverged_at) << again.reason;
    EXPECT_EQ(again.decided_at, run.steps.size());
    EXPECT_EQ(again.message, run.message);
    const auto checked = check<M>(model, {broken});
    EXPECT_EQ(run.steps.size(), checked.verdicts[0].counterexample->steps.size());
}

TEST(Schedule, AnswersAreGivenByKindAndBenignIfThereAreNone) {
    const std::vector<ChoiceTaken> given{{1, 2}, {0, 1}, {1, 9}, {0, 2}};
    LenientContext context(given);
    EXPECT_EQ(context.choose(0, 3), 1);
    EXPECT_EQ(context.choose(1, 3), 2);
    EXPECT_EQ(context.choose(1, 3), 0) << "9 is not possible";
    EXPECT_EQ(context.choose(1, 3), 0) << "there are no more";
    EXPECT_EQ(context.taken(), (std::vector<ChoiceTaken>{{0, 1}, {1, 2}, {1, 0}, {1, 0}}));
}

TEST(Schedule, BlockedMovesAreSkipped) {
    const Philosophers table{2, false, false};
    const auto deadlock = property<Philosophers>("deadlock", PropertyKind::deadlock);
    LenientRunner<Philosophers> runner(table, deadlock, first_state(table));
    // The left fork of the second is the right one of the first: the first is blocked at its second move.
    const auto executed = runner({{0, {}}, {1, {}}, {0, {}}, {1, {}}});
    ASSERT_TRUE(executed);
    EXPECT_EQ(executed->moves, (Schedule{{0, {}}, {1, {}}}));
    EXPECT_EQ(executed->states.size(), 3U);
    EXPECT_FALSE(runner({{0, {}}, {0, {}}, {0, {}}}));
}

TEST(Shrink, ADeadlockBecomesTheShortest) {
    const Philosophers table{4, false, true};  // with an owner who rings the bell
    const auto deadlock = property<Philosophers>("deadlock", PropertyKind::deadlock);
    const Schedule found = violating(table, deadlock);
    EXPECT_GT(found.size(), 4U);
    Shrinker<Philosophers> shrinker(table, deadlock, first_state(table), {});
    const auto run = shrinker.shrink(found);
    ASSERT_TRUE(run);
    EXPECT_EQ(run->steps.size(), 4U);
    EXPECT_EQ(run->blocked.size(), 5U);
    expect_shortest(table, deadlock, *run);
}

TEST(Shrink, AnAssertionBecomesTheShortest) {
    for (const auto mistake : {Peterson::Mistake::no_flag, Peterson::Mistake::no_turn}) {
        const Peterson lock{mistake};
        const auto alone = property<Peterson>("alone", PropertyKind::assertion);
        Shrinker<Peterson> shrinker(lock, alone, first_state(lock), {});
        const auto run = shrinker.shrink(violating(lock, alone));
        ASSERT_TRUE(run);
        expect_shortest(lock, alone, *run);
    }
}

TEST(Shrink, FaultsThatAreNotNeededAreTakenOut) {
    const Workers shop{2};
    auto rich = property<Workers>("rich", PropertyKind::invariant);
    rich.holds = [](const Workers&, const Workers::State& s) { return s.total < 200; };
    // Both get a hard job; both are careful, which nobody needs.
    Schedule moves;
    for (ActorId worker = 0; worker < 2; ++worker) {
        moves.push_back({worker, {{0, 1}}});
        moves.push_back({worker, {}});
        moves.push_back({worker, {{1, 1}}});
        moves.push_back({worker, {}});
    }
    Shrinker<Workers> shrinker(shop, rich, first_state(shop), {});
    const auto run = shrinker.shrink(moves);
    ASSERT_TRUE(run);
    expect_shortest(shop, rich, *run);
    EXPECT_TRUE(std::all_of(run->steps.begin(), run->steps.end(), [](const auto& step) { return step.actor == 0; }) ||
                std::all_of(run->steps.begin(), run->steps.end(), [](const auto& step) { return step.actor == 1; }));
}

TEST(Shrink, TheSeedDecides) {
    const Peterson lock{Peterson::Mistake::no_turn};
    const auto alone = property<Peterson>("alone", PropertyKind::assertion);
    const Schedule found = violating(lock, alone);
    ShrinkOptions options;
    options.search_states = 0;
    const auto once = Shrinker<Peterson>(lock, alone, first_state(lock), options).reduced(found);
    const auto again = Shrinker<Peterson>(lock, alone, first_state(lock), options).reduced(found);
    ASSERT_TRUE(once);
    EXPECT_EQ(*once, *again);
}

TEST(Shrink, ARunThatViolatesNothingIsNotShrunk) {
    const Peterson lock{};
    const auto alone = property<Peterson>("alone", PropertyKind::assertion);
    Shrinker<Peterson> shrinker(lock, alone, first_state(lock), {});
    EXPECT_FALSE(shrinker.shrink({{0, {}}, {1, {}}, {0, {}}, {1, {}}}));
}

TEST(GuidedWalk, TheSeedDecides) {
    const Workers shop{3};
    const std::vector<Property<Workers>> none;
    EXPECT_EQ(walk(shop, none, none, 1).moves, walk(shop, none, none, 1).moves);
    bool differs = false;
    for (std::uint64_t seed = 2; seed < 6; ++seed) {
        differs = differs || walk(shop, none, none, seed).moves != walk(shop, none, none, 1).moves;
    }
    EXPECT_TRUE(differs);
}

TEST(GuidedWalk, KeepsClearOfWhatIsKnown) {
    const Workers shop{3};
    auto broken = property<Workers>("broken", PropertyKind::assertion);
    broken.assertion = 7;
    auto rich = property<Workers>("rich", PropertyKind::invariant);
    rich.holds = [](const Workers&, const Workers::State& s) { return s.total < 400; };
    int violations = 0;
    int others = 0;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        violations += walk<Workers>(shop, {}, {broken}, seed).violated ? 1 : 0;
        const Walked walked = walk<Workers>(shop, {broken}, {rich}, seed);
        others += walked.violated ? 1 : 0;
        LenientRunner<Workers> runner(shop, broken, first_state(shop));
        EXPECT_FALSE(runner(walked.moves)) << "a known violation was walked into";
    }
    EXPECT_GT(violations, 5);
    EXPECT_GT(others, 5);
}

TEST(GuidedWalk, SaysThatNothingCanMove) {
    const Walked walked = walk<Workers>(Workers{1}, {}, {}, 1);
    EXPECT_TRUE(walked.stuck);
    EXPECT_EQ(walked.moves.size(), 4U);
}

}  // namespace
}  // namespace vmemcheck::checker
