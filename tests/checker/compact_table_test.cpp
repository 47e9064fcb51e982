// SPDX-License-Identifier: MIT
// Tables of keys, and their segments.
#include "checker/compact_table.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <random>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "checker/archive.hpp"
#include "checker/keys.hpp"
#include "checker/overflow_keys.hpp"
#include "tests/checker/few_samples.hpp"

namespace vmemcheck::checker {
namespace {

struct Shape {
    unsigned home_bits;
    unsigned rest_bits;
};

class Tables : public testing::TestWithParam<Shape> {
 protected:
    /// So many different keys, of which a quarter has the home of another one.
    static std::vector<Key> keys(std::size_t count) {
        const auto [home_bits, rest_bits] = GetParam();
        std::mt19937_64 random(7);
        std::set<std::pair<std::uint32_t, std::uint64_t>> all;
        const std::uint64_t possible =
            home_bits + rest_bits >= 40 ? ~std::uint64_t{0} : std::uint64_t{1} << (home_bits + rest_bits);
        std::uint64_t home = 0;
        while (all.size() < std::min<std::uint64_t>(count, possible)) {
            if (random() % 4 != 0) home = random() & low_bits(home_bits);
            all.emplace(static_cast<std::uint32_t>(home), random() & low_bits(rest_bits));
        }
        std::vector<Key> keys;
        keys.reserve(all.size());
        for (const auto& [home, rest] : all) keys.push_back({rest, home});
        std::shuffle(keys.begin(), keys.end(), random);
        return keys;
    }
    static RestForm form() {
        RestForm form;
        form.used[0] = GetParam().rest_bits;
        return form;
    }
};

TEST_P(Tables, KeepWhatTheyAreGiven) {
    MemoryBudget budget;
    CompactTable table(GetParam().home_bits, form(), budget);
    ASSERT_TRUE(table.ready());
    const std::vector<Key> all = keys(few_samples ? 12000 : 60000);
    const auto insert = [&](const Key& key) { return table.insert(table.part_of(key.home), key); };
    for (std::size_t i = 0; i < all.size(); ++i) {
        ASSERT_EQ(insert(all[i]), Segment::Done::added) << i;
        ASSERT_EQ(insert(all[i]), Segment::Done::found);
        ASSERT_EQ(insert(all[i / 2]), Segment::Done::found) << i;
    }
    EXPECT_EQ(table.size(), all.size());
    std::set<std::pair<std::uint32_t, std::uint64_t>> kept;
    for (unsigned part = 0; part < table.parts(); ++part) {
        table.for_each(part, [&](const Key& key) {
            EXPECT_EQ(table.part_of(key.home), part);
            EXPECT_TRUE(kept.emplace(key.home, key.rest).second);
        });
    }
    for (const Key& key : all) EXPECT_TRUE(kept.count({key.home, key.rest}) == 1);
    EXPECT_EQ(kept.size(), all.size());
}

TEST_P(Tables, TakeFewBytes) {
    const auto [home_bits, rest_bits] = GetParam();
    if (few_samples && home_bits != 30) return;
    const std::vector<Key> all = keys(200000);
    // What is not in a tag is to fit 64 bits, for which there have to be many buckets.
    if (all.size() < 100000 || rest_bits > 50) return;
    MemoryBudget budget;
    CompactTable table(home_bits, form(), budget);
    for (const Key& key : all) table.insert(table.part_of(key.home), key);
    // A key of n bits among 2^17, of which 8 have a bucket for themselves, takes n - 14 bits and those of the distance,
    // but no less than a tag; then there are slots that are free, and what is left of lines.
    const double bits = home_bits + rest_bits - 14 + 3;
    EXPECT_LT(static_cast<double>(budget.used()) / static_cast<double>(all.size()), std::max(2.0, bits / 8) * 1.5);
}

INSTANTIATE_TEST_SUITE_P(Shapes, Tables,
                         testing::Values(Shape{1, 0}, Shape{3, 2}, Shape{5, 0}, Shape{8, 0}, Shape{16, 0}, Shape{17, 3},
                                         Shape{24, 0}, Shape{30, 0}, Shape{30, 17}, Shape{30, 50}, Shape{30, 64},
                                         Shape{32, 0}, Shape{32, 16}, Shape{32, 64}),
                         [](const auto& shape) {
                             return "Home" + std::to_string(shape.param.home_bits) + "Rest" +
                                    std::to_string(shape.param.rest_bits);
                         });

TEST(CompactTable, WidensItsRests) {
    MemoryBudget budget;
    RestForm form;
    form.parts = 3;
    CompactTable table(30, form, budget);
    std::vector<Key> all;
    std::mt19937_64 random(3);
    for (unsigned bits = 0; bits <= 21; bits += 3) {
        form.used = {bits, bits / 2, bits / 3};
        for (unsigned part = 0; part < table.parts(); ++part) ASSERT_TRUE(table.set_form(part, form));
        for (const Key& key : all) ASSERT_EQ(table.insert(table.part_of(key.home), key), Segment::Done::found);
        for (unsigned i = 0; i < 3000; ++i) {
            Key key;
            key.home = static_cast<std::uint32_t>(random() & low_bits(30));
            key.rest = form.restore(random() & low_bits(form.bits()));
            if (table.insert(table.part_of(key.home), key) == Segment::Done::added) all.push_back(key);
        }
    }
    EXPECT_EQ(table.size(), all.size());
    EXPECT_GT(all.size(), 20000U);
}

TEST(CompactTable, SaysWhenThereIsNoMemory) {
    MemoryBudget budget(std::size_t{200} << 10);
    CompactTable table(32, {}, budget);
    ASSERT_TRUE(table.ready());
    std::mt19937 random(1);
    std::vector<std::uint32_t> in;
    for (;;) {
        const auto home = static_cast<std::uint32_t>(random());
        const Segment::Done done = table.insert(table.part_of(home), {0, home});
        if (done == Segment::Done::full) break;
        if (done == Segment::Done::added) in.push_back(home);
    }
    EXPECT_GT(in.size(), 10000U);
    EXPECT_LE(budget.peak(), budget.limit());
    for (const std::uint32_t home : in) {
        ASSERT_EQ(table.insert(table.part_of(home), {0, home}), Segment::Done::found) << "nothing is lost";
    }
    MemoryBudget none(1);
    EXPECT_FALSE(CompactTable(32, {}, none).ready());
}

/// Adds random keys until there are so many, or no memory. \param growths counts how often a part grew
std::vector<Key> fill(CompactTable& table, std::size_t count, const MemoryBudget& budget, unsigned& growths) {
    std::mt19937 random(1);
    std::vector<Key> in;
    growths = 0;
    while (in.size() < count) {
        const Key key{0, static_cast<std::uint32_t>(random())};
        const std::size_t before = budget.used();
        const Segment::Done done = table.insert(table.part_of(key.home), key);
        if (done == Segment::Done::full) break;
        if (done == Segment::Done::added) in.push_back(key);
        growths += budget.used() != before ? 1 : 0;
    }
    return in;
}

TEST(CompactTable, GrowsByAsMuchAsItIsTold) {
    constexpr std::size_t count = 200000;
    unsigned last_growths = ~0U;
    for (const unsigned fifths : {1U, 2U, 5U}) {
        MemoryBudget budget;
        CompactTable table(32, {}, budget);
        table.grow_by(fifths);
        unsigned growths = 0;
        const std::vector<Key> in = fill(table, count, budget, growths);
        ASSERT_EQ(in.size(), count);
        for (const Key& key : in) ASSERT_EQ(table.insert(table.part_of(key.home), key), Segment::Done::found);
        EXPECT_LT(growths, last_growths * 3 / 4) << fifths;
        last_growths = growths;
    }
}

TEST(CompactTable, GrowsByLessWhereThereIsNoMemoryForMore) {
    for (unsigned limit = 150; limit < 400; limit += 50) {
        std::size_t by_little = 0;
        for (const unsigned fifths : {1U, 5U}) {
            MemoryBudget budget(std::size_t{limit} << 10);
            CompactTable table(32, {}, budget);
            table.grow_by(fifths);
            unsigned growths = 0;
            const std::size_t in = fill(table, ~std::size_t{0}, budget, growths).size();
            if (fifths == 1) by_little = in;
            EXPECT_GE(in, by_little * 4 / 5) << limit;
        }
    }
}

TEST(CompactTable, GivesUpWhereGrowingDoesNotHelp) {
    // More keys of one home than its bucket and those after it have slots, and than are kept apart: no mixed keys are
    // like that.
    MemoryBudget budget;
    RestForm form;
    form.used[0] = 32;
    CompactTable table(32, form, budget);
    std::uint64_t rest = 0;
    while (table.insert(0, {rest, 5}) != Segment::Done::full) ++rest;
    MemoryBudget of_part;
    Segment least;
    ASSERT_TRUE(least.reset(28, 32, 2, of_part));
    EXPECT_GT(rest, (Segment::most_far + 1) * least.slots() + least.most_apart());
    EXPECT_LT(rest, 1000U);
    for (std::uint64_t known = 0; known < rest; ++known) ASSERT_EQ(table.insert(0, {known, 5}), Segment::Done::found);
    EXPECT_LT(budget.peak(), std::size_t{1} << 20);
}

TEST(Segment, TakesAsManyKeysOfAHomeAsItSays) {
    MemoryBudget budget;
    Segment set;
    ASSERT_TRUE(set.reset(28, 32, 100, budget));
    std::uint64_t rest = 0;
    while (set.insert(5, rest) == Segment::Done::added) ++rest;
    EXPECT_EQ(rest, (Segment::most_far + 1) * set.slots() + set.most_apart());
    EXPECT_EQ(set.insert(5, rest), Segment::Done::full);
    EXPECT_EQ(set.insert(5, rest - 1), Segment::Done::found);
    EXPECT_EQ(set.size(), rest);
    EXPECT_EQ(set.bytes(), budget.used());
}

TEST(Segment, KeepsKeysOfAllWidths) {
    // As many slots as fit a line: of 6 to 32, of tails that begin within bytes and of those that do not.
    std::set<unsigned> seen;
    unsigned grown = 0;
    for (unsigned rest_bits = 0; rest_bits <= 64; ++rest_bits) {
        for (const unsigned home_bits : {6U, 14U, 27U}) {
            MemoryBudget budget;
            Segment set;
            ASSERT_TRUE(set.reset(home_bits, rest_bits, 20, budget));
            seen.insert(set.slots());
            std::mt19937_64 random(rest_bits);
            std::set<std::pair<std::uint32_t, std::uint64_t>> in;
            for (;;) {
                const auto home = static_cast<std::uint32_t>(random() & low_bits(home_bits));
                const std::uint64_t rest = random() & low_bits(rest_bits);
                const Segment::Done done = set.insert(home, rest);
                if (done == Segment::Done::full) break;
                ASSERT_EQ(done == Segment::Done::added, in.emplace(home, rest).second);
                if (home_bits + rest_bits < 14 && in.size() == std::size_t{1} << (home_bits + rest_bits)) break;
            }
            const std::uint64_t buckets = set.buckets();
            const bool larger = set.grow(buckets * 3 / 2);
            grown += larger ? 1 : 0;
            EXPECT_EQ(set.buckets(), larger ? buckets * 3 / 2 : buckets);
            EXPECT_EQ(set.size(), in.size());
            std::size_t count = 0;
            set.for_each([&](std::uint32_t home, std::uint64_t rest) { count += in.count({home, rest}); });
            EXPECT_EQ(count, in.size()) << home_bits << ' ' << rest_bits;
            for (const auto& [home, rest] : in) ASSERT_EQ(set.insert(home, rest), Segment::Done::found);
        }
    }
    EXPECT_GT(grown, 80U) << "of 195, some of which have long tails, or too many keys of few homes";
    EXPECT_EQ(*seen.begin(), 6U);
    EXPECT_EQ(*seen.rbegin(), 32U);
    EXPECT_GT(seen.size(), 12U);
}

TEST(Segment, HasRoomForAsManyAsAreAskedForInNoMoreBuckets) {
    for (const unsigned rest_bits : {0U, 20U, 64U}) {
        for (std::uint64_t keys = 1; keys < 3000000; keys += keys / 3 + 1) {
            const std::uint64_t buckets = Segment::buckets_for(26, rest_bits, keys);
            MemoryBudget budget;
            Segment set;
            ASSERT_TRUE(set.reset(26, rest_bits, buckets, budget));
            EXPECT_GE(set.room(), keys);
            if (set.buckets() <= 2 || set.buckets() != buckets) continue;
            ASSERT_TRUE(set.reset(26, rest_bits, buckets - 1, budget));
            EXPECT_LT(set.room(), keys) << rest_bits << ' ' << buckets;
        }
    }
}

TEST(Segment, RefusesTagsThatItDoesNotWrite) {
    // A file whose checksums are right need not be one of ours.
    const std::string path = testing::TempDir() + "segment-" + std::to_string(::getpid());
    const auto load = [&](std::uint64_t size, const std::vector<std::uint16_t>& last_tags) {
        MemoryBudget budget;
        Segment set;
        if (!set.reset(28, 20, 10, budget)) return false;
        std::vector<unsigned char> bytes(set.bytes());
        // They are at the end of each bucket; here, of the first.
        const std::size_t tag_bytes = last_tags.size() * sizeof(std::uint16_t);
        std::memcpy(bytes.data() + Segment::bucket_bytes - tag_bytes, last_tags.data(), tag_bytes);
        ArchiveWriter writer(path);
        writer.value(size);
        writer.list(std::span<const unsigned char>(bytes));
        writer.list(std::span<const Key>());
        EXPECT_EQ(writer.finish(), 0);
        ArchiveReader reader(path);
        const bool loaded = set.load(reader);
        EXPECT_EQ(set.size(), size);
        return loaded;
    };
    constexpr std::uint16_t first = 1U << Segment::tag_bits;
    MemoryBudget budget;
    Segment set;
    ASSERT_TRUE(set.reset(28, 20, 10, budget));
    std::vector<std::uint16_t> tags(set.slots());
    EXPECT_TRUE(load(0, tags));
    tags[0] = first | 5;
    EXPECT_TRUE(load(1, tags));
    EXPECT_THROW(load(2, tags), CheckpointError);
    tags[0] = 5;
    EXPECT_THROW(load(1, tags), CheckpointError) << "no distance";
    tags[0] = 0;
    tags[1] = first;
    EXPECT_THROW(load(1, tags), CheckpointError) << "a free slot before";
    std::filesystem::remove(path);
}

TEST(CompactTable, GrowsEarlyWhatIsNearlyFull) {
    MemoryBudget budget;
    CompactTable table(32, {}, budget);
    std::mt19937 random(6);
    std::vector<std::uint32_t> in;
    while (in.size() < 100000 || !table.is_full(0, 10)) {
        in.push_back(static_cast<std::uint32_t>(random()));
        ASSERT_NE(table.insert(table.part_of(in.back()), {0, in.back()}), Segment::Done::full);
    }
    const std::size_t before = budget.used();
    table.grow_early(0);
    EXPECT_GT(budget.used(), before);
    EXPECT_FALSE(table.is_full(0, 1000)) << "a third more of some 6,000";
    const std::size_t grown = budget.used();
    table.grow_early(0);
    EXPECT_EQ(budget.used(), grown) << "has room now";
    for (const std::uint32_t home : in) {
        ASSERT_EQ(table.insert(table.part_of(home), {0, home}), Segment::Done::found) << "nothing is lost";
    }
}

TEST(CompactTable, HasAsMuchRoomAsItNeedsWheneverItIsAsked) {
    // Parts grow by two fifths when they are nine tenths full, a quarter of them at a time: 0.76 of the slots are
    // taken.
    MemoryBudget budget;
    CompactTable table(32, {}, budget);
    std::mt19937 random(2);
    while (table.size() < 400000) {
        for (unsigned i = 0; i < 10000; ++i) {
            const auto home = static_cast<std::uint32_t>(random());
            ASSERT_NE(table.insert(table.part_of(home), {0, home}), Segment::Done::full);
        }
        if (table.size() < 100000) continue;
        MemoryBudget of_part;
        Segment part;
        ASSERT_TRUE(part.reset(28, 0, Segment::buckets_for(28, 0, table.size() / table.parts()), of_part));
        const double slot_bytes = static_cast<double>(Segment::bucket_bytes) / part.slots();
        const double slots = static_cast<double>(budget.used()) / slot_bytes / static_cast<double>(table.size());
        EXPECT_LT(slots, 1.42) << table.size();
        EXPECT_GT(slots, 1.2) << table.size();
    }
}

TEST(OverflowKeys, KeepsKeysWhole) {
    MemoryBudget budget(std::size_t{1} << 16);
    OverflowKeys keys;
    EXPECT_FALSE(keys.has({1, 2}));
    std::mt19937_64 random(4);
    std::set<std::pair<std::uint64_t, std::uint32_t>> in;
    while (true) {
        const Key key{random() % 300, static_cast<std::uint32_t>(random() % 100)};
        ASSERT_EQ(keys.has(key), in.count({key.rest, key.home}) == 1);
        if (keys.has(key)) continue;
        if (!keys.add(key, budget)) break;
        in.emplace(key.rest, key.home);
    }
    EXPECT_EQ(keys.bytes(), budget.used());
    EXPECT_EQ(in.size(), 1024U) << "half of 2^15 bytes; for twice as many, there is no memory beside them";
    EXPECT_EQ(keys.size(), in.size());
    keys.for_each([&](const Key& key) { EXPECT_EQ(in.erase({key.rest, key.home}), 1U); });
    EXPECT_TRUE(in.empty());
}

TEST(OverflowKeys, HaveMemoryForWhatWasReserved) {
    MemoryBudget budget(std::size_t{1} << 16);
    OverflowKeys keys;
    ASSERT_TRUE(keys.add({1, 2}, budget));
    ASSERT_TRUE(keys.reserve(1000, budget));
    EXPECT_FALSE(keys.reserve(100000, budget));
    EXPECT_TRUE(keys.has({1, 2}));
    ASSERT_TRUE(budget.take(budget.limit() - budget.used()));
    for (std::uint32_t home = 1; home < 1000; ++home) ASSERT_TRUE(keys.add({5, home}, budget));
    EXPECT_EQ(keys.size(), 1000U);
    EXPECT_FALSE(keys.reserve(2000, budget));
}

}  // namespace
}  // namespace vmemcheck::checker
