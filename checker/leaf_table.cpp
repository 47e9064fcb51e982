// SPDX-License-Identifier: MIT
#include "checker/leaf_table.hpp"

#include <algorithm>
#include <new>

namespace vmemcheck::checker {

namespace {
constexpr unsigned first_index_bits = 10;
}

LeafTable::LeafTable(unsigned words, std::uint32_t most, MemoryBudget& budget)
    : words_(words), most_(most), budget_(budget) {
    indexes_.push_back(std::make_unique<Index>(first_index_bits));
    index_.store(indexes_.back().get(), std::memory_order_release);
    if (budget_.take(indexes_.back()->bytes())) taken_ = indexes_.back()->bytes();
}

LeafTable::~LeafTable() { budget_.give_back(taken_); }

std::uint32_t LeafTable::add(const std::uint64_t* value, std::uint64_t hash) {
    const std::lock_guard lock(adding_);
    const std::uint32_t found = find(*indexes_.back(), value, hash);
    if (found != none) return found;
    const std::uint32_t number = size();
    if (number >= most_) return none;
    if (std::size_t{number} * 2 >= indexes_.back()->slots.size() && !grow()) return none;
    const unsigned chunk = chunk_of(number);
    if (number == first_of(chunk)) {
        const std::size_t count = std::size_t{words_} << (chunk == 0 ? first_chunk_bits : chunk + first_chunk_bits - 1);
        const std::size_t bytes = count * sizeof(std::uint64_t);
        if (!budget_.take(bytes)) return none;
        taken_ += bytes;
        values_.emplace_back(new (std::nothrow) std::uint64_t[count]);
        if (!values_.back()) return none;
        chunks_[chunk].store(values_.back().get(), std::memory_order_release);
    }
    std::uint64_t* const place_of_value =
        chunks_[chunk].load(std::memory_order_relaxed) + std::size_t{number - first_of(chunk)} * words_;
    std::copy(value, value + words_, place_of_value);
    size_.store(number + 1, std::memory_order_relaxed);
    place(*indexes_.back(), number);  // others see the number from here on, and with it the value
    return number;
}

void LeafTable::place(Index& index, std::uint32_t number) const {
    const std::size_t mask = index.slots.size() - 1;
    std::size_t slot = hash_of(value(number)) >> (64 - index.bits);
    while (index.slots[slot].load(std::memory_order_relaxed) != 0) slot = (slot + 1) & mask;
    index.slots[slot].store(number + 1, std::memory_order_release);
}

bool LeafTable::grow() {
    const unsigned bits = indexes_.back()->bits + 1;
    const std::size_t bytes = sizeof(std::uint32_t) << bits;
    if (!budget_.take(bytes)) return false;
    taken_ += bytes;
    auto grown = std::make_unique<Index>(bits);
    for (std::uint32_t i = 0; i < size(); ++i) place(*grown, i);
    indexes_.push_back(std::move(grown));
    index_.store(indexes_.back().get(), std::memory_order_release);
    return true;
}

void LeafTable::settle() {
    for (std::size_t i = 0; i + 1 < indexes_.size(); ++i) {
        budget_.give_back(indexes_[i]->bytes());
        taken_ -= indexes_[i]->bytes();
    }
    indexes_.erase(indexes_.begin(), indexes_.end() - 1);
}

void LeafTable::save(ArchiveWriter& to) const {
    to.value(size());
    for (std::uint32_t i = 0; i < size(); ++i) to.put(value(i), words_ * sizeof(std::uint64_t));
}

bool LeafTable::load(ArchiveReader& from) {
    const auto count = from.value<std::uint32_t>();
    from.require(count <= most_, "there are too many values");
    std::vector<std::uint64_t> value(words_);
    for (std::uint32_t i = 0; i < count; ++i) {
        from.get(value.data(), words_ * sizeof(std::uint64_t));
        const std::uint32_t given = number(value.data());
        if (given == none) return false;
        from.require(given == i, "a value is there twice");
    }
    settle();
    return true;
}

}  // namespace vmemcheck::checker
