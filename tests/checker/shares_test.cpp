// SPDX-License-Identifier: MIT
#include "checker/shares.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <vector>

#include "checker/team.hpp"

namespace vmemcheck::checker::detail {
namespace {

using namespace std::chrono_literals;

std::vector<std::size_t> done_by(Shares& shares, unsigned thread) {
    std::vector<std::size_t> pieces;
    shares.do_share(thread, [&](std::size_t piece) { pieces.push_back(piece); });
    return pieces;
}

std::vector<std::size_t> sizes(Shares& shares, std::size_t count) {
    shares.divide(count);
    std::vector<std::size_t> all;
    shares.for_each([&](std::size_t first, std::size_t last) { all.push_back(last - first); });
    return all;
}

struct Done {
    std::size_t pieces;
    std::chrono::nanoseconds took;
};

/// So many times each thread did what is said of it.
void teach(Shares& shares, const std::vector<Done>& done, unsigned times) {
    for (unsigned i = 0; i < times; ++i) {
        shares.divide(100);
        for (unsigned thread = 0; thread < done.size(); ++thread) {
            shares.note(thread, done[thread].pieces, done[thread].took);
        }
        shares.learn();
    }
}

TEST(Shares, AreDoneByOneThreadAlone) {
    for (const Shares::Helps helps : {Shares::Helps::all, Shares::Helps::later}) {
        Shares shares(3, helps);
        for (const std::size_t count : {0U, 1U, 2U, 3U, 7U, 100U}) {
            shares.divide(count);
            const std::vector<std::size_t> pieces = done_by(shares, 0);
            ASSERT_EQ(pieces.size(), count);
            for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(pieces[i], i);
            EXPECT_TRUE(done_by(shares, 1).empty());
        }
    }
}

TEST(Shares, HelpAllOrThoseThatComeLater) {
    Shares all(2, Shares::Helps::all);
    all.divide(10);
    EXPECT_EQ(done_by(all, 1), (std::vector<std::size_t>{5, 6, 7, 8, 9, 0, 1, 2, 3, 4}));
    Shares later(2, Shares::Helps::later);
    later.divide(20);
    EXPECT_EQ(done_by(later, 1), (std::vector<std::size_t>{10, 11, 12, 13, 14, 15, 16, 17, 18, 19}));
    EXPECT_EQ(done_by(later, 0), (std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(Shares, LieOneAfterTheOther) {
    for (const unsigned threads : {1U, 2U, 3U, 8U, 64U}) {
        for (const Shares::Helps helps : {Shares::Helps::all, Shares::Helps::later}) {
            Shares shares(threads, helps);
            for (const std::size_t count : {0U, 1U, 5U, 64U, 65536U}) {
                shares.divide(count);
                std::size_t end = 0;
                std::size_t shown = 0;
                shares.for_each([&](std::size_t first, std::size_t last) {
                    EXPECT_EQ(first, end);
                    EXPECT_LE(first, last);
                    end = last;
                    ++shown;
                });
                EXPECT_EQ(end, count);
                EXPECT_EQ(shown, threads);
            }
        }
    }
}

TEST(Shares, BecomeAsLargeAsThreadsAreFast) {
    // In the time in which one does one piece the other does three, however many there were for it.
    Shares all(2, Shares::Helps::all);
    EXPECT_EQ(sizes(all, 100), (std::vector<std::size_t>{50, 50}));
    teach(all, {{40, 1200ns}, {60, 600ns}}, 100);
    EXPECT_EQ(sizes(all, 100), (std::vector<std::size_t>{25, 75}));
    Shares later(2, Shares::Helps::later);
    teach(later, {{40, 1200ns}, {60, 600ns}}, 100);
    EXPECT_EQ(sizes(later, 1000), (std::vector<std::size_t>{232, 768}));  // a bit less, as the first helps
}

TEST(Shares, AreNotLearntFromOneTime) {
    Shares shares(2, Shares::Helps::all);
    teach(shares, {{1, 1000ns}, {100, 1000ns}}, 1);
    EXPECT_EQ(sizes(shares, 100), (std::vector<std::size_t>{47, 53}));
}

TEST(Shares, AreLearntOnlyIfThereWasWorkForAll) {
    Shares shares(2, Shares::Helps::all);
    teach(shares, {{100, 1000ns}, {0, 1000ns}}, 100);
    EXPECT_EQ(sizes(shares, 100), (std::vector<std::size_t>{50, 50}));
}

TEST(Shares, LeaveSomethingForWhoWasKeptFromItsWork) {
    Shares shares(2, Shares::Helps::later);
    teach(shares, {{99, 1ns}, {1, 1000000ns}}, 1000);
    EXPECT_GE(sizes(shares, 100)[1], 10U);
}

TEST(Shares, AreDoneOnceByThreadsTogether) {
    constexpr std::size_t pieces = 1000;
    Team team(3);
    std::array<Shares, 2> both{Shares(team.size(), Shares::Helps::all), Shares(team.size(), Shares::Helps::later)};
    for (unsigned round = 0; round < 50; ++round) {
        const bool rise = round % 2 == 0;
        Shares& shares = both[rise ? 1 : 0];
        std::array<unsigned, pieces> times{};
        std::array<std::vector<std::size_t>, 3> by{};
        shares.divide(pieces);
        team.run([&](unsigned thread) { by[thread] = done_by(shares, thread); });
        shares.learn();
        for (const std::vector<std::size_t>& done : by) {
            for (std::size_t i = 0; i < done.size(); ++i) {
                ++times[done[i]];
                EXPECT_TRUE(!rise || i == 0 || done[i - 1] < done[i]);
            }
        }
        for (const unsigned each : times) ASSERT_EQ(each, 1U);
    }
}

}  // namespace
}  // namespace vmemcheck::checker::detail
