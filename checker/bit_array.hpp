// SPDX-License-Identifier: MIT
/// \file
/// States seen, as a few bits each in an array: some may be taken for seen that were not.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "checker/archive.hpp"
#include "checker/block.hpp"
#include "checker/hash.hpp"
#include "checker/memory.hpp"
#include "checker/own_lines.hpp"

namespace vmemcheck::checker {

/// A Bloom filter of fingerprints (supertrace: Holzmann, FMSD 1998) in parts() parts by their high bits, each of which
/// may be used by one thread at a time.
class BitArray {
 public:
    static constexpr unsigned part_bits = 4;
    static constexpr std::size_t least_bytes = std::size_t{8} << part_bits;

    /// \param bytes at least least_bytes; some at the end may not be used
    /// \param hashes bits of a state, at least 1
    /// \param budget must outlive the array
    /// \return false if there is no memory
    [[nodiscard]] bool allocate(std::size_t bytes, unsigned hashes, MemoryBudget& budget) {
        part_bytes_ = bytes >> part_bits;
        hashes_ = hashes;
        return block_.allocate(part_bytes_ << part_bits, budget);
    }
    [[nodiscard]] static constexpr unsigned parts() { return 1U << part_bits; }
    [[nodiscard]] static unsigned part_of(std::uint64_t print) {
        return static_cast<unsigned>(print >> (64 - part_bits));
    }

    /// \param print whose part this is
    void prefetch(std::uint64_t print) const { __builtin_prefetch(part(print) + Probes(*this, print).next() / 8); }
    /// Sets the bits of a fingerprint. \return whether one was clear: it was never added before
    bool add(std::uint64_t print) {
        unsigned char* const bits = part(print);
        Probes probes(*this, print);
        std::uint64_t set = 0;
        for (unsigned i = 0; i < hashes_; ++i) {
            const std::uint64_t at = probes.next();
            const auto bit = static_cast<unsigned char>(1U << at % 8);
            set += (bits[at / 8] & bit) == 0 ? 1 : 0;
            bits[at / 8] = static_cast<unsigned char>(bits[at / 8] | bit);
        }
        ones_[part_of(print)].count += set;
        return set != 0;
    }

    /// The probability that one more state, whose bits are as good as random, would be taken for seen.
    [[nodiscard]] double false_positive() const;

    void save(ArchiveWriter& to) const;
    /// Reads what was saved of an array of the same size.
    void load(ArchiveReader& from);

 private:
    /// The places of the bits of a fingerprint: double hashing (Dillinger, Manolios, SPIN 2004).
    class Probes {
     public:
        Probes(const BitArray& array, std::uint64_t print)
            : bits_(array.part_bytes_ * 8),
              at_(detail::fold_multiply(print ^ 0xa0761d6478bd642fULL, 0xe7037ed1a0b428dbULL)),
              step_(detail::fold_multiply(print ^ 0x8ebc6af09c88c6e3ULL, 0x589965cc75374cc3ULL) | 1) {}
        std::uint64_t next() {
            __extension__ using Wide = unsigned __int128;
            at_ += step_;
            return static_cast<std::uint64_t>(static_cast<Wide>(at_) * bits_ >> 64);
        }

     private:
        std::uint64_t bits_;
        std::uint64_t at_;
        std::uint64_t step_;
    };
    struct alignas(line_bytes) Count {
        std::uint64_t count = 0;
    };

    [[nodiscard]] unsigned char* part(std::uint64_t print) const {
        return block_.data() + std::size_t{part_of(print)} * part_bytes_;
    }

    Block block_;
    std::size_t part_bytes_ = 0;
    unsigned hashes_ = 1;
    std::array<Count, std::size_t{1} << part_bits> ones_{};  ///< bits set of each part
};

}  // namespace vmemcheck::checker
