// SPDX-License-Identifier: MIT
#include "spec/liveness.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "checker/replay.hpp"
#include "model/fairness.hpp"
#include "spec/engine.hpp"
#include "spec/properties.hpp"

namespace vmemcheck::bbm::spec {
namespace {

/// One big block of one memory block: enough for all but the lost wake-up.
Config one_block(std::string_view release) {
    Config config;
    config.release = *find_release(release);
    config.scope = *find_scope("small");
    config.scope.memory_blocks = 1;
    return config;
}

/// Two big blocks, of which one may be offline: user space onlines late.
Config late_onlining(std::string_view release) {
    Config config = one_block(release);
    config.scope.big_blocks = 2;
    config.scope.threshold = 1;
    config.scope.contig_tries = 1;
    config.scope.removals = 0;
    config.scope.pins = 0;
    config.scope.resizes = 1;
    return config;
}

using Violated = std::set<std::string>;

/// The liveness properties that are violated. Each lasso must replay, from its steps alone.
Violated violated(const Config& config, const char* only = nullptr) {
    const Bbm model(config);
    std::vector<Property> properties = liveness_properties(config);
    if (only != nullptr) std::erase_if(properties, [only](const Property& p) { return p.id != only; });
    const auto result = checker::check(model, properties);
    EXPECT_TRUE(result.complete) << result.model_error;
    Violated ids;
    for (std::size_t i = 0; i < properties.size(); ++i) {
        const auto& verdict = result.verdicts[i];
        if (verdict.status != checker::Status::violated) continue;
        ids.insert(properties[i].id);
        const auto& run = verdict.counterexample.value();
        auto again = checker::replay(model, run.initial, run.steps);
        EXPECT_EQ(checker::judge_lasso(model, properties[i], run.steps, run.loop.value(), again), "")
            << properties[i].id;
    }
    return ids;
}

TEST(LivenessCatalogue, EveryAssumptionIsUsedAndNamedOnce) {
    checker::FairnessSet used = 0;
    for (const Property& p : liveness_properties(one_block("linux-6.12"))) {
        EXPECT_TRUE(checker::is_liveness(p.kind)) << p.id;
        EXPECT_FALSE(p.sentence.empty() || p.source.empty() || p.broken_by.empty()) << p.id;
        EXPECT_NE(p.holds, nullptr) << p.id;
        EXPECT_EQ(p.trigger != nullptr, p.kind == checker::PropertyKind::leads_to) << p.id;
        used |= p.fairness;
    }
    EXPECT_EQ(used, (checker::FairnessSet{1} << fairness_infos().size()) - 1);
    std::set<std::string_view> names;
    for (const checker::FairnessInfo& info : fairness_infos()) names.insert(info.name);
    EXPECT_EQ(names.size(), fairness_infos().size());
    EXPECT_LE(fairness_infos().size(), checker::max_fairness);
}

TEST(LivenessCatalogue, FollowsTheSafetyProperties) {
    const Config config = one_block("linux-6.12");
    const auto all = all_properties(config);
    ASSERT_EQ(all.size(), properties(config).size() + liveness_properties(config).size());
    EXPECT_EQ(all.back().id, "removal-ends");
    Config bound = config;
    bound.scope.removals = 0;
    EXPECT_EQ(liveness_properties(bound).size() + 1, liveness_properties(config).size());
}

TEST(SlowLiveness, AnOffliningNeverEndsSinceIsolationOfOthersIsUndone) {
    const Violated removal{"removal-ends"};
    EXPECT_EQ(violated(one_block("linux-5.11")), (Violated{"removal-ends", "backs-off"}));
    EXPECT_EQ(violated(one_block("linux-6.1")), (Violated{"removal-ends", "backs-off", "offlining-ends"}));
    EXPECT_EQ(violated(one_block("linux-6.12")), (Violated{"removal-ends", "offlining-ends"}));
    // Nobody offlines memory but the driver: nobody's isolation is undone.
    Config config = one_block("linux-6.12");
    config.scope.user_requests = 0;
    EXPECT_EQ(violated(config), removal);
}

TEST(SlowLiveness, APinForEverBreaksUnsafeModeOnly) {
    Config config = one_block("linux-5.11");
    config.faults.eternal_pins = true;
    EXPECT_EQ(violated(config, "offlining-ends"), Violated{});
    config.safe_unplug = false;
    EXPECT_EQ(violated(config, "offlining-ends"), Violated{"offlining-ends"});
    config.faults.eternal_pins = false;
    EXPECT_EQ(violated(config, "offlining-ends"), Violated{});
}

TEST(SlowLiveness, UserSpaceThatOnlinesLateLosesTheWakeUp) {
    for (const Release& release : releases()) {
        EXPECT_EQ(violated(late_onlining(release.name), "target-reached"), Violated{"target-reached"}) << release.name;
    }
    // add_memory() onlines what it adds.
    Config config = late_onlining("linux-6.12");
    config.auto_online = AutoOnline::movable;
    config.scope.user_requests = 0;
    EXPECT_EQ(violated(config, "target-reached"), Violated{});
}

TEST(SlowLiveness, ARefusalWithEagainIsTriedAgainAtOnceUntilErrorsWereConverted) {
    Config config = one_block("linux-6.1");
    EXPECT_EQ(violated(config, "backs-off"), Violated{"backs-off"});
    config.faults.veto = false;
    EXPECT_EQ(violated(config, "backs-off"), Violated{});
}

TEST(SlowLiveness, RemovalHangsOnANackOnly) {
    Config config = one_block("linux-6.12");
    config.scope.user_requests = 0;
    EXPECT_EQ(violated(config, "removal-ends"), Violated{"removal-ends"});
    // A host that asks once, and is served, does not change its mind.
    config.scope.resizes = 1;
    EXPECT_EQ(violated(config, "removal-ends"), Violated{});
}

// --- proposed changes of the kernel
// ------------------------------------------------------------------------------------

/// All properties that are not as expected.
Violated wrong(const Config& config) {
    const Bbm model(config);
    const std::vector<Property> all = all_properties(config);
    const auto result = checker::check(model, all);
    EXPECT_TRUE(result.complete) << result.model_error;
    Violated ids;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (!result.verdicts[i].as_expected) ids.insert(all[i].id);
    }
    return ids;
}

Config with(Config config, std::initializer_list<WhatIf> changes) {
    for (const WhatIf change : changes) {
        const WhatIfInfo& info = what_ifs()[static_cast<std::size_t>(change)];
        EXPECT_EQ(info.what_if, change);
        EXPECT_FALSE(changes_nothing(change, config)) << info.name;
        config.what_ifs.add(change);
    }
    return config;
}

TEST(SlowWhatIf, TogetherTheyLeaveNothingWrong) {
    EXPECT_EQ(wrong(with(one_block("linux-5.11"),
                         {WhatIf::recheck_after_idle, WhatIf::stop_when_removing, WhatIf::convert_offline_errors})),
              Violated{});
    EXPECT_EQ(wrong(with(one_block("linux-6.1"), {WhatIf::undo_own_isolation_only, WhatIf::recheck_after_idle,
                                                  WhatIf::stop_when_removing, WhatIf::convert_offline_errors})),
              Violated{});
    Config config = one_block("linux-6.12");
    config.faults.add_eexist = true;
    EXPECT_EQ(wrong(with(config, {WhatIf::undo_own_isolation_only, WhatIf::recheck_after_idle,
                                  WhatIf::stop_when_removing, WhatIf::convert_add_errors})),
              Violated{});
}

TEST(SlowWhatIf, ARecheckMendsTheLostWakeUpAndNothingElseBreaks) {
    for (const Release& release : releases()) {
        const Config config = with(late_onlining(release.name), {WhatIf::recheck_after_idle});
        EXPECT_EQ(violated(config, "target-reached"), Violated{}) << release.name;
        // It does not go on by itself, either.
        EXPECT_EQ(violated(config, "backs-off"), Violated{}) << release.name;
    }
}

TEST(LongWhatIf, EachMendsItsPropertyAndKeepsTheOthers) {
    for (const WhatIfInfo& info : what_ifs()) {
        unsigned mended = 0;
        for (const Release& release : releases()) {
            for (const bool late : {false, true}) {
                Config config = late ? late_onlining(release.name) : one_block(release.name);
                config.faults.add_eexist = info.what_if == WhatIf::convert_add_errors;
                if (changes_nothing(info.what_if, config)) continue;
                const Violated before = wrong(config);
                const Violated after = wrong(with(config, {info.what_if}));
                for (const std::string& id : after) EXPECT_TRUE(before.contains(id)) << info.name << " breaks " << id;
                // 5.11 and 6.1 mark the device broken after other errors as well.
                const bool others = info.what_if == WhatIf::convert_add_errors && !release.converts_offline_errors;
                EXPECT_TRUE(others || !after.contains(std::string(info.mends))) << info.name << release.name;
                mended += before.contains(std::string(info.mends)) && !after.contains(std::string(info.mends)) ? 1 : 0;
            }
        }
        // Of a situation that is reached there is no verdict to be mended.
        EXPECT_TRUE(mended > 0 || info.mends == "online-set-lost") << info.name;
    }
}

TEST(SlowLiveness, MutantsBreakThem) {
    const std::multimap<Mutant, const char*> broken{{Mutant::prepare_keeps_mutex, "mutex-released"},
                                                    {Mutant::prepare_keeps_mutex, "removal-ends"},
                                                    {Mutant::mutex_held_across_offline, "unplug-attempt-ends"},
                                                    {Mutant::pcp_list_after_drain, "offlining-ends"}};
    for (const auto& [mutant, property] : broken) {
        Config config = one_block("linux-5.11");
        EXPECT_EQ(violated(config, property).contains(property), std::string_view(property) == "removal-ends");
        config.mutant = mutant;
        EXPECT_EQ(violated(config, property), Violated{property}) << property;
    }
    // Two memory blocks: one goes offline and comes back, which starts the worker again.
    Config config = one_block("linux-6.12");
    config.scope.memory_blocks = 2;
    config.scope.user_requests = 0;
    config.scope.removals = 0;
    config.scope.pins = 0;
    EXPECT_EQ(violated(config, "backs-off"), Violated{});
    config.mutant = Mutant::retry_on_every_offline;
    EXPECT_EQ(violated(config, "backs-off"), Violated{"backs-off"});
}

}  // namespace
}  // namespace vmemcheck::bbm::spec
