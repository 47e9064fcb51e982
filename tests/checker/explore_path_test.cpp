// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "checker/fingerprints.hpp"
#include "checker/path.hpp"
#include "tests/checker/toy_program.hpp"

namespace vmemcheck::checker {
namespace {

using toys::ToyProgram;

TEST(ExploreFingerprints, RemembersTheMostThatWasLeft) {
    Fingerprints table(1 << 20);
    EXPECT_FALSE(table.visited(7, 2));
    EXPECT_TRUE(table.visited(7, 2));
    EXPECT_TRUE(table.visited(7, 0));
    EXPECT_FALSE(table.visited(7, 3));
    EXPECT_TRUE(table.visited(7, 3));
    EXPECT_FALSE(table.visited(0, 0)) << "0 is a fingerprint like others";
    EXPECT_TRUE(table.visited(0, 0));
    EXPECT_EQ(table.count(), 2U);
}

TEST(ExploreFingerprints, GrowsAndForgetsNothing) {
    Fingerprints table(std::size_t{1} << 30);
    std::mt19937_64 random(1);
    std::vector<std::uint64_t> keys(50'000);
    for (auto& key : keys) {
        key = random() << 20;  // bad in their low bits
        EXPECT_FALSE(table.visited(key, 1));
    }
    for (const auto key : keys) EXPECT_TRUE(table.visited(key, 1));
    EXPECT_EQ(table.count(), keys.size());
    EXPECT_FALSE(table.full());
    EXPECT_NEAR(table.omission_probability(), 2.5e9 / std::pow(2.0, 65), 1e-13);
}

TEST(ExploreFingerprints, TakesInNothingMoreThanThereIsRoomFor) {
    constexpr std::size_t most = 40'000;
    Fingerprints table(most);
    for (std::uint64_t key = 1; key < 10'000; ++key) EXPECT_FALSE(table.visited(key, 1));
    EXPECT_TRUE(table.full());
    EXPECT_LE(table.bytes(), most);
    EXPECT_GT(table.count(), 500U);
    EXPECT_LT(table.count() * 10, most);
    const auto count = table.count();
    EXPECT_TRUE(table.visited(1, 1)) << "what is known stays known";
    EXPECT_FALSE(table.visited(9'999, 1));
    EXPECT_FALSE(table.visited(9'999, 1));
    EXPECT_EQ(table.count(), count);
}

TEST(ExplorePath, SavesAsMuchAsThereIsRoomFor) {
    ToyProgram program(toys::philosophers(3, false));
    const std::size_t one = program.save()->bytes();
    Path path(program, 2 * one + one / 2);
    path.restart();
    for (int i = 0; i < 4; ++i) {
        path.arrive();
        path.save();
        path.take(0);
    }
    EXPECT_EQ(path.saves(), 2U);
    EXPECT_EQ(path.bytes(), 2 * one);
    path.drop();
    path.drop();
    EXPECT_EQ(path.bytes(), 2 * one);
    path.drop();
    EXPECT_EQ(path.bytes(), one);
    EXPECT_EQ(path.peak_bytes(), 2 * one);
    program.saves = 0;
    Path full(program, 0);
    full.restart();
    full.arrive();
    full.save();
    EXPECT_EQ(program.saves, 0U) << "there is no point in trying";
}

TEST(ExplorePath, ComesBackToWhereItWas) {
    for (const std::size_t bytes : {std::size_t{0}, std::size_t{1} << 20}) {
        ToyProgram program(toys::lost_update(3));
        Path path(program, bytes);
        path.restart();
        std::vector<std::uint64_t> fingerprints;
        for (int i = 0; i < 6; ++i) {
            fingerprints.push_back(program.fingerprint());
            if (path.arrive().alternatives.size() > 1 && i % 2 == 1) path.save();
            path.take(path.last().alternatives.size() - 1);
        }
        EXPECT_EQ(path.choices().size(), 6U);
        const std::uint64_t cost = path.cost();
        while (path.size() > 0) {
            path.back_to_last();
            EXPECT_EQ(program.fingerprint(), fingerprints[path.size() - 1]);
            EXPECT_EQ(path.choices().size(), path.size() - 1);
            EXPECT_EQ(path.cost(), path.last().cost);
            EXPECT_LE(path.cost(), cost);
            path.drop();
        }
        EXPECT_EQ(path.restores() > 0, bytes > 0);
        EXPECT_GT(path.retaken(), 0U);
    }
}

}  // namespace
}  // namespace vmemcheck::checker
