// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "checker/choices.hpp"
#include "checker/explore.hpp"
#include "checker/shrink_choices.hpp"
#include "tests/checker/toy_program.hpp"

namespace vmemcheck::checker {
namespace {

using toys::Op;
using toys::Toy;
using toys::ToyProgram;

constexpr std::size_t most_steps = 1000;

TEST(ReplayChoices, StrictTakesWhatWasRecorded) {
    ToyProgram program(toys::lost_update(2));
    const Choices lost{{0, 0}, {1, 0}, {0, 0}, {1, 0}};
    const Replayed run = replay_strictly(program, lost);
    EXPECT_TRUE(run.violates("final"));
    EXPECT_FALSE(run.violates("deadlock"));
    EXPECT_EQ(run.taken, lost);
    EXPECT_EQ(run.cost, 2U) << "the third switch is no deviation: the first thread is through";
    EXPECT_EQ(run.deviations, (std::vector<std::size_t>{1, 2}));
    EXPECT_FALSE(run.missing_at);
    EXPECT_EQ(run.error, "");
}

TEST(ReplayChoices, StrictSaysWhereARunIsAnother) {
    ToyProgram program(toys::lost_update(2));
    const Replayed wrong = replay_strictly(program, {{0, 0}, {0, 0}, {0, 0}});
    EXPECT_EQ(wrong.missing_at, 2U);
    EXPECT_EQ(wrong.error, "step 2: actor 0 (t0), answer 0 is not offered; offered are t1: 0");
    EXPECT_FALSE(wrong.end);
    EXPECT_EQ(wrong.taken.size(), 2U);
    const Replayed answer = replay_strictly(program, {{0, 1}});
    EXPECT_EQ(answer.missing_at, 0U);
    const Replayed over = replay_strictly(program, {{0, 0}, {0, 0}, {1, 0}, {1, 0}, {1, 0}});
    EXPECT_EQ(over.missing_at, 4U);
    EXPECT_EQ(over.error, "step 4: the run is over before actor 1 (t1), answer 0");
    const Replayed part = replay_strictly(program, {{0, 0}, {0, 0}});
    EXPECT_FALSE(part.missing_at);
    EXPECT_FALSE(part.end) << "there is more to come";
}

TEST(ReplayChoices, LenientSkipsAndGoesOnByDefault) {
    ToyProgram program(toys::lost_update(2));
    const Replayed run = replay_leniently(program, {{7, 0}, {0, 3}, {1, 0}, {7, 7}}, most_steps);
    EXPECT_EQ(run.taken, (Choices{{1, 0}, {1, 0}, {0, 0}, {0, 0}}));
    ASSERT_TRUE(run.end);
    EXPECT_EQ(run.end->kind, ProgramEnd::Kind::finished);
    EXPECT_EQ(run.deviations, std::vector<std::size_t>{0});
    const Replayed cut = replay_leniently(program, {}, 3);
    EXPECT_FALSE(cut.end);
    EXPECT_EQ(cut.taken.size(), 3U);
}

TEST(ShrinkChoices, WithoutSearchComesNearTheLeastCostOfBruteForce) {
    unsigned shrunk = 0;
    unsigned least = 0;
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
        const Toy toy = toys::random_toy(seed);
        const auto everything = toys::try_everything(toy);
        if (everything.violated.size() != 1) continue;
        ToyProgram program(toy);
        ExploreOptions walks;
        walks.mode = ExploreMode::random;
        walks.max_runs = 100'000;
        walks.seed = seed;
        const auto found = explore(program, walks);
        ASSERT_EQ(found.violations.size(), 1U);
        const auto& violation = found.violations[0];

        ShrinkChoicesOptions options;
        options.search_runs = 0;
        const auto by_deltas = shrink(program, violation.schedule, violation.property, options);
        ASSERT_TRUE(by_deltas);
        EXPECT_TRUE(by_deltas->run.violates(violation.property));
        EXPECT_LE(by_deltas->run.cost, violation.cost);
        least += by_deltas->run.cost == everything.least_cost ? 1 : 0;

        const auto best = shrink(program, violation.schedule, violation.property);
        ASSERT_TRUE(best);
        EXPECT_TRUE(replay_strictly(program, best->run.taken).violates(violation.property));
        EXPECT_EQ(best->run.cost, everything.least_cost) << "toy " << seed;
        ++shrunk;
    }
    EXPECT_GT(shrunk, 80U);
    EXPECT_GT(least * 10, shrunk * 9) << least << " of " << shrunk;
}

TEST(ShrinkChoices, LeavesOutStepsThatAreNoDeviations) {
    // Without its deviations alone, none of these comes down to the least cost.
    for (const std::uint64_t seed : {355U, 473U, 508U, 541U}) {
        ToyProgram program(toys::random_toy(seed, 1));
        ExploreOptions walks;
        walks.mode = ExploreMode::random;
        walks.max_runs = 3000;
        walks.seed = seed;
        const auto found = explore(program, walks);
        ASSERT_FALSE(found.violations.empty());
        const auto& violation = found.violations[0];
        ShrinkChoicesOptions options;
        options.search_runs = 0;
        const auto by_deltas = shrink(program, violation.schedule, violation.property, options);
        ExploreOptions least;
        least.bound = 50;
        least.wanted = {violation.property};
        const auto best = explore(program, least);
        ASSERT_EQ(best.ended, ExploreEnded::violation);
        EXPECT_EQ(by_deltas->run.cost, best.violations.back().cost) << "toy " << seed;
    }
}

/// One thread asks often; two of its answers matter, the second one of them only as it is 2.
Toy two_of_many() {
    Toy toy;
    toy.initial = {0, 0};
    toy.threads = {{}, {{Op::load, 0}, {Op::load, 0}}};
    auto& asks = toy.threads[0];
    for (int i = 0; i < 30; ++i) asks.push_back({Op::ask, 0, 4});
    asks.push_back({Op::add_register, 0, 0});
    for (int i = 0; i < 30; ++i) asks.push_back({Op::ask, 0, 4});
    asks.push_back({Op::branch, 0, 2});
    asks.push_back({Op::check, 0, 1});
    return toy;
}

TEST(ShrinkChoices, LeavesOnlyWhatMatters) {
    ToyProgram program(two_of_many());
    Choices messy;
    for (std::uint16_t i = 0; i < 30; ++i) messy.emplace_back(std::uint16_t{0}, static_cast<std::uint16_t>(1 + i % 3));
    messy.back().answer = 1;
    messy.emplace_back(std::uint16_t{1}, std::uint16_t{0});
    messy.emplace_back(std::uint16_t{0}, std::uint16_t{0});
    for (std::uint16_t i = 0; i < 30; ++i) messy.emplace_back(std::uint16_t{0}, static_cast<std::uint16_t>(1 + i % 3));
    messy.back().answer = 2;
    const Replayed before = replay_leniently(program, messy, most_steps);
    ASSERT_TRUE(before.violates("check"));
    EXPECT_GT(before.deviations.size(), 60U);
    ShrinkChoicesOptions options;
    options.search_runs = 0;
    const auto after = shrink(program, messy, "check", options);
    ASSERT_TRUE(after);
    EXPECT_EQ(after->run.cost, 2U);
    EXPECT_EQ(after->run.deviations, (std::vector<std::size_t>{29, 60}));
    EXPECT_EQ(after->run.taken[29], (Choice{0, 1}));
    EXPECT_EQ(after->run.taken[60], (Choice{0, 2}));
    EXPECT_FALSE(after->least_cost) << "nobody looked";
    EXPECT_LT(after->runs, 2000U);
    EXPECT_TRUE(shrink(program, messy, "check")->least_cost);
    options.search_runs = 1;
    EXPECT_FALSE(shrink(program, messy, "check", options)->least_cost) << "nobody looked everywhere";
}

TEST(ShrinkChoices, MakesAnswersSimpler) {
    // The second answer can be 2 if the first one was at least that.
    Toy toy;
    toy.initial = {0};
    toy.threads = {{{Op::ask, 0, 6}, {Op::add_register, 0}, {Op::ask_variable, 0}, {Op::fail_if, 0, 2}}};
    ToyProgram program(toy);
    const auto after = shrink(program, {{0, 5}, {0, 0}, {0, 2}}, "register");
    ASSERT_TRUE(after);
    EXPECT_EQ(after->run.taken, (Choices{{0, 2}, {0, 0}, {0, 2}, {0, 0}}));
    EXPECT_TRUE(after->least_cost);
}

TEST(ShrinkChoices, WhatDoesNotViolateIsNotShrunk) {
    ToyProgram program(toys::lost_update(2));
    EXPECT_FALSE(shrink(program, {}, "final"));
    EXPECT_FALSE(shrink(program, {{0, 0}, {1, 0}, {0, 0}, {1, 0}}, "deadlock"));
    EXPECT_TRUE(shrink(program, {{0, 0}, {1, 0}, {0, 0}, {1, 0}}, "final"));
}

TEST(ShrinkChoices, EndsInTime) {
    ToyProgram program(two_of_many());
    Choices messy(29, Choice{0, 1});
    messy.emplace_back(std::uint16_t{0}, std::uint16_t{1});
    messy.emplace_back(std::uint16_t{0}, std::uint16_t{0});
    for (int i = 0; i < 30; ++i) messy.emplace_back(std::uint16_t{0}, std::uint16_t{2});
    ASSERT_TRUE(replay_leniently(program, messy, most_steps).violates("check"));
    ShrinkChoicesOptions options;
    options.max_runs = 1;
    options.search_runs = 0;
    const auto hardly = shrink(program, messy, "check", options);
    ASSERT_TRUE(hardly);
    EXPECT_EQ(hardly->run.taken, replay_leniently(program, messy, most_steps).taken);
    const std::atomic<bool> stop = true;
    options.max_runs = 1000;
    options.search_runs = 1000;
    options.stop = &stop;
    EXPECT_EQ(shrink(program, messy, "check", options)->run.taken, hardly->run.taken);
}

}  // namespace
}  // namespace vmemcheck::checker
