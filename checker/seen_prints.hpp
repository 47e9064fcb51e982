// SPDX-License-Identifier: MIT
/// \file
/// States seen, as fingerprints: what an approximate search keeps of them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "checker/archive.hpp"
#include "checker/bit_array.hpp"
#include "checker/compact_table.hpp"
#include "checker/keys.hpp"
#include "checker/memory.hpp"
#include "checker/options.hpp"

namespace vmemcheck::checker {

/// A set of 64-bit fingerprints that may take one for another: a table of some bits of each (hash compaction: Wolper,
/// Leroy, CAV 1993), or a bit array. In parts by the high bits of fingerprints, each for one thread at a time.
class SeenPrints {
 public:
    /// \param budget must outlive the set
    SeenPrints(const Approximation& how, MemoryBudget& budget);

    /// False if there was no memory.
    [[nodiscard]] bool ready() const { return ready_; }
    [[nodiscard]] static constexpr unsigned parts() { return BitArray::parts(); }
    [[nodiscard]] static unsigned part_of(std::uint64_t print) { return BitArray::part_of(print); }
    /// Whether what a round added can be left out of what is saved.
    [[nodiscard]] bool can_forget() const { return table_.has_value(); }

    void prefetch(std::uint64_t print) const {
        if (table_) {
            const Key key = key_of(print);
            table_->prefetch(part_of(print), key.home);
        } else {
            bits_.prefetch(print);
        }
    }
    /// \return whether it was added, was there already (or seemed to be), or there is no memory for it
    Segment::Done add(std::uint64_t print) {
        if (table_) return table_->insert(part_of(print), key_of(print));
        return bits_.add(print) ? Segment::Done::added : Segment::Done::found;
    }

    /// The probability at most that a state was taken for another when it came up first, if fingerprints are as good as
    /// random. \param states that were found
    [[nodiscard]] double omission(std::uint64_t states) const;
    /// The same for any of them.
    [[nodiscard]] double any_omission(std::uint64_t states) const;

    /// \param without fingerprints of a part that are to be left out, which needs can_forget()
    void save(ArchiveWriter& to, unsigned part, std::span<const std::uint64_t> without) const;
    void save_rest(ArchiveWriter& to) const;
    /// Reads what was saved. \return false if there is no memory
    [[nodiscard]] bool load(ArchiveReader& from);

 private:
    [[nodiscard]] Key key_of(std::uint64_t print) const {
        const std::uint64_t kept = print >> (64 - kept_bits_);
        return {kept & low_bits(rest_bits_), static_cast<std::uint32_t>(kept >> rest_bits_)};
    }

    BitArray bits_;  ///< without a table
    std::optional<CompactTable> table_;
    unsigned kept_bits_;
    unsigned rest_bits_;
    bool ready_;
};

}  // namespace vmemcheck::checker
