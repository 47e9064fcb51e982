// SPDX-License-Identifier: MIT
// Random testing of the model: what it finds, how short that gets, and that the wide model is the same model.
#include "properties/fuzz.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "checker/guided_walk.hpp"
#include "checker/replay.hpp"
#include "properties/fuzz_plan.hpp"
#include "spec/properties.hpp"

namespace vmemcheck::bbm {
namespace {

Config config_of(std::string_view release, std::string_view mutant = "") {
    Config config;
    config.release = *find_release(release);
    config.scope = *find_scope("small");
    if (!mutant.empty()) config.mutant = find_mutant(mutant)->mutant;
    return config;
}

fuzz::Options options_of(const Config& config, std::uint64_t seed, std::uint64_t walks) {
    fuzz::Options options;
    options.config = config;
    options.seed = seed;
    options.walks = walks;
    return options;
}

/// The values of the fields by name.
template <class M>
std::map<std::string, int> fields_of(const M& model, const typename M::State& state) {
    const checker::Layout layout = checker::layout_of(model, state);
    std::map<std::string, int> values;
    for (std::size_t i = 0; i < layout.fields().size(); ++i) values[layout.fields()[i].name] = layout.get(state, i);
    return values;
}

/// The run replays in its configuration, and decides the property with its last step.
void expect_replays(const fuzz::Found& found) {
    std::visit(
        [&]<class M>(const checker::Counterexample<M>& run) {
            const M model(found.config);
            const auto property = fuzz::property_named<M>(found.config, found.property);
            ASSERT_TRUE(property);
            const auto again = checker::replay(model, run.initial, run.steps, &*property);
            EXPECT_FALSE(again.diverged_at) << again.reason;
            EXPECT_EQ(again.status, checker::Status::violated);
            EXPECT_EQ(again.decided_at, run.steps.size());
        },
        found.run);
}

TEST(Wide, IsTheSameModel) {
    Config config = config_of("linux-6.12");
    config.scope.big_blocks = 2;
    config.scope.allocations = 2;
    const Bbm narrow(config);
    const WideBbm wide(config);
    const auto properties = spec::properties(config);
    const auto wide_properties = spec::properties<WideBbm>(config);
    ASSERT_EQ(properties.size(), wide_properties.size());
    std::size_t moves = 0;
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        checker::Guidance guidance;
        checker::Coverage coverage(narrow.steps(), narrow.choices());
        checker::WalkOptions options;
        options.seed = seed;
        options.length = 300;
        const std::uint64_t plugged = seed % 4;
        const auto walked =
            checker::GuidedWalk<Bbm>(narrow, {}, {}, guidance, coverage, options).run(narrow.initial_state(plugged));
        moves += walked.moves.size();
        Bbm::State a = narrow.initial_state(plugged);
        WideBbm::State b = wide.initial_state(plugged);
        for (const checker::Move& move : walked.moves) {
            checker::LenientContext context(move.answers);
            checker::LenientContext wide_context(move.answers);
            narrow.step(a, move.actor, context);
            wide.step(b, move.actor, wide_context);
            ASSERT_FALSE(wide_context.is_blocked());
            ASSERT_EQ(context.taken(), wide_context.taken());
            ASSERT_EQ(fields_of(narrow, a), fields_of(wide, b));
            for (std::size_t i = 0; i < properties.size(); ++i) {
                if (properties[i].holds == nullptr) continue;
                ASSERT_EQ(properties[i].holds(narrow, a), wide_properties[i].holds(wide, b)) << properties[i].id;
            }
        }
    }
    EXPECT_GT(moves, 1000U);
}

TEST(Wide, HasRoomForMoreThanTheChecker) {
    Scope scope;
    scope.big_blocks = 64;
    scope.memory_blocks = 4;
    scope.pages = 4;
    EXPECT_TRUE(problem(scope));
    EXPECT_FALSE(problem(scope, wide_capacity));
    scope.big_blocks = 65;
    EXPECT_TRUE(problem(scope, wide_capacity));
}

TEST(Wide, LeftoversAreOneRunOfNeighbours) {
    Config config = config_of("linux-6.12");
    config.scope.big_blocks = 64;
    std::size_t states = 0;
    std::size_t whole = 0;
    WideBbm(config).initial_states([&](const WideBbm::State& state) {
        ++states;
        whole += state.plugged == 64 ? 1 : 0;
    });
    EXPECT_EQ(states, 1U + 64 * 65 / 2);
    EXPECT_EQ(whole, 1U);
}

TEST(Plan, APageIsMovedToTheSamePlace) {
    Scope from;
    from.big_blocks = 4;
    from.memory_blocks = 2;
    from.pages = 2;
    Scope to = from;
    to.pages = 1;
    to.big_blocks = 3;
    // Page 13: big block 3, memory block 0, page 1; memory block 5: big block 2, memory block 1.
    const checker::Schedule moves{{actor::memory_users, {{choice::page_number, 13}, {choice::page_action, 1}}},
                                  {actor::user_space, {{choice::user_block, 5}}},
                                  {actor::host, {{choice::size, 4}}}};
    const checker::Schedule expected{{actor::memory_users, {{choice::page_number, 4}, {choice::page_action, 1}}},
                                     {actor::user_space, {{choice::user_block, 5}}},
                                     {actor::host, {{choice::size, 3}}}};
    EXPECT_EQ(fuzz::moved(moves, from, to), expected);
}

TEST(Fuzz, TheSameSeedFindsTheSame) {
    const Config config = config_of("linux-6.12", "offline-size-kept-on-remove");
    const auto once = fuzz::fuzz(options_of(config, 7, 20));
    const auto again = fuzz::fuzz(options_of(config, 7, 20));
    ASSERT_FALSE(once.found.empty());
    ASSERT_EQ(once.found.size(), again.found.size());
    EXPECT_EQ(once.moves, again.moves);
    EXPECT_EQ(once.situations, again.situations);
    for (std::size_t i = 0; i < once.found.size(); ++i) {
        EXPECT_EQ(once.found[i].property, again.found[i].property);
        EXPECT_EQ(once.found[i].walk, again.found[i].walk);
        EXPECT_EQ(once.found[i].steps(), again.found[i].steps());
    }
}

TEST(Fuzz, SlowAViolationDoesNotHideOthers) {
    // Both what 6.1 is known for, and the mutant's.
    const auto result = fuzz::fuzz(options_of(config_of("linux-6.1", "plugged-size-forgotten"), 1, 150));
    std::vector<std::string> found;
    for (const auto& one : result.found) {
        found.push_back(one.property);
        expect_replays(one);
    }
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, (std::vector<std::string>{"not-broken", "plugged-size-exact"}));
}

