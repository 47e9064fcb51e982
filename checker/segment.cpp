// SPDX-License-Identifier: MIT
#include "checker/segment.hpp"

#include <algorithm>
#include <bit>
#include <span>
#include <utility>
#include <vector>

namespace vmemcheck::checker {

Segment::Shape Segment::shape_of(unsigned home_bits, unsigned rest_bits, std::uint64_t buckets) {
    buckets = std::max<std::uint64_t>(buckets, 2);  // the reciprocal of 1 does not fit
    const auto bits_with = [&](std::uint64_t count) {
        return static_cast<unsigned>(std::bit_width((std::uint64_t{1} << home_bits) / count));
    };
    // What is not in the tag is to fit 64 bits.
    while (bits_with(buckets) + rest_bits > tag_bits + 64) buckets *= 2;
    const unsigned remainder_bits = bits_with(buckets);
    const unsigned bits = remainder_bits + rest_bits;
    return {remainder_bits, bits > tag_bits ? (bits - tag_bits + 7) / 8 : 0, buckets};
}

namespace {

std::size_t block_bytes(std::uint64_t buckets, unsigned tail_bytes) {
    const std::size_t keys = (buckets + Segment::most_far) * Segment::slots;
    // A tail is read as 8 bytes.
    const std::size_t bytes = keys * (sizeof(std::uint16_t) + tail_bytes) + sizeof(std::uint64_t);
    return (bytes + sizeof(std::uint32_t) - 1) / sizeof(std::uint32_t) * sizeof(std::uint32_t);
}

}  // namespace

std::size_t Segment::bytes_of(unsigned home_bits, unsigned rest_bits, std::uint64_t buckets) {
    const Shape shape = shape_of(home_bits, rest_bits, buckets);
    return block_bytes(shape.buckets, shape.tail_bytes);
}

bool Segment::reset(unsigned home_bits, unsigned rest_bits, std::uint64_t buckets, MemoryBudget& budget) {
    const Shape shape = shape_of(home_bits, rest_bits, buckets);
    Block block;
    if (!block.allocate(block_bytes(shape.buckets, shape.tail_bytes), budget)) return false;
    block_ = std::move(block);
    budget_ = &budget;
    apart_ = OverflowKeys();
    at_.first = block_.data();
    at_.stride = tag_bytes + std::size_t{slots} * shape.tail_bytes;
    at_.buckets = shape.buckets;
    at_.reciprocal = ~std::uint64_t{0} / at_.buckets + 1;
    at_.home_bits = home_bits;
    at_.home_mask = low_bits(home_bits);
    at_.remainder_bits = shape.remainder_bits;
    at_.tail_bytes = shape.tail_bytes;
    at_.tail_mask = low_bits(8 * shape.tail_bytes);
    constexpr unsigned wide = sizeof(std::uint64_t);
    const unsigned tails = slots * shape.tail_bytes;
    at_.wide_slots = tails < wide ? 0 : (tails - wide) / shape.tail_bytes + 1;
    size_ = 0;
    const std::uint64_t keys = (at_.buckets + most_far) * slots;
    room_ = keys - keys / 10;  // beyond, searches pass too many full buckets
    return true;
}

Segment::Done Segment::insert_apart(const Key& key) {
    if (apart_.has(key)) return Done::found;
    if (size_ >= room_ || apart_.size() >= most_apart() || !apart_.add(key, *budget_)) return Done::full;
    ++size_;
    return Done::added;
}

void Segment::save(ArchiveWriter& to) const {
    to.value(size_);
    to.value<std::uint64_t>(block_.bytes());
    to.put(block_.data(), block_.bytes());
    std::vector<Key> apart;
    apart_.for_each([&](const Key& key) { apart.push_back(key); });
    to.list(std::span<const Key>(apart));
}

bool Segment::load(ArchiveReader& from) {
    const auto size = from.value<std::uint64_t>();
    from.require(from.length(1) == block_.bytes(), "the size of a table is wrong");
    from.get(block_.data(), block_.bytes());
    std::uint64_t full = 0;
    for (std::size_t bucket = 0; bucket < at_.buckets + most_far; ++bucket) {
        full += slots - static_cast<unsigned>(std::popcount(equal_slots(at_.tags_of(bucket), 0)));
    }
    size_ = full;
    for (const Key& key : from.list<Key>()) {
        from.require(key.home <= at_.home_mask && !apart_.has(key) && apart_.size() < most_apart(),
                     "a key of a table is wrong");
        if (!apart_.add(key, *budget_)) return false;
        ++size_;
    }
    from.require(size == size_ && size <= room_, "the number of states is wrong");
    return true;
}

}  // namespace vmemcheck::checker
