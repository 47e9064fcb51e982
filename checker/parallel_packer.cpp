// SPDX-License-Identifier: MIT
#include "checker/parallel_packer.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "checker/parallel_unpacker.hpp"

#if defined(__x86_64__) && defined(__GNUC__)
#define VMEMCHECK_AVX2 __attribute__((target("avx2,bmi2")))
#include <immintrin.h>
#endif

namespace vmemcheck::checker {

#ifdef VMEMCHECK_AVX2

/// Packing, for each number of eight bytes, and for several words. No lambdas in here: they would not have the
/// instructions.
struct ParallelPacker::Kernels {
    static constexpr std::size_t lane_bytes = sizeof(__m256i);
    static constexpr std::size_t lane_pieces = lane_bytes / piece_bytes;

    VMEMCHECK_AVX2 static __m256i load(const unsigned char* from) {
        return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    }
    /// Each byte less the least value of its field.
    VMEMCHECK_AVX2 static __m256i codes_of(const ParallelPacker& how, const unsigned char* state, std::size_t first,
                                           __m256i& inside) {
        const __m256i most = load(how.range_.data() + first);
        const __m256i codes = _mm256_sub_epi8(load(state + first), load(how.low_.data() + first));
        inside = _mm256_and_si256(inside, _mm256_cmpeq_epi8(_mm256_max_epu8(codes, most), most));
        return codes;
    }
    VMEMCHECK_AVX2 static std::uint64_t extract(std::uint64_t codes, const Piece& piece) {
        return _pext_u64(codes, piece.mask) << piece.shift;
    }
    VMEMCHECK_AVX2 static std::uint64_t extract(long long codes, const ParallelPacker& how, std::size_t piece) {
        return extract(static_cast<std::uint64_t>(codes), how.pieces_[piece]);
    }
    /// \tparam pieces of a lane that have fields, the first ones
    template <std::size_t pieces>
    VMEMCHECK_AVX2 static std::uint64_t lane(const ParallelPacker& how, const unsigned char* state, std::size_t first,
                                             __m256i& inside) {
        const __m256i codes = codes_of(how, state, first, inside);
        const std::size_t piece = first / piece_bytes;
        const __m128i low = _mm256_castsi256_si128(codes);
        std::uint64_t word = extract(_mm_cvtsi128_si64(low), how, piece);
        if constexpr (pieces > 1) word |= extract(_mm_extract_epi64(low, 1), how, piece + 1);
        if constexpr (pieces > 2) {
            const __m128i high = _mm256_extracti128_si256(codes, 1);
            word |= extract(_mm_cvtsi128_si64(high), how, piece + 2);
            if constexpr (pieces > 3) word |= extract(_mm_extract_epi64(high, 1), how, piece + 3);
        }
        return word;
    }
    template <std::size_t pieces>
    VMEMCHECK_AVX2 static bool pack(const ParallelPacker& how, const unsigned char* state, std::size_t stride,
                                    std::size_t count, std::uint64_t* words) {
        __m256i inside = _mm256_set1_epi8(-1);
        for (const std::uint64_t* const end = words + count; words != end; ++words, state += stride) {
            if constexpr (pieces <= lane_pieces) {
                *words = lane<pieces>(how, state, 0, inside);
            } else {
                *words = lane<lane_pieces>(how, state, 0, inside) |
                         lane<pieces - lane_pieces>(how, state, lane_bytes, inside);
            }
        }
        return _mm256_movemask_epi8(inside) == -1;
    }
    /// \tparam size words of a packed state
    template <std::size_t size>
    VMEMCHECK_AVX2 static bool pack_several(const ParallelPacker& how, const unsigned char* state, std::size_t stride,
                                            std::size_t count, std::uint64_t* words) {
        std::array<unsigned char, most_bytes> codes;  // NOLINT(cppcoreguidelines-pro-type-member-init): written first
        __m256i inside = _mm256_set1_epi8(-1);
        for (; count != 0; --count, state += stride, words += size) {
            for (std::size_t first = 0; first != how.room_; first += lane_bytes) {
                _mm256_storeu_si256(reinterpret_cast<__m256i*>(codes.data() + first),
                                    codes_of(how, state, first, inside));
            }
            std::array<std::uint64_t, size> packed{};
            const Piece* piece = how.pieces_.data();
            for (std::size_t byte = 0; byte < how.end_; byte += piece_bytes, piece += size) {
                std::uint64_t eight = 0;
                std::memcpy(&eight, codes.data() + byte, sizeof eight);
                for (std::size_t word = 0; word < size; ++word) packed[word] |= extract(eight, piece[word]);
            }
            // One by one: a copy of them all at once would wait for each to be written.
            for (std::size_t word = 0; word < size; ++word) words[word] = packed[word];
        }
        return _mm256_movemask_epi8(inside) == -1;
    }
    template <std::size_t... less_one>
    static Pack of(std::size_t pieces, std::index_sequence<less_one...> /*all*/) {
        constexpr std::array<Pack, sizeof...(less_one)> all{pack<less_one + 1>...};
        return all[pieces - 1];
    }
};

ParallelPacker::ParallelPacker(const Packer& packer, std::size_t state_bytes) {
    const std::size_t words = packer.words();
    if (!supported() || words > most_words || state_bytes > (words == 1 ? most_bytes_of_a_word : most_bytes)) return;
    range_.fill(0xff);
    std::size_t end = 1;
    for (const Packer::Slot& slot : packer.slots()) {
        if (slot.size != 1) return;
        low_[slot.offset] = static_cast<unsigned char>(slot.low);
        range_[slot.offset] = static_cast<unsigned char>(slot.range);
        end = std::max<std::size_t>(end, slot.offset + 1);
    }
    end_ = (end + piece_bytes - 1) / piece_bytes * piece_bytes;
    room_ = (end + Kernels::lane_bytes - 1) / Kernels::lane_bytes * Kernels::lane_bytes;
    // The fields of a word are in the order of their bytes, so of what eight bytes have of it the first says where.
    for (const Packer::Slot& slot : packer.slots()) {
        if (slot.mask == 0) continue;
        Piece& piece = pieces_[slot.offset / piece_bytes * words + slot.word];
        if (piece.mask == 0) piece.shift = slot.shift;
        piece.mask |= std::uint64_t{slot.mask} << (8 * (slot.offset % piece_bytes));
    }
    switch (words) {
        case 1:
            pack_ = Kernels::of(end_ / piece_bytes, std::make_index_sequence<most_bytes_of_a_word / piece_bytes>());
            break;
        case 2:
            pack_ = Kernels::pack_several<2>;
            break;
        case 3:
            pack_ = Kernels::pack_several<3>;
            break;
        default:
            pack_ = Kernels::pack_several<most_words>;
    }
}

bool ParallelPacker::supported() {
    static const bool both = ParallelUnpacker::supported() && __builtin_cpu_supports("avx2") != 0;
    return both;
}

#else

ParallelPacker::ParallelPacker(const Packer&, std::size_t) {}
bool ParallelPacker::supported() { return false; }

#endif

}  // namespace vmemcheck::checker
