// SPDX-License-Identifier: MIT
// How a segment grows where it is.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "checker/segment.hpp"

namespace vmemcheck::checker {

namespace {

constexpr unsigned word_bits = 64;

}  // namespace

/// Writes keys that come nearly in the order of homes: a bucket's are gathered, and its line is written once, when no
/// more can come.
class Segment::Gatherer {
 public:
    /// \param to where lines are written; what is there does not matter
    explicit Gatherer(const Places& to) : to_(to), slots_(lanes - to.first_lane) {}

    /// Adds a key.
    /// \param bucket its own
    /// \param slot its tag without the distance, and its tail, 48 bits at most
    /// \return false if all buckets are full in which it may lie
    [[nodiscard]] bool append(std::uint64_t bucket, std::uint64_t slot) {
        for (std::uint64_t far = 0; far <= most_far; ++far) {
            const std::size_t into = (bucket + far) % at_once;
            const unsigned count = counts_[into];
            if (count == slots_) continue;
            if (far == most_far) ++at_edge_;
            gathered_[into][count] = slot | (far + 1) << tag_bits;
            counts_[into] = count + 1;
            return true;
        }
        return false;
    }
    /// No key will be added any more whose bucket is before this one.
    void write_up_to(std::uint64_t bucket) {
        for (; written_ < bucket; ++written_) {
            unsigned& count = counts_[written_ % at_once];
            write(std::span(gathered_[written_ % at_once].data(), count), to_.line_of(written_));
            size_ += std::exchange(count, 0);
        }
    }
    /// Keys in the lines written.
    [[nodiscard]] std::uint64_t size() const { return size_; }
    /// Of all, those that lie most_far after their buckets.
    [[nodiscard]] std::uint64_t at_edge() const { return at_edge_; }

 private:
    /// Buckets that are gathered at once: those of the homes of most_far + 1 buckets, of which there are most_growth
    /// times as many now, one more that lies on both sides, and most_far after them.
    static constexpr std::size_t at_once = 32;
    static_assert(at_once >= (most_far + 1) * most_growth + 1 + most_far);

    void write(std::span<const std::uint64_t> slots, unsigned char* line) const {
        const unsigned tail_bits = to_.tail_bits;
        std::memset(line, 0, bucket_bytes);
        std::uint64_t word = 0;
        unsigned filled = 0;
        unsigned char* at = line;
        for (const std::uint64_t slot : slots) {
            const std::uint64_t tail = slot >> lane_bits;
            word |= tail << filled;
            filled += tail_bits;
            if (filled < word_bits) continue;
            std::memcpy(at, &word, sizeof word);
            at += sizeof word;
            filled -= word_bits;
            word = tail >> (tail_bits - filled);
        }
        std::memcpy(at, &word, sizeof word);  // what this has beyond the last tail is for tags, which come now
        std::uint16_t* const tags = tags_of(line) + to_.first_lane;
        for (std::size_t i = 0; i < slots.size(); ++i) tags[i] = static_cast<std::uint16_t>(slots[i]);
    }

    const Places to_;
    const unsigned slots_;                                              ///< of a bucket
    std::array<std::array<std::uint64_t, lanes>, at_once> gathered_{};  ///< slots, of each its tag and tail
    std::array<unsigned, at_once> counts_{};
    std::uint64_t written_ = 0;  ///< buckets
    std::uint64_t size_ = 0;
    std::uint64_t at_edge_ = 0;
};

/// Moves all keys to other places. Lines are read, and written, in their order.
/// \param left gets those that find all their buckets full
void Segment::move(const Places from, std::vector<Key>& left) {
    const Places to = at_;
    const std::uint64_t remainder_mask = low_bits(from.remainder_bits);
    Gatherer gatherer(to);
    std::array<std::uint64_t, most_far + 2> firsts{};  // by distance and one: of that bucket the lowest home, scaled
    for (std::size_t bucket = 0; bucket < from.buckets + most_far; ++bucket) {
        for (unsigned far = most_far + 1; far > 1; --far) firsts[far] = firsts[far - 1];
        firsts[1] = from.first_home_of(bucket) * to.buckets;
        const unsigned char* const line = from.line_of(bucket);
        unsigned at = 0;
        for (unsigned lane = from.first_lane; lane < lanes; ++lane, at += from.tail_bits) {
            const std::uint64_t tag = tags_of(line)[lane];
            if (tag == 0) break;
            const std::uint64_t key = (tag & low_bits(tag_bits)) | from.tail_from(line, at) << tag_bits;
            const std::uint64_t scaled = firsts[tag >> tag_bits] + (key & remainder_mask) * to.buckets;
            const std::uint64_t rest = key >> from.remainder_bits;
            const std::uint64_t moved = to.quotient(scaled & to.home_mask) | rest << to.remainder_bits;
            const std::uint64_t slot = (moved & low_bits(tag_bits)) | moved >> tag_bits << lane_bits;
            if (!gatherer.append(scaled >> to.home_bits, slot)) [[unlikely]]
                left.push_back({rest, static_cast<std::uint32_t>(scaled / to.buckets)});
        }
        gatherer.write_up_to(firsts[most_far] >> to.home_bits);
    }
    gatherer.write_up_to(to.buckets + most_far);
    size_ = gatherer.size();
    at_edge_ = gatherer.at_edge();
}

bool Segment::grow(std::uint64_t buckets) {
    const Shape shape = shape_of(at_.home_bits, rest_bits_, buckets);
    if (shape.buckets <= at_.buckets || shape.buckets > most_growth * at_.buckets) return false;
    if (at_.tail_bits > word_bits - lane_bits) return false;
    // Only a key that lay most_far after its bucket may find its new ones full. Let it come from line b, its new bucket
    // be the j-th, and that and the most_far after it be full, as are those before from the i-th on, but no longer:
    // m + most_far buckets, m = j - i + 1. All keys in these are of homes from the i-th on, of old buckets from the
    // a-th on, say, and came from lines a to b. There are m + 1 old buckets at most from there to that of the key, as
    // they are larger and only the first and the last may be of other homes too. So if it lay d after its bucket, these
    // lines were m + 1 + d at most, and held fewer keys than the full buckets and the key unless d is most_far.
    const std::uint64_t most_left = apart_.size() + at_edge_;
    if (most_left > most_left_apart()) return false;
    std::vector<Key> left;
    left.reserve(most_left);
    const std::size_t before = block_.bytes();
    OverflowKeys apart;
    if (!apart.reserve(most_left, *budget_) || !block_.grow(shape.bytes())) return false;
    apart_.for_each([&](const Key& key) { left.push_back(key); });
    apart_ = std::move(apart);
    // Lines are read at the end of the block, and what is written at the begin never reaches those to be read.
    Places from = at_;
    from.first = block_.data() + (shape.bytes() - before);
    std::memmove(from.first, block_.data(), before);
    place(from.home_bits, shape);
    move(from, left);
    for (const Key& key : left) {
        if (insert(key.home, key.rest) != Done::full) continue;
        size_ += apart_.add(key, *budget_) ? 1 : 0;  // more than most_apart() of them; there is memory for all
    }
    if (apart_.size() == 0) apart_ = OverflowKeys();
    return true;
}

}  // namespace vmemcheck::checker
