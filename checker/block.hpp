// SPDX-License-Identifier: MIT
/// \file
/// Memory for what a search stores most of: tables, logs and queues.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "checker/memory.hpp"

namespace vmemcheck::checker {

/// Bytes that lie in memory or, if the budget has a folder, and there are many, in a file of it that has no name: the
/// system then writes out what is not used, and reads it again. Gives back to the budget what it took.
class Block {
 public:
    /// Fewer bytes are always in memory.
    static constexpr std::size_t least_in_file = std::size_t{1} << 17;
    /// Fewer bytes are copied when they grow.
    static constexpr std::size_t least_moved = std::size_t{1} << 17;

    /// What a block is for: to stay as large as it is, or to grow(); or to be written before it is read, so that it
    /// need not hold zeros.
    enum class Use : std::uint8_t { stays, grows, written };

    Block() = default;
    ~Block() { reset(); }
    Block(Block&& other) noexcept { swap(other); }
    Block& operator=(Block&& other) noexcept {
        swap(other);
        return *this;
    }

    /// Replaces what is held, by zeros unless it is Use::written. \param budget must outlive the block
    /// \return false if there is no memory, or no room in the folder; nothing is held then
    [[nodiscard]] bool allocate(std::size_t bytes, MemoryBudget& budget, Use use = Use::stays);
    /// Makes a block larger that was allocated to grow. What is held is kept, maybe at another address; zeros follow.
    /// \return false if there is no memory, or no room in the folder; it is then as it was
    [[nodiscard]] bool grow(std::size_t bytes);
    void reset();
    /// Has the system give its pages now, if it lies in memory: see checker::ask_for_pages().
    void ask_for_pages() {
        if (place_ != Place::file) checker::ask_for_pages(data_, bytes_);
    }

    /// Aligned to a cache line at least.
    [[nodiscard]] unsigned char* data() const { return data_; }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
    void swap(Block& other) noexcept;
    bool map_file(std::size_t bytes, Use use);
    bool map_memory(std::size_t bytes);

    enum class Place : std::uint8_t { words, mapping, file };

    Words words_;  ///< if there
    unsigned char* data_ = nullptr;
    std::size_t bytes_ = 0;
    Place place_ = Place::words;
    int file_ = -1;  ///< of a block in a file that may grow
    MemoryBudget* budget_ = nullptr;
};

/// Bytes of the block after so many, where blocks are added as needed: little compared to what there is already.
[[nodiscard]] constexpr std::size_t next_block_bytes(std::size_t blocks) {
    if (blocks < 32) return std::size_t{1} << 16;
    return blocks < 64 ? std::size_t{1} << 18 : std::size_t{1} << 20;  // a process may have some 65,000 mappings
}

/// Bytes that are appended to a block of a fixed size.
class ByteBlock {
 public:
    [[nodiscard]] bool allocate(std::size_t bytes, MemoryBudget& budget) {
        size_ = 0;
        return block_.allocate(bytes, budget, Block::Use::written);
    }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::size_t room() const { return block_.bytes() - size_; }
    [[nodiscard]] const unsigned char* data() const { return block_.data(); }
    [[nodiscard]] std::span<const unsigned char> bytes() const { return {block_.data(), size_}; }
    /// Makes room for so many more, of which there is room(). \return where they are
    [[nodiscard]] unsigned char* extend(std::size_t count) {
        unsigned char* const at = block_.data() + size_;
        size_ += count;
        return at;
    }
    void cut_to(std::size_t size) { size_ = size; }
    /// Has the system give its pages now, if it lies in memory.
    void ask_for_pages() { block_.ask_for_pages(); }

 private:
    Block block_;
    std::size_t size_ = 0;
};

}  // namespace vmemcheck::checker
