// SPDX-License-Identifier: MIT
/// \file
/// Homes of the keys of packed states, several at once.
#pragma once

#include <cstddef>
#include <cstdint>

#include "checker/keys.hpp"

namespace vmemcheck::checker {

/// Mixes what a Mixer mixes, for states of one word each: where the processor can (AVX2), four at once.
class WordMixer {
 public:
    /// Words that are read at once: behind the last one there has to be room for as many, less one, as there has behind
    /// the last home.
    static constexpr std::size_t lane_words = 4;

    /// Mixes nothing.
    WordMixer() = default;
    /// \param home_bits of the words, the low ones; what is above them has to fit 32 bits \param parallel if it can
    WordMixer(const Mixer& mixer, unsigned home_bits, bool parallel);

    /// Whether the processor can mix several words at once.
    [[nodiscard]] static bool supported();

    /// \param homes one for each word
    void homes(const std::uint64_t* words, std::size_t count, std::uint32_t* homes) const {
        mix_(*this, words, count, homes);
    }

 private:
    using Mix = void (*)(const WordMixer&, const std::uint64_t*, std::size_t, std::uint32_t*);

    struct Kernels;

    Mixer mixer_;
    unsigned home_bits_ = 1;
    Mix mix_ = nullptr;
};

}  // namespace vmemcheck::checker
