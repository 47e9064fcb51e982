// SPDX-License-Identifier: MIT
#include "checker/team.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <array>
#include <chrono>
#include <thread>

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

TEST(Team, WaitsForThoseThatTakeLong) {
    using namespace std::chrono_literals;
    Team team(3);
    std::array<unsigned, 3> times{};
    for (unsigned slow = 0; slow < 3; ++slow) {
        for (unsigned i = 0; i < 3; ++i) {
            team.run([&](unsigned worker) {
                // The others are asleep by then.
                if (worker == slow) std::this_thread::sleep_for(5ms);
                ++times[worker];
            });
            ASSERT_EQ(times, (std::array<unsigned, 3>{3 * slow + i + 1, 3 * slow + i + 1, 3 * slow + i + 1}));
        }
        std::this_thread::sleep_for(5ms);
    }
}

TEST(Team, MayRunWhereverItsMakerMay) {
    const auto cores = [] {
        cpu_set_t allowed;
        return ::sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 0;
    };
    Team team(3);
    std::array<int, 3> found{};
    team.run([&](unsigned worker) { found[worker] = cores(); });
    EXPECT_EQ(found, (std::array<int, 3>{cores(), cores(), cores()}));
}

}  // namespace
}  // namespace vmemcheck::checker
