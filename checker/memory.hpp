// SPDX-License-Identifier: MIT
/// \file
/// Large blocks of memory, and what the process has used.
#pragma once

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

/// The most memory the process has had resident so far, in bytes (getrusage); 0 if unknown.
[[nodiscard]] std::size_t peak_resident_bytes();

}  // namespace vmemcheck::checker
