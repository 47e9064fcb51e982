// SPDX-License-Identifier: MIT
/// \file
/// Keys that found no place in a table's own buckets.
#pragma once

#include <cstddef>
#include <cstdint>

#include "checker/block.hpp"
#include "checker/keys.hpp"
#include "checker/memory.hpp"

namespace vmemcheck::checker {

/// A set of few keys, whole: open addressing, at most half full. Not for several threads at once.
class OverflowKeys {
 public:
    /// Whether the key is there.
    [[nodiscard]] bool has(const Key& key) const;
    /// Adds a key that is not there. \param key whose home is less than 2^32 - 1
    /// \param budget the same at each call; must outlive the set
    /// \return false if there is no memory; nothing was changed
    [[nodiscard]] bool add(const Key& key, MemoryBudget& budget);
    /// Makes memory for so many keys, so that adding them cannot fail. \param budget as for add()
    /// \return false if there is none; nothing was changed
    [[nodiscard]] bool reserve(std::uint64_t keys, MemoryBudget& budget);
    /// How many keys there are.
    [[nodiscard]] std::uint64_t size() const { return size_; }
    /// Memory taken, in bytes.
    [[nodiscard]] std::size_t bytes() const { return block_.bytes(); }

    /// Calls visit(key) for each key, in no particular order.
    template <class Visit>
    void for_each(Visit&& visit) const {
        for (std::size_t slot = 0; slot < slots_; ++slot) {
            const Entry entry = at(slot);
            if (entry.home_and_one != 0) visit(Key{entry.rest, entry.home_and_one - 1});
        }
    }

 private:
    struct Entry {
        std::uint64_t rest = 0;
        std::uint32_t home_and_one = 0;  ///< 0: free
    };
    [[nodiscard]] Entry at(std::size_t slot) const { return reinterpret_cast<const Entry*>(block_.data())[slot]; }
    [[nodiscard]] std::size_t slot_of(const Key& key) const;
    void put(std::size_t slot, const Key& key);
    bool grow(std::size_t slots, MemoryBudget& budget);

    Block block_;
    std::size_t slots_ = 0;  ///< a power of two, or 0
    std::uint64_t size_ = 0;
};

}  // namespace vmemcheck::checker
