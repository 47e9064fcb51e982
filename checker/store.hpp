// SPDX-License-Identifier: MIT
/// \file
/// The set of states seen, exact, in little more memory than the packed states take.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "checker/hash.hpp"
#include "checker/memory.hpp"

namespace vmemcheck::checker {

/// Number of a stored state: 0, 1, 2, ... in the order of insertion.
using StateIndex = std::uint32_t;
/// "No state": the parent of an initial state.
inline constexpr StateIndex no_state = 0xffffffffU;

/// What insert() did.
struct Inserted {
    enum class What : std::uint8_t {
        found,  ///< the state was there
        added,  ///< the state is new
        full,   ///< the state is new and there is no room for it; nothing was changed
    };
    StateIndex index = no_state;
    What what = What::full;
};

/// An exact, append-only store of packed states and their parents.
///
/// States lie in chunks, in order of insertion, each followed by its parent's index. An open-addressing table
/// (linear probing; grows by doubling at 4/5) maps a hash to an index; the bits of an entry the index does not need
/// keep bits of the hash, so that most comparisons of states are avoided. The cost of a state is its packed size
/// + 4 bytes + 5 to 10 bytes of table. The old table is freed before the new one is made, as it can be rebuilt from the
/// states: growing has no peak. Several states could share what they have in common (tree compression: Laarman, van
/// de Pol, Weber, SPIN 2011); at some 40 bytes a state that was not worth its time.
///
/// Any class with these members can take its place in a search.
class ExactStore {
 public:
    /// \param words 32-bit words of a packed state
    /// \param max_bytes most memory to take, 0: no limit. Near the limit the table is filled to 15/16 rather than
    /// doubled. \param max_states most states to hold, 0: 2^32 - 2
    explicit ExactStore(unsigned words, std::size_t max_bytes = 0, std::uint64_t max_states = 0)
        : words_(words),
          record_(words + 1),
          max_bytes_(max_bytes),
          max_states_(static_cast<StateIndex>(max_states == 0 ? most : std::min<std::uint64_t>(max_states, most))) {
        while ((std::size_t{2} << chunk_bits_) * record_ * sizeof(std::uint32_t) <= chunk_bytes) ++chunk_bits_;
        set_table(table_bits_min);
    }

    /// Hints that insert() of a state with this hash is near.
    void prefetch(std::uint64_t hash) const { __builtin_prefetch(table_.data() + (hash >> shift_)); }

    /// Hints further, when prefetch() has had time: fetches the stored state that insert() will compare with.
    void prefetch_candidate(std::uint64_t hash) const {
        if (capacity_ == 0) return;
        const std::uint32_t entry = table_.data()[hash >> shift_];
        if (entry != 0 && tag_equal(entry, hash)) __builtin_prefetch(record(index_of(entry)));
    }

    /// \param packed words() words
    /// \param hash hash_words(packed, words())
    /// \param parent kept if the state is new
    Inserted insert(const std::uint32_t* packed, std::uint64_t hash, StateIndex parent) {
        if (capacity_ == 0) return {};
        std::size_t slot = hash >> shift_;
        for (;; slot = (slot + 1) & (capacity_ - 1)) {
            const std::uint32_t entry = table_.data()[slot];
            if (entry == 0) break;
            if (!tag_equal(entry, hash)) continue;
            const StateIndex index = index_of(entry);
            if (std::equal(packed, packed + words_, record(index))) return {index, Inserted::What::found};
        }
        if (size_ >= room_ || size_ >= max_states_) {
            if (size_ >= max_states_ || !make_room()) return {};
            slot = free_slot(hash);
        }
        if ((size_ >> chunk_bits_) >= chunks_.size() || size_ == first_chunk_states_) {
            if (!add_chunk()) return {};
        }
        std::uint32_t* const place = record(size_);
        std::memcpy(place, packed, words_ * sizeof(std::uint32_t));
        place[words_] = parent;
        table_.data()[slot] = entry_of(hash, size_);
        return {size_++, Inserted::What::added};
    }

    /// The state that is stored, or no_state. Not to be called after release_index().
    [[nodiscard]] StateIndex find(const std::uint32_t* packed, std::uint64_t hash) const {
        for (std::size_t slot = hash >> shift_;; slot = (slot + 1) & (capacity_ - 1)) {
            const std::uint32_t entry = table_.data()[slot];
            if (entry == 0) return no_state;
            if (!tag_equal(entry, hash)) continue;
            const StateIndex index = index_of(entry);
            if (std::equal(packed, packed + words_, record(index))) return index;
        }
    }

    /// The packed words of a state, and one word more that can be read. Valid until the next insert().
    [[nodiscard]] const std::uint32_t* packed(StateIndex index) const { return record(index); }
    [[nodiscard]] StateIndex parent(StateIndex index) const { return record(index)[words_]; }
    [[nodiscard]] StateIndex size() const { return size_; }
    [[nodiscard]] unsigned words() const { return words_; }
    /// Memory taken now, in bytes, everything included.
    [[nodiscard]] std::size_t bytes() const { return bytes_; }
    /// Most memory taken so far.
    [[nodiscard]] std::size_t peak_bytes() const { return peak_; }

