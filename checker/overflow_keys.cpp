// SPDX-License-Identifier: MIT
#include "checker/overflow_keys.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "checker/hash.hpp"

namespace vmemcheck::checker {

namespace {

constexpr std::size_t least_slots = 16;

}  // namespace

/// Where the key is, or would be put.
std::size_t OverflowKeys::slot_of(const Key& key) const {
    const std::array<std::uint64_t, 2> words{key.rest, key.home};
    std::size_t slot = hash_words(words.data(), words.size()) & (slots_ - 1);
    for (;; slot = (slot + 1) & (slots_ - 1)) {
        const Entry entry = at(slot);
        if (entry.home_and_one == 0 || (entry.home_and_one == key.home + 1 && entry.rest == key.rest)) return slot;
    }
}

bool OverflowKeys::has(const Key& key) const { return slots_ != 0 && at(slot_of(key)).home_and_one != 0; }

void OverflowKeys::put(std::size_t slot, const Key& key) {
    reinterpret_cast<Entry*>(block_.data())[slot] = {key.rest, key.home + 1};
    ++size_;
}

bool OverflowKeys::grow(std::size_t slots, MemoryBudget& budget) {
    OverflowKeys larger;
    larger.slots_ = slots;
    if (!larger.block_.allocate(larger.slots_ * sizeof(Entry), budget)) return false;
    for_each([&](const Key& key) { larger.put(larger.slot_of(key), key); });
    *this = std::move(larger);
    return true;
}

bool OverflowKeys::reserve(std::uint64_t keys, MemoryBudget& budget) {
    return keys * 2 <= slots_ || grow(std::bit_ceil(std::max<std::size_t>(keys * 2, least_slots)), budget);
}

bool OverflowKeys::add(const Key& key, MemoryBudget& budget) {
    if (!reserve(size_ + 1, budget)) return false;
    put(slot_of(key), key);
    return true;
}

}  // namespace vmemcheck::checker
