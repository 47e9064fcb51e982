// SPDX-License-Identifier: MIT
/// \file
/// States as few 64-bit words, kept up to date by what changed.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "checker/differing_bytes.hpp"
#include "checker/field_bytes.hpp"
#include "checker/keys.hpp"
#include "checker/model.hpp"

namespace vmemcheck::checker {

/// Bits that a field takes in a packed state; 0 if it can hold one value only.
[[nodiscard]] inline unsigned width_of(const FieldInfo& field) {
    return static_cast<unsigned>(std::bit_width(static_cast<unsigned>(field.high - field.low)));
}

/// Packs states into 64-bit words, each field in as few bits as hold high - low. No field lies in two words, and the
/// words are filled evenly, in the order of description, so that each is about one part of the system.
///
/// Made for successors: the words of a state that differs in a few bytes from a known one are the known words plus, for
/// each field that changed, the difference in its place.
class Packer {
 public:
    /// Where a field is.
    struct Slot {
        std::uint32_t offset = 0;  ///< bytes into the state
        std::uint16_t word = 0;
        std::uint8_t shift = 0;
        std::uint8_t size = 0;  ///< 1 or 2 bytes; 0: not described
        std::int16_t low = 0;
        std::uint16_t range = 0;  ///< high - low
        std::uint16_t mask = 0;   ///< its bits, unshifted
        std::uint16_t field = 0;
    };
    static_assert(sizeof(Slot) == 16);

    /// \param fields fit for a Layout: its error() was empty
    /// \param one_word_bits states of at most this many bits take one word, others at least two; 0 to 64
    Packer(std::span<const FieldInfo> fields, std::size_t state_bytes, unsigned one_word_bits);
    /// \param group of each field; a word has fields of one group only, and groups come in the order of their numbers
    Packer(std::span<const FieldInfo> fields, std::size_t state_bytes, std::span<const unsigned> group);

    /// Bits of a packed state in use.
    [[nodiscard]] unsigned bits() const { return bits_; }
    /// Words of a packed state, at least 1.
    [[nodiscard]] unsigned words() const { return static_cast<unsigned>(word_bits_.size()); }
    /// Of each group, its first word, and the number of words. Without groups each word counts as one.
    [[nodiscard]] std::span<const unsigned> group_begin() const { return group_begin_; }
    /// Of all fields. Those of a word have places in the order of their bytes.
    [[nodiscard]] std::span<const Slot> slots() const { return slots_; }
    /// Of each byte of a state, words() numbers: the bits that its field has in each word; 0: there is no field.
    [[nodiscard]] std::vector<std::uint64_t> bits_of_bytes(std::size_t state_bytes) const;
    /// Bits of a word in use, the low ones.
    [[nodiscard]] unsigned word_bits(unsigned word) const { return word_bits_[word]; }

    /// \param words words() words, all of them overwritten
    /// \return -1, or the index of the first field whose value is outside [low, high] (the words are then useless)
    template <class State>
    [[nodiscard]] int pack(const State& state, std::uint64_t* words) const {
        return pack_bytes(reinterpret_cast<const unsigned char*>(&state), words);
    }
    /// Sets every described field of the state; leaves other bytes as they are.
    template <class State>
    void unpack(const std::uint64_t* words, State& state) const {
        unpack_bytes(words, reinterpret_cast<unsigned char*>(&state));
    }
    /// Unpacks words into a state whose own words are known: only fields that differ are set.
    /// \param known the words of `state`; made equal to `words`
    template <class State>
    void unpack_changes(const std::uint64_t* words, std::uint64_t* known, State& state) const {
        auto* const bytes = reinterpret_cast<unsigned char*>(&state);
        for (unsigned word = 0; word < word_bits_.size(); ++word) {
            std::uint64_t changed = (words[word] ^ known[word]) & low_bits(word_bits_[word]);
            known[word] = words[word];
            while (changed != 0) {
                const Slot& slot =
                    at_bit_[std::size_t{word} * word_size + static_cast<unsigned>(std::countr_zero(changed))];
                changed &= ~(std::uint64_t{slot.mask} << slot.shift);
                const int now = slot.low + static_cast<int>(words[word] >> slot.shift & slot.mask);
                store_field(bytes, slot.offset, slot.size, now);
            }
        }
    }
    /// pack() and unpack() of the bytes of a state.
    int pack_bytes(const unsigned char* state, std::uint64_t* words) const;
    void unpack_bytes(const std::uint64_t* words, unsigned char* state) const {
        const auto value = [words](const Slot& slot) {
            return slot.low + static_cast<int>(words[slot.word] >> slot.shift & slot.mask);
        };
        for (const Slot& slot : slots_) store_field(state, slot.offset, slot.size, value(slot));
    }

