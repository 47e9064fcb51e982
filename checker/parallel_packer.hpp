// SPDX-License-Identifier: MIT
/// \file
/// States to packed words, all fields at once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "checker/packer.hpp"

namespace vmemcheck::checker {

/// Packs states, as a Packer does, with the processor's parallel extract of bits (BMI2): without a branch for each
/// field, as no predictor foresees which of them a step changed.
class ParallelPacker {
 public:
    /// Of the longest state, packed and not.
    static constexpr unsigned most_words = 4;
    static constexpr std::size_t most_bytes = 128;
    /// Of the longest one of one word.
    static constexpr std::size_t most_bytes_of_a_word = 64;

    /// Of no use.
    ParallelPacker() = default;
    /// Of no use where the processor lacks the instructions, a state is too long, or a field has two bytes: usable()
    /// tells.
    ParallelPacker(const Packer& packer, std::size_t state_bytes);

    /// Whether the processor has the instructions, and they are fast.
    [[nodiscard]] static bool supported();
    /// Whether pack() may be called.
    [[nodiscard]] bool usable() const { return pack_ != nullptr; }
    /// Bytes of a state that are read: those that it has, rounded up.
    [[nodiscard]] std::size_t room() const { return room_; }

    /// Packs several states.
    /// \param states the first of them: room() bytes, of which those that are not the state's are ignored
    /// \param stride bytes from a state to the next
    /// \param words of each, as many as the Packer says
    /// \return false if a field of one is outside of its bounds; the words are then useless
    bool pack(const unsigned char* states, std::size_t stride, std::size_t count, std::uint64_t* words) const {
        return pack_(*this, states, stride, count, words);
    }

 private:
    static constexpr std::size_t piece_bytes = 8;
    using Pack = bool (*)(const ParallelPacker&, const unsigned char*, std::size_t, std::size_t, std::uint64_t*);

    /// Bits of one word that come from the same eight bytes of a state.
    struct Piece {
        std::uint64_t mask = 0;
        unsigned shift = 0;  ///< where they go
    };
    struct Kernels;

    alignas(32) std::array<unsigned char, most_bytes> low_{};    ///< of the field at this byte
    alignas(32) std::array<unsigned char, most_bytes> range_{};  ///< high - low; 255 if there is no field
    std::size_t end_ = 0;                                        ///< of the bytes that have fields, rounded up to eight
    std::size_t room_ = 0;
    std::array<Piece, most_bytes / piece_bytes * most_words> pieces_{};  ///< of each eight bytes, one for each word
    Pack pack_ = nullptr;
};

}  // namespace vmemcheck::checker
