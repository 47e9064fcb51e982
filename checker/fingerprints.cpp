// SPDX-License-Identifier: MIT
#include "checker/fingerprints.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "checker/hash.hpp"

namespace vmemcheck::checker {

std::size_t Fingerprints::slot_of(std::uint64_t key) const {
    // Programs' fingerprints need not be good in their low bits.
    std::size_t slot = detail::fold_multiply(key, 0xe7037ed1a0b428dbULL) & (keys_.size() - 1);
    while (keys_[slot] != 0 && keys_[slot] != key) slot = (slot + 1) & (keys_.size() - 1);
    return slot;
}

bool Fingerprints::grow() {
    constexpr std::size_t first = 1024;
    const std::size_t size = keys_.empty() ? first : keys_.size() * 2;
    if ((size + keys_.size()) * slot_bytes > max_bytes_) return false;
    std::vector<std::uint64_t> keys(size);
    std::vector<std::uint16_t> left(size);
    keys.swap(keys_);
    left.swap(left_);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (keys[i] == 0) continue;
        const std::size_t slot = slot_of(keys[i]);
        keys_[slot] = keys[i];
        left_[slot] = left[i];
    }
    return true;
}

bool Fingerprints::visited(std::uint64_t fingerprint, std::uint16_t left) {
    const std::uint64_t key = std::max<std::uint64_t>(fingerprint, 1);  // 0 is a free slot
    if (!full_ && (count_ + 1) * 4 > keys_.size() * 3) full_ = !grow();
    if (keys_.empty()) return false;
    const std::size_t slot = slot_of(key);
    if (keys_[slot] == key) {
        if (left_[slot] >= left) return true;
        left_[slot] = left;
        return false;
    }
    if (full_) return false;
    keys_[slot] = key;
    left_[slot] = left;
    ++count_;
    return false;
}

double Fingerprints::omission_probability() const {
    const double n = static_cast<double>(count_);
    return std::min(1.0, n * n * std::ldexp(1.0, -65));
}

}  // namespace vmemcheck::checker
