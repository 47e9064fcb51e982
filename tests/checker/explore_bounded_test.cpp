// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <optional>
#include <set>

#include "checker/explore.hpp"
#include "tests/checker/few_samples.hpp"
#include "tests/checker/toy_program.hpp"

namespace vmemcheck::checker {
namespace {

using toys::Everything;
using toys::Op;
using toys::Toy;
using toys::ToyProgram;
using toys::violated;

ExploreOptions up_to(std::uint16_t bound) {
    ExploreOptions options;
    options.bound = bound;
    options.keep_going = true;
    return options;
}

/// Collects what runs come to.
class AllOutcomes : public ExploreObserver {
 public:
    explicit AllOutcomes(const ToyProgram& program) : program_(program) {}
    void on_run_end(const Choices& schedule, const ProgramEnd&) override {
        seen.insert(program_.outcome());
        twice += schedules_.insert(key(schedule)).second ? 0 : 1;
    }
    void on_run_left(const Choices& schedule, RunLeft) override { twice += schedules_.count(key(schedule)); }

    std::set<std::string> seen;
    std::size_t twice = 0;  ///< runs that were reported before

 private:
    static std::string key(const Choices& schedule) {
        std::string text;
        for (const Choice& choice : schedule) {
            text += std::to_string(choice.actor) + "." + std::to_string(choice.answer) + " ";
        }
        return text;
    }
    const ToyProgram& program_;
    std::set<std::string> schedules_;
};

TEST(ExploreBounded, RunsAreThoseOfBruteForceEachOnce) {
    for (const Toy& toy : {toys::lost_update(3), toys::philosophers(3, false), toys::questions()}) {
        for (std::uint16_t bound = 0; bound < 5; ++bound) {
            const Everything everything = toys::try_everything(toy, bound);
            ToyProgram program(toy);
            ExploreOptions options = up_to(bound);
            options.prune = false;
            AllOutcomes outcomes(program);
            const auto result = explore(program, options, &outcomes);
            EXPECT_EQ(result.runs, everything.runs) << "bound " << bound;
            EXPECT_EQ(outcomes.seen, everything.outcomes);
            EXPECT_EQ(outcomes.twice, 0U);
            EXPECT_EQ(violated(result), everything.violated);
            EXPECT_TRUE(result.complete);
            EXPECT_EQ(result.bound_done, bound);
            EXPECT_EQ(result.pruned, 0U);
            EXPECT_EQ(result.states, 0U);
            EXPECT_EQ(result.omission_probability, 0);
        }
    }
}

TEST(ExploreBounded, PruningAndSavingChangeNoVerdict) {
    std::uint64_t runs = 0;
    std::uint64_t runs_unpruned = 0;
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        const Toy toy = toys::random_toy(seed);
        const auto bound = static_cast<std::uint16_t>(1 + seed % 3);
        const Everything everything = toys::try_everything(toy, bound);
        for (const bool prune : {false, true}) {
            for (const bool can_save : {false, true}) {
                ToyProgram program(toy, can_save);
                ExploreOptions options = up_to(bound);
                options.prune = prune;
                options.save_every = 1 + seed % 2 * 2;
                options.prune_at_switches = seed % 5 == 0;
                AllOutcomes outcomes(program);
                const auto result = explore(program, options, &outcomes);
                EXPECT_EQ(violated(result), everything.violated) << "toy " << seed;
                EXPECT_EQ(outcomes.seen, everything.outcomes) << "toy " << seed;
                EXPECT_EQ(result.restores > 0, can_save && program.saves > 0);
                (prune ? runs : runs_unpruned) += result.runs;
                for (const auto& violation : result.violations) {
                    const auto again = replay_strictly(program, violation.schedule);
                    EXPECT_TRUE(again.violates(violation.property)) << again.error;
                    EXPECT_EQ(again.cost, violation.cost);
                }
            }
        }
    }
    EXPECT_LT(runs, runs_unpruned);
}

TEST(ExploreBounded, FirstViolationHasTheLeastCost) {
    unsigned found = 0;
    const std::uint64_t toys_tried = few_samples ? 90 : 300;
    for (std::uint64_t seed = 0; seed < toys_tried; ++seed) {
        const Toy toy = toys::random_toy(seed);
        const Everything everything = toys::try_everything(toy);
        ToyProgram program(toy);
        ExploreOptions options = up_to(100);
        options.keep_going = false;
        options.prune = seed % 2 == 0;
        const auto result = explore(program, options);
        ASSERT_EQ(result.violations.empty(), everything.violated.empty()) << "toy " << seed;
        if (result.violations.empty()) continue;
        ++found;
        EXPECT_EQ(result.ended, ExploreEnded::violation);
        EXPECT_FALSE(result.complete);
        EXPECT_EQ(result.violations[0].cost, everything.least_cost) << "toy " << seed;
        EXPECT_EQ(result.bound_done.value_or(0) + (result.bound_done ? 1 : 0), everything.least_cost);
    }
    EXPECT_GT(found, toys_tried / 6);
}

TEST(ExploreBounded, AStateVisitedWithLessLeftIsExploredAgain) {
    // Thread 1 fails if it is answered 1, which costs all of the bound, after thread 2 was through. That costs nothing
    // if thread 2 comes first; but before that, the states on the way are visited by way of a switch to it.
    Toy toy;
    toy.initial = {0, 0};
    toy.threads = {{{Op::load, 1}},
                   {{Op::load, 1}, {Op::load, 1}, {Op::ask, 0, 2}, {Op::branch, 0, 1}, {Op::check, 0, 1}},
                   {{Op::store, 0, 1}}};
    ToyProgram program(toy);
    const auto result = explore(program, up_to(1));
    EXPECT_EQ(violated(result), std::set<std::string>{"check"});
    EXPECT_GT(result.pruned, 0U);
    EXPECT_GT(result.states, 0U);
    EXPECT_GT(result.omission_probability, 0);
    EXPECT_LT(result.omission_probability, 1e-12);
}

TEST(ExploreBounded, PruningAtSwitchesLooksAtFewerStates) {
    ToyProgram program(toys::philosophers(4, false));
    const auto everywhere = explore(program, up_to(3));
    ExploreOptions options = up_to(3);
    options.prune_at_switches = true;
    const auto at_switches = explore(program, options);
    EXPECT_TRUE(at_switches.complete);
    EXPECT_GT(at_switches.pruned, 0U);
    EXPECT_LT(at_switches.states, everywhere.states);
    EXPECT_GT(at_switches.points, everywhere.points);
    EXPECT_EQ(violated(at_switches), violated(everywhere));

    class Watched : public ToyProgram {
     public:
        Watched() : ToyProgram(toys::philosophers(4, false)) {}
        void take(std::size_t index) override {
            last_ = alternatives()[index].actor;
            ToyProgram::take(index);
        }
        [[nodiscard]] std::uint64_t fingerprint() const override {
            if (last_ && alternatives().front().actor == *last_) ++elsewhere;
            return ToyProgram::fingerprint();
        }
        mutable unsigned elsewhere = 0;

     private:
        std::optional<std::uint16_t> last_;
    } watched;
    (void)explore(watched, options);
    EXPECT_LE(watched.elsewhere, 4U) << "but for the beginning of each bound";
}

TEST(ExploreBounded, GoesBackFromStatesSaved) {
    ToyProgram program(toys::philosophers(4, false));
    ExploreOptions options = up_to(2);
    options.save_every = 1;
    const auto each = explore(program, options);
    EXPECT_GT(each.restores, 100U);
    EXPECT_EQ(each.retaken, 0U);
    options.save_every = 3;
    const auto some = explore(program, options);
    EXPECT_GT(some.retaken, 0U);
    EXPECT_GT(some.restores, 0U);
    options.save_states = false;
    program.saves = 0;
    const auto none = explore(program, options);
    EXPECT_EQ(none.restores, 0U);
    EXPECT_EQ(program.saves, 0U);
    EXPECT_GT(none.retaken, 2 * some.retaken);
    EXPECT_EQ(none.runs, each.runs);
    EXPECT_EQ(some.runs, each.runs);
}

TEST(ExploreBounded, GoesOnWithoutMemory) {
    const Toy toy = toys::philosophers(4, false);
    ToyProgram program(toy);
    const auto with = explore(program, up_to(3));
    ExploreOptions options = up_to(3);
    options.max_memory_bytes = 0;
    const auto without = explore(program, options);
    EXPECT_EQ(violated(without), violated(with));
    EXPECT_TRUE(without.complete);
    EXPECT_EQ(without.restores, 0U);
    EXPECT_EQ(without.peak_memory_bytes, 0U);
    EXPECT_GT(without.retaken, with.retaken);
    EXPECT_GT(with.peak_memory_bytes, 0U);
    EXPECT_EQ(without.pruned, 0U);
    options.max_memory_bytes = 65'536;
    const auto little = explore(program, options);
    EXPECT_EQ(violated(little), violated(with));
    EXPECT_LE(little.peak_memory_bytes, options.max_memory_bytes);
}

TEST(ExploreBounded, EndlessRunsAreCutUnlessTheirStatesRepeat) {
    Toy toy;
    toy.initial = {0};
    toy.threads = {{{Op::load, 0}, {Op::loop}}, {{Op::load, 0}, {Op::loop}}};
    ToyProgram program(toy);
    ExploreOptions options = up_to(1);
    options.max_steps = 50;
    const auto pruned = explore(program, options);
    EXPECT_EQ(pruned.cut, 0U);
    EXPECT_TRUE(pruned.complete);
    options.prune = false;
    const auto cut = explore(program, options);
    EXPECT_GT(cut.cut, 40U);
    EXPECT_EQ(cut.longest, 50U);
    EXPECT_EQ(cut.runs, 0U);
    EXPECT_EQ(cut.ended, ExploreEnded::complete);
    EXPECT_FALSE(cut.complete) << "what lies beyond max_steps is not known";
}

TEST(ExploreBounded, GivenUpRunsAreCountedAndNotComplete) {
    Toy toy;
    toy.initial = {0};
    toy.threads = {{{Op::store, 0, 1}, {Op::give_up}}};
    ToyProgram program(toy);
    const auto result = explore(program, up_to(1));
    EXPECT_EQ(result.given_up, 1U);
    EXPECT_EQ(result.runs, 1U);
    EXPECT_EQ(result.ended, ExploreEnded::complete);
    EXPECT_FALSE(result.complete);
}

TEST(ExploreBounded, ViolationsThatAreNotWantedDoNotEndIt) {
    Toy toy;
    toy.initial = {0, 0};
    toy.threads = {{{Op::load, 0}, {Op::fail_if, 0, 1}, {Op::check, 1, 1}}, {{Op::store, 0, 1}, {Op::store, 1, 1}}};
    ToyProgram program(toy);
    ExploreOptions options = up_to(9);
    options.keep_going = false;
    options.wanted = {"register"};
    const auto result = explore(program, options);
    EXPECT_EQ(result.ended, ExploreEnded::violation);
    ASSERT_EQ(result.violations.size(), 2U);
    for (const auto& violation : result.violations) EXPECT_EQ(violation.wanted, violation.property == "register");
    options.wanted = {"nothing of the kind"};
    EXPECT_TRUE(explore(program, options).complete);
}

TEST(ExploreBounded, LimitsAndStop) {
    ToyProgram program(toys::philosophers(5, true));
    ExploreOptions options = up_to(9);
    options.max_runs = 7;
    const auto runs = explore(program, options);
    EXPECT_EQ(runs.ended, ExploreEnded::run_limit);
    EXPECT_EQ(runs.runs, 7U);
    options.max_runs = 0;
    options.prune = false;
    options.max_seconds = 0.05;
    const auto time = explore(program, options);
    EXPECT_EQ(time.ended, ExploreEnded::time_limit);
    EXPECT_LT(time.seconds, 5);
    options.max_seconds = 0;
    const std::atomic<bool> stop = true;
    options.stop = &stop;
    EXPECT_EQ(explore(program, options).ended, ExploreEnded::interrupted);
}

TEST(ExploreBounded, AProgramThatIsNoFunctionOfItsChoicesIsFoundOut) {
    class Fickle : public ToyProgram {
     public:
        Fickle() : ToyProgram(toys::lost_update(3), false) {}
        void restart() override {
            ToyProgram::restart();
            if (restarts % 5 == 0) take(0);
        }
    } program;
    const auto result = explore(program, up_to(2));
    EXPECT_EQ(result.ended, ExploreEnded::program_error);
    EXPECT_NE(result.error.find("no function of its choices"), std::string::npos) << result.error;
    EXPECT_FALSE(result.complete);
}

}  // namespace
}  // namespace vmemcheck::checker
