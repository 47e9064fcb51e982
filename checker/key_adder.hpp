// SPDX-License-Identifier: MIT
/// \file
/// Keys of successors on their way to the table.
#pragma once

#include <cstdint>
#include <utility>

#include "checker/keys.hpp"
#include "checker/round_store.hpp"
#include "checker/seen_prints.hpp"

namespace vmemcheck::checker::detail {

/// Puts the keys that a thread makes where they belong, except those that it made lately. For a loop: what it uses can
/// be kept in registers.
class KeyAdder {
 public:
    KeyAdder(RoundBuffers& buffers, const RoundStore& store)
        : recent_(buffers.recent.data()),
          recent_words_(buffers.recent_words.data()),
          records_(buffers.records.data()),
          in_part_bits_(store.approximate() ? 0 : store.in_part_bits()) {}

    /// Whether the key was made lately; from now on it was.
    [[nodiscard]] bool again(const Key& key) const {
        Key& known = recent_[key.home % RoundBuffers::recent_keys];
        const bool same = ((known.rest ^ key.rest) | (known.home ^ key.home)) == 0;
        known = key;
        return same;
    }
    /// The same of a state that is its own key. \param word the packed state
    [[nodiscard]] bool again(std::uint64_t word, std::uint32_t home) const {
        return std::exchange(recent_words_[home % RoundBuffers::recent_keys], word) == word;
    }
    /// \param known it was made lately
    void add(bool known, const RoundRecord& record) const {
        records_[record.home >> in_part_bits_].add_unless(known, record);
    }
    /// The same, of an approximate search. \param print the fingerprint of the state
    void add(bool known, const RoundRecord& record, std::uint64_t print) const {
        records_[SeenPrints::part_of(print)].add_unless(known, record, print);
    }

 private:
    Key* recent_;
    std::uint64_t* recent_words_;
    RoundRecords* records_;
    unsigned in_part_bits_;
};

}  // namespace vmemcheck::checker::detail
