// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "checker/explore.hpp"
#include "tests/checker/toy_program.hpp"

namespace vmemcheck::checker {
namespace {

using toys::Op;
using toys::Toy;
using toys::ToyProgram;

/// Collects the runs.
class WalksTaken : public ExploreObserver {
 public:
    void on_run_end(const Choices& schedule, const ProgramEnd&) override { all.push_back(schedule); }
    std::vector<Choices> all;
};

ExploreOptions some_walks(ExploreMode mode, std::uint64_t count, std::uint64_t seed = 1) {
    ExploreOptions options;
    options.mode = mode;
    options.max_runs = count;
    options.seed = seed;
    options.keep_going = true;
    return options;
}

class ExploreWalks : public testing::TestWithParam<ExploreMode> {};
INSTANTIATE_TEST_SUITE_P(Modes, ExploreWalks, testing::Values(ExploreMode::random, ExploreMode::swarm));

TEST_P(ExploreWalks, AreFunctionsOfSeedAndNumber) {
    ToyProgram program(toys::philosophers(4, false));
    WalksTaken all;
    const auto result = explore(program, some_walks(GetParam(), 50, 7), &all);
    ASSERT_EQ(all.all.size(), 50U);
    EXPECT_EQ(result.runs, 50U);
    EXPECT_EQ(result.ended, ExploreEnded::complete);
    EXPECT_FALSE(result.complete) << "walks prove nothing";
    std::set<std::vector<std::uint16_t>> different;
    for (std::uint64_t i = 0; i < 50; ++i) {
        WalksTaken one;
        ExploreOptions options = some_walks(GetParam(), 1, 7);
        options.first_run = i;
        const auto single = explore(program, options, &one);
        EXPECT_EQ(one.all.at(0), all.all[i]);
        for (const auto& violation : single.violations) EXPECT_EQ(violation.run, i);
        std::vector<std::uint16_t> actors;
        for (const Choice& choice : all.all[i]) actors.push_back(choice.actor);
        different.insert(actors);
    }
    EXPECT_GT(different.size(), 15U);
    WalksTaken other;
    (void)explore(program, some_walks(GetParam(), 50, 8), &other);
    EXPECT_NE(other.all, all.all);
}

TEST_P(ExploreWalks, FindWhatBruteForceFinds) {
    unsigned wrong = 0;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const Toy toy = toys::random_toy(seed);
        const auto everything = toys::try_everything(toy);
        ToyProgram program(toy);
        const auto result = explore(program, some_walks(GetParam(), 5000));
        std::set<std::string> found;
        for (const auto& violation : result.violations) {
            found.insert(violation.property);
            const auto again = replay_strictly(program, violation.schedule);
            EXPECT_TRUE(again.violates(violation.property));
            EXPECT_EQ(again.cost, violation.cost);
        }
        EXPECT_EQ(found, everything.violated) << "toy " << seed;
        wrong += everything.violated.empty() ? 0 : 1;
    }
    EXPECT_GT(wrong, 20U);
}

TEST_P(ExploreWalks, StopAtAViolation) {
    ToyProgram program(toys::lost_update(2));
    ExploreOptions options = some_walks(GetParam(), 100'000);
    options.keep_going = false;
    const auto result = explore(program, options);
    EXPECT_EQ(result.ended, ExploreEnded::violation);
    ASSERT_EQ(result.violations.size(), 1U);
    EXPECT_EQ(result.violations[0].run + 1, result.runs);
}

TEST_P(ExploreWalks, OfEachPropertyTheBestRunIsKept) {
    class Best : public ExploreObserver {
     public:
        void on_run_end(const Choices& schedule, const ProgramEnd& end) override {
            if (end.kind != ProgramEnd::Kind::violation) return;
            least = std::min(least, replay_strictly(again_, schedule).cost);
            first = first.value_or(replay_strictly(again_, schedule).cost);
            ++count;
        }
        std::uint64_t least = ~std::uint64_t{0};
        std::optional<std::uint64_t> first;
        std::uint64_t count = 0;

     private:
        ToyProgram again_{toys::lost_update(4)};
    } best;
    ToyProgram program(toys::lost_update(4));
    const auto result = explore(program, some_walks(GetParam(), 500, 3), &best);
    ASSERT_EQ(result.violations.size(), 1U);
    EXPECT_EQ(result.violations[0].cost, best.least);
    EXPECT_EQ(result.violations[0].count, best.count);
    EXPECT_EQ(result.violating, best.count);
    EXPECT_GT(best.first, best.least) << "another seed would test something";
}

TEST_P(ExploreWalks, EndlessRunsAreCut) {
    Toy toy;
    toy.initial = {0};
    toy.threads = {{{Op::load, 0}, {Op::loop}}, {{Op::load, 0}}};
    ToyProgram program(toy);
    ExploreOptions options = some_walks(GetParam(), 10);
    options.max_steps = 30;
    const auto result = explore(program, options);
    EXPECT_EQ(result.cut, 10U);
    EXPECT_EQ(result.runs, 0U);
    EXPECT_EQ(result.points, 300U);
}

TEST(ExploreRandom, WithoutARateAllAlternativesAreEquallyLikely) {
    Toy toy;
    toy.initial = {0};
    toy.threads = {{{Op::ask, 0, 5}}};
    ToyProgram program(toy);
    WalksTaken runs;
    (void)explore(program, some_walks(ExploreMode::random, 5000), &runs);
    std::map<std::uint16_t, int> count;
    for (const Choices& run : runs.all) ++count[run.at(0).answer];
    ASSERT_EQ(count.size(), 5U);
    for (const auto& [answer, times] : count) EXPECT_NEAR(times, 1000, 150) << answer;
}

TEST(ExploreRandom, DeviatesAsOftenAsAsked) {
    Toy toy;
    toy.initial = {0};
    toy.threads = {{}};
    for (int i = 0; i < 60; ++i) toy.threads[0].push_back({Op::ask, 0, 4});
    ToyProgram program(toy);
    for (const double deviations : {0.5, 3.0, 20.0}) {
        WalksTaken runs;
        ExploreOptions options = some_walks(ExploreMode::random, 2000);
        options.deviations = deviations;
        (void)explore(program, options, &runs);
        double sum = 0;
        for (const Choices& run : runs.all) {
            for (const Choice& choice : run) sum += choice.answer != 0 ? 1 : 0;
        }
        EXPECT_NEAR(sum / 2000, deviations, deviations / 10);
    }
}

TEST(ExploreSwarm, WalksDifferInWhatTheyMayDo) {
    Toy toy;
    toy.initial = {0};
    toy.threads = {{}, {{Op::load, 0}}};
    for (int i = 0; i < 200; ++i) toy.threads[0].push_back({Op::ask, 0, 3});
    toy.asked_cost = 0;
    ToyProgram program(toy);
    WalksTaken runs;
    (void)explore(program, some_walks(ExploreMode::swarm, 400), &runs);
    std::map<std::set<std::uint16_t>, int> answered;
    for (const Choices& run : runs.all) {
        std::set<std::uint16_t> answers;
        for (const Choice& choice : run) answers.insert(choice.answer);
        ++answered[answers];
    }
    EXPECT_GT((answered[{0}]), 20) << "none of the others";
    EXPECT_GT((answered[{0, 1}]), 20);
    EXPECT_GT((answered[{0, 2}]), 20);
    EXPECT_GT((answered[{0, 1, 2}]), 20);
}

TEST(ExploreSwarm, PrioritiesFindWhatHasToBeLateInALongRun) {
    // A thread must make one step between two neighbouring ones of a hundred. Deviating at random does it seldom.
    Toy toy;
    toy.initial = {0, 0};
    toy.threads = {{}, {{Op::load, 0}, {Op::check, 0, 0}, {Op::store, 1, 1}}};
    for (int i = 0; i < 100; ++i) toy.threads[0].push_back({Op::store, 0, 1});
    toy.threads[0].push_back({Op::store, 0, 2});
    toy.threads[1] = {{Op::await, 0, 2}, {Op::store, 1, 1}};
    toy.threads.push_back({{Op::load, 1}, {Op::fail_if, 0, 1}});
    ToyProgram program(toy);
    ExploreOptions options = some_walks(ExploreMode::swarm, 2000);
    options.keep_going = false;
    const auto with = explore(program, options);
    EXPECT_EQ(with.ended, ExploreEnded::violation);
    EXPECT_LT(with.runs, 100U);
    const auto uniform = explore(program, some_walks(ExploreMode::random, 2000));
    EXPECT_TRUE(uniform.violations.empty());
}

}  // namespace
}  // namespace vmemcheck::checker
