// SPDX-License-Identifier: MIT
#include "checker/word_mixer.hpp"

#if defined(__x86_64__) && defined(__GNUC__)
#define VMEMCHECK_AVX2 __attribute__((target("avx2")))
#include <immintrin.h>
#endif

namespace vmemcheck::checker {

struct WordMixer::Kernels {
    static void one_by_one(const WordMixer& how, const std::uint64_t* words, std::size_t count, std::uint32_t* homes) {
        for (std::size_t i = 0; i < count; ++i) {
            const auto core = static_cast<std::uint32_t>(words[i] & low_bits(how.home_bits_));
            homes[i] = how.mixer_.mix(core, words[i] >> how.home_bits_);
        }
    }

#ifdef VMEMCHECK_AVX2
    // Numbers of 32 bits in lanes of 64. No lambdas in here: they would not have the instructions.
    VMEMCHECK_AVX2 static __m256i all(std::uint64_t number) {
        return _mm256_set1_epi64x(static_cast<long long>(number));
    }
    VMEMCHECK_AVX2 static __m256i fold(__m256i x, __m128i shift) {
        return _mm256_xor_si256(x, _mm256_srl_epi64(x, shift));
    }
    VMEMCHECK_AVX2 static void in_lanes(const WordMixer& how, const std::uint64_t* words, std::size_t count,
                                        std::uint32_t* homes) {
        const __m256i mask = all(how.mixer_.mask());
        const __m256i low = all(low_bits(how.home_bits_));
        const __m256i spread = all(Mixer::spread_low);
        const __m256i first = all(Mixer::first);
        const __m256i second = all(Mixer::second);
        const __m128i home_bits = _mm_cvtsi32_si128(static_cast<int>(how.home_bits_));
        const __m128i half = _mm_cvtsi32_si128(static_cast<int>(how.mixer_.shift()));
        const __m128i word_half = _mm_cvtsi32_si128(32);
        const __m256i even = _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6);
        for (std::size_t i = 0; i < count; i += lane_words) {
            const __m256i word = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(words + i));
            const __m256i rest = _mm256_srl_epi64(word, home_bits);
            __m256i x = _mm256_xor_si256(_mm256_and_si256(word, low), fold(_mm256_mul_epu32(rest, spread), word_half));
            x = fold(_mm256_and_si256(x, mask), half);
            x = fold(_mm256_and_si256(_mm256_mul_epu32(x, first), mask), half);
            x = _mm256_and_si256(_mm256_mul_epu32(x, second), mask);
            _mm_storeu_si128(reinterpret_cast<__m128i*>(homes + i),
                             _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(x, even)));
        }
    }
#endif
};

WordMixer::WordMixer(const Mixer& mixer, unsigned home_bits, bool parallel)
    : mixer_(mixer), home_bits_(home_bits), mix_(Kernels::one_by_one) {
#ifdef VMEMCHECK_AVX2
    if (parallel && supported()) mix_ = Kernels::in_lanes;
#else
    static_cast<void>(parallel);
#endif
}

bool WordMixer::supported() {
#ifdef VMEMCHECK_AVX2
    static const bool has_it = __builtin_cpu_supports("avx2") != 0;
    return has_it;
#else
    return false;
#endif
}

}  // namespace vmemcheck::checker
