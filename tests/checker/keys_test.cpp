// SPDX-License-Identifier: MIT
// Keys, numbers of leaves, and how keys wait.
#include "checker/keys.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "checker/archive.hpp"
#include "checker/key_queue.hpp"
#include "checker/leaf_table.hpp"
#include "checker/memory.hpp"
#include "checker/packer.hpp"
#include "checker/state_keys.hpp"
#include "checker/team.hpp"
#include "checker/word_mixer.hpp"

namespace vmemcheck::checker {
namespace {

TEST(Mixer, IsAPermutationThatCanBeUndone) {
    for (unsigned bits = 1; bits <= 16; ++bits) {
        const Mixer mixer(bits);
        for (const std::uint64_t rest : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}}) {
            std::vector<bool> seen(std::size_t{1} << bits);
            for (std::uint32_t core = 0; core < seen.size(); ++core) {
                const std::uint32_t home = mixer.mix(core, rest);
                ASSERT_LT(home, seen.size());
                ASSERT_FALSE(seen[home]) << bits;
                seen[home] = true;
                ASSERT_EQ(mixer.unmix(home, rest), core);
            }
        }
    }
}

RC_GTEST_PROP(Mixer, CanBeUndoneForAllBits, (std::uint32_t core, std::uint64_t rest)) {
    const auto bits = *rc::gen::inRange(1U, 33U);
    const Mixer mixer(bits);
    const auto low = static_cast<std::uint32_t>(core & low_bits(bits));
    const std::uint32_t home = mixer.mix(low, rest);
    RC_ASSERT(home <= low_bits(bits));
    RC_ASSERT(mixer.unmix(home, rest) == low);
}

RC_GTEST_PROP(WordMixer, MixesAsAMixer, (const std::vector<std::uint64_t>& random)) {
    const auto bits = *rc::gen::inRange(1U, 33U);
    const Mixer mixer(bits);
    const std::size_t count = random.size();
    std::vector<std::uint64_t> words(count + WordMixer::lane_words);
    for (std::size_t i = 0; i < count; ++i) words[i] = random[i] & low_bits(bits + 32);
    std::vector<std::uint32_t> homes(words.size());
    for (const bool parallel : {false, true}) {
        WordMixer(mixer, bits, parallel).homes(words.data(), count, homes.data());
        for (std::size_t i = 0; i < count; ++i) {
            const auto core = static_cast<std::uint32_t>(words[i] & low_bits(bits));
            RC_ASSERT(homes[i] == mixer.mix(core, words[i] >> bits));
        }
    }
}

TEST(Mixer, SpreadsNeighbours) {
    // The high bits, which say where a key belongs, are to differ for states that differ in low bits, or in the rest.
    const Mixer mixer(30);
    std::array<unsigned, 64> of_core{};
    std::array<unsigned, 64> of_rest{};
    std::array<unsigned, 64> of_high_rest{};
    for (std::uint32_t i = 0; i < 6400; ++i) {
        ++of_core[mixer.mix(i, 0) >> 24];
        ++of_rest[mixer.mix(5, i) >> 24];
        ++of_high_rest[mixer.mix(5, std::uint64_t{i} << 32) >> 24];
    }
    for (unsigned i = 0; i < 64; ++i) {
        EXPECT_NEAR(of_core[i], 100, 60);
        EXPECT_NEAR(of_rest[i], 100, 60);
        EXPECT_NEAR(of_high_rest[i], 100, 60);
    }
}

RC_GTEST_PROP(RestForm, SqueezesAndRestores, ()) {
    RestForm form;
    form.parts = *rc::gen::inRange(1U, 4U);
    std::uint64_t rest = 0;
    for (unsigned i = 0; i < form.parts; ++i) {
        form.used[i] = *rc::gen::inRange(0U, form.part_bits() + 1);
        const auto part = *rc::gen::arbitrary<std::uint64_t>() & low_bits(form.used[i]);
        rest |= part << (form.parts == 1 ? 0 : i * form.part_bits());
    }
    const std::uint64_t squeezed = form.squeeze(rest);
    RC_ASSERT((squeezed & ~low_bits(form.bits())) == 0U);
    RC_ASSERT(form.restore(squeezed) == rest);
}

