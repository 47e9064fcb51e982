// SPDX-License-Identifier: MIT
/// \file
/// Large blocks of memory, and what the process has used.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace vmemcheck::checker {

namespace detail {

/// Frees what Words allocated.
struct FreeWords {
    std::align_val_t alignment{1};
    void operator()(std::uint32_t* block) const;
};

}  // namespace detail

/// A block of 32-bit words. Large blocks ask the system for huge pages: lookups in a table of states are random, and
/// with small pages each would miss the TLB as well as the cache.
class Words {
 public:
    /// Replaces what is held. \return false if there is no memory; nothing is held then
    bool allocate(std::size_t count, bool zeroed);
    void reset() {
        data_.reset();
        count_ = 0;
    }
    [[nodiscard]] std::uint32_t* data() const { return data_.get(); }
    [[nodiscard]] std::size_t bytes() const { return count_ * sizeof(std::uint32_t); }

 private:
    std::unique_ptr<std::uint32_t, detail::FreeWords> data_;
    std::size_t count_ = 0;
};

/// Memory taken by the parts of a search, and its limit. Threads may share it.
class MemoryBudget {
 public:
    /// \param limit in bytes, 0: none
    explicit MemoryBudget(std::size_t limit = 0) : limit_(limit) {}

    /// Takes so much, unless that is over the limit.
    [[nodiscard]] bool take(std::size_t bytes) {
        const std::size_t now = used_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
        if (limit_ != 0 && now > limit_) {
            give_back(bytes);
            return false;
        }
        std::size_t peak = peak_.load(std::memory_order_relaxed);
        while (now > peak && !peak_.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
        }
        return true;
    }
    void give_back(std::size_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }

    [[nodiscard]] std::size_t limit() const { return limit_; }
    [[nodiscard]] std::size_t used() const { return used_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::size_t peak() const { return peak_.load(std::memory_order_relaxed); }

 private:
    std::size_t limit_;
    std::atomic<std::size_t> used_{0};
    std::atomic<std::size_t> peak_{0};
};

/// The most memory the process has had resident so far, in bytes (getrusage); 0 if unknown.
[[nodiscard]] std::size_t peak_resident_bytes();

}  // namespace vmemcheck::checker
