// SPDX-License-Identifier: MIT
#include "checker/shares.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <vector>

#include "checker/team.hpp"

namespace vmemcheck::checker::detail {
namespace {

std::vector<std::size_t> done_by(Shares& shares, unsigned thread) {
    std::vector<std::size_t> pieces;
    shares.do_share(thread, [&](std::size_t piece) { pieces.push_back(piece); });
    return pieces;
}

TEST(Shares, AreDoneByOneThreadAlone) {
    Shares shares(3);
    for (const std::size_t count : {0U, 1U, 2U, 3U, 7U, 100U}) {
        for (const Shares::Helps helps : {Shares::Helps::all, Shares::Helps::later}) {
            shares.divide(count, helps);
            const std::vector<std::size_t> pieces = done_by(shares, 0);
            ASSERT_EQ(pieces.size(), count);
            for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(pieces[i], i);
            EXPECT_TRUE(done_by(shares, 1).empty());
        }
    }
}

TEST(Shares, HelpAllOrThoseThatComeLater) {
    Shares shares(2);
    shares.divide(10, Shares::Helps::all);
    EXPECT_EQ(done_by(shares, 1), (std::vector<std::size_t>{5, 6, 7, 8, 9, 0, 1, 2, 3, 4}));
    shares.divide(20, Shares::Helps::later);
    EXPECT_EQ(done_by(shares, 1), (std::vector<std::size_t>{9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19}));
    EXPECT_EQ(done_by(shares, 0), (std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST(Shares, LieOneAfterTheOther) {
    for (const unsigned threads : {1U, 2U, 3U, 8U, 64U}) {
        Shares shares(threads);
        for (const Shares::Helps helps : {Shares::Helps::all, Shares::Helps::later}) {
            for (const std::size_t count : {0U, 1U, 5U, 64U, 65536U}) {
                shares.divide(count, helps);
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

TEST(Shares, AreDoneOnceByThreadsTogether) {
    constexpr std::size_t pieces = 1000;
    Team team(3);
    Shares shares(team.size());
    for (unsigned round = 0; round < 50; ++round) {
        const bool rise = round % 2 == 0;
        std::array<unsigned, pieces> times{};
        std::array<std::vector<std::size_t>, 3> by{};
        shares.divide(pieces, rise ? Shares::Helps::later : Shares::Helps::all);
        team.run([&](unsigned thread) { by[thread] = done_by(shares, thread); });
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
