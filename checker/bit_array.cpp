// SPDX-License-Identifier: MIT
#include "checker/bit_array.hpp"

#include <bit>
#include <cmath>
#include <span>

namespace vmemcheck::checker {

double BitArray::false_positive() const {
    double sum = 0;
    for (const Count& ones : ones_) {
        sum += std::pow(static_cast<double>(ones.count) / static_cast<double>(part_bytes_ * 8), hashes_);
    }
    return sum / parts();
}

void BitArray::save(ArchiveWriter& to) const { to.list(std::span<const unsigned char>(block_.data(), block_.bytes())); }

void BitArray::load(ArchiveReader& from) {
    from.require(from.length(1) == block_.bytes(), "the size of a bit array is wrong");
    from.get(block_.data(), block_.bytes());
    for (std::size_t i = 0; i < block_.bytes(); ++i) {
        ones_[i / part_bytes_].count += static_cast<unsigned>(std::popcount(block_.data()[i]));
    }
}

}  // namespace vmemcheck::checker
