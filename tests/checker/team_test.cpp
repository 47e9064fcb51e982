// SPDX-License-Identifier: MIT
#include "checker/team.hpp"

#include <gtest/gtest.h>

#include <array>

namespace vmemcheck::checker {
namespace {

TEST(Team, RunsOnEachThreadOnce) {
    Team team(3);
    ASSERT_EQ(team.size(), 3U);
    std::array<unsigned, 3> times{};
    for (unsigned i = 0; i < 100; ++i) {
        team.run([&](unsigned worker) { ++times[worker]; });
    }
    EXPECT_EQ(times, (std::array<unsigned, 3>{100, 100, 100}));
    Team one(1);
    std::thread::id who;
    one.run([&](unsigned) { who = std::this_thread::get_id(); });
    EXPECT_EQ(who, std::this_thread::get_id());
}

}  // namespace
}  // namespace vmemcheck::checker
