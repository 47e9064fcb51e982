// SPDX-License-Identifier: MIT
#include "checker/layout.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>

namespace vmemcheck::checker {
namespace {

struct Mixed {
    std::array<std::int8_t, 37> small;
    std::int8_t constant;
    std::array<std::int16_t, 9> large;
    std::int8_t not_described;
    std::int8_t last;
};

constexpr std::array<std::string_view, 3> colours{"red", "green", "blue"};

Layout mixed_layout() {
    const Mixed base{};
    FieldSink sink(&base);
    for (std::size_t i = 0; i < base.small.size(); ++i) {
        const int low = -static_cast<int>(i % 5) * 20;
        sink("small" + std::to_string(i), base.small[i], low, low + static_cast<int>(i * 3 % 128));
    }
    sink("constant", base.constant, 5, 5);
    for (std::size_t i = 0; i < base.large.size(); ++i) {
        if (i == 0) {
            sink("large0", base.large[i], -32768, 32767);
        } else {
            sink("large" + std::to_string(i), base.large[i], -300, static_cast<int>(i) * 1000);
        }
    }
    sink("last", base.last, -1, 1, colours);
    return Layout(sink.take(), sizeof(Mixed));
}

Mixed random_state(const Layout& layout, std::mt19937& random) {
    Mixed state{};
    for (std::size_t i = 0; i < layout.fields().size(); ++i) {
        const FieldInfo& field = layout.fields()[i];
        const auto count = static_cast<unsigned>(field.high - field.low) + 1;
        // The ends of the range matter most.
        const auto kind = random() % 4;
        const int value = kind == 0   ? field.low
                          : kind == 1 ? field.high
                                      : field.low + static_cast<int>(random() % count);
        layout.set(state, i, value);
    }
    return state;
}

TEST(Layout, UsesTheLeastBitsOfEachField) {
    struct Small {
        std::int8_t bit, three, constant, byte;
        std::int16_t word;
    };
    const Small s{};
    FieldSink sink(&s);
    sink("bit", s.bit, 0, 1);
    sink("three", s.three, -1, 1);
    sink("constant", s.constant, 7, 7);
    sink("byte", s.byte, -128, 127);
    sink("word", s.word, 0, 1000);
    const Layout layout(sink.take(), sizeof(Small));
    ASSERT_EQ(layout.error(), "");
    EXPECT_EQ(layout.bits(), 1U + 2U + 0U + 8U + 10U);
    EXPECT_EQ(layout.packed_bytes(), 4U);
    EXPECT_EQ(layout.find("byte"), 3);
    EXPECT_EQ(layout.find("bytes"), -1);
}

TEST(Layout, PacksAndUnpacksRandomStates) {
    const Layout layout = mixed_layout();
    ASSERT_EQ(layout.error(), "");
    std::mt19937 random(1);
    std::vector<std::uint32_t> packed(layout.buffer_words());
    for (int run = 0; run < 2000; ++run) {
        const Mixed state = random_state(layout, random);
        ASSERT_EQ(layout.pack(state, packed.data()), -1);
        ASSERT_EQ(packed[layout.words()], 0U) << "bits beyond the packed state";
        Mixed back{};
        back.not_described = 77;
        layout.unpack(packed.data(), back);
        const auto changes = layout.diff(state, back);
        ASSERT_TRUE(changes.empty()) << layout.fields()[changes[0].field].name;
        ASSERT_EQ(back.not_described, 77);
        ASSERT_EQ(layout.check(back), -1);
    }
}

TEST(Layout, RepackEqualsPack) {
    const Layout layout = mixed_layout();
    std::mt19937 random(2);
    std::vector<std::uint32_t> expected(layout.buffer_words());
    std::vector<std::uint32_t> packed(layout.buffer_words());
    for (int run = 0; run < 2000; ++run) {
        const Mixed before = random_state(layout, random);
        const Mixed other = random_state(layout, random);
        Mixed after = before;
        after.not_described = static_cast<std::int8_t>(run);
        const auto changes = random() % 6;
        for (std::size_t i = 0; i < changes; ++i) {
            const std::size_t field = random() % layout.fields().size();
            layout.set(after, field, layout.get(other, field));
        }
        ASSERT_EQ(layout.pack(before, packed.data()), -1);
        ASSERT_EQ(layout.repack(before, after, packed.data()), -1);
        ASSERT_EQ(layout.pack(after, expected.data()), -1);
        ASSERT_EQ(packed, expected);
    }
}

TEST(Layout, NamesTheFieldOutOfBounds) {
    const Layout layout = mixed_layout();
    std::mt19937 random(3);
    std::vector<std::uint32_t> packed(layout.buffer_words());
    std::size_t tried = 0;
    for (std::size_t i = 0; i < layout.fields().size(); ++i) {
        const FieldInfo& field = layout.fields()[i];
        for (const int value : {field.low - 1, field.high + 1}) {
            const int most = field.size == 1 ? 127 : 32767;
            if (value < -most - 1 || value > most) continue;
            ++tried;
            const Mixed before = random_state(layout, random);
            Mixed after = before;
            layout.set(after, i, value);
            EXPECT_EQ(layout.pack(after, packed.data()), static_cast<int>(i));
            EXPECT_EQ(layout.check(after), static_cast<int>(i));
            ASSERT_EQ(layout.pack(before, packed.data()), -1);
            EXPECT_EQ(layout.repack(before, after, packed.data()), static_cast<int>(i)) << field.name << value;
        }
    }
    EXPECT_GT(tried, 80U);
}

TEST(Layout, ConstantFieldsAfterAFullWord) {
    struct Full {
        std::array<std::int8_t, 4> bytes;
        std::int8_t constant;
    };
    const Full s{};
    FieldSink sink(&s);
    for (std::size_t i = 0; i < 4; ++i) sink("b" + std::to_string(i), s.bytes[i], -128, 127);
    sink("constant", s.constant, 3, 3);
    const Layout layout(sink.take(), sizeof(Full));
    ASSERT_EQ(layout.words(), 1U);
    std::array<std::uint32_t, 2> packed{};
    ASSERT_EQ(layout.pack(Full{{-128, 127, 0, 5}, 3}, packed.data()), -1);
    Full back{};
    layout.unpack(packed.data(), back);
    EXPECT_EQ(back.bytes, (std::array<std::int8_t, 4>{-128, 127, 0, 5}));
    EXPECT_EQ(back.constant, 3);
    EXPECT_EQ(layout.pack(Full{{0, 0, 0, 0}, 2}, packed.data()), 4);
}

TEST(Layout, SaysWhatIsWrongWithFields) {
    const auto complaint = [](std::vector<FieldInfo> fields) { return Layout(std::move(fields), 8).error(); };
    EXPECT_EQ(complaint({}), "the model describes no fields");
    EXPECT_EQ(complaint({{"a", 0, 4, 0, 1, {}}}), "field a is not 1 or 2 bytes long");
    EXPECT_EQ(complaint({{"a", 8, 1, 0, 1, {}}}), "field a is not inside the state");
    EXPECT_EQ(complaint({{"a", 7, 2, 0, 1, {}}}), "field a is not inside the state");
    EXPECT_EQ(complaint({{"a", 0, 1, 2, 1, {}}}), "field a has low > high");
    EXPECT_EQ(complaint({{"a", 0, 1, 0, 128, {}}}), "field a is too small for its bounds");
    EXPECT_EQ(complaint({{"a", 0, 2, 0, 1, {}}, {"b", 1, 1, 0, 1, {}}}), "fields a and b overlap");
    EXPECT_EQ(complaint({{"a", 0, 2, 0, 1, {}}, {"b", 2, 1, 0, 1, {}}}), "");
}

TEST(Layout, TextsAndDifferences) {
    const Layout layout = mixed_layout();
    Mixed a{};
    Mixed b{};
    b.last = 1;
    b.large[2] = -7;
    const auto changes = layout.diff(a, b);
    ASSERT_EQ(changes.size(), 2U);
    EXPECT_EQ(layout.fields()[changes[0].field].name, "large2");
    EXPECT_EQ(changes[0].before, 0);
    EXPECT_EQ(changes[0].after, -7);
    EXPECT_EQ(layout.field_text(b, changes[0].field), "large2 = -7");
    EXPECT_EQ(layout.field_text(b, changes[1].field), "last = blue");
    EXPECT_EQ(value_text(layout.fields()[changes[1].field], 2), "2") << "a value without a name";
    EXPECT_EQ(value_text(layout.fields()[changes[1].field], -1), "red");
    EXPECT_FALSE(layout.equal(a, b));
    b = a;
    b.not_described = 1;
    EXPECT_TRUE(layout.equal(a, b));
}

TEST(Hash, EveryBitOfTheInputChangesAboutHalfOfTheHash) {
    for (unsigned words = 1; words <= 9; ++words) {
        std::vector<std::uint32_t> input(words, 0x12345678U);
        const std::uint64_t plain = hash_words(input.data(), words);
        for (unsigned bit = 0; bit < words * 32; ++bit) {
            input[bit / 32] ^= 1U << (bit % 32);
            const int changed = std::popcount(plain ^ hash_words(input.data(), words));
            input[bit / 32] ^= 1U << (bit % 32);
            EXPECT_GT(changed, 10) << words << " words, bit " << bit;
            EXPECT_LT(changed, 54) << words << " words, bit " << bit;
        }
    }
}

}  // namespace
}  // namespace vmemcheck::checker
