// SPDX-License-Identifier: MIT
/// \file
/// A part of a compact table of keys.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "checker/archive.hpp"
#include "checker/block.hpp"
#include "checker/keys.hpp"
#include "checker/memory.hpp"
#include "checker/overflow_keys.hpp"

namespace vmemcheck::checker {

/// An exact set of keys (home, rest) that stores neither the home nor a pointer: buckets of one cache line each in the
/// order of homes, with as many slots as fit: a slot is a tag of 16 bits and a tail of as many bits more as needed.
///
/// A home is scaled to the number of buckets, which can be any: the bucket is the quotient, and a slot keeps the
/// remainder, the rest, and how many buckets after its own it lies, 0 to 6, as its own may have been full. Where all
/// seven are, the key is kept whole, apart. Nothing moves, and nothing is removed, so a search ends at the first bucket
/// with a free slot: most look at one line, and storing waits for lines more than for anything else. The tag has the
/// distance and the low bits of remainder and rest, and all tags of a bucket are compared at once; they are at the end
/// of the line, the tails before them.
///
/// Not for several threads at once.
class Segment {
 public:
    enum class Done : std::uint8_t { found, added, full };

    static constexpr unsigned bucket_bytes = 64;  ///< a cache line
    static constexpr unsigned most_far = 6;       ///< buckets
    static constexpr unsigned tag_bits = 13;      ///< of a key in its tag

    Segment() = default;

    /// An empty set.
    /// \param home_bits of homes, 0 to 32
    /// \param rest_bits of a squeezed rest, 0 to 64
    /// \param buckets at least this many; 2 if less
    /// \param budget must outlive the segment
    /// \return false if there is no memory; the segment is then as it was
    [[nodiscard]] bool reset(unsigned home_bits, unsigned rest_bits, std::uint64_t buckets, MemoryBudget& budget);

    /// Hints that insert() of this home is near.
    void prefetch(std::uint32_t home) const { __builtin_prefetch(at_.line_of(at_.bucket_of(home))); }

    /// Adds a key unless it is there. Done::full: nothing was changed; the segment has to grow.
    Done insert(std::uint32_t home, std::uint64_t rest) {
        const Spot spot = at_.spot_of(home, rest);
        unsigned char* line = at_.line_of(spot.bucket);
        for (unsigned far = 0; far <= most_far; ++far, line += bucket_bytes) {
            for (std::uint32_t same = at_.equal_slots(line, tag_of(spot, far)); same != 0; same &= same - 1) {
                if (at_.tail_at(line, static_cast<unsigned>(std::countr_zero(same))) == spot.tail) return Done::found;
            }
            if (tags_of(line)[lanes - 1] != 0) continue;  // slots are filled in order
            return put(line, far, spot) ? Done::added : Done::full;
        }
        return insert_apart({rest, home});
    }

    /// Calls visit(home, rest) for each key, in the order of buckets; then for those kept apart.
    template <class Visit>
    void for_each(Visit&& visit) const {
        if (size_ == 0) return;   // one that was never reset() has no buckets
        const Places from = at_;  // a copy: what visit() writes cannot change it, so it is not read again and again
        std::array<std::uint64_t, most_far + 1> firsts{};  // of this bucket and those before it, their lowest homes
        for (std::size_t bucket = 0; bucket < from.buckets + most_far; ++bucket) {
            for (unsigned far = most_far; far > 0; --far) firsts[far] = firsts[far - 1];
            firsts[0] = from.first_home_of(bucket);
            const unsigned char* const line = from.line_of(bucket);
            for (unsigned lane = from.first_lane; lane < lanes; ++lane) {
                const std::uint16_t tag = tags_of(line)[lane];
                if (tag == 0) break;
                const unsigned far = (static_cast<unsigned>(tag) >> tag_bits) - 1;
                const std::uint64_t low = tag & low_bits(tag_bits);
                const std::uint64_t tail = from.tail_at(line, lane);
                std::uint64_t remainder = 0;
                std::uint64_t rest = 0;
                if (from.remainder_bits >= tag_bits) {
                    const unsigned more = from.remainder_bits - tag_bits;
                    remainder = low | (tail & low_bits(more)) << tag_bits;
                    rest = tail >> more;
                } else {
                    remainder = low & low_bits(from.remainder_bits);
                    rest = low >> from.remainder_bits | tail << (tag_bits - from.remainder_bits);
                }
                visit(static_cast<std::uint32_t>(firsts[far] + remainder), rest);
            }
        }
        apart_.for_each([&](const Key& key) { visit(key.home, key.rest); });
    }

