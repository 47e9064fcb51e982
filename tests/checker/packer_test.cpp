// SPDX-License-Identifier: MIT
#include "checker/packer.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <cstring>
#include <random>

#include "checker/differing_bytes.hpp"
#include "checker/layout.hpp"
#include "checker/parallel_packer.hpp"
#include "checker/parallel_unpacker.hpp"

namespace vmemcheck::checker {
namespace {

/// Fields of both sizes, some of which lie across multiples of eight bytes or are not described.
struct State {
    std::array<std::int8_t, 7> a;
    std::array<unsigned char, 2> b;  // a 2-byte field at offset 7
    std::array<std::int8_t, 5> c;
    std::int8_t not_described;
    std::array<std::int8_t, 2> d;  // and one at offset 15
    std::array<std::int8_t, 9> e;
};
static_assert(sizeof(State) == 26);

FieldInfo field(std::size_t offset, unsigned size, int low, int high) {
    return {"field" + std::to_string(offset), offset, size, low, high, {}};
}

/// Fields of random bounds for State.
std::vector<FieldInfo> fields(std::mt19937& random, int most) {
    std::vector<FieldInfo> all;
    const auto add = [&](std::size_t offset, unsigned size) {
        const int low = static_cast<int>(random() % 5) - 3;
        const int range = static_cast<int>(random() % static_cast<unsigned>(size == 2 ? most * 40 : most));
        all.push_back(field(offset, size, low, low + range));
    };
    for (std::size_t i = 0; i < 7; ++i) add(i, 1);
    add(7, 2);
    for (std::size_t i = 9; i < 14; ++i) add(i, 1);
    add(15, 2);
    for (std::size_t i = 17; i < 26; ++i) add(i, 1);
    return all;
}

void set(State& state, const FieldInfo& field, int value) {
    auto* const bytes = reinterpret_cast<unsigned char*>(&state);
    const auto narrow = static_cast<std::int16_t>(value);
    if (field.size == 2) {
        std::memcpy(bytes + field.offset, &narrow, 2);
    } else {
        bytes[field.offset] = static_cast<unsigned char>(value);
    }
}
int value_in(std::mt19937& random, const FieldInfo& field) {
    return field.low + static_cast<int>(random() % static_cast<unsigned>(field.high - field.low + 1));
}

RC_GTEST_PROP(Packer, PacksRepacksAndUnpacks, (unsigned seed)) {
    std::mt19937 random(seed);
    const auto all = fields(random, *rc::gen::element(1, 4, 100));
    const unsigned one_word_bits = *rc::gen::element(0U, 48U, 64U);
    const Packer packer(all, sizeof(State), one_word_bits);
    unsigned bits = 0;
    for (unsigned word = 0; word < packer.words(); ++word) {
        RC_ASSERT(packer.word_bits(word) <= 64U);
        bits += packer.word_bits(word);
    }
    RC_ASSERT(bits == packer.bits());
    if (packer.bits() <= one_word_bits) RC_ASSERT(packer.words() == 1U);

    State before{};
    for (const FieldInfo& f : all) set(before, f, value_in(random, f));
    before.not_described = 77;
    std::vector<std::uint64_t> words(packer.words());
    RC_ASSERT(packer.pack(before, words.data()) == -1);
    for (int round = 0; round < 20; ++round) {
        State after = before;
        for (auto changes = random() % 5; changes > 0; --changes) {
            const FieldInfo& f = all[random() % all.size()];
            set(after, f, value_in(random, f));
        }
        after.not_described = static_cast<std::int8_t>(round);
        std::vector<std::uint64_t> repacked = words;
        std::uint64_t changed = 0;
        const int bad = packer.words() == 1 ? packer.repack<true>(before, after, repacked.data(), changed)
                                            : packer.repack<false>(before, after, repacked.data(), changed);
        RC_ASSERT(bad == -1);
        std::vector<std::uint64_t> packed(packer.words());
        RC_ASSERT(packer.pack(after, packed.data()) == -1);
        RC_ASSERT(packed == repacked);
        if (packer.words() > 1) {
            std::uint64_t differ = 0;
            for (unsigned i = 0; i < packer.words(); ++i) {
                if (packed[i] != words[i]) differ |= std::uint64_t{1} << (i % 64);
            }
            RC_ASSERT(changed == differ);
        }
        State unpacked = before;
        packer.unpack(packed.data(), unpacked);
        unpacked.not_described = after.not_described;
        RC_ASSERT(std::memcmp(&unpacked, &after, sizeof after) == 0);
        unpacked = before;
        std::vector<std::uint64_t> known = words;
        packer.unpack_changes(packed.data(), known.data(), unpacked);
        RC_ASSERT(known == packed);
        RC_ASSERT(unpacked.not_described == before.not_described);
        unpacked.not_described = after.not_described;
        RC_ASSERT(std::memcmp(&unpacked, &after, sizeof after) == 0);
        before = after;
        words = packed;
    }
}

TEST(Packer, FindsFieldsOutOfBounds) {
    const std::vector<FieldInfo> all{field(0, 1, 0, 3), field(1, 1, -2, 2), field(7, 2, -300, 300), field(15, 2, 0, 0)};
    const Packer packer(all, sizeof(State), 48);
    ASSERT_EQ(packer.words(), 1U);
    const State good{};
    std::uint64_t word = 0;
    ASSERT_EQ(packer.pack(good, &word), -1);
    for (std::size_t i = 0; i < all.size(); ++i) {
        for (const int value : {all[i].low - 1, all[i].high + 1}) {
            State bad = good;
            set(bad, all[i], value);
            std::uint64_t other = 0;
            EXPECT_EQ(packer.pack(bad, &other), static_cast<int>(i));
            std::uint64_t repacked = word;
            std::uint64_t changed = 0;
            EXPECT_EQ(packer.repack<true>(good, bad, &repacked, changed), static_cast<int>(i));
        }
    }
}

TEST(Packer, IgnoresBitsOfNoField) {
    const Packer packer(std::vector<FieldInfo>{field(0, 1, 0, 3)}, sizeof(State), 48);
    State state{};
    std::uint64_t known = 0;
    const std::uint64_t word = ~std::uint64_t{0};  // as a file could have it
    packer.unpack_changes(&word, &known, state);
    EXPECT_EQ(known, word);
    EXPECT_EQ(state.a[0], 3);
    EXPECT_EQ(state.a[1], 0);
}

/// Fields in 50 bytes, in an order that is not that of the bytes; some bytes have none.
std::vector<FieldInfo> scattered_fields(std::mt19937& random, bool wide) {
    std::vector<FieldInfo> all;
    for (std::size_t offset = 0; offset < 50;) {
        const bool two = wide && offset % 2 == 0 && random() % 3 == 0;
        const int least = two ? -32768 : -128;
        const int range = static_cast<int>(random() % (random() % 4 == 0 ? (two ? 65536U : 256U) : 4U));
        const int low = least + static_cast<int>(random() % static_cast<unsigned>(-2 * least - range));
        if (random() % 5 != 0) all.push_back(field(offset, two ? 2 : 1, low, low + range));
        offset += two ? 2 : 1;
    }
    if (all.empty()) all.push_back(field(0, 1, 0, 1));
    std::shuffle(all.begin(), all.end(), random);
    return all;
}

RC_GTEST_PROP(ParallelUnpacker, UnpacksAsThePackerDoes, (unsigned seed)) {
    if (!ParallelUnpacker::supported()) return;
    std::mt19937 random(seed);
    auto all = scattered_fields(random, random() % 2 == 0);
    constexpr std::size_t size = 50;
    if (random() % 3 == 0) {
        while (Packer(all, size, 64U).words() > 1) all.pop_back();
    }
    std::array<unsigned char, size> sample{};
    for (unsigned char& byte : sample) byte = static_cast<unsigned char>(random());
    std::vector<unsigned> groups(all.size());
    for (unsigned& group : groups) group = static_cast<unsigned>(random() % 3);
    groups[0] = 0;
    const Packer packer = random() % 2 == 0 ? Packer(all, size, 64U) : Packer(all, size, groups);
    const ParallelUnpacker unpacker(packer, sample);
    RC_ASSERT(unpacker.usable());
    RC_ASSERT(unpacker.room() == 64U);
    std::array<unsigned char, 80> bytes{};
    bytes.fill(0xaa);
    for (int round = 0; round < 20; ++round) {
        std::array<unsigned char, size> state = sample;
        for (const FieldInfo& f : all) store_field(state.data(), f.offset, f.size, value_in(random, f));
        std::vector<std::uint64_t> words(packer.words());
        RC_ASSERT(packer.pack_bytes(state.data(), words.data()) == -1);
        unpacker.unpack(words.data(), bytes.data());
        RC_ASSERT(std::memcmp(bytes.data(), state.data(), size) == 0);
        for (std::size_t i = 64; i < bytes.size(); ++i) RC_ASSERT(bytes[i] == 0xaa);
    }
}

TEST(ParallelUnpacker, IsOfNoUseForFieldsInTwoLanes) {
    const std::vector<FieldInfo> all{field(15, 2, 0, 300)};
    const std::array<unsigned char, 20> sample{};
    EXPECT_FALSE(ParallelUnpacker(Packer(all, sample.size(), 64U), sample).usable());
    EXPECT_FALSE(ParallelUnpacker().usable());
}

/// Fields of one byte each, of at most so many bits together, in a random order; some bytes have none.
std::vector<FieldInfo> narrow_fields(std::mt19937& random, std::size_t size, unsigned most_bits) {
    std::vector<FieldInfo> all;
    unsigned bits = 0;
    for (std::size_t offset = 0; offset < size; ++offset) {
        const auto width = static_cast<unsigned>(random() % (random() % 4 == 0 ? 9 : 3));
        if (bits + width > most_bits || random() % 5 == 0) continue;
        bits += width;
        const int range = width == 0 ? 0 : (1 << (width - 1)) + static_cast<int>(random() % (1U << (width - 1)));
        const int low = -128 + static_cast<int>(random() % static_cast<unsigned>(256 - range));
        all.push_back(field(offset, 1, low, low + range));
    }
    if (all.empty()) all.push_back(field(0, 1, 0, 1));
    std::shuffle(all.begin(), all.end(), random);
    return all;
}

void packs_as(const Packer& packer, const std::vector<FieldInfo>& all, std::size_t size, std::mt19937& random) {
    const ParallelPacker parallel(packer, size);
    RC_ASSERT(parallel.usable());
    RC_ASSERT(parallel.room() % 32 == 0U);
    RC_ASSERT(parallel.room() <= ParallelPacker::most_bytes);
    const std::size_t stride = size + random() % 9;
    const std::size_t count = random() % 10;
    // What is not described, and what comes after a state, can be anything; a byte more than room() would be found.
    std::vector<unsigned char> states(count == 0 ? 0 : (count - 1) * stride + std::max(parallel.room(), size));
    for (unsigned char& byte : states) byte = static_cast<unsigned char>(random());
    std::vector<std::uint64_t> expected(count * packer.words());
    for (std::size_t i = 0; i < count; ++i) {
        unsigned char* const state = states.data() + i * stride;
        for (const FieldInfo& f : all) store_field(state, f.offset, 1, value_in(random, f));
        RC_ASSERT(packer.pack_bytes(state, &expected[i * packer.words()]) == -1);
    }
    std::vector<std::uint64_t> words(count * packer.words());
    RC_ASSERT(parallel.pack(states.data(), stride, count, words.data()));
    RC_ASSERT(words == expected);
    if (count == 0) return;
    const FieldInfo& f = all[random() % all.size()];
    const std::size_t which = random() % count;
    for (const int bad : {f.low - 1, f.high + 1}) {
        if (bad < -128 || bad > 127) continue;
        store_field(states.data() + which * stride, f.offset, 1, bad);
        RC_ASSERT(!parallel.pack(states.data(), stride, count, words.data()));
    }
}

RC_GTEST_PROP(ParallelPacker, PacksAsThePackerDoes, (unsigned seed)) {
    if (!ParallelPacker::supported()) return;
    std::mt19937 random(seed);
    const std::size_t size = 1 + random() % ParallelPacker::most_bytes_of_a_word;
    const auto all = narrow_fields(random, size, 64);
    packs_as(Packer(all, size, 64U), all, size, random);
}

RC_GTEST_PROP(ParallelPacker, PacksSeveralWordsAsThePackerDoes, (unsigned seed)) {
    if (!ParallelPacker::supported()) return;
    std::mt19937 random(seed);
    const std::size_t size = 2 + random() % (ParallelPacker::most_bytes - 1);
    const auto all = narrow_fields(random, size, 64 + random() % 128);
    packs_as(Packer(all, size, 0U), all, size, random);
    std::vector<unsigned> groups(all.size());
    for (unsigned& group : groups) group = static_cast<unsigned>(random() % 3);
    const Packer grouped(all, size, groups);
    // Three groups of so few bits can still take more words.
    if (grouped.words() > 1 && grouped.words() <= ParallelPacker::most_words) packs_as(grouped, all, size, random);
}

TEST(ParallelPacker, IsOfNoUseForWideFieldsManyWordsOrLongStates) {
    const std::vector<FieldInfo> narrow{field(0, 1, 0, 3), field(15, 1, 0, 3)};
    const std::vector<FieldInfo> wide{field(0, 1, 0, 3), field(16, 2, 0, 3)};
    const auto usable = [](const std::vector<FieldInfo>& all, std::size_t size, unsigned one_word_bits) {
        return ParallelPacker(Packer(all, size, one_word_bits), size).usable();
    };
    EXPECT_EQ(usable(narrow, 64, 64), ParallelPacker::supported());
    EXPECT_FALSE(usable(narrow, 65, 64));
    EXPECT_FALSE(usable(wide, 64, 64));
    EXPECT_EQ(usable(narrow, 128, 0), ParallelPacker::supported());
    EXPECT_FALSE(usable(narrow, 129, 0));
    EXPECT_FALSE(usable(wide, 128, 0));
    std::vector<FieldInfo> many;
    for (std::size_t i = 0; i < 33; ++i) many.push_back(field(i, 1, 0, 255));
    EXPECT_FALSE(usable(many, 64, 64));
    EXPECT_FALSE(ParallelPacker().usable());
}

template <std::size_t size>
void compare_bytes(std::mt19937& random) {
    std::array<unsigned char, size> a{};
    for (unsigned char& byte : a) byte = static_cast<unsigned char>(random());
    std::array<unsigned char, size> b = a;
    std::uint64_t expected = 0;
    for (std::size_t i = 0; i < size; ++i) {
        if (random() % 3 != 0) continue;
        b[i] = static_cast<unsigned char>(b[i] ^ (1U << random() % 8));
        expected |= std::uint64_t{1} << i;
    }
    EXPECT_EQ(detail::differing_bytes<size>(a.data(), b.data()), expected) << size;
}

TEST(DifferingBytes, AreFoundInStatesOfAnySize) {
    std::mt19937 random(1);
    for (int round = 0; round < 20; ++round) {
        [&]<std::size_t... less_one>(std::index_sequence<less_one...>) { (compare_bytes<less_one + 1>(random), ...); }
        (std::make_index_sequence<64>());
    }
}

TEST(Packer, FillsWordsEvenly) {
    std::vector<FieldInfo> all;
    for (std::size_t i = 0; i < 26; ++i) all.push_back(field(i, 1, 0, 127));  // 182 bits
    const Packer packer(all, sizeof(State), 48);
    ASSERT_EQ(packer.words(), 3U);
    for (unsigned word = 0; word < 3; ++word) EXPECT_NEAR(packer.word_bits(word), 61, 7);
}

}  // namespace
}  // namespace vmemcheck::checker