TEST(LeafTable, NumbersValuesAsTheyAreSeen) {
    for (const unsigned words : {1U, 2U, 5U}) {
        MemoryBudget budget;
        LeafTable table(words, 0xffffffffU, budget);
        const auto value = [&](std::uint64_t i) {
            std::vector<std::uint64_t> value(words, 7);
            value[i % words] = i * 0x123456789ULL;
            return value;
        };
        for (std::uint32_t i = 0; i < 5000; ++i) {
            ASSERT_EQ(table.number(value(i + 1).data()), i);
            ASSERT_EQ(table.number(value(i / 3 + 1).data()), i / 3);
            if (i % 999 == 0) table.settle();
        }
        for (std::uint32_t i = 0; i < 5000; ++i) {
            const auto expected = value(i + 1);
            EXPECT_TRUE(std::equal(expected.begin(), expected.end(), table.value(i)));
        }
        EXPECT_EQ(table.size(), 5000U);
    }
}

TEST(LeafTable, SaysWhenThereIsNoMemoryOrNoNumber) {
    MemoryBudget budget(std::size_t{1} << 16);
    LeafTable table(1, 0xffffffffU, budget);
    std::uint64_t value = 0;
    while (table.number(&value) != LeafTable::none) ++value;
    EXPECT_GT(value, 1000U);
    EXPECT_LE(budget.peak(), budget.limit());
    MemoryBudget enough;
    LeafTable small(1, 3, enough);
    for (std::uint64_t i = 0; i < 3; ++i) EXPECT_EQ(small.number(&i), i);
    const std::uint64_t fourth = 3;
    EXPECT_EQ(small.number(&fourth), LeafTable::none);
}

TEST(LeafTable, ThreadsAgreeOnNumbers) {
    MemoryBudget budget;
    LeafTable table(2, 0xffffffffU, budget);
    constexpr std::uint64_t values = 20000;
    std::vector<std::vector<std::uint32_t>> seen(3, std::vector<std::uint32_t>(values));
    Team team(3);
    team.run([&](unsigned worker) {
        for (std::uint64_t i = 0; i < values; ++i) {
            const std::uint64_t which = worker == 1 ? values - 1 - i : i;
            const std::array<std::uint64_t, 2> value{which, which * which};
            const std::uint32_t number = table.number(value.data());
            seen[worker][which] = number;
            if (table.value(number)[0] != which) seen[worker][which] = LeafTable::none;
        }
    });
    EXPECT_EQ(table.size(), values);
    EXPECT_EQ(seen[0], seen[1]);
    EXPECT_EQ(seen[0], seen[2]);
    for (std::uint64_t i = 0; i < values; ++i) EXPECT_EQ(table.value(seen[0][i])[1], i * i);
}

TEST(KeyQueue, GivesBackWhatItWasGiven) {
    MemoryBudget budget;
    {
        KeyQueue queue(budget);
        std::vector<Key> all;
        std::mt19937_64 random(5);
        std::uint64_t popped = 0;
        for (unsigned bits = 0; bits < 60; ++bits) {
            RestForm form;
            form.used[0] = bits;
            const KeyFormat format(30, form);
            std::vector<unsigned char> bytes;
            for (unsigned i = 0; i < 2000; ++i) {
                const Key key{random() & low_bits(bits), static_cast<std::uint32_t>(random() & low_bits(30))};
                format.append(bytes, key);
                all.push_back(key);
            }
            ASSERT_TRUE(queue.append(format, bytes));
            const std::uint64_t pop = random() % 2000;
            queue.pop(pop);
            popped += pop;
            ASSERT_EQ(queue.size(), all.size() - popped);
            for (std::uint64_t i = 0; i < queue.size();) {
                const KeyQueue::Run run = queue.run(i, 100);
                ASSERT_GT(run.count, 0U);
                for (std::uint32_t j = 0; j < run.count; ++j) ASSERT_EQ(run[j], all[popped + i + j]);
                i += run.count;
            }
        }
        EXPECT_GT(budget.used(), 0U);
        KeyQueue other(budget);
        other.swap(queue);
        EXPECT_EQ(queue.size(), 0U);
        EXPECT_EQ(other.size(), all.size() - popped);
    }
    EXPECT_EQ(budget.used(), 0U);
}