    /// Gives the segment more buckets, where it is: that takes no memory but for them, and writes each line once.
    /// \param buckets more than there are, most_growth times as many at most; else false
    /// \return false if another segment has to be filled: there is no memory, tails are longer than 48 bits, or too
    /// many keys have found all their buckets full, or but for the last. Nothing was changed then.
    [[nodiscard]] bool grow(std::uint64_t buckets);
    static constexpr std::uint64_t most_growth = 3;  ///< times as many buckets

    [[nodiscard]] std::uint64_t size() const { return size_; }
    /// Keys it may hold.
    [[nodiscard]] std::uint64_t room() const { return room_; }
    /// Keys that insert() may keep apart.
    [[nodiscard]] std::uint64_t most_apart() const { return lanes + room_ / 64; }
    /// Keys that may be apart after grow().
    [[nodiscard]] std::uint64_t most_left_apart() const { return 2 * most_apart(); }
    /// Keys that lie as far after their bucket as they may.
    [[nodiscard]] std::uint64_t at_edge() const { return at_edge_; }
    [[nodiscard]] std::uint64_t buckets() const { return at_.buckets; }
    /// Slots of a bucket, 6 to 32.
    [[nodiscard]] unsigned slots() const { return lanes - at_.first_lane; }
    /// Memory taken, in bytes.
    [[nodiscard]] std::size_t bytes() const { return block_.bytes() + apart_.bytes(); }
    /// The least buckets with which reset() gives room() for so many keys.
    [[nodiscard]] static std::uint64_t buckets_for(unsigned home_bits, unsigned rest_bits, std::uint64_t keys);
    /// Memory that reset() with these arguments would take.
    [[nodiscard]] static std::size_t bytes_of(unsigned home_bits, unsigned rest_bits, std::uint64_t buckets);

    void save(ArchiveWriter& to) const;
    /// Reads the keys of what was saved into a set that was reset() to as many buckets.
    /// \return false if there is no memory for those kept apart; the segment is then of no use
    [[nodiscard]] bool load(ArchiveReader& from);

 private:
    class Gatherer;
    struct Shape {
        unsigned remainder_bits;
        unsigned tail_bits;
        std::uint64_t buckets;

        [[nodiscard]] unsigned slots() const;
        [[nodiscard]] std::uint64_t room() const;
        [[nodiscard]] std::size_t bytes() const { return (buckets + most_far) * bucket_bytes; }
    };
    static Shape shape_of(unsigned home_bits, unsigned rest_bits, std::uint64_t buckets);

    static constexpr unsigned lanes = bucket_bytes / 2;  ///< where tags may be, of a line
    static constexpr unsigned lane_bits = 16;            ///< of a tag with its distance
    /// A key as it is stored.
    struct Spot {
        std::size_t bucket;  ///< its own
        std::uint64_t low;   ///< tag_bits of remainder and rest
        std::uint64_t tail;  ///< the others
    };
    [[nodiscard]] static std::uint16_t tag_of(const Spot& spot, unsigned far) {
        return static_cast<std::uint16_t>(spot.low | static_cast<std::uint64_t>(far + 1) << tag_bits);
    }
    [[nodiscard]] static std::uint16_t* tags_of(unsigned char* line) { return reinterpret_cast<std::uint16_t*>(line); }
    [[nodiscard]] static const std::uint16_t* tags_of(const unsigned char* line) {
        return reinterpret_cast<const std::uint16_t*>(line);
    }

    /// Where keys are: all that does not change between two calls of reset().
    struct Places {
        unsigned char* first = nullptr;  ///< bucket
        std::uint64_t buckets = 0;       ///< as homes see them; most_far more can be reached
        std::uint64_t reciprocal = 0;    ///< of buckets, times 2^64, rounded up
        std::uint64_t home_mask = 0;
        std::uint64_t tail_mask = 0;
        std::uint32_t slot_mask = 0;  ///< lanes that are slots: all from first_lane on
        unsigned first_lane = 0;
        unsigned home_bits = 0;
        unsigned remainder_bits = 0;
        unsigned tail_bits = 0;

