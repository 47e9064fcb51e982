// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "checker/archive.hpp"
#include "checker/block.hpp"
#include "checker/keys.hpp"
#include "checker/memory.hpp"
#include "checker/segment.hpp"

namespace vmemcheck::checker {
namespace {

constexpr unsigned home_bits = 27;
constexpr unsigned rest_bits = 20;

using Keys = std::vector<std::pair<std::uint32_t, std::uint64_t>>;

Keys keys_of(const Segment& set) {
    Keys keys;
    set.for_each([&](std::uint32_t home, std::uint64_t rest) { keys.emplace_back(home, rest); });
    std::sort(keys.begin(), keys.end());
    return keys;
}

/// Has exactly these, and finds each.
void expect_keys(Segment& set, Keys keys) {
    std::sort(keys.begin(), keys.end());
    EXPECT_EQ(set.size(), keys.size());
    EXPECT_EQ(keys_of(set), keys);
    for (const auto& [home, rest] : keys) ASSERT_EQ(set.insert(home, rest), Segment::Done::found);
}

/// A segment that can take no more mixed keys.
class SegmentGrowth : public testing::Test {
 protected:
    void reset(std::uint64_t buckets, MemoryBudget& from) {
        keys.clear();
        ASSERT_TRUE(set.reset(home_bits, rest_bits, buckets, from));
        fill();
    }
    void fill() {
        for (;;) {
            const auto home = static_cast<std::uint32_t>(random() & low_bits(home_bits));
            const std::uint64_t rest = random() & low_bits(rest_bits);
            const Segment::Done done = set.insert(home, rest);
            if (done == Segment::Done::full) return;
            if (done == Segment::Done::added) keys.emplace_back(home, rest);
        }
    }

    /// What save() writes is the same segment again.
    void expect_saved() {
        const std::string path = testing::TempDir() + "segment-growth-" + std::to_string(::getpid());
        ArchiveWriter writer(path);
        set.save(writer);
        ASSERT_EQ(writer.finish(), 0);
        Segment loaded;
        ASSERT_TRUE(loaded.reset(home_bits, rest_bits, set.buckets(), budget));
        ArchiveReader reader(path);
        std::filesystem::remove(path);
        ASSERT_TRUE(loaded.load(reader));
        EXPECT_EQ(loaded.at_edge(), set.at_edge());
        expect_keys(loaded, keys);
    }

