// SPDX-License-Identifier: MIT
/// \file
/// The states seen, as keys, in a few bytes each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "checker/archive.hpp"
#include "checker/keys.hpp"
#include "checker/memory.hpp"
#include "checker/own_lines.hpp"
#include "checker/segment.hpp"

namespace vmemcheck::checker {

/// A set of keys in parts() segments by the high bits of the home. Each segment may be used by one thread at a time.
/// They grow a quarter of them at a time, so that little of the memory is free at any time, and several threads have
/// some to grow.
class CompactTable {
 public:
    static constexpr unsigned most_part_bits = 4;
    static constexpr unsigned groups = 4;  ///< of segments that grow together
    [[nodiscard]] static unsigned group_of(unsigned part) { return part % groups; }

    /// An empty table; usable if ready().
    /// \param home_bits of the homes, 1 to 32
    /// \param form of the rests, see set_form()
    /// \param budget must outlive the table
    CompactTable(unsigned home_bits, const RestForm& form, MemoryBudget& budget);

    /// False if there was no memory for the first segments.
    [[nodiscard]] bool ready() const { return ready_; }
    [[nodiscard]] unsigned parts() const { return 1U << part_bits_; }
    [[nodiscard]] unsigned part_of(std::uint32_t home) const { return home >> in_part_bits_; }
    /// part_of() is the home, shifted right by so much; 0 to 28.
    [[nodiscard]] unsigned in_part_bits() const { return in_part_bits_; }

    /// Sets how much larger segments become when they grow: by so many fifths of what they may hold, 1 to 5; by two
    /// unless set. The more it is, the fewer keys are moved, and the more memory may be left free in the end.
    void grow_by(unsigned fifths) { fifths_ = fifths; }

    void prefetch(unsigned part, std::uint32_t home) const { segments_[part].set.prefetch(home & in_part_mask_); }

    /// Adds a key unless it is there.
    /// \param part part_of(key.home)
    /// \return Done::full if it is not there and there is no memory for it
    Segment::Done insert(unsigned part, const Key& key) {
        Part& into = segments_[part];
        const std::uint64_t rest = into.form.squeeze(key.rest);
        const Segment::Done done = into.set.insert(key.home & in_part_mask_, rest);
        if (done != Segment::Done::full) [[likely]]
            return done;
        return grow_and_insert(into, key);
    }

    /// Whether a segment has no room for so many keys more.
    [[nodiscard]] bool is_full(unsigned part, std::uint64_t more) const {
        return segments_[part].set.size() + more > segments_[part].set.room();
    }
    /// Makes a segment larger that will need it soon: has room for a sixteenth more at most. If there is no memory,
    /// nothing is changed.
    void grow_early(unsigned part) {
        Part& which = segments_[part];
        if (is_full(part, which.set.room() / 16)) static_cast<void>(grow(which));
    }

    /// Makes a segment keep rests of another form, in which all of those it has can be written.
    /// \return false if there is no memory for that; nothing was changed
    [[nodiscard]] bool set_form(unsigned part, const RestForm& form);

    /// Calls visit(key) for each key of a segment.
    template <class Visit>
    void for_each(unsigned part, Visit&& visit) const {
        const Part& from = segments_[part];
        from.set.for_each([&](std::uint32_t home, std::uint64_t rest) {
            visit(Key{from.form.restore(rest),
                      static_cast<std::uint32_t>(static_cast<std::uint64_t>(part) << in_part_bits_) | home});
        });
    }
    [[nodiscard]] std::uint64_t size() const;

    /// \param without keys of this segment that are to be left out
    void save(ArchiveWriter& to, unsigned part, std::span<const Key> without) const;
    /// Reads what was saved into a segment. \return false if there is no memory
    [[nodiscard]] bool load(ArchiveReader& from, unsigned part);

 private:
    struct alignas(line_bytes) Part {
        Segment set;
        RestForm form;
    };

    Segment::Done grow_and_insert(Part& part, const Key& key);
    [[nodiscard]] std::uint64_t larger(const Part& part, unsigned fifths) const;
    bool grow(Part& part);
    bool rebuild(Part& part, const RestForm& form, std::uint64_t buckets, std::span<const Key> without = {});

    MemoryBudget& budget_;
    unsigned part_bits_;
    unsigned in_part_bits_;
    std::uint32_t in_part_mask_;
    unsigned fifths_ = 2;  ///< by which segments grow
    std::vector<Part> segments_;
    bool ready_ = true;
};

}  // namespace vmemcheck::checker
