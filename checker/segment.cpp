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
    unsigned tail_bits = bits > tag_bits ? bits - tag_bits : 0;
    // A tail is read as eight bytes from the one on where it begins.
    if (tail_bits > 57) tail_bits = 64;
    return {remainder_bits, tail_bits, buckets};
}

unsigned Segment::Shape::slots() const { return 8 * bucket_bytes / (lane_bits + tail_bits); }

std::uint64_t Segment::Shape::room() const {
    const std::uint64_t keys = (buckets + most_far) * slots();
    return keys - keys / 10;  // beyond, searches pass too many full buckets
}

std::uint64_t Segment::buckets_for(unsigned home_bits, unsigned rest_bits, std::uint64_t keys) {
    // More buckets make remainders shorter, so that there may be more slots in each.
    std::uint64_t least = 2;
    std::uint64_t most = 2;
    while (shape_of(home_bits, rest_bits, most).room() < keys) most *= 2;
    while (least < most) {
        const std::uint64_t middle = least + (most - least) / 2;
        if (shape_of(home_bits, rest_bits, middle).room() < keys) {
            least = middle + 1;
        } else {
            most = middle;
        }
    }
    return least;
}

std::size_t Segment::bytes_of(unsigned home_bits, unsigned rest_bits, std::uint64_t buckets) {
    return shape_of(home_bits, rest_bits, buckets).bytes();
}

bool Segment::reset(unsigned home_bits, unsigned rest_bits, std::uint64_t buckets, MemoryBudget& budget) {
    const Shape shape = shape_of(home_bits, rest_bits, buckets);
    Block block;
    if (!block.allocate(shape.bytes(), budget, Block::Use::grows)) return false;
    block_ = std::move(block);
    budget_ = &budget;
    apart_ = OverflowKeys();
    rest_bits_ = rest_bits;
    size_ = 0;
    at_edge_ = 0;
    place(home_bits, shape);
    return true;
}

void Segment::place(unsigned home_bits, const Shape& shape) {
    at_.first = block_.data();
    at_.buckets = shape.buckets;
    at_.reciprocal = ~std::uint64_t{0} / at_.buckets + 1;
    at_.home_bits = home_bits;
    at_.home_mask = low_bits(home_bits);
    at_.remainder_bits = shape.remainder_bits;
    at_.tail_bits = shape.tail_bits;
    at_.tail_mask = low_bits(shape.tail_bits);
    at_.first_lane = lanes - shape.slots();
    at_.slot_mask = ~std::uint32_t{0} << at_.first_lane;
    room_ = shape.room();
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
    for (std::size_t bucket = 0; bucket < at_.buckets + most_far; ++bucket) {
        const std::uint16_t* const tags = tags_of(at_.line_of(bucket));
        bool free = false;  // all slots after one that is free are free
        for (unsigned lane = at_.first_lane; lane < lanes; ++lane) {
            from.require(tags[lane] == 0 || (!free && tags[lane] >> tag_bits != 0), "a tag of a table is wrong");
            free = tags[lane] == 0;
            size_ += free ? 0 : 1;
            at_edge_ += tags[lane] >> tag_bits == most_far + 1 ? 1 : 0;
        }
    }
    for (const Key& key : from.list<Key>()) {
        from.require(key.home <= at_.home_mask && !apart_.has(key) && apart_.size() < most_left_apart(),
                     "a key of a table is wrong");
        if (!apart_.add(key, *budget_)) return false;
        ++size_;
    }
    from.require(size == size_ && size <= room_, "the number of states is wrong");
    return true;
}

}  // namespace vmemcheck::checker