TEST(KeyQueue, GivesRoomForKeysThatAreWrittenLater) {
    std::mt19937_64 random(7);
    for (const unsigned bits : {1U, 20U, 41U}) {
        MemoryBudget budget;
        KeyQueue queue(budget);
        RestForm form;
        form.used[0] = bits;
        const KeyFormat format(30, form);
        std::vector<Key> all;
        std::vector<KeyQueue::Room> rooms;
        std::vector<std::uint32_t> counts;
        unsigned gaps = 0;
        for (unsigned i = 0; i < 300; ++i) {
            // Some have more keys than a block has room for, some have none.
            const auto count = static_cast<std::uint32_t>(i % 50 == 1 ? 40000 : random() % 700);
            counts.push_back(i % 50 == 7 ? 0 : count);
            ASSERT_TRUE(queue.extend(format, counts.back(), rooms.emplace_back()));
            gaps += rooms.back().go_on != nullptr ? 1 : 0;
        }
        EXPECT_GT(gaps, 10U);
        for (std::size_t i = 0; i < rooms.size(); ++i) {
            unsigned char* at = rooms[i].at;
            for (std::uint32_t j = 0; j < counts[i]; ++j, at += format.bytes()) {
                if (at == rooms[i].end) at = rooms[i].go_on;
                all.push_back({random() & low_bits(bits), static_cast<std::uint32_t>(random() & low_bits(30))});
                format.write(at, all.back());
            }
        }
        ASSERT_EQ(queue.size(), all.size());
        std::uint64_t seen = 0;
        while (queue.size() != 0) {
            const KeyQueue::Run run = queue.run(0, 1000);
            for (std::uint32_t i = 0; i < run.count; ++i) ASSERT_EQ(run[i], all[seen + i]);
            seen += run.count;
            queue.pop(run.count);
        }
    }
}

TEST(KeyQueue, IsAsBeforeWithoutMemoryForMore) {
    MemoryBudget budget(std::size_t{1} << 17);
    KeyQueue queue(budget);
    const KeyFormat format = KeyFormat::of_words(32);
    std::vector<unsigned char> bytes;
    for (std::uint64_t i = 0; i < 10000; ++i) format.append(bytes, {i, 0});
    ASSERT_TRUE(queue.append(format, bytes));
    bytes.resize(4);
    ASSERT_TRUE(queue.append(format, bytes)) << "a block that is not full";
    KeyQueue::Room room;
    EXPECT_FALSE(queue.extend(format, 100000, room));
    EXPECT_EQ(queue.size(), 10001U);
    for (std::uint64_t i = 0; i < 10000; ++i) {
        ASSERT_EQ(queue.run(0, 1)[0].rest, i);
        queue.pop(1);
    }
    EXPECT_EQ(queue.run(0, 10).count, 1U);
}

TEST(KeyQueue, KeepsPackedWords) {
    MemoryBudget budget;
    KeyQueue queue(budget);
    std::vector<Key> all;
    std::mt19937_64 random(6);
    for (unsigned bits = 0; bits <= 64; ++bits) {
        const KeyFormat format = KeyFormat::of_words(bits);
        ASSERT_TRUE(format.valid());
        ASSERT_TRUE(format.has_words());
        ASSERT_EQ(format.bytes(), std::max(1U, (bits + 7) / 8));
        std::vector<unsigned char> bytes;
        for (const std::uint64_t word : {std::uint64_t{0}, random(), ~std::uint64_t{0}}) {
            all.push_back({word & low_bits(bits), 0});
            format.append(bytes, {word & low_bits(bits), static_cast<std::uint32_t>(random())});
        }
        ASSERT_TRUE(queue.append(format, bytes));
    }
    for (const Key& key : all) {
        ASSERT_EQ(queue.run(0, 1)[0], key);
        queue.pop(1);
    }
    KeyFormat nothing;
    nothing.home_bytes = 0;
    EXPECT_FALSE(nothing.valid()) << "a key takes a byte at least";
    EXPECT_FALSE(KeyFormat(30, {}).has_words());
}