    std::mt19937_64 random{1};
    MemoryBudget budget;
    Segment set;
    Keys keys;  ///< of the set
};

TEST_F(SegmentGrowth, KeepsMixedKeys) {
    reset(100, budget);
    for (const auto& [times, of] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{
             {5, 4}, {3, 1}, {3, 2}, {4, 3}, {7, 5}, {2, 1}, {3, 2}, {5, 4}, {2, 1}, {101, 100}, {2, 1}}) {
        fill();
        const std::uint64_t buckets = (set.buckets() * times + of - 1) / of;
        ASSERT_TRUE(set.grow(buckets));
        EXPECT_EQ(set.buckets(), buckets);
        EXPECT_EQ(set.bytes(), budget.used());
        expect_keys(set, keys);
    }
    EXPECT_GT(keys.size(), 50000U);
    EXPECT_GT(set.bytes(), 2 * Block::least_moved) << "has not grown as a mapping";
}

TEST_F(SegmentGrowth, TakesNoMoreMemoryThanTheLargerSegment) {
    reset(5000, budget);
    ASSERT_TRUE(set.grow(7500));
    const std::size_t larger = Segment::bytes_of(home_bits, rest_bits, 7500);
    EXPECT_EQ(budget.used(), larger) << "none is kept apart";
    EXPECT_LE(budget.peak(), larger + larger / 8) << "with those kept apart before";
}

TEST_F(SegmentGrowth, ChangesNothingWhereItCannot) {
    for (const std::uint64_t buckets : {100U, 5000U}) {  // in words, and mapped
        const std::size_t larger = Segment::bytes_of(home_bits, rest_bits, buckets * 3 / 2);
        MemoryBudget limited(larger + larger / 8);
        reset(buckets, limited);
        const std::size_t used = limited.used();
        EXPECT_FALSE(set.grow(buckets));
        EXPECT_FALSE(set.grow(buckets - 1));
        EXPECT_FALSE(set.grow(buckets * 2)) << "over the limit";
        EXPECT_EQ(set.buckets(), buckets);
        EXPECT_EQ(limited.used(), used);
        expect_keys(set, keys);
        set = Segment();
    }
    Segment wide;
    ASSERT_TRUE(wide.reset(home_bits, 64, 100, budget));
    ASSERT_EQ(wide.insert(5, ~std::uint64_t{0}), Segment::Done::added);
    EXPECT_FALSE(wide.grow(wide.buckets() * 3 / 2)) << "tails are longer than 48 bits";
    EXPECT_EQ(keys_of(wide), (Keys{{5, ~std::uint64_t{0}}}));
    Segment small;
    ASSERT_TRUE(small.reset(home_bits, rest_bits, 100, budget));
    EXPECT_FALSE(small.grow(100 * Segment::most_growth + 1));
    EXPECT_TRUE(small.grow(100 * Segment::most_growth));
}

TEST_F(SegmentGrowth, FindsPlacesForKeysOfFewBuckets) {
    // As mixed ones never are: as many as there is room for, or less, next to each other.
    unsigned grown = 0;
    unsigned refused = 0;
    unsigned still_apart = 0;
    for (unsigned run = 0; run < 3000; ++run) {
        const std::uint64_t buckets = 40 + run % 25;
        ASSERT_TRUE(set.reset(home_bits, rest_bits, buckets, budget));
        keys.clear();
        const std::uint64_t width = (std::uint64_t{1} << home_bits) / buckets;
        for (unsigned cluster = 0; cluster < 1 + run % 3; ++cluster) {
            const std::uint64_t begin = random() % (buckets - 6) * width + random() % width;
            const std::uint64_t over = 1 + random() % (width * (1 + random() % 6));
            for (std::uint64_t wanted = random() % (20 * set.slots()); wanted > 0; --wanted) {
                const auto home = static_cast<std::uint32_t>((begin + random() % over) & low_bits(home_bits));
                const std::uint64_t rest = random() & low_bits(rest_bits);
                if (set.insert(home, rest) == Segment::Done::added) keys.emplace_back(home, rest);
            }
        }
        const std::size_t apart = set.bytes() - Segment::bytes_of(home_bits, rest_bits, buckets);
        const bool larger = set.grow(buckets + 1 + random() % (buckets * (1 + run % 2)));
        ++(larger ? grown : refused);
        still_apart +=
            larger && apart != 0 && set.bytes() != Segment::bytes_of(home_bits, rest_bits, set.buckets()) ? 1 : 0;
        expect_keys(set, keys);
        if (larger) expect_saved();
    }
    EXPECT_GT(grown, 500U);
    EXPECT_GT(refused, 100U);
    EXPECT_GT(still_apart, 100U);
}

TEST_F(SegmentGrowth, KnowsHowManyKeysLieFarthest) {
    reset(1000, budget);
    for (const std::uint64_t buckets : {1000U, 1010U, 1500U}) {
        ASSERT_TRUE(buckets == 1000 || set.grow(buckets));
        EXPECT_EQ(buckets < 1500, set.at_edge() != 0) << "as many as there are slots are taken";
        expect_saved();
    }
}

TEST_F(SegmentGrowth, GrowsInAFile) {
    MemoryBudget in_files(0, testing::TempDir());
    reset(5000, in_files);
    ASSERT_TRUE(set.grow(7500));
    expect_keys(set, keys);
    EXPECT_EQ(in_files.on_disk(), Segment::bytes_of(home_bits, rest_bits, 7500));
    EXPECT_EQ(in_files.peak_on_disk(), in_files.on_disk());
    set = Segment();
    EXPECT_EQ(in_files.on_disk(), 0U);
}

}  // namespace
}  // namespace vmemcheck::checker
