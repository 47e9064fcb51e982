// SPDX-License-Identifier: MIT
// Walks that follow generated schedules: what they keep, what they reach, and how small a violation becomes.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "properties/falsify.hpp"
#include "properties/scenario.hpp"
#include "spec/properties.hpp"

namespace vmemcheck::properties {
namespace {

using bbm::Bbm;
using bbm::Config;
using bbm::WideBbm;

/// All that walks of a test have seen.
struct Reach {
    std::set<checker::StepId> steps;
    std::set<checker::ActorId> actors;
    std::size_t longest = 0;
    int most_added = 0;  ///< big blocks at the end of a walk
};

/// The first safety property that the run of a scenario violates, or nothing.
template <class M>
std::optional<std::string> violation(const Scenario<M>& scenario, Reach& reach) {
    const M model(scenario.config);
    const auto initial = scenario.initial(model);
    SafetyWatch<M> watch(model, bbm::spec::properties<M>(scenario.config), initial);
    const auto run = walk(model, initial, scenario.schedule, watch);
    if (!watch.violation()) watch.at_end(run.last());
    for (const auto& step : run.steps) {
        reach.steps.insert(step.step);
        reach.actors.insert(step.actor);
    }
    reach.longest = std::max(reach.longest, run.steps.size());
    reach.most_added = std::max<int>(reach.most_added, run.last().bb_count[bbm::big_block::added]);
    if (!watch.violation()) return std::nullopt;
    return watch.violation()->first + ": " + watch.violation()->second;
}

rc::Gen<Config> configs_of(std::string_view release, rc::Gen<bbm::Scope> scope) {
    return rc::gen::map(configs(std::move(scope), Trouble::usual), [release](Config config) {
        config.release = *bbm::find_release(release);
        config.safe_unplug = true;
        return config;
    });
}

template <class M = Bbm>
std::optional<std::string> keep_safe(rc::Gen<Config> configs, const Amount& amount, unsigned decisions, Reach& reach) {
    const auto all = scenarios<M>(std::move(configs), busy_schedules(decisions));
    return falsify(amount, [&] {
        const auto scenario = *all;
        if (const auto violated = violation(scenario, reach)) RC_FAIL(*violated);
    });
}

TEST(Walks, KeepEverySafetyPropertyInAnyScope) {
    Reach reach;
    const auto failure = keep_safe(configs_of("linux-6.12", scopes()), {.runs = 1000}, 60, reach);
    EXPECT_FALSE(failure) << *failure;
    EXPECT_EQ(reach.actors.size(), bbm::actor::count) << "somebody never moved";
    // Steps that are only program counters of who does nothing cannot be taken, nor those of what-ifs and ejecting.
    EXPECT_GE(reach.steps.size() + 6, bbm::step_infos().size()) << "the schedules leave much out";
}

TEST(Walks, KeepEverySafetyPropertyInTheLargestScope) {
    Reach reach;
    const auto failure = keep_safe(configs_of("linux-6.12", rc::gen::just(largest_scope())), {.runs = 40}, 200, reach);
    EXPECT_FALSE(failure) << *failure;
    EXPECT_EQ(reach.actors.size(), bbm::actor::count) << "somebody never moved";
    EXPECT_GT(reach.longest, 2000U) << "the walks are short";
}

TEST(Walks, SlowKeepEverySafetyPropertyWith64BigBlocks) {
    Reach reach;
    const auto scope = largest_scope(bbm::wide_capacity);
    ASSERT_EQ(scope.big_blocks, 64);
    const auto failure = keep_safe<WideBbm>(configs_of("linux-6.12", rc::gen::just(scope)), {.runs = 20}, 400, reach);
    EXPECT_FALSE(failure) << *failure;
    EXPECT_EQ(reach.actors.size(), bbm::actor::count) << "somebody never moved";
    EXPECT_GT(reach.most_added, bbm::max_big_blocks) << "no more happens than in a small scope";
}

TEST(Walks, LongKeepEverySafetyPropertyInAnyScope) {
    Reach reach;
    const auto failure = keep_safe(configs_of("linux-6.12", scopes()), {.runs = 100'000, .seed = 2}, 100, reach);
    EXPECT_FALSE(failure) << *failure;
}

TEST(Walks, FindWhatLinux61GetsWrong) {
    Reach reach;
    const auto failure = keep_safe(configs_of("linux-6.1", scopes()), {.runs = 3000}, 60, reach);
    ASSERT_TRUE(failure) << "a veto marks the device broken";
    EXPECT_NE(failure->find("not-broken"), std::string::npos) << *failure;
    EXPECT_NE(failure->find("linux-6.1, safe unplug"), std::string::npos) << "shown in words: " << *failure;
}

TEST(Walks, AreTheSameForTheSameSchedule) {
    const auto all = scenarios<>(configs(scopes(), Trouble::anything), busy_schedules());
    const auto failure = falsify({.runs = 100}, [&] {
        const auto scenario = *all;
        const Bbm model(scenario.config);
        const Bbm::State initial = scenario.initial(model);
        const auto one = walk(model, initial, scenario.schedule);
        const auto other = walk(model, initial, scenario.schedule);
        const checker::Layout layout = checker::layout_of(model, initial);
        RC_ASSERT(one.steps.size() == other.steps.size());
        RC_ASSERT(layout.equal(one.last(), other.last()));
    });
    EXPECT_FALSE(failure) << *failure;
}

// --- shrinking ---

/// What must get smaller from shrink to shrink, or shrinking need not end.
std::vector<unsigned> measure(const Schedule& schedule) {
    std::vector<unsigned> numbers{static_cast<unsigned>(schedule.size()), 0};
    for (const Decision& decision : schedule) {
        numbers[1] += decision.answer;
        numbers.push_back(decision.wait);
    }
    return numbers;
}

TEST(Schedules, ShrinkToSimplerOnesOnly) {
    const auto all = schedules(busy_schedules(10));
    const auto failure = falsify({.runs = 100, .size = 50}, [&] {
        const Schedule schedule = *all;
        auto shrinks = simpler(schedule);
        bool empty = schedule.empty();
        while (const auto shrunk = shrinks.next()) {
            RC_ASSERT(measure(*shrunk) < measure(schedule));
            empty = empty || shrunk->empty();
        }
        RC_ASSERT(empty);
    });
    EXPECT_FALSE(failure) << *failure;
}

/// The walk of the smallest schedule that violates something.
struct Shrunk {
    std::size_t steps = 0;
    std::size_t decisions = 0;
    std::string property;
    std::string text;
};

std::optional<Shrunk> smallest_violation(const Config& config, const Amount& amount) {
    std::optional<Shrunk> smallest;  // the last failure that RapidCheck sees
    const auto all = scenarios<>(rc::gen::just(config), busy_schedules());
    static_cast<void>(falsify(amount, [&] {
        const auto scenario = *all;
        const Bbm model(config);
        const Bbm::State initial = scenario.initial(model);
        SafetyWatch<Bbm> watch(model, bbm::spec::properties(config), initial);
        const Walk<Bbm> run = walk(model, initial, scenario.schedule, watch);
        if (!watch.violation()) watch.at_end(run.last());
        if (!watch.violation()) return;
        smallest = Shrunk{run.steps.size(), run.decided.size(), watch.violation()->first, text(model, run)};
        RC_FAIL(watch.violation()->second);
    }));
    return smallest;
}

/// Steps of the shortest violation by "RELEASE-MUTANT", from the table of tests/regressions/README.md.
std::map<std::string, std::size_t> shortest_violations() {
    std::map<std::string, std::size_t> shortest;
    std::ifstream in(std::string(VMEMCHECK_SOURCE_DIR) + "/tests/regressions/README.md");
    for (std::string line; std::getline(in, line);) {
        const std::size_t name = line.find("| [linux-");
        const std::size_t last = line.rfind(" | ");
        if (name == std::string::npos || last == std::string::npos) continue;
        shortest[line.substr(name + 3, line.find(".json", name) - name - 3)] = std::stoul(line.substr(last + 3));
    }
    return shortest;
}

double median(std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
    return values[values.size() / 2];
}

/// How many mutants are found, and how many times as long as the shortest violation their shrunk ones are.
struct Killed {
    std::size_t found = 0;
    std::vector<double> longer;
};

Killed kill_mutants(int runs) {
    const auto shortest = shortest_violations();
    Killed killed;
    for (const bbm::MutantInfo& mutant : bbm::mutants()) {
        Config config;
        config.release = *bbm::find_release(mutant.release);
        config.scope = *bbm::find_scope("small");
        config.mutant = mutant.mutant;
        const auto found = smallest_violation(config, {.runs = runs});
        testing::Test::RecordProperty(std::string(mutant.name), found ? std::to_string(found->steps) + " steps, " +
                                                                            std::to_string(found->decisions) +
                                                                            " decisions, " + found->property
                                                                      : "survives");
        if (!found) continue;
        ++killed.found;
        EXPECT_LE(found->decisions, 8U) << mutant.name << "\n" << found->text;
        const auto least = shortest.find(std::string(mutant.release) + "-" + std::string(mutant.name));
        if (least == shortest.end() || found->property != mutant.breaks) continue;
        EXPECT_GE(found->steps, least->second) << mutant.name << ": shorter than the shortest";
        killed.longer.push_back(static_cast<double>(found->steps) / static_cast<double>(least->second));
    }
    return killed;
}

TEST(Schedules, LongShrinkToShortRunsThatKillMutants) {
    const Killed killed = kill_mutants(2000);
    EXPECT_GE(killed.found, bbm::mutants().size() * 2 / 3);
    ASSERT_GE(killed.longer.size(), bbm::mutants().size() / 2);
    EXPECT_LE(median(killed.longer), 1.5);
}

}  // namespace
}  // namespace vmemcheck::properties
