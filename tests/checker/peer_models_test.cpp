// SPDX-License-Identifier: MIT
// The models of bench/peers against brute force; bench/compare holds them against SPIN and rumur.
#include <gtest/gtest.h>

#include <type_traits>

#include "bench/peers/bbm/bbm.hpp"
#include "bench/peers/blocks/blocks.hpp"
#include "bench/peers/coherence/coherence.hpp"
#include "bench/peers/paxos/paxos.hpp"
#include "bench/peers/peer.hpp"
#include "bench/peers/peterson/peterson.hpp"
#include "bench/peers/tokens/tokens.hpp"
#include "checker/dependencies.hpp"
#include "tests/checker/brute_force.hpp"
#include "tests/checker/example_models.hpp"
#include "tests/checker/same_cached.hpp"

namespace vmemcheck::peers {
namespace {

template <class M>
bool violates(const M& model, const typename M::State& state) {
    return !M::holds(model, state);
}

/// Counts as brute force does, right; and a run to the fault as short as brute force finds, wrong.
template <class M>
void expect_as_brute_force() {
    const auto right = checker::examples::brute_force(M{false}, &violates<M>);
    const auto found = report(M{false}, 1);
    EXPECT_EQ(found.verdict, checker::Status::holds);
    EXPECT_EQ(found.statistics.states, right.depth.size());
    EXPECT_EQ(found.statistics.transitions, right.steps);
    EXPECT_EQ(found.statistics.max_depth, right.max_depth);
    EXPECT_FALSE(right.first_bad);

    const auto wrong = checker::examples::brute_force(M{true}, &violates<M>);
    const auto refuted = report(M{true}, 1);
    EXPECT_EQ(refuted.verdict, checker::Status::violated);
    ASSERT_TRUE(wrong.first_bad);
    EXPECT_EQ(refuted.counterexample, *wrong.first_bad);
}

TEST(PeerModels, BlocksCountAsBruteForceAndAsReckoned) {
    expect_as_brute_force<Blocks<5>>();
    const auto found = report(Blocks<5>{}, 1);
    EXPECT_EQ(found.statistics.states, 5U * 5 * 5 * 5 * 5);
    EXPECT_EQ(found.statistics.transitions, 5U * 8 * 5 * 5 * 5 * 5);
    EXPECT_EQ(found.statistics.max_depth, 4U * 5);
}

TEST(PeerModels, PetersonCountsAsBruteForce) {
    expect_as_brute_force<Peterson<2>>();
    expect_as_brute_force<Peterson<3>>();
}

TEST(PeerModels, TokensCountAsBruteForceAndAsReckoned) {
    expect_as_brute_force<Tokens<6>>();
    // Two places of six for the tokens; who holds one is in one of three conditions, the others in one of two.
    EXPECT_EQ(report(Tokens<6>{}, 1).statistics.states, 15U * 3 * 3 * 2 * 2 * 2 * 2);
}

TEST(PeerModels, CoherenceCountsAsBruteForce) { expect_as_brute_force<Coherence<2>>(); }

TEST(PeerModels, PaxosCountsAsBruteForce) { expect_as_brute_force<Paxos<2>>(); }

// States of three ballots do not fit one word.
TEST(PeerModels, SlowPaxosOfSeveralWordsCountsAsBruteForce) { expect_as_brute_force<Paxos<3>>(); }

TEST(PeerModels, BigBlocksCountAsBruteForce) {
    expect_as_brute_force<Bbm<1>>();
    expect_as_brute_force<Bbm<2>>();
}

TEST(PeerModels, SlowAreNotChangedByTheCacheOfSteps) {
    const auto same = [](const auto& model) {
        using M = std::decay_t<decltype(model)>;
        auto holds = checker::examples::property<M>("holds", checker::PropertyKind::invariant);
        holds.holds = M::holds;
        checker::expect_same_cached<M>(model, {holds});
        auto end = checker::examples::property<M>("end", checker::PropertyKind::end_state);
        end.holds = M::holds;
        checker::expect_same_cached<M>(
            model, {end, checker::examples::property<M>("deadlock", checker::PropertyKind::deadlock)});
        static_assert(checker::DeclaresDependencies<M>);
    };
    for (const bool bug : {false, true}) {
        same(Bbm<2>{bug});
        same(Blocks<5>{bug});
        same(Coherence<2>{bug});
        same(Paxos<2>{bug});
        same(Peterson<3>{bug});
        same(Tokens<6>{bug});
    }
}

}  // namespace
}  // namespace vmemcheck::peers
