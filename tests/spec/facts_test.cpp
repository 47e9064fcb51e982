// SPDX-License-Identifier: MIT
// Invariants that are learned: what they say, that they become inductive, and that they are true.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "spec/engine.hpp"
#include "spec/symbolic_prove.hpp"
#include "tests/spec/configs.hpp"

namespace vmemcheck::bbm::spec {
namespace {

std::size_t pattern(const FactPlan& plan, std::string_view title) {
    for (std::size_t i = 0; i < plan.patterns().size(); ++i) {
        if (plan.patterns()[i].title() == title) return i;
    }
    throw std::out_of_range(std::string(title));
}

const StepInstance& step(std::string_view title) {
    for (const StepInstance& instance : step_instances()) {
        if (step_title(instance) == title) return instance;
    }
    throw std::out_of_range(std::string(title));
}

/// Calls visit(state) for the states of random walks; other walks than facts are learned from.
template <class Visit>
void walk(const Config& config, unsigned walks, unsigned length, Visit&& visit) {
    const Bbm model(config);
    std::vector<Bbm::State> initial;
    model.initial_states([&](const Bbm::State& state) { initial.push_back(state); });
    std::mt19937 random{4711};
    for (unsigned i = 0; i < walks; ++i) {
        Bbm::State state = initial[random() % initial.size()];
        visit(state);
        for (unsigned j = 0; j < length; ++j) {
            const auto next =
                checker::outcomes(model, state, static_cast<checker::ActorId>(random() % model.actor_count()), false);
            if (next.all.empty()) continue;
            state = next.all[random() % next.all.size()].steps.back().after;
            visit(state);
        }
    }
}

TEST(Facts, SayWhatValuesAFieldMayHave) {
    const FactPlan plan(narrow(), false);
    const std::size_t kind_and_count = pattern(plan, "page.kind: page.refcount");
    Facts facts(plan);
    EXPECT_TRUE(facts.allow(kind_and_count, page::buddy, 0));
    EXPECT_FALSE(facts.allow(kind_and_count, page::buddy, 0)) << "it was allowed already";
    EXPECT_EQ(facts.lines(plan.patterns()[kind_and_count], kind_and_count), std::vector<std::string>{"buddy: 0"});
    facts.allow(kind_and_count, page::movable, 1);
    facts.allow(kind_and_count, page::unmovable, 1);
    EXPECT_EQ(facts.lines(plan.patterns()[kind_and_count], kind_and_count),
              (std::vector<std::string>{"buddy: 0", std::string(page::names[page::movable]) + ", " +
                                                        std::string(page::names[page::unmovable]) + ": 1"}));

    Bbm::State state{};
    state.page[0].kind = page::buddy;
    state.page[0].ref = 0;
    Facts all(plan);
    all.allow(plan, narrow(), state);
    EXPECT_TRUE(all.hold(plan, narrow(), state));
    state.page[0].ref = 1;
    EXPECT_FALSE(all.hold(plan, narrow(), state));
    state.page[0].kind = page::movable;
    EXPECT_FALSE(all.hold(plan, narrow(), state)) << "a guard that never had this value";
}

TEST(Facts, GiveUpWhatIsWidenedAgainAndAgain) {
    const FactPlan plan(narrow(), false);
    const std::size_t p = pattern(plan, "page.kind: page.refcount");
    Facts facts(plan);
    facts.allow(p, page::buddy, 0);
    EXPECT_TRUE(facts.widen(p, page::buddy, 1));
    EXPECT_TRUE(facts.widen(p, page::buddy, 2));
    EXPECT_TRUE(facts.widen(p, page::buddy, 3));
    EXPECT_TRUE(facts.allowed(p).at(page::buddy).values.all());
    EXPECT_TRUE(facts.lines(plan.patterns()[p], p).empty()) << "it says nothing any more";
    facts.drop(p);
    EXPECT_FALSE(facts.allow(p, page::buddy, 0));
}

TEST(Facts, OfAnySizeLeaveOutPositionsAndAmounts) {
    const FactPlan plan(narrow(), true);
    EXPECT_FALSE(plan.patterns().empty());
    for (const FactPattern& one : plan.patterns()) {
        EXPECT_FALSE(is_amount(one.guard.name)) << one.title();
        EXPECT_FALSE(is_amount(one.field.name)) << one.title();
    }
}

/// A step that leads to what facts do not allow widens them; with that it keeps them.
TEST(Facts, AreWidenedUntilAStepKeepsThem) {
    const Config config = narrow();
    const FactPlan plan(config, false);
    Facts facts(plan);
    learn_from_walks(facts, plan, config, 20, 100);
    const ObligationSet all(Obligations::count(), true);
    InductionOptions options;
    options.facts = &facts;
    options.plan = &plan;
    for (const std::string_view title : {"user space: user_request", "memory users: user_page"}) {
        const StepResult first = induct(config, step(title), all, all, options);
        EXPECT_FALSE(first.new_facts.empty()) << title << ": twenty walks cannot have seen everything";
        for (const NewFact& fact : first.new_facts) facts.widen(fact.pattern, fact.guard, fact.value);
        const StepResult second = induct(config, step(title), all, all, options);
        EXPECT_FALSE(second.unknown[Obligations::facts()]) << title;
        EXPECT_LT(second.new_facts.size(), first.new_facts.size()) << title;
    }
}

/// What is learned stands in for a lemma, and is true: nothing that other walks come to is excluded.
TEST(Facts, LongStandInForALemma) {
    const Config config = narrow();
    ProofOptions options;
    options.threads = 2;
    options.without = {"results-are-recoverable"};
    const auto status = [](const Proof& proof, std::string_view id) {
        return std::find_if(proof.properties.begin(), proof.properties.end(), [&](const auto& p) { return p.id == id; })
            ->status;
    };
    EXPECT_EQ(status(prove(config, options), "not-broken"), PropertyProof::Status::open);
    options.strengthen = true;
    const Proof proof = prove(config, options);
    for (const PropertyProof& p : proof.properties) EXPECT_EQ(p.status, PropertyProof::Status::proved) << p.id;
    ASSERT_TRUE(proof.facts && proof.plan);
    EXPECT_FALSE(proof.facts_used.empty());
    EXPECT_TRUE(proof.inductive[Obligations::facts()]);
    walk(config, 2000, 300,
         [&](const Bbm::State& state) { ASSERT_TRUE(proof.facts->hold(*proof.plan, config, state)); });
}

/// No learning makes a proof of what is false.
TEST(Facts, LongDoNotProveWhatIsFalse) {
    ProofOptions options;
    options.threads = 2;
    options.strengthen = true;
    const Proof proof = prove(narrow(Mutant::raw_offline_errors), options);
    for (const PropertyProof& p : proof.properties) {
        if (p.id == "not-broken") {
            EXPECT_EQ(p.status, PropertyProof::Status::open);
        }
    }
}

}  // namespace
}  // namespace vmemcheck::bbm::spec
