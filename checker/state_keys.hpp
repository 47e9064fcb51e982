// SPDX-License-Identifier: MIT
/// \file
/// Packed states to keys and back.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>

#include "checker/archive.hpp"
#include "checker/keys.hpp"
#include "checker/leaf_table.hpp"
#include "checker/memory.hpp"
#include "checker/packer.hpp"

namespace vmemcheck::checker {

/// Turns states packed by a Packer into keys. One of one word is its own key; a longer one is cut into two or three
/// leaves, of a group of fields each (or more, if there are more groups), and the leaves' numbers are the key. Threads
/// may share it.
class StateKeys {
 public:
    static constexpr unsigned most_leaves = RestForm::most_parts;
    /// What a Packer for it is to put into one word: beyond, numbers of leaves are shorter.
    static constexpr unsigned most_plain_bits = 48;

    /// The numbers of the leaves of a state.
    using Numbers = std::array<std::uint32_t, most_leaves>;

    /// \param packer of the states; only read by the constructor
    /// \param budget must outlive this
    StateKeys(const Packer& packer, MemoryBudget& budget);

    /// Bits of the keys' homes.
    [[nodiscard]] unsigned home_bits() const { return home_bits_; }
    /// Whether a state is its own key.
    [[nodiscard]] bool plain() const { return leaves_ == 0; }
    /// How rests of all keys made so far can be written. Only meaningful while no thread makes keys.
    [[nodiscard]] RestForm form() const;

    /// The key of a packed state, if plain().
    [[nodiscard]] Key key_of_word(std::uint64_t word) const {
        const std::uint64_t rest = word >> home_bits_;
        return {rest, mixer_.mix(static_cast<std::uint32_t>(word & low_bits(home_bits_)), rest)};
    }
    /// The key of a packed state, if not plain().
    /// \param near, numbers a state that differs little from it, and the numbers of that state's leaves
    /// \return false if there is no memory for its leaves
    [[nodiscard]] bool key_of_leaves(const std::uint64_t* packed, const std::uint64_t* near, const Numbers& numbers,
                                     Key& key) {
        std::uint32_t core = 0;
        key.rest = 0;
        for (unsigned i = 0; i < leaves_; ++i) {
            std::uint32_t number = numbers[i];
            std::uint64_t differ = 0;
            for (unsigned j = begin_[i]; j < begin_[i + 1]; ++j) differ |= packed[j] ^ near[j];
            if (differ != 0) {
                number = tables_[i]->number(packed + begin_[i]);
                if (number == LeafTable::none) return false;
            }
            core |= (number & static_cast<std::uint32_t>(low_bits(core_bits_))) << (i * core_bits_);
            key.rest |= static_cast<std::uint64_t>(number >> core_bits_) << (i * part_bits_);
        }
        key.home = mixer_.mix(core, key.rest);
        return true;
    }
    /// The key of a packed state of which nothing is known.
    [[nodiscard]] bool key_of(const std::uint64_t* packed, Key& key);

    /// The packed state of a key, and the numbers of its leaves.
    void packed_of(const Key& key, std::uint64_t* packed, Numbers& numbers) const {
        const std::uint32_t core = mixer_.unmix(key.home, key.rest);
        if (plain()) {
            packed[0] = core | key.rest << home_bits_;
            return;
        }
        for (unsigned i = 0; i < leaves_; ++i) {
            const std::uint64_t part = (key.rest >> (i * part_bits_)) & low_bits(part_bits_);
            numbers[i] =
                static_cast<std::uint32_t>(((core >> (i * core_bits_)) & low_bits(core_bits_)) | part << core_bits_);
            const std::uint64_t* const words = tables_[i]->value(numbers[i]);
            std::copy(words, words + (begin_[i + 1] - begin_[i]), packed + begin_[i]);
        }
    }

    /// To be called now and then while no thread makes keys.
    void settle();

    void save(ArchiveWriter& to) const;
    /// Reads the leaves that were saved. \return false if there is no memory
    [[nodiscard]] bool load(ArchiveReader& from);

 private:
    unsigned leaves_ = 0;  ///< 0: plain
    unsigned home_bits_ = 0;
    unsigned rest_bits_ = 0;  ///< if plain
    unsigned core_bits_ = 0;  ///< of each leaf's number, in the core; the others are in the rest
    unsigned part_bits_ = 64;
    std::array<unsigned, most_leaves + 1> begin_{};  ///< words
    Mixer mixer_;
    std::array<std::unique_ptr<LeafTable>, most_leaves> tables_;
};

}  // namespace vmemcheck::checker