TEST(Fuzz, SwarmTestingFindsNothingInLinux612) {
    fuzz::Options options = options_of(config_of("linux-6.12"), 3, 60);
    options.swarm = true;
    const auto result = fuzz::fuzz(options);
    EXPECT_EQ(result.model_error, "");
    EXPECT_TRUE(result.found.empty());
    EXPECT_EQ(result.walks, 60U);
    EXPECT_GT(result.situations, 1000U);
}

TEST(Fuzz, AFlagEndsIt) {
    std::atomic<bool> stop{true};
    fuzz::Options options = options_of(config_of("linux-6.12"), 1, 0);
    options.stop = &stop;
    EXPECT_EQ(fuzz::fuzz(options).ended, checker::Ended::interrupted);
}

/// Lengths of the shortest runs there are, from the files of tests/regressions.
std::size_t shortest(const std::string& mutant) {
    std::ifstream file(std::string(VMEMCHECK_SOURCE_DIR) + "/tests/regressions/linux-6.12-" + mutant + ".json");
    std::size_t steps = 0;
    for (std::string line; std::getline(file, line);) steps += line.find("\"actor\": ") != std::string::npos ? 1 : 0;
    return steps;
}

TEST(LongFuzz, EveryMutantIsFoundAndShrunk) {
    std::vector<double> ratios;
    for (const MutantInfo& mutant : mutants()) {
        const std::size_t best = shortest(std::string(mutant.name));
        if (best == 0) continue;  // its property is not one of safety, or has no file
        const auto found = fuzz::find_violation(config_of(mutant.release, mutant.name), mutant.breaks, 60, 1);
        ASSERT_TRUE(found) << mutant.name;
        EXPECT_EQ(found->property, mutant.breaks);
        expect_replays(*found);
        EXPECT_LE(found->steps(), 2 * best + 10) << mutant.name;
        ratios.push_back(static_cast<double>(found->steps()) / static_cast<double>(best));
    }
    ASSERT_GE(ratios.size(), 15U);
    std::sort(ratios.begin(), ratios.end());
    EXPECT_LE(ratios[ratios.size() / 2], 1.5) << "the median of shrunk length to shortest length";
}

}  // namespace
}  // namespace vmemcheck::bbm
