// SPDX-License-Identifier: MIT
// Whole states: how they are packed, hashed, stored and compared; and that steps keep what proofs say they keep.
#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "checker/hash.hpp"
#include "checker/store.hpp"
#include "checker/successors.hpp"
#include "properties/falsify.hpp"
#include "properties/scenario.hpp"
#include "properties/situations.hpp"
#include "spec/catalogue.hpp"

namespace vmemcheck::properties {
namespace {

using bbm::Bbm;
using bbm::Config;
using Packed = std::vector<std::uint32_t>;

checker::Layout layout_for(const Config& config) {
    const Bbm model(config);
    return checker::layout_of(model, model.initial_state(0));
}

Packed packed(const checker::Layout& layout, const Bbm::State& state) {
    Packed words(layout.buffer_words());
    RC_ASSERT(layout.pack(state, words.data()) == -1);
    words.resize(layout.words());
    return words;
}

std::uint64_t hash(const Packed& words) {
    return checker::hash_words(words.data(), static_cast<unsigned>(words.size()));
}

/// Tests a property of any one state.
template <class Property>
std::optional<std::string> falsify_states(const Amount& amount, Property&& property) {
    const auto all = any_situations(configs(scopes(), Trouble::anything));
    return falsify(amount, [&] {
        const Situation situation = *all;
        property(situation, layout_for(situation.config));
    });
}

TEST(States, OfEveryScopeFitTheirFields) {
    const auto failure = falsify({.runs = 500}, [] {
        const Config config = *configs(scopes(), Trouble::anything);
        RC_ASSERT(!bbm::problem(config.scope));
        RC_ASSERT(layout_for(config).error() == "");
    });
    EXPECT_FALSE(failure) << *failure;
    Config largest;
    largest.scope = largest_scope();
    EXPECT_EQ(largest.scope.total_pages(), bbm::max_pages);
    EXPECT_EQ(layout_for(largest).error(), "");
    const auto wide = falsify({.runs = 100}, [] {
        const Config config = *configs(scopes(bbm::wide_capacity), Trouble::anything);
        RC_ASSERT(!bbm::problem(config.scope, bbm::wide_capacity));
        const bbm::WideBbm model(config);
        RC_ASSERT(checker::layout_of(model, model.initial_state(0)).error() == "");
    });
    EXPECT_FALSE(wide) << *wide;
}

TEST(States, AreThemselvesAfterPackingAndUnpacking) {
    const auto failure = falsify_states({.runs = 300}, [](const Situation& situation, const checker::Layout& layout) {
        RC_ASSERT(layout.check(situation.state) == -1);
        Packed words = packed(layout, situation.state);
        words.push_back(0xdeadbeefU);  // a word more is read, and must not matter
        Bbm::State again = Bbm(situation.config).initial_state(0);
        layout.unpack(words.data(), again);
        RC_ASSERT(layout.equal(again, situation.state));
    });
    EXPECT_FALSE(failure) << *failure;
}

TEST(States, WithAFieldOutOfBoundsAreNotPacked) {
    const auto failure = falsify_states({.runs = 300}, [](const Situation& situation, const checker::Layout& layout) {
        const auto field = *rc::gen::inRange<std::size_t>(0, layout.fields().size());
        const checker::FieldInfo& info = layout.fields()[field];
        Bbm::State wrong = situation.state;
        layout.set(wrong, field, *rc::gen::element(info.low - 1, info.high + 1));
        Packed words(layout.buffer_words());
        RC_ASSERT(layout.pack(wrong, words.data()) == static_cast<int>(field));
        RC_ASSERT(layout.check(wrong) == static_cast<int>(field));
    });
    EXPECT_FALSE(failure) << *failure;
}

TEST(States, PackAlikeFromScratchAndFromAnother) {
    const auto all = any_situations(configs(scopes(), Trouble::anything));
    const auto failure = falsify({.runs = 300}, [&] {
        const Situation before = *all;
        const Situation after = *any_situations(rc::gen::just(before.config));
        const checker::Layout layout = layout_for(before.config);
        Packed words = packed(layout, before.state);
        words.push_back(0);
        RC_ASSERT(layout.repack(before.state, after.state, words.data()) == -1);
        words.pop_back();
        RC_ASSERT(words == packed(layout, after.state));
        // Equal states hash alike; of states drawn like this, others differ.
        RC_ASSERT((hash(words) == hash(packed(layout, before.state))) == layout.equal(before.state, after.state));
        // What differs between them, applied to one, gives the other.
        Bbm::State changed = before.state;
        for (const checker::FieldChange& change : layout.diff(before.state, after.state)) {
            RC_ASSERT(layout.get(changed, change.field) == change.before);
            layout.set(changed, change.field, change.after);
        }
        RC_ASSERT(layout.equal(changed, after.state));
    });
    EXPECT_FALSE(failure) << *failure;
}

TEST(States, OfWalksAreInTheStoreJustOnce) {
    const auto all = scenarios<>(configs(scopes(), Trouble::anything), busy_schedules());
    const auto failure = falsify({.runs = 100}, [&] {
        const auto scenario = *all;
        const Bbm model(scenario.config);
        const Bbm::State initial = scenario.initial(model);
        const checker::Layout layout = checker::layout_of(model, initial);
        checker::ExactStore store(layout.words());
        std::set<Packed> reference;
        const auto insert = [&](const Bbm::State& state) {
            const Packed words = packed(layout, state);
            const bool fresh = reference.insert(words).second;
            const checker::Inserted done = store.insert(words.data(), hash(words), checker::no_state);
            RC_ASSERT(done.what == (fresh ? checker::Inserted::What::added : checker::Inserted::What::found));
            RC_ASSERT(Packed(store.packed(done.index), store.packed(done.index) + layout.words()) == words);
        };
        insert(initial);
        for (const auto& step : walk(model, initial, scenario.schedule).steps) {
            if (layout.check(step.after) < 0) insert(step.after);
        }
        RC_ASSERT(store.size() == reference.size());
    });
    EXPECT_FALSE(failure) << *failure;
}

// --- induction, tried ---

using Native = bbm::NativeDomain;

/// Predicates that are assumed of a state and must be kept by every step.
enum class Kept : std::uint8_t { invariants, invariants_and_lemmas };

/// The first of them that a state violates, or nothing.
std::optional<std::string_view> violated(Kept kept, const Config& config, const Bbm::State& state) {
    for (const auto& invariant : bbm::spec::invariants<Native>) {
        // Not of earlier releases: a veto marks their devices broken.
        if (invariant.id == "not-broken" && !config.release.converts_offline_errors) continue;
        if (!invariant(config, state)) return invariant.id;
    }
    if (kept == Kept::invariants) return std::nullopt;
    for (const auto& lemma : bbm::spec::lemmas<Native>) {
        if (!lemma(config, state)) return lemma.id;
    }
    return std::nullopt;
}

/// What an actor does in a state that does not keep them, in words; or nothing.
std::optional<std::string> broken_by_a_step(Kept kept, const Bbm& model, const Bbm::State& state) {
    const checker::Layout layout = checker::layout_of(model, state);
    for (checker::ActorId actor = 0; actor < model.actor_count(); ++actor) {
        for (const auto& outcome : checker::outcomes(model, state, actor).all) {
            const auto& step = outcome.steps.back();
            const std::string name = model.actor_name(actor) + " at " + std::string(model.steps()[step.step].name);
            if (!outcome.failures.empty()) return name + ": " + outcome.failures.front().message;
            if (const int field = layout.check(step.after); field >= 0) {
                return name + ": " + layout.field_text(step.after, static_cast<std::size_t>(field));
            }
            if (const auto id = violated(kept, model.config(), step.after)) return name + ": " + std::string(*id);
        }
    }
    return std::nullopt;
}

std::optional<std::string> falsify_induction(Kept kept, rc::Gen<Config> configs, const Amount& amount) {
    const auto satisfies = [kept](const Config& config, const Bbm::State& state) {
        return !violated(kept, config, state);
    };
    const auto all = satisfying_situations(std::move(configs), busy_schedules(20), 300, satisfies);
    return falsify(amount, [&] {
        const Situation situation = *all;
        RC_ASSERT(satisfies(situation.config, situation.state));
        if (const auto found = broken_by_a_step(kept, Bbm(situation.config), situation.state)) RC_FAIL(*found);
    });
}

TEST(Steps, KeepInvariantsAndLemmasFromAnyStateThatSatisfiesThem) {
    const auto failure =
        falsify_induction(Kept::invariants_and_lemmas, configs(scopes(), Trouble::usual), {.runs = 1000});
    EXPECT_FALSE(failure) << *failure;
}

TEST(Steps, LongKeepInvariantsAndLemmasFromAnyStateThatSatisfiesThem) {
    const auto failure =
        falsify_induction(Kept::invariants_and_lemmas, configs(scopes(), Trouble::usual), {.runs = 200'000, .seed = 2});
    EXPECT_FALSE(failure) << *failure;
}

/// A configuration with few and small things in it, so that one can see what is wrong.
Config simple(bbm::Mutant mutant) {
    Config config;
    config.release = *bbm::find_release("linux-6.12");
    config.scope = *bbm::find_scope("small");
    config.mutant = mutant;
    return config;
}

TEST(Steps, DoNotKeepTheInvariantsAlone) {
    const auto failure = falsify_induction(Kept::invariants, rc::gen::just(simple(bbm::Mutant::none)), {.runs = 2000});
    ASSERT_TRUE(failure) << "the lemmas are needed for the proofs, and states without them are not found";
}

TEST(Steps, SlowOfAMutantDoNotKeepTheLemmas) {
    for (const auto mutant : {bbm::Mutant::going_keeps_reference, bbm::Mutant::offline_size_kept_on_remove,
                              bbm::Mutant::pending_becomes_added, bbm::Mutant::rollback_leaves_fake_offline}) {
        EXPECT_TRUE(falsify_induction(Kept::invariants_and_lemmas, rc::gen::just(simple(mutant)), {.runs = 20'000}))
            << bbm::mutants()[static_cast<std::size_t>(mutant) - 1].name;
    }
}

}  // namespace
}  // namespace vmemcheck::properties
