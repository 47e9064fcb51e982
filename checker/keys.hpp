// SPDX-License-Identifier: MIT
/// \file
/// Keys: what a compact table stores of a state.
#pragma once

#include <array>
#include <cstdint>

namespace vmemcheck::checker {

/// A state in two parts that together tell it from every other: `home` is where it belongs in a table, `rest` what has
/// to be stored there. As the place says what the home is, a table need not store it (quotienting: Cleary, IEEE TC
/// 1984).
struct Key {
    std::uint64_t rest = 0;
    std::uint32_t home = 0;

    friend bool operator==(const Key&, const Key&) = default;
};

/// The low `bits` bits set; 0 to 64.
[[nodiscard]] constexpr std::uint64_t low_bits(unsigned bits) {
    return bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
}

namespace detail {

/// The inverse of an odd number modulo 2^32.
[[nodiscard]] constexpr std::uint32_t inverse_of(std::uint32_t odd) {
    std::uint32_t x = odd;  // right in 3 bits; each step of Newton's iteration doubles them
    for (int i = 0; i < 4; ++i) x *= 2 - odd * x;
    return x;
}

}  // namespace detail

/// For each `rest`, a permutation of the numbers of `bits` bits whose every bit depends on all of theirs, and on
/// `rest`. It can be undone: nothing is lost by keeping the result only.
class Mixer {
 public:
    /// \param bits 1 to 32
    explicit Mixer(unsigned bits = 1) : mask_(static_cast<std::uint32_t>(low_bits(bits))), shift_((bits + 1) / 2) {}

    [[nodiscard]] std::uint32_t mix(std::uint32_t core, std::uint64_t rest) const {
        std::uint32_t x = (core ^ spread(rest)) & mask_;
        x ^= x >> shift_;
        x = (x * first) & mask_;
        x ^= x >> shift_;
        return (x * second) & mask_;
    }
    [[nodiscard]] std::uint32_t unmix(std::uint32_t home, std::uint64_t rest) const {
        std::uint32_t x = (home * second_inverse) & mask_;
        x ^= x >> shift_;  // as a shift by half the bits or more is its own inverse
        x = (x * first_inverse) & mask_;
        x ^= x >> shift_;
        return (x ^ spread(rest)) & mask_;
    }

    // What it multiplies by, and shifts by, for who does the same in another way.
    static constexpr std::uint32_t first = 0x9e3779b1U;
    static constexpr std::uint32_t second = 0x85ebca6bU;
    static constexpr std::uint32_t spread_low = 0x78bd642fU;
    static constexpr std::uint32_t spread_high = 0xa0b428dbU;
    [[nodiscard]] std::uint32_t mask() const { return mask_; }
    [[nodiscard]] unsigned shift() const { return shift_; }

 private:
    static constexpr std::uint32_t first_inverse = detail::inverse_of(first);
    static constexpr std::uint32_t second_inverse = detail::inverse_of(second);
    static_assert(first * first_inverse == 1 && second * second_inverse == 1);

    /// Both halves of products of 32 bits, folded: vectors of numbers can be multiplied so.
    static std::uint32_t spread(std::uint64_t rest) {
        const std::uint64_t product = (rest & low_bits(32)) * spread_low + (rest >> 32) * spread_high;
        return static_cast<std::uint32_t>(product ^ product >> 32);
    }

    std::uint32_t mask_;
    unsigned shift_;
};

/// How the `rest` of keys is written in as few bits as its parts need now. A rest has `parts` parts of equal width, of
/// which the low used[i] bits can be other than 0.
struct RestForm {
    static constexpr unsigned most_parts = 3;

    unsigned parts = 1;                              ///< 1 to most_parts
    std::array<unsigned, most_parts> used{0, 0, 0};  ///< bits of each part, at most part_bits()

    [[nodiscard]] unsigned part_bits() const {
        constexpr std::array<unsigned, most_parts + 1> bits{64, 64, 32, 21};
        return bits[parts];
    }
    [[nodiscard]] unsigned bits() const { return used[0] + used[1] + used[2]; }
    /// Whether it is one: what was read from a file may not be.
    [[nodiscard]] bool valid() const {
        if (parts == 0 || parts > most_parts) return false;
        for (unsigned i = 0; i < most_parts; ++i) {
            if (used[i] > (i < parts ? part_bits() : 0)) return false;
        }
        return true;
    }

    [[nodiscard]] std::uint64_t squeeze(std::uint64_t rest) const {
        if (parts == 1) return rest;
        std::uint64_t squeezed = 0;
        unsigned at = 0;
        for (unsigned i = 0; i < parts; ++i) {
            squeezed |= ((rest >> (i * part_bits())) & low_bits(used[i])) << at;
            at += used[i];
        }
        return squeezed;
    }
    [[nodiscard]] std::uint64_t restore(std::uint64_t squeezed) const {
        if (parts == 1) return squeezed;
        std::uint64_t rest = 0;
        for (unsigned i = 0; i < parts; ++i) {
            rest |= (squeezed & low_bits(used[i])) << (i * part_bits());
            squeezed = used[i] >= 64 ? 0 : squeezed >> used[i];
        }
        return rest;
    }

    friend bool operator==(const RestForm&, const RestForm&) = default;
};

}  // namespace vmemcheck::checker