    /// Frees the table: states can still be read, not inserted.
    void release_index() {
        bytes_ -= table_.bytes();
        table_.reset();
        capacity_ = 0;
    }

 private:
    static constexpr StateIndex most = no_state - 1;
    static constexpr unsigned table_bits_min = 10;
    static constexpr std::size_t chunk_bytes = std::size_t{4} << 20;
    static constexpr std::size_t first_chunk_bytes = std::size_t{1} << 16;

    std::uint32_t* record(StateIndex index) const {
        const std::size_t in_chunk = index & ((StateIndex{1} << chunk_bits_) - 1);
        return chunks_[index >> chunk_bits_].data() + in_chunk * record_;
    }
    // An entry is 0 (free) or index + 1 in its low table_bits_ bits and low bits of the hash above them.
    std::uint32_t entry_of(std::uint64_t hash, StateIndex index) const {
        return static_cast<std::uint32_t>(hash << table_bits_) | (index + 1);
    }
    bool tag_equal(std::uint32_t entry, std::uint64_t hash) const {
        return (static_cast<std::uint64_t>(entry ^ static_cast<std::uint32_t>(hash << table_bits_)) >> table_bits_) ==
               0;
    }
    StateIndex index_of(std::uint32_t entry) const { return (entry & static_cast<std::uint32_t>(capacity_ - 1)) - 1; }

    std::size_t free_slot(std::uint64_t hash) const {
        std::size_t slot = hash >> shift_;
        while (table_.data()[slot] != 0) slot = (slot + 1) & (capacity_ - 1);
        return slot;
    }
    bool fits(std::size_t more) const { return max_bytes_ == 0 || bytes_ + more <= max_bytes_; }
    void account(std::size_t more) {
        bytes_ += more;
        peak_ = std::max(peak_, bytes_);
    }

    bool set_table(unsigned bits) {
        release_index();
        if (!table_.allocate(std::size_t{1} << bits, true)) return false;
        account(table_.bytes());
        table_bits_ = bits;
        shift_ = 64 - bits;
        capacity_ = std::size_t{1} << bits;
        room_ = capacity_ / 5 * 4;
        for (StateIndex i = 0; i < size_; ++i) {
            const std::uint64_t hash = hash_words(record(i), words_);
            table_.data()[free_slot(hash)] = entry_of(hash, i);
        }
        return true;
    }
    bool make_room() {
        if (table_bits_ < 32 && fits(table_.bytes())) return set_table(table_bits_ + 1);
        const std::size_t last = capacity_ / 16 * 15;
        if (room_ >= last) return false;
        room_ = last;
        return true;
    }
    bool add_chunk() {
        const std::size_t whole = (std::size_t{1} << chunk_bits_);
        if (size_ < whole) {  // the first chunk starts small and grows to its full size by copying
            const std::size_t least = std::max<std::size_t>(1, first_chunk_bytes / sizeof(std::uint32_t) / record_);
            const std::size_t states = std::min(whole, size_ == 0 ? least : std::size_t{size_} * 2);
            const std::size_t old_bytes = chunks_.empty() ? 0 : chunks_[0].bytes();
            if (!fits(states * record_ * sizeof(std::uint32_t) - old_bytes)) return false;
            Words grown;
            if (!grown.allocate(states * record_, false)) return false;
            if (chunks_.empty()) {
                chunks_.emplace_back();
            } else {
                std::memcpy(grown.data(), chunks_[0].data(), size_ * record_ * sizeof(std::uint32_t));
            }
            account(grown.bytes() - old_bytes);
            chunks_[0] = std::move(grown);
            first_chunk_states_ = states == whole ? no_state : static_cast<StateIndex>(states);
            return true;
        }
        if (!fits(whole * record_ * sizeof(std::uint32_t))) return false;
        Words chunk;
        if (!chunk.allocate(whole * record_, false)) return false;
        account(chunk.bytes());
        chunks_.push_back(std::move(chunk));
        return true;
    }

    unsigned words_;
    std::size_t record_;  ///< words of a packed state and its parent
    std::size_t max_bytes_;
    StateIndex max_states_;
    unsigned chunk_bits_ = 0;
    unsigned table_bits_ = 0;
    unsigned shift_ = 0;
    StateIndex size_ = 0;
    StateIndex first_chunk_states_ = no_state;  ///< when so many states are stored the first chunk has to grow
    std::size_t capacity_ = 0;
    std::size_t room_ = 0;  ///< states the table may hold before it grows
    std::size_t bytes_ = 0;
    std::size_t peak_ = 0;
    Words table_;
    std::vector<Words> chunks_;
};

}  // namespace vmemcheck::checker
