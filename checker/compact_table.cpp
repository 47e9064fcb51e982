// SPDX-License-Identifier: MIT
#include "checker/compact_table.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace vmemcheck::checker {

namespace {

constexpr std::uint64_t small = 2048;  // keys of a segment

bool before(const Key& a, const Key& b) { return std::tie(a.home, a.rest) < std::tie(b.home, b.rest); }

}  // namespace

CompactTable::CompactTable(unsigned home_bits, const RestForm& form, MemoryBudget& budget)
    : budget_(budget),
      part_bits_(std::min(home_bits, most_part_bits)),
      in_part_bits_(home_bits - part_bits_),
      in_part_mask_(static_cast<std::uint32_t>(low_bits(in_part_bits_))),
      segments_(parts()) {
    for (Part& part : segments_) ready_ = ready_ && rebuild(part, form, 1);
}

std::uint64_t CompactTable::size() const {
    std::uint64_t size = 0;
    for (const Part& part : segments_) size += part.set.size();
    return size;
}

bool CompactTable::set_form(unsigned part, const RestForm& form) {
    Part& which = segments_[part];
    return which.form == form || rebuild(which, form, which.set.buckets());
}

/// \param without in order; keys that are left out
bool CompactTable::rebuild(Part& part, const RestForm& form, std::uint64_t buckets, std::span<const Key> without) {
    for (;; buckets += buckets / 8 + 1) {
        Segment other;
        if (!other.reset(in_part_bits_, form.bits(), buckets, budget_)) return false;
        bool fits = true;
        part.set.for_each([&](std::uint32_t home, std::uint64_t rest) {
            const Key key{part.form.restore(rest), home};
            if (!fits || std::binary_search(without.begin(), without.end(), key, before)) return;
            fits = other.insert(home, form.squeeze(key.rest)) != Segment::Done::full;
        });
        if (!fits) continue;
        part.set = std::move(other);
        part.form = form;
        return true;
    }
}

/// Makes a segment larger(): where it is, or else by another one; by a little if there is no memory for more.
bool CompactTable::grow(Part& part) {
    for (const unsigned fifths : {fifths_, 1U}) {
        const std::uint64_t buckets = larger(part, fifths);
        if (part.set.grow(buckets) || rebuild(part, part.form, buckets)) return true;
    }
    return false;
}

void CompactTable::save(ArchiveWriter& to, unsigned part, std::span<const Key> without) const {
    const Part& from = segments_[part];
    to.value(from.form);
    to.value(from.set.buckets());
    from.set.save(to);
    to.list(without);
}

bool CompactTable::load(ArchiveReader& from, unsigned part) {
    Part& into = segments_[part];
    const auto form = from.value<RestForm>();
    const auto buckets = from.value<std::uint64_t>();
    from.require(form.valid(), "the form of a table is wrong");
    from.require(
        buckets <= from.remaining() && Segment::bytes_of(in_part_bits_, form.bits(), buckets) <= from.remaining(),
        "the size of a table is wrong");
    if (!rebuild(into, form, buckets)) return false;
    if (!into.set.load(from)) return false;
    auto without = from.list<Key>();
    if (without.empty()) return true;
    for (Key& key : without) key.home &= in_part_mask_;
    std::sort(without.begin(), without.end(), before);
    return rebuild(into, form, buckets, without);
}

/// The buckets that a segment grows to.
std::uint64_t CompactTable::larger(const Part& part, unsigned fifths) const {
    const std::uint64_t room = part.set.room();
    const auto gained = [fifths](std::uint64_t keys) { return keys * fifths / 5; };
    std::uint64_t more = room + std::max<std::uint64_t>(gained(room), 1);
    if (room <= small && more > small) {
        // Segments fill alike. Once each group is made larger by its own share, groups grow in turn ever after, and
        // what is free of all of them does not depend on how many keys there are just now.
        const unsigned group = group_of(static_cast<unsigned>(&part - segments_.data()));
        more = small + gained(small) * (group + 1) / groups;
    }
    return std::max(part.set.buckets() + 1, Segment::buckets_for(in_part_bits_, part.form.bits(), more));
}

Segment::Done CompactTable::grow_and_insert(Part& part, const Key& key) {
    for (;;) {
        // Mixed keys fill a segment evenly. Should they ever not, a larger one would not help.
        constexpr std::uint64_t least_filled = 16;
        const std::uint64_t room = part.set.room();
        if (room > small && part.set.size() * least_filled < room) return Segment::Done::full;
        if (!grow(part)) return Segment::Done::full;
        const Segment::Done done = part.set.insert(key.home & in_part_mask_, part.form.squeeze(key.rest));
        if (done != Segment::Done::full) return done;
    }
}

}  // namespace vmemcheck::checker
