// SPDX-License-Identifier: MIT
#include "checker/discovery_log.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "checker/memory.hpp"

namespace vmemcheck::checker {
namespace {

RC_GTEST_PROP(DiscoveryLog, TellsTheWayToEachState, ()) {
    MemoryBudget budget;
    DiscoveryLog log(budget);
    struct Found {
        DiscoveryIndex parent;
        std::uint32_t transition;
    };
    const auto initial = *rc::gen::inRange<DiscoveryIndex>(1, 4);
    std::vector<Found> all(initial);
    log.add_initial(initial);
    DiscoveryIndex parent = 0;
    for (int pieces = *rc::gen::inRange(0, 20); pieces > 0; --pieces) {
        DiscoveryLog::Piece piece;
        for (int count = *rc::gen::inRange(0, 30); count > 0; --count) {
            parent = std::min<DiscoveryIndex>(all.size() - 1, parent + *rc::gen::inRange<DiscoveryIndex>(0, 12));
            const auto transition = *rc::gen::element(0U, 1U, 62U, 63U, 64U, 300U, 100000U);
            piece.add(parent, transition);
            all.push_back({parent, transition});
        }
        RC_ASSERT(log.append(piece));
    }
    RC_ASSERT(log.size() == all.size());
    for (DiscoveryIndex i = 0; i < all.size(); ++i) {
        std::vector<std::uint32_t> expected;
        DiscoveryIndex at = i;
        for (; at >= initial; at = all[at].parent) expected.insert(expected.begin(), all[at].transition);
        const DiscoveryLog::Way way = log.way_to(i);
        RC_ASSERT(way.initial == at);
        RC_ASSERT(way.transitions == expected);
    }
}

TEST(DiscoveryLog, TakesAByteAState) {
    MemoryBudget budget;
    DiscoveryLog log(budget);
    log.add_initial(1);
    for (DiscoveryIndex i = 0; i < 1000; ++i) {
        DiscoveryLog::Piece piece;
        for (std::uint32_t j = 0; j < 500; ++j) piece.add(i * 500 + j, j % 50);
        ASSERT_TRUE(log.append(piece));
    }
    EXPECT_LT(static_cast<double>(budget.used()), 1.2 * 500000);
    EXPECT_EQ(log.way_to(500000).transitions.back(), 49U);
    MemoryBudget none(100);
    DiscoveryLog full(none);
    full.add_initial(1);
    DiscoveryLog::Piece piece;
    piece.add(0, 1);
    EXPECT_FALSE(full.append(piece));
    EXPECT_EQ(full.size(), 1U);
}

}  // namespace
}  // namespace vmemcheck::checker
