// SPDX-License-Identifier: MIT
// The native and the symbolic domain agree on generated states, reachable or not.
#include <gtest/gtest.h>

#include "properties/falsify.hpp"
#include "properties/scenario.hpp"
#include "properties/situations.hpp"
#include "spec/catalogue.hpp"
#include "tests/spec/agreement.hpp"
#include "tests/spec/configs.hpp"

namespace vmemcheck::bbm::spec {
namespace {

using properties::Situation;

/// All lemmas: they keep an index where there is something, and bound what steps do.
bool satisfies_lemmas(const Config& config, const Bbm::State& state) {
    for (const auto& lemma : lemmas<NativeDomain>) {
        if (!lemma(config, state)) return false;
    }
    return true;
}

std::optional<std::string> falsify_agreement(Steps& steps, int runs) {
    const auto all = properties::satisfying_situations(rc::gen::just(steps.setting().config),
                                                       properties::busy_schedules(), 300, satisfies_lemmas);
    return properties::falsify({.runs = runs}, [&] {
        const Situation situation = *all;
        if (const auto differs = steps.compare(situation.state, [](const Bbm::State&) {})) RC_FAIL(*differs);
    });
}

TEST(Situations, SlowAreTheSameToBothDomains) {
    Steps steps(config_of("linux-6.12"));
    const auto failure = falsify_agreement(steps, 4000);
    EXPECT_FALSE(failure) << *failure;
    EXPECT_GE(steps.compiled_instances(), step_instances().size() / 2) << "the states are too few";
}

TEST(Situations, LongAreTheSameToBothDomainsInEveryRelease) {
    for (const Release& release : releases()) {
        Steps steps(config_of(release.name));
        const auto failure = falsify_agreement(steps, 50'000);
        EXPECT_FALSE(failure) << release.name << *failure;
    }
}

}  // namespace
}  // namespace vmemcheck::bbm::spec