TEST(KeyQueue, RefusesSavedKeysWhereWordsAreToBe) {
    const std::string file = testing::TempDir() + "vmemcheck-queue-" + std::to_string(::getpid());
    for (const bool saved : {false, true}) {
        {
            MemoryBudget budget;
            KeyQueue queue(budget);
            const KeyFormat format = saved ? KeyFormat::of_words(20) : KeyFormat(20, {});
            std::vector<unsigned char> bytes;
            format.append(bytes, {7, 7});
            ASSERT_TRUE(queue.append(format, bytes));
            ArchiveWriter writer(file);
            queue.save(writer);
            ASSERT_EQ(writer.finish(), 0);
        }
        for (const bool words : {false, true}) {
            MemoryBudget budget;
            KeyQueue queue(budget);
            ArchiveReader reader(file);
            if (words == saved) {
                ASSERT_TRUE(queue.load(reader, words));
                EXPECT_EQ(queue.size(), 1U);
            } else {
                EXPECT_THROW(static_cast<void>(queue.load(reader, words)), CheckpointError);
            }
        }
    }
    std::filesystem::remove(file);
}

/// Keys of random states of so many leaves of a word, against those that are made from the tables alone.
template <unsigned leaves>
void compare_leaf_keys(std::mt19937& random) {
    std::vector<FieldInfo> fields;
    std::vector<unsigned> groups;
    for (std::size_t i = 0; i < std::size_t{leaves} * 8; ++i) {
        fields.push_back({"byte" + std::to_string(i), i, 1, 0, 255, {}});
        groups.push_back(static_cast<unsigned>(i / 8));
    }
    const Packer packer(fields, fields.size(), groups);
    MemoryBudget budget;
    StateKeys keys(packer, budget);
    ASSERT_TRUE(keys.short_leaves());
    ASSERT_EQ(keys.leaves(), leaves);
    StateKeys::RecentLeaves recent = keys.recent_leaves();
    EXPECT_GT(recent.bytes(), 0U);
    const StateKeys::LeafKeys<leaves> of(keys, recent);
    std::array<std::uint64_t, leaves> packed{};
    std::array<std::uint64_t, leaves> again{};
    // The first state is all zero, as what is remembered begins with. Later values come again, or are new and take the
    // place of others; there are more of them than have places.
    for (unsigned i = 0; i < 20'000; ++i) {
        Key key;
        Key expected;
        ASSERT_TRUE(of.key_of(packed.data(), key));
        ASSERT_TRUE(keys.key_of(packed.data(), expected));
        ASSERT_EQ(key.rest, expected.rest) << i;
        ASSERT_EQ(key.home, expected.home) << i;
        keys.packed_of(key, again.data());
        ASSERT_EQ(again, packed) << i;
        packed[random() % leaves] = random() % 4 == 0 ? random() % 5'000 : (random() % 50) << 58;
    }
}

TEST(StateKeys, OfLeavesSeenLatelyAreTheSame) {
    std::mt19937 random(7);
    compare_leaf_keys<2>(random);
    compare_leaf_keys<3>(random);
}

TEST(StateKeys, OfLeavesSeenLatelyNeedMemoryForNewOnes) {
    std::vector<FieldInfo> fields;
    for (std::size_t i = 0; i < 16; ++i) fields.push_back({"byte" + std::to_string(i), i, 1, 0, 255, {}});
    const Packer packer(fields, fields.size(), 0U);
    ASSERT_EQ(packer.words(), 2U);
    MemoryBudget budget(100'000);
    StateKeys keys(packer, budget);
    StateKeys::RecentLeaves recent = keys.recent_leaves();
    const StateKeys::LeafKeys<2> of(keys, recent);
    std::array<std::uint64_t, 2> packed{};
    Key key;
    while (of.key_of(packed.data(), key)) ASSERT_LT(++packed[1], 100'000U);
    EXPECT_FALSE(of.key_of(packed.data(), key));  // the failure is not remembered as a number
    packed[1] = 0;
    EXPECT_TRUE(of.key_of(packed.data(), key));
}

}  // namespace
}  // namespace vmemcheck::checker