        [[nodiscard]] Spot spot_of(std::uint32_t home, std::uint64_t rest) const {
            const std::uint64_t scaled = home * buckets;
            const std::uint64_t remainder = quotient(scaled & home_mask);
            if (remainder_bits >= tag_bits) {
                return {scaled >> home_bits, remainder & low_bits(tag_bits),
                        remainder >> tag_bits | rest << (remainder_bits - tag_bits)};
            }
            return {scaled >> home_bits, (remainder | rest << remainder_bits) & low_bits(tag_bits),
                    rest >> (tag_bits - remainder_bits)};
        }
        [[nodiscard]] unsigned char* line_of(std::size_t bucket) const { return first + bucket * bucket_bytes; }
        [[nodiscard]] std::size_t bucket_of(std::uint32_t home) const { return (home * buckets) >> home_bits; }
        /// value / buckets; exact as both are below 2^32.
        [[nodiscard]] std::uint64_t quotient(std::uint64_t value) const {
            __extension__ using Wide = unsigned __int128;
            return static_cast<std::uint64_t>(static_cast<Wide>(value) * reciprocal >> 64);
        }
        /// Where a tail is, in bits from the begin of its line. What eight bytes from that byte on have, has all of it.
        [[nodiscard]] unsigned tail_of(unsigned lane) const { return (lane - first_lane) * tail_bits; }
        [[nodiscard]] std::uint64_t tail_at(const unsigned char* line, unsigned lane) const {
            return tail_from(line, tail_of(lane));
        }
        [[nodiscard]] std::uint64_t tail_from(const unsigned char* line, unsigned at) const {
            std::uint64_t tail = 0;
            std::memcpy(&tail, line + at / 8, sizeof tail);
            return tail >> at % 8 & tail_mask;
        }
        /// Writes to a slot that is free.
        void write(unsigned char* line, unsigned lane, unsigned far, const Spot& spot) const {
            const unsigned at = tail_of(lane);
            std::uint64_t tail = 0;
            std::memcpy(&tail, line + at / 8, sizeof tail);
            tail |= spot.tail << at % 8;
            std::memcpy(line + at / 8, &tail, sizeof tail);
            tags_of(line)[lane] = tag_of(spot, far);
        }
        /// A bit for each lane that is a slot and has this tag.
        [[nodiscard]] std::uint32_t equal_slots(const unsigned char* line, std::uint16_t tag) const {
#ifdef __SSE2__
            const __m128i wanted = _mm_set1_epi16(static_cast<short>(tag));
            const auto equal = [&](unsigned part) {
                return _mm_cmpeq_epi16(_mm_load_si128(reinterpret_cast<const __m128i*>(line) + part), wanted);
            };
            const auto bits = [](__m128i a, __m128i b) {
                return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(a, b)));
            };
            std::uint32_t same = bits(equal(2), equal(3)) << lanes / 2;
            if (first_lane < lanes / 2) same |= bits(equal(0), equal(1));
#else
            std::uint32_t same = 0;
            for (unsigned i = 0; i < lanes; ++i) same |= static_cast<std::uint32_t>(tags_of(line)[i] == tag) << i;
#endif
            return same & slot_mask;
        }

        /// The lowest home whose bucket it is; beyond the last, more than any.
        [[nodiscard]] std::uint64_t first_home_of(std::uint64_t bucket) const {
            return ((bucket << home_bits) + buckets - 1) / buckets;
        }
    };

    /// Divides the block into the buckets of a shape.
    void place(unsigned home_bits, const Shape& shape);
    void move(Places from, std::vector<Key>& left);
    /// insert() of a key that found its buckets full.
    Done insert_apart(const Key& key);
    /// Puts a key into a bucket that has a free slot. \return false if the segment may hold no more
    bool put(unsigned char* line, unsigned far, const Spot& spot) {
        if (size_ >= room_) return false;
        at_.write(line, static_cast<unsigned>(std::countr_zero(at_.equal_slots(line, 0))), far, spot);
        at_edge_ += far == most_far ? 1 : 0;
        ++size_;
        return true;
    }

    Places at_;
    std::uint64_t size_ = 0;
    std::uint64_t room_ = 0;     ///< keys it may hold
    std::uint64_t at_edge_ = 0;  ///< keys that lie most_far after their buckets
    unsigned rest_bits_ = 0;     ///< of a squeezed rest
    Block block_;
    MemoryBudget* budget_ = nullptr;
    OverflowKeys apart_;
};

}  // namespace vmemcheck::checker
