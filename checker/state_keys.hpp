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
#include "checker/own_lines.hpp"
#include "checker/packer.hpp"

namespace vmemcheck::checker {

/// Turns states packed by a Packer into keys. One of one word is its own key; a longer one is cut into two or three
/// leaves, of a group of fields each (or more, if there are more groups), and the leaves' numbers are the key. Threads
/// may share it.
class StateKeys {
 public:
    static constexpr unsigned most_leaves = RestForm::most_parts;
    /// What a Packer for it is to put into one word. As much as a table of a million keys keeps in 5 bytes each;
    /// beyond, numbers of leaves are shorter.
    static constexpr unsigned most_plain_bits = 52;

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
    [[nodiscard]] const Mixer& mixer() const { return mixer_; }
    /// What of a key its leaves say: those of states that differ in one leaf only differ there.
    struct Core {
        std::uint64_t rest = 0;
        std::uint32_t core = 0;
    };
    /// The key of a packed state, if not plain().
    /// \param changed of its words, as Packer::repack() says, those that differ from the state with `near`
    /// \return false if there is no memory for its leaves
    [[nodiscard]] bool key_of_leaves(const std::uint64_t* packed, std::uint64_t changed, Core near, Key& key) {
        for (unsigned i = 0; i < leaves_; ++i) {
            if ((changed & marks_[i]) == 0) continue;
            const std::uint32_t number = tables_[i]->number(packed + begin_[i]);
            if (number == LeafTable::none) return false;
            put(i, number, near);
        }
        key = {near.rest, mixer_.mix(near.core, near.rest)};
        return true;
    }
    /// Numbers of leaves that one thread asked for lately: what a step changes, others changed in the states before.
    /// Of no use any more when there are other keys.
    class RecentLeaves {
     public:
        /// None yet.
        RecentLeaves() = default;
        /// \param leaves of a state
        explicit RecentLeaves(unsigned leaves) : entries_(std::size_t{leaves} << place_bits) {}

        /// Memory that it takes.
        [[nodiscard]] std::size_t bytes() const { return entries_.size() * sizeof(Entry); }

     private:
        friend StateKeys;
        static constexpr unsigned place_bits = 10;
        struct Entry {
            std::uint64_t value = 0;
            std::uint32_t number = LeafTable::none;
        };

        [[nodiscard]] static std::size_t place_of(unsigned leaf, std::uint64_t value) {
            return (std::size_t{leaf} << place_bits) +
                   static_cast<std::size_t>(value * 0x9e3779b97f4a7c15ULL >> (64 - place_bits));
        }

        OwnVector<Entry> entries_;  ///< of each leaf, by a hash of its value
    };
    /// Whether each leaf has one word.
    [[nodiscard]] bool short_leaves() const { return short_leaves_; }
    /// Nothing asked for yet; for a thread if short_leaves(), else empty.
    [[nodiscard]] RecentLeaves recent_leaves() const { return RecentLeaves(short_leaves_ ? leaves_ : 0); }
    /// Makes keys of packed states of which nothing is known, if short_leaves(). For a loop: what it uses can be kept
    /// in registers. \tparam leaves of a state
    template <unsigned leaves>
    class LeafKeys {
     public:
        LeafKeys(StateKeys& keys, RecentLeaves& recent)
            : keys_(keys),
              mixer_(keys.mixer_),
              core_mask_(keys.core_mask_),
              core_bits_(keys.core_bits_),
              part_bits_(keys.part_bits_),
              recent_(recent.entries_.data()) {}

        /// \return false if there is no memory for its leaves
        [[nodiscard, gnu::always_inline]] bool key_of(const std::uint64_t* packed, Key& key) const {
            std::uint32_t core = 0;
            std::uint64_t rest = 0;
            for (unsigned i = 0; i < leaves; ++i) {
                RecentLeaves::Entry& entry = recent_[RecentLeaves::place_of(i, packed[i])];
                std::uint32_t number = entry.number;
                if (entry.value != packed[i] || number == LeafTable::none) [[unlikely]] {
                    number = keys_.number_of(i, packed[i], entry);
                    if (number == LeafTable::none) return false;
                }
                core |= (number & core_mask_) << (i * core_bits_);
                rest |= std::uint64_t{number >> core_bits_} << (i * part_bits_);
            }
            key = {rest, mixer_.mix(core, rest)};
            return true;
        }

     private:
        StateKeys& keys_;
        Mixer mixer_;
        std::uint32_t core_mask_;
        unsigned core_bits_;
        unsigned part_bits_;
        RecentLeaves::Entry* recent_;
    };
    /// Leaves of a state; 0 if plain().
    [[nodiscard]] unsigned leaves() const { return leaves_; }
    [[nodiscard]] Core core_of(const Key& key) const { return {key.rest, mixer_.unmix(key.home, key.rest)}; }
    /// The key of a packed state of which nothing is known.
    [[nodiscard]] bool key_of(const std::uint64_t* packed, Key& key);

    /// The packed state of a key, if not plain().
    void packed_of(const Key& key, std::uint64_t* packed) const { packed_of(core_of(key), packed); }
    /// The same, for each state that is expanded: GCC makes it a call there, which costs a search a hundredth.
    [[gnu::always_inline]] void packed_of(const Core& core, std::uint64_t* packed) const {
        for (unsigned i = 0; i < leaves_; ++i) {
            const std::uint64_t part = (core.rest >> (i * part_bits_)) & part_mask_;
            const auto number =
                static_cast<std::uint32_t>(((core.core >> (i * core_bits_)) & core_mask_) | part << core_bits_);
            const std::uint64_t* const words = tables_[i]->value(number);
            if (short_leaves_) {
                packed[i] = words[0];  // that is no call
            } else {
                std::copy(words, words + (begin_[i + 1] - begin_[i]), packed + begin_[i]);
            }
        }
    }

    /// To be called now and then while no thread makes keys.
    void settle();

    void save(ArchiveWriter& to) const;
    /// Reads the leaves that were saved. \return false if there is no memory
    [[nodiscard]] bool load(ArchiveReader& from);

 private:
    /// The number of a leaf of one word, which is put where it is looked for.
    [[nodiscard]] std::uint32_t number_of(unsigned leaf, std::uint64_t value, RecentLeaves::Entry& entry);
    /// Puts the number of a leaf into its places.
    void put(unsigned leaf, std::uint32_t number, Core& core) const {
        const unsigned shift = leaf * core_bits_;
        const auto low = static_cast<std::uint32_t>(low_bits(core_bits_));
        core.core = (core.core & ~(low << shift)) | (number & low) << shift;
        const unsigned at = leaf * part_bits_;
        core.rest = (core.rest & ~(low_bits(part_bits_) << at)) | static_cast<std::uint64_t>(number >> core_bits_)
                                                                      << at;
    }

    unsigned leaves_ = 0;        ///< 0: plain
    bool short_leaves_ = false;  ///< each has one word
    unsigned home_bits_ = 0;
    unsigned rest_bits_ = 0;  ///< if plain
    unsigned core_bits_ = 0;  ///< of each leaf's number, in the core; the others are in the rest
    unsigned part_bits_ = 64;
    std::uint32_t core_mask_ = 0;  ///< core_bits_ and part_bits_ bits
    std::uint64_t part_mask_ = 0;
    std::array<unsigned, most_leaves + 1> begin_{};   ///< words
    std::array<std::uint64_t, most_leaves> marks_{};  ///< bit i % 64: the leaf has word i
    Mixer mixer_;
    std::array<std::unique_ptr<LeafTable>, most_leaves> tables_;
};

}  // namespace vmemcheck::checker
