// SPDX-License-Identifier: MIT
// What reductions rest on, and that they change no answer.
#include <gtest/gtest.h>

#include "spec/engine.hpp"
#include "spec/properties.hpp"
#include "tests/spec/configs.hpp"

namespace vmemcheck::bbm {
namespace {

using checker::SearchOptions;

/// The small scope with two pages a page block, and an environment that soon has had enough.
Config two_pages(std::string_view release, Mutant mutant = Mutant::none) {
    Config config = config_of(release, mutant);
    config.scope.pages = 2;
    config.scope.resizes = 1;
    config.scope.user_requests = 1;
    return config;
}

checker::Result<Bbm> search(const Config& config, SearchOptions options) {
    options.stop_when_decided = false;
    return checker::check(Bbm(config), spec::properties(config), options);
}

/// Symmetry finds what there is to be found, as near, and stands for all states.
void expect_same_with_symmetry(const Config& config) {
    SearchOptions options;
    const auto all = search(config, options);
    options.symmetry = true;
    options.audit_each = 100;
    const auto some = search(config, options);
    ASSERT_TRUE(all.complete && some.complete) << some.model_error;
    EXPECT_EQ(some.statistics.represented, all.statistics.states);
    if (config.mutant == Mutant::prepare_keeps_mutex) {
        EXPECT_EQ(some.statistics.states, all.statistics.states) << "it ends before there are pages";
    } else {
        EXPECT_LT(some.statistics.states, all.statistics.states);
    }
    ASSERT_EQ(some.verdicts.size(), all.verdicts.size());
    for (std::size_t i = 0; i < all.verdicts.size(); ++i) {
        EXPECT_EQ(some.verdicts[i].status, all.verdicts[i].status) << i;
        EXPECT_EQ(some.verdicts[i].vacuous, all.verdicts[i].vacuous) << i;
        ASSERT_EQ(some.verdicts[i].counterexample.has_value(), all.verdicts[i].counterexample.has_value()) << i;
        if (!all.verdicts[i].counterexample) continue;
        EXPECT_EQ(some.verdicts[i].counterexample->transitions(), all.verdicts[i].counterexample->transitions()) << i;
    }
}

/// The local steps of the model are local, as far as one state of so many can tell.
void expect_local(const Config& config, std::uint64_t each) {
    SearchOptions options;
    options.fuse = false;
    options.audit_local = true;
    options.audit_each = each;
    const auto result = search(config, options);
    EXPECT_EQ(result.ended, checker::Ended::complete) << result.model_error;
}

TEST(Reductions, SlowSymmetryChangesNoAnswer) {
    for (const Release& release : releases()) expect_same_with_symmetry(two_pages(release.name));
}

TEST(Reductions, LongSymmetryChangesNoAnswerOfAnyMutant) {
    for (const MutantInfo& mutant : mutants()) {
        SCOPED_TRACE(mutant.name);
        expect_same_with_symmetry(two_pages(mutant.release.empty() ? "linux-6.12" : mutant.release, mutant.mutant));
    }
}

TEST(Reductions, SlowLocalStepsAreLocal) { expect_local(narrow(), 500); }

// Each of these says something of a step that was called local and is not: the driver is unbound while memory goes
// online (op_online_init, op_online_going, op_offline_going), and does not hear of it (wk_fo_section).
TEST(Reductions, LongLocalStepsAreLocalWhileTheDriverIsUnbound) {
    Config config = config_of("linux-6.12");
    config.scope.resizes = 2;
    config.scope.user_requests = 1;
    expect_local(config, 100);
}

TEST(Reductions, LongLocalStepsAreLocalWhereEventsAreHidden) {
    Config config = config_of("linux-6.12");
    config.scope.resizes = 2;
    config.scope.user_requests = 1;
    config.faults.stop_callbacks = true;
    expect_local(config, 100);
}

TEST(Reductions, LongLocalStepsAreLocalOfEveryMutant) {
    for (const MutantInfo& mutant : mutants()) {
        if (mutant.breaks_locality) continue;  // none is, then
        SCOPED_TRACE(mutant.name);
        Config config = config_of(mutant.release.empty() ? "linux-6.12" : mutant.release, mutant.mutant);
        config.scope.resizes = 2;
        config.scope.user_requests = 1;
        expect_local(config, 200);
    }
}

TEST(Reductions, LongLocalStepsAreLocalInAllReleases) {
    for (const Release& release : releases()) {
        SCOPED_TRACE(release.name);
        expect_local(config_of(release.name), 20);
    }
}

}  // namespace
}  // namespace vmemcheck::bbm