    /// Turns the words of `before` into those of `after`. \tparam one_word words() == 1
    /// \param changed_words bit i % 64 is set if word i is another now; other bits stay as they are
    /// \return as pack(); only fields that changed are looked at
    template <bool one_word, class State>
    [[nodiscard]] int repack(const State& before, const State& after, std::uint64_t* words,
                             std::uint64_t& changed_words) const {
        static_assert(std::is_trivially_copyable_v<State>);
        const auto* const a = reinterpret_cast<const unsigned char*>(&before);
        const auto* const b = reinterpret_cast<const unsigned char*>(&after);
        constexpr std::size_t rest = (sizeof(State) - 1) % word_size + 1;
        std::size_t base = 0;
        for (; base + rest != sizeof(State); base += word_size) {
            const std::uint64_t changed = detail::differing_bytes<word_size>(a + base, b + base);
            if (const int bad = add_changes<one_word>(a, b, base, changed, words, changed_words); bad >= 0) return bad;
        }
        const std::uint64_t changed = detail::differing_bytes<rest>(a + base, b + base);
        return add_changes<one_word>(a, b, base, changed, words, changed_words);
    }

 private:
    static constexpr unsigned word_size = 64;

    static int value(const unsigned char* state, const Slot& slot) { return load_field(state, slot.offset, slot.size); }
    template <bool one_word>
    int add_changes(const unsigned char* before, const unsigned char* after, std::size_t base, std::uint64_t changed,
                    std::uint64_t* words, std::uint64_t& changed_words) const {
        for (; changed != 0; changed &= changed - 1) {
            const auto byte = static_cast<unsigned>(std::countr_zero(changed));
            const Slot& slot = at_byte_[base + byte];
            int now = 0;
            int was = 0;
            if (slot.size == 1) [[likely]] {
                now = load_field(after, base + byte, 1);
                was = load_field(before, base + byte, 1);
            } else if (slot.size == 0 || (slot.offset != base + byte && before[slot.offset] != after[slot.offset])) {
                continue;  // not described, or was added with its first byte
            } else {
                now = value(after, slot);
                was = value(before, slot);
            }
            const auto code = static_cast<std::uint32_t>(now - slot.low);
            if (code > slot.range) return slot.field;
            const auto difference = static_cast<std::uint64_t>(static_cast<std::int64_t>(now - was));
            words[one_word ? 0 : slot.word] += difference << slot.shift;
            if constexpr (!one_word) changed_words |= std::uint64_t{1} << (slot.word % 64);
        }
        return -1;
    }
    /// \param words of each field, its word
    void set_slots(std::span<const FieldInfo> fields, std::size_t state_bytes, std::span<const unsigned> words);

    unsigned bits_ = 0;
    std::vector<unsigned> group_begin_;
    std::vector<unsigned> word_bits_;
    std::vector<Slot> slots_;
    std::vector<Slot> at_byte_;  ///< one a byte of the state, and some more
    std::vector<Slot> at_bit_;   ///< one a bit of the words
};

}  // namespace vmemcheck::checker
