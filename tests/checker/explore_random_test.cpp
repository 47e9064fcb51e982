// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

#include "checker/explore.hpp"
#include "tests/checker/few_samples.hpp"
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
    const std::uint64_t toys_tried = few_samples ? 40 : 100;
    for (std::uint64_t seed = 0; seed < toys_tried; ++seed) {
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
    EXPECT_GT(wrong, toys_tried / 5);
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

/// Three threads with a hundred operations each.
Toy three_long(Op op) {
    Toy toy;
    toy.initial = {0};
    toy.threads.assign(3, std::vector<Op>(100, op));
    return toy;
}

/// How often another thread moves than before.
std::size_t switches(const Choices& run) {
    std::size_t count = 0;
    for (std::size_t i = 1; i < run.size(); ++i) count += run[i].actor != run[i - 1].actor ? 1 : 0;
    return count;
}

TEST(ExploreSwarm, WalksDifferInTheAnswersTheyGive) {
    Toy toy = three_long({Op::ask, 0, 3});
    toy.threads.resize(1);
    ToyProgram program(toy);
    WalksTaken runs;
    ExploreOptions options = some_walks(ExploreMode::swarm, 2000);
    options.deviations = 100;
    (void)explore(program, options, &runs);
    int only_1 = 0;
    int only_2 = 0;
    int both = 0;
    for (const Choices& run : runs.all) {
        std::array<int, 3> count{};
        for (const Choice& choice : run) ++count.at(choice.answer);
        if (count[1] + count[2] < 20) continue;  // some may be missing by chance
        only_1 += count[2] == 0 ? 1 : 0;
        only_2 += count[1] == 0 ? 1 : 0;
        both += count[1] > 0 && count[2] > 0 ? 1 : 0;
    }
    EXPECT_GT(only_1, 100);
    EXPECT_GT(only_2, 100);
    EXPECT_GT(both * 2, only_1 * 3) << "in a quarter of the walks nothing is left out";
}

TEST(ExploreSwarm, InSomeWalksAThreadMovesOnlyWhenNobodyElseCan) {
    ToyProgram program(three_long({Op::load, 0}));
    WalksTaken runs;
    ExploreOptions options = some_walks(ExploreMode::swarm, 2000);
    options.deviations = 300;
    (void)explore(program, options, &runs);
    std::array<int, 3> last{};
    for (const Choices& run : runs.all) {
        ASSERT_EQ(run.size(), 300U);
        const Choices end(run.begin() + 200, run.end());
        if (switches(end) == 0 && switches(run) > 40) ++last.at(end.front().actor);
    }
    for (const int count : last) EXPECT_GT(count, 8);
}

TEST(ExploreSwarm, InSomeWalksThreadsHavePriorities) {
    ToyProgram program(three_long({Op::load, 0}));
    WalksTaken runs;
    ExploreOptions options = some_walks(ExploreMode::swarm, 400);
    options.deviations = 1;
    options.change_points = 0;
    (void)explore(program, options, &runs);
    int in_turn = 0;
    for (const Choices& run : runs.all) {
        in_turn += switches(run) == 2 && run[0].actor == 2 && run[100].actor == 1 ? 1 : 0;
    }
    EXPECT_GT(in_turn, 10) << "against the default, without a deviation";
    EXPECT_LT(in_turn, 100);

    WalksTaken changed;
    options.change_points = 50;
    (void)explore(program, options, &changed);
    int some = 0;
    for (const Choices& run : changed.all) some += switches(run) >= 10 && switches(run) <= 60 ? 1 : 0;
    EXPECT_GT(some, 50) << "each change lets another move";
}

}  // namespace
}  // namespace vmemcheck::checker
