// SPDX-License-Identifier: MIT
#include "checker/parallel_unpacker.hpp"

#include <algorithm>

#if defined(__x86_64__) && defined(__GNUC__)
#define VMEMCHECK_BMI2 __attribute__((target("bmi2")))
#include <immintrin.h>
#endif

namespace vmemcheck::checker {

#ifdef VMEMCHECK_BMI2

bool ParallelUnpacker::supported() {
    // Zen and Zen 2 do it in microcode, bit by bit.
    static const bool fast =
        __builtin_cpu_supports("bmi2") != 0 && __builtin_cpu_is("znver1") == 0 && __builtin_cpu_is("znver2") == 0;
    return fast;
}

ParallelUnpacker::ParallelUnpacker(const Packer& packer, std::span<const unsigned char> sample)
    : one_word_(packer.words() == 1),
      lanes_((sample.size() + lane_bytes - 1) / lane_bytes),
      first_(2 * lanes_.size() + 1) {
    constexpr std::size_t half_lane = lane_bytes / 2;
    if (!supported()) return;
    const auto byte_at = [this](auto member, std::size_t offset) -> unsigned char& {
        return (lanes_[offset / lane_bytes].*member)[offset % lane_bytes];
    };
    for (std::size_t i = 0; i < sample.size(); ++i) byte_at(&Lane::low, i) = sample[i];
    for (const Packer::Slot& slot : packer.slots()) {
        if (slot.size == 2 && slot.offset % 2 != 0) return;  // it might lie in two lanes
        for (unsigned byte = 0; byte < slot.size; ++byte) {
            byte_at(&Lane::low, slot.offset + byte) = static_cast<unsigned char>(slot.low >> (8 * byte));
            byte_at(&Lane::wide, slot.offset + byte) = slot.size == 2 ? 0xff : 0;
        }
        any_wide_ = any_wide_ || slot.size == 2;
        if (slot.mask == 0) continue;
        const std::size_t half = slot.offset / half_lane;
        const std::uint64_t mask = std::uint64_t{slot.mask} << (8 * (slot.offset % half_lane));
        const auto same = std::find_if(pieces_.begin() + first_[half], pieces_.end(),
                                       [&](const Piece& piece) { return piece.word == slot.word; });
        if (same != pieces_.end()) {
            same->mask |= mask;  // the fields of a word are in the order of their bytes
        } else {
            pieces_.push_back({mask, slot.word, slot.shift});
        }
        std::fill(first_.begin() + static_cast<std::ptrdiff_t>(half) + 1, first_.end(),
                  static_cast<unsigned>(pieces_.size()));
    }
    for (std::size_t half = 0; half + 1 < first_.size(); ++half) {
        if (first_[half] != first_[half + 1]) lanes_[half / 2].pieces[half % 2] = pieces_[first_[half]];
    }
    usable_ = true;
}

// No lambdas in here: they would not have the instruction.
VMEMCHECK_BMI2 std::uint64_t ParallelUnpacker::deposit(std::uint64_t word, const Piece& piece) {
    return _pdep_u64(word >> piece.shift, piece.mask);
}

template <bool wide, bool one_word>
VMEMCHECK_BMI2 void ParallelUnpacker::unpack_lanes(const std::uint64_t* words, unsigned char* state) const {
    const Piece* piece = pieces_.data();
    const unsigned* end = first_.data() + 1;
    const std::uint64_t word = words[0];
    for (const Lane& lane : lanes_) {
        // Two variables, as an array would be written in halves and read whole, which waits.
        std::uint64_t low_bits = 0;
        std::uint64_t high_bits = 0;
        if constexpr (one_word) {
            low_bits = deposit(word, lane.pieces[0]);
            high_bits = deposit(word, lane.pieces[1]);
        } else {
            const Piece* const middle = pieces_.data() + *end++;
            for (; piece != middle; ++piece) low_bits |= deposit(words[piece->word], *piece);
            const Piece* const last = pieces_.data() + *end++;
            for (; piece != last; ++piece) high_bits |= deposit(words[piece->word], *piece);
        }
        const __m128i codes = _mm_set_epi64x(static_cast<long long>(high_bits), static_cast<long long>(low_bits));
        const __m128i low = _mm_load_si128(reinterpret_cast<const __m128i*>(lane.low.data()));
        __m128i bytes = _mm_add_epi8(codes, low);
        if constexpr (wide) {
            const __m128i where = _mm_load_si128(reinterpret_cast<const __m128i*>(lane.wide.data()));
            bytes = _mm_or_si128(_mm_and_si128(where, _mm_add_epi16(codes, low)), _mm_andnot_si128(where, bytes));
        }
        _mm_storeu_si128(reinterpret_cast<__m128i*>(state), bytes);
        state += lane_bytes;
    }
}

void ParallelUnpacker::unpack(const std::uint64_t* words, unsigned char* state) const {
    if (one_word_) {
        any_wide_ ? unpack_lanes<true, true>(words, state) : unpack_lanes<false, true>(words, state);
    } else {
        any_wide_ ? unpack_lanes<true, false>(words, state) : unpack_lanes<false, false>(words, state);
    }
}

#else

bool ParallelUnpacker::supported() { return false; }
ParallelUnpacker::ParallelUnpacker(const Packer&, std::span<const unsigned char>) {}
void ParallelUnpacker::unpack(const std::uint64_t*, unsigned char*) const {}

#endif

}  // namespace vmemcheck::checker
