// SPDX-License-Identifier: MIT
#include "checker/level_sizes.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>

#include "checker/memory.hpp"

namespace vmemcheck::checker {
namespace {

using Trend = LevelSizes::Trend;

Trend trend_of(std::initializer_list<std::uint64_t> sizes) {
    LevelSizes levels;
    for (const std::uint64_t size : sizes) levels.add(size);
    return levels.trend();
}

TEST(LevelSizes, SayNothingAtFirst) {
    EXPECT_EQ(trend_of({}), Trend::steady);
    EXPECT_EQ(trend_of({1000}), Trend::steady);
}

TEST(LevelSizes, CompareWithTheFirstWhereThereAreFew) {
    EXPECT_EQ(trend_of({1, 2}), Trend::growing);
    EXPECT_EQ(trend_of({100, 1, 110}), Trend::steady);
    EXPECT_EQ(trend_of({100, 1, 111}), Trend::growing);
    EXPECT_EQ(trend_of({100, 1, 61}), Trend::steady);
    EXPECT_EQ(trend_of({100, 1, 60}), Trend::shrinking);
    EXPECT_EQ(trend_of({1, 1}), Trend::steady);
}

TEST(LevelSizes, CompareWithTheSixthBefore) {
    EXPECT_EQ(trend_of({1, 100, 1, 1, 1, 1, 1, 100}), Trend::steady);
    EXPECT_EQ(trend_of({100, 1, 100, 100, 100, 100, 100, 100}), Trend::growing);
    EXPECT_EQ(trend_of({1, 100, 1, 1, 1, 1, 1, 20}), Trend::shrinking);
    LevelSizes levels;
    for (std::uint64_t i = 1; i < 60; ++i) levels.add(i);
    EXPECT_EQ(levels.trend(), Trend::growing);
    levels.add(59);
    EXPECT_EQ(levels.trend(), Trend::steady) << "53 to 59 is less than a tenth";
}

TEST(LevelSizes, AreOfAnySize) {
    const std::uint64_t most = ~std::uint64_t{0};
    EXPECT_EQ(trend_of({most / 2, most}), Trend::growing);
    EXPECT_EQ(trend_of({most, most / 2}), Trend::shrinking);
}

TEST(LevelSizes, TellByHowMuchATableIsToGrow) {
    MemoryBudget any;
    EXPECT_EQ(fifths_to_grow_by(Trend::growing, any), 5U);
    EXPECT_EQ(fifths_to_grow_by(Trend::steady, any), 2U);
    EXPECT_EQ(fifths_to_grow_by(Trend::shrinking, any), 1U);
    MemoryBudget limited(1000);
    ASSERT_TRUE(limited.take(500));
    EXPECT_EQ(fifths_to_grow_by(Trend::growing, limited), 5U);
    ASSERT_TRUE(limited.take(1));
    EXPECT_EQ(fifths_to_grow_by(Trend::growing, limited), 2U) << "there is no memory for the double of all";
    EXPECT_EQ(fifths_to_grow_by(Trend::shrinking, limited), 1U);
    limited.give_back(501);
}

}  // namespace
}  // namespace vmemcheck::checker
