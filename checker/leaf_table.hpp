// SPDX-License-Identifier: MIT
/// \file
/// Numbers for the different values that a part of the states takes.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "checker/archive.hpp"
#include "checker/hash.hpp"
#include "checker/memory.hpp"

namespace vmemcheck::checker {

/// Numbers the values of a leaf, a few words of the packed state, 0, 1, 2, ... as they are seen first. As states differ
/// from others in few places, leaves have few values: a state is short once its leaves are numbers (the idea of tree
/// compression: Laarman, van de Pol, Weber, SPIN 2011).
///
/// Threads may call number() and value() at the same time. Finding takes no lock; a new value does.
class LeafTable {
 public:
    static constexpr std::uint32_t none = 0xffffffffU;

    /// \param words 64-bit words of a value, at least 1
    /// \param most values there may be, at most 2^32 - 1
    /// \param budget must outlive the table
    LeafTable(unsigned words, std::uint32_t most, MemoryBudget& budget);
    ~LeafTable();
    LeafTable(const LeafTable&) = delete;
    LeafTable& operator=(const LeafTable&) = delete;

    /// The number of a value; `none` if it is new and there is no memory or no number for it.
    std::uint32_t number(const std::uint64_t* value) {
        const std::uint64_t hash = hash_of(value);
        const Index* const index = index_.load(std::memory_order_acquire);
        const std::uint32_t found = find(*index, value, hash);
        return found != none ? found : add(value, hash);
    }
    /// The words of a value that was given a number.
    [[nodiscard]] const std::uint64_t* value(std::uint32_t number) const {
        const unsigned chunk = chunk_of(number);
        return chunks_[chunk].load(std::memory_order_acquire) + std::size_t{number - first_of(chunk)} * words_;
    }
    [[nodiscard]] std::uint32_t size() const { return size_.load(std::memory_order_relaxed); }
    [[nodiscard]] unsigned words() const { return words_; }

    /// Frees what growing left behind. No other thread may use the table meanwhile.
    void settle();

    /// Not while threads give numbers.
    void save(ArchiveWriter& to) const;
    /// Gives numbers to the values that were saved; to be called before any was given. \return false if there is no
    /// memory
    [[nodiscard]] bool load(ArchiveReader& from);

 private:
    /// Open addressing, at most half full: 0 or a number + 1.
    struct Index {
        explicit Index(unsigned bits_) : bits(bits_), slots(std::size_t{1} << bits_) {}
        unsigned bits;
        std::vector<std::atomic<std::uint32_t>> slots;
        [[nodiscard]] std::size_t bytes() const { return slots.size() * sizeof(slots[0]); }
    };
    static constexpr unsigned first_chunk_bits = 8;
    static constexpr unsigned most_chunks = 33 - first_chunk_bits;

    // Chunk 0 has 2^8 values, chunk i > 0 as many as all before it.
    static unsigned chunk_of(std::uint32_t number) {
        return static_cast<unsigned>(std::bit_width(number >> first_chunk_bits));
    }
    static std::uint32_t first_of(unsigned chunk) {
        return chunk == 0 ? 0 : std::uint32_t{1} << (chunk + first_chunk_bits - 1);
    }
    [[nodiscard]] std::uint64_t hash_of(const std::uint64_t* value) const { return hash_words(value, words_); }
    [[nodiscard]] bool is(std::uint32_t number, const std::uint64_t* value) const {
        const std::uint64_t* const stored = this->value(number);
        for (unsigned i = 0; i < words_; ++i) {
            if (stored[i] != value[i]) return false;
        }
        return true;
    }
    [[nodiscard]] std::uint32_t find(const Index& index, const std::uint64_t* value, std::uint64_t hash) const {
        const std::size_t mask = index.slots.size() - 1;
        for (std::size_t slot = hash >> (64 - index.bits);; slot = (slot + 1) & mask) {
            const std::uint32_t entry = index.slots[slot].load(std::memory_order_acquire);
            if (entry == 0) return none;
            if (is(entry - 1, value)) return entry - 1;
        }
    }
    std::uint32_t add(const std::uint64_t* value, std::uint64_t hash);
    bool grow();
    void place(Index& index, std::uint32_t number) const;

    unsigned words_;
    std::uint32_t most_;
    MemoryBudget& budget_;
    std::size_t taken_ = 0;  ///< of the budget
    std::atomic<std::uint32_t> size_{0};
    std::atomic<Index*> index_{nullptr};
    std::array<std::atomic<std::uint64_t*>, most_chunks> chunks_{};
    std::mutex adding_;
    std::vector<std::unique_ptr<Index>> indexes_;  ///< the last is in use
    std::vector<std::unique_ptr<std::uint64_t[]>> values_;
};

}  // namespace vmemcheck::checker
