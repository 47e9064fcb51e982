// SPDX-License-Identifier: MIT
#include "checker/store.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

namespace vmemcheck::checker {
namespace {

using Packed = std::vector<std::uint32_t>;

Inserted insert(ExactStore& store, const Packed& packed, StateIndex parent) {
    return store.insert(packed.data(), hash_words(packed.data(), store.words()), parent);
}

class StoreAgainstMap : public testing::TestWithParam<unsigned> {};

TEST_P(StoreAgainstMap, AgreesWhileItGrows) {
    const unsigned words = GetParam();
    ExactStore store(words);
    std::map<Packed, StateIndex> reference;
    std::vector<Packed> order;
    std::vector<StateIndex> parents;
    std::mt19937 random(words);
    for (int i = 0; i < 60000; ++i) {
        Packed packed(words);
        for (auto& word : packed) word = static_cast<std::uint32_t>(random() % (words == 1 ? 100000 : 600 / words));
        const auto parent = static_cast<StateIndex>(random());
        const auto [known, is_new] = reference.emplace(packed, static_cast<StateIndex>(reference.size()));
        const Inserted done = insert(store, packed, parent);
        ASSERT_EQ(done.what, is_new ? Inserted::What::added : Inserted::What::found);
        ASSERT_EQ(done.index, known->second);
        if (is_new) {
            order.push_back(packed);
            parents.push_back(parent);
        }
    }
    ASSERT_EQ(store.size(), reference.size());
    EXPECT_GT(store.size(), 40000U) << "or nothing has grown much";
    for (StateIndex i = 0; i < store.size(); ++i) {
        ASSERT_EQ(Packed(store.packed(i), store.packed(i) + words), order[i]);
        ASSERT_EQ(store.parent(i), parents[i]);
    }
}

INSTANTIATE_TEST_SUITE_P(Sizes, StoreAgainstMap, testing::Values(1U, 2U, 3U, 8U, 25U),
                         [](const auto& size) { return std::to_string(size.param) + "words"; });

TEST(Store, StatesWithEqualHashesAreToldApart) {
    ExactStore store(2);
    for (std::uint32_t i = 0; i < 3000; ++i) {
        const Packed packed{i, i};
        ASSERT_EQ(store.insert(packed.data(), 42, 0).index, i);
        ASSERT_EQ(store.insert(packed.data(), 42, 0).what, Inserted::What::found);
        if (i > 700) break;  // the table would be rebuilt, with real hashes
    }
}

TEST(Store, CostsLittleMoreThanThePackedStates) {
    ExactStore store(8);
    Packed packed(8);
    for (std::uint32_t i = 0; i < 600000; ++i) {
        packed[3] = i;
        ASSERT_EQ(insert(store, packed, 0).what, Inserted::What::added);
    }
    const double bytes = static_cast<double>(store.bytes()) / store.size();
    EXPECT_LT(bytes, 32 + 4 + 10 + 8) << "8 for what is left of the last chunk";
    EXPECT_GT(bytes, 32 + 4 + 4);
    EXPECT_GE(store.peak_bytes(), store.bytes());
    const std::size_t before = store.bytes();
    store.release_index();
    EXPECT_EQ(before - store.bytes(), std::size_t{4} << 20) << "the table of 2^20 entries";
    EXPECT_EQ(store.packed(599999)[3], 599999U);
}

TEST(Store, StaysWithinItsMemory) {
    constexpr std::size_t limit = std::size_t{3} << 20;
    ExactStore store(5, limit);
    Packed packed(5);
    std::uint32_t i = 0;
    Inserted done;
    do {
        packed[1] = i;
        done = insert(store, packed, i);
        ASSERT_LE(store.bytes(), limit);
        ASSERT_LT(++i, 1000000U);
    } while (done.what == Inserted::What::added);
    EXPECT_EQ(done.what, Inserted::What::full);
    EXPECT_EQ(store.size(), i - 1);
    EXPECT_GT(store.size(), 50000U) << "or the limit was not made use of";
    for (std::uint32_t j = 0; j < store.size(); ++j) {  // nothing is lost
        packed[1] = j;
        ASSERT_EQ(insert(store, packed, 0).index, j);
    }
}

TEST(Store, HoldsNoMoreStatesThanAsked) {
    ExactStore store(1, 0, 10);
    for (std::uint32_t i = 0; i < 10; ++i) EXPECT_EQ(insert(store, {i, 0}, 0).what, Inserted::What::added);
    EXPECT_EQ(insert(store, {10, 0}, 0).what, Inserted::What::full);
    EXPECT_EQ(insert(store, {9, 0}, 0).what, Inserted::What::found);
}

}  // namespace
}  // namespace vmemcheck::checker
