// SPDX-License-Identifier: MIT
// The model and a book-keeper that only hears what it shows agree at every step; of a mutant they do not.
#include "properties/ledger.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "properties/falsify.hpp"
#include "properties/scenario.hpp"

namespace vmemcheck::properties {
namespace {

using bbm::Bbm;
using bbm::Config;
using bbm::WideBbm;

template <class State>
std::vector<bool> plugged_in(const Config& config, const State& state) {
    std::vector<bool> plugged;
    plugged.reserve(static_cast<std::size_t>(config.scope.big_blocks));
    for (int i = 0; i < config.scope.big_blocks; ++i) plugged.push_back(state.bb[static_cast<std::size_t>(i)].device);
    return plugged;
}

/// The first step after which model and books disagree, in words.
template <class M>
std::optional<std::string> disagreement(const Scenario<M>& scenario) {
    using State = typename M::State;
    const M model(scenario.config);
    const State initial = scenario.initial(model);
    Ledger ledger(scenario.config, plugged_in(scenario.config, initial));
    auto found = ledger.disagreement(initial);
    const auto watch = [&](const State& before, const checker::MicroStep<State>& step,
                           std::span<const checker::Failure> failures) {
        std::vector<bbm::Event> shown;
        const auto observer = [&](const State&, const bbm::Event& event) { shown.push_back(event); };
        checker::RecordingContext context(step.choices, observer);
        State heard = before;
        model.step(heard, step.actor, context);
        const std::string_view name = model.steps()[step.step].name;
        ledger.enter(name, step.choices, shown);
        // What follows a failed assertion says nothing.
        if (found = ledger.disagreement(step.after); found) found = std::string(name) + ": " + *found;
        return !found && failures.empty();
    };
    if (!found) static_cast<void>(walk(model, initial, scenario.schedule, watch));
    return found;
}

template <class M = Bbm>
std::optional<std::string> audit(rc::Gen<Config> configs, const Amount& amount) {
    const auto all = scenarios<M>(std::move(configs), busy_schedules(60));
    return falsify(amount, [&] {
        const auto scenario = *all;
        if (const auto found = disagreement(scenario)) RC_FAIL(*found);
    });
}

/// The books know nothing of notifiers that hide an event from the driver, nor of walkers with a last reference.
rc::Gen<Config> audited(rc::Gen<bbm::Scope> scope) {
    return rc::gen::map(configs(std::move(scope), Trouble::anything), [](Config config) {
        config.faults.stop_callbacks = false;
        config.faults.speculative_refs = false;
        return config;
    });
}

TEST(Ledger, AgreesWithTheModelAtEveryStep) {
    const auto failure = audit(audited(scopes()), {.runs = 400});
    EXPECT_FALSE(failure) << *failure;
}

TEST(Ledger, AgreesWithTheModelInTheLargestScope) {
    const auto failure = audit(audited(rc::gen::just(largest_scope())), {.runs = 60});
    EXPECT_FALSE(failure) << *failure;
}

TEST(Ledger, SlowAgreesWithTheModelOfManyBigBlocks) {
    const auto failure = audit<WideBbm>(audited(scopes(bbm::wide_capacity)), {.runs = 40});
    EXPECT_FALSE(failure) << *failure;
}

TEST(Ledger, LongAgreesWithTheModelAtEveryStep) {
    const auto failure = audit(audited(scopes()), {.runs = 50'000, .seed = 2});
    EXPECT_FALSE(failure) << *failure;
}

/// Mutants that get an account wrong.
class LedgerOfMutant : public testing::TestWithParam<std::string_view> {};

TEST_P(LedgerOfMutant, SlowDisagrees) {
    const bbm::MutantInfo* mutant = bbm::find_mutant(GetParam());
    ASSERT_NE(mutant, nullptr);
    Config config;
    config.release = *bbm::find_release(mutant->release);
    config.scope = *bbm::find_scope("small");
    config.mutant = mutant->mutant;
    EXPECT_TRUE(audit(rc::gen::just(config), {.runs = 20'000, .shrinking = false})) << mutant->sentence;
}

INSTANTIATE_TEST_SUITE_P(Mutants, LedgerOfMutant,
                         testing::Values("going-keeps-reference", "going-drops-added", "cancel-forgets-reference",
                                         "cancel-takes-two-references", "rollback-leaves-fake-offline",
                                         "unplug-despite-offline-failure", "online-ignores-fake-offline",
                                         "pending-becomes-added", "set-state-forgets-count", "managed-adjust-swapped",
                                         "offline-size-after-add", "offline-size-kept-on-add-failure",
                                         "offline-size-kept-on-remove", "plugged-size-forgotten"),
                         [](const auto& info) {
                             std::string name(info.param);
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

}  // namespace
}  // namespace vmemcheck::properties
