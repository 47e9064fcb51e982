// SPDX-License-Identifier: MIT
// Lemmas and invariants in reachable states: what is assumed in proofs had better be true.
#include <gtest/gtest.h>

#include "spec/catalogue.hpp"
#include "tests/spec/agreement.hpp"

namespace vmemcheck::bbm::spec {
namespace {

Config in_scope(const Release& release, std::string_view scope) {
    Config config;
    config.release = release;
    config.scope = *find_scope(scope);
    return config;
}

/// The first predicate that a state breaks.
Disagreement broken_predicate(const Config& config, const Bbm::State& state) {
    for (const auto& lemma : lemmas<NativeDomain>) {
        if (!lemma(config, state)) return "lemma " + std::string(lemma.id);
    }
    for (const auto& invariant : invariants<NativeDomain>) {
        // Before v6.6 a veto marks the device broken; what follows must satisfy everything else.
        if (invariant.id == "not-broken" && !config.release.converts_offline_errors) continue;
        if (!invariant(config, state)) return "invariant " + std::string(invariant.id);
    }
    return std::nullopt;
}

class PredicatesHold : public testing::TestWithParam<Release> {
 protected:
    /// Expands natively and looks at every state expanded; no assertion may fail either.
    auto expand(const Setting& setting) {
        return [this, &setting](const Bbm::State& state, const auto& follow) {
            ++states_;
            found_ = broken_predicate(setting.config, state);
            for (checker::ActorId actor = 0; actor < actor::count; ++actor) {
                for_each_run(setting.model, state, actor, [&](const Bbm::State& after, const auto& context) {
                    if (context.is_blocked()) return;
                    if (!context.failures().empty() && !found_) found_ = context.failures().front().message;
                    follow(after);
                });
            }
            return !found_;
        };
    }
    void sample(const Config& config, unsigned depth, unsigned walks) {
        const Setting setting(config);
        breadth_first(setting, depth, expand(setting));
        std::mt19937 random(7);
        for (unsigned i = 0; i < walks && !found_; ++i) random_walk(setting, random, 2000, expand(setting));
        EXPECT_FALSE(found_) << *found_;
    }

    Disagreement found_;
    std::uint64_t states_ = 0;
};

TEST_P(PredicatesHold, InASampleOfTheSmallScope) { sample(in_scope(GetParam(), "small"), 35, 20); }

TEST_P(PredicatesHold, InASampleOfTheMediumScope) { sample(in_scope(GetParam(), "medium"), 30, 20); }

TEST_P(PredicatesHold, InASampleOfOtherModes) {
    Config config = in_scope(GetParam(), "small");
    config.unplug_online = false;
    sample(config, 25, 10);
    if (!GetParam().has_unsafe_unplug) return;
    config.unplug_online = true;
    config.safe_unplug = false;
    sample(config, 25, 10);
}

TEST_P(PredicatesHold, LongInEveryStateOfTheSmallScope) {
    const Setting setting(in_scope(GetParam(), "small"));
    breadth_first(setting, ~0U, expand(setting));
    EXPECT_FALSE(found_) << *found_;
    EXPECT_GT(states_, 1'000'000U);
    RecordProperty("states", std::to_string(states_));
}

INSTANTIATE_TEST_SUITE_P(Releases, PredicatesHold, testing::ValuesIn(releases().begin(), releases().end()),
                         [](const auto& info) {
                             std::string name(info.param.name);
                             std::replace_if(name.begin(), name.end(), ::ispunct, '_');
                             return name;
                         });

}  // namespace
}  // namespace vmemcheck::bbm::spec
