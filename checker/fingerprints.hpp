// SPDX-License-Identifier: MIT
/// \file
/// The states a bounded exploration has visited, as fingerprints, with what was left of its budget.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace vmemcheck::checker {

/// A hash table of 64-bit fingerprints; 10 bytes a slot, at most 3/4 full.
class Fingerprints {
 public:
    /// \param max_bytes a table that would need more (while it grows, the old one counts) takes in nothing new
    explicit Fingerprints(std::size_t max_bytes) : max_bytes_(max_bytes) {}

    /// Whether a state was visited with at least so much left. If not, it is from now on (unless there is no room: then
    /// it is explored again each time, which costs time alone).
    bool visited(std::uint64_t fingerprint, std::uint16_t left);

    /// Different states.
    [[nodiscard]] std::uint64_t count() const { return count_; }
    [[nodiscard]] std::size_t bytes() const { return keys_.size() * slot_bytes; }
    /// Some state was not taken in.
    [[nodiscard]] bool full() const { return full_; }

    /// Upper bound of the probability that two different states of those visited have one fingerprint, so that some
    /// state was wrongly left out; for a hash that is as good as random.
    [[nodiscard]] double omission_probability() const;

 private:
    static constexpr std::size_t slot_bytes = sizeof(std::uint64_t) + sizeof(std::uint16_t);

    [[nodiscard]] std::size_t slot_of(std::uint64_t key) const;
    bool grow();

    std::size_t max_bytes_;
    std::vector<std::uint64_t> keys_;  ///< 0: free
    std::vector<std::uint16_t> left_;
    std::uint64_t count_ = 0;
    bool full_ = false;
};

}  // namespace vmemcheck::checker
