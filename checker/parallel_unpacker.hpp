// SPDX-License-Identifier: MIT
/// \file
/// Packed words to states, all fields at once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "checker/packer.hpp"

namespace vmemcheck::checker {

/// Unpacks states, as a Packer does, with the processor's parallel deposit of bits (BMI2): sixteen bytes, a lane, at
/// once, and without a branch for each field that differs from what was there, which no predictor foresees.
class ParallelUnpacker {
 public:
    static constexpr std::size_t lane_bytes = 16;

    /// Of no use.
    ParallelUnpacker() = default;
    /// Of no use where the processor lacks the instruction, or a field of two bytes lies at an odd offset: usable()
    /// tells. \param sample the bytes of a state: what no field describes is set to what it has there
    ParallelUnpacker(const Packer& packer, std::span<const unsigned char> sample);

    /// Whether the processor has the instruction, and it is fast.
    [[nodiscard]] static bool supported();
    /// Whether unpack() may be called.
    [[nodiscard]] bool usable() const { return usable_; }
    /// Bytes that unpack() writes: those of a state, rounded up to whole lanes.
    [[nodiscard]] std::size_t room() const { return lanes_.size() * lane_bytes; }

    /// \param words of a packed state
    /// \param state room() bytes: those of the state are set, others become 0
    void unpack(const std::uint64_t* words, unsigned char* state) const;

 private:
    /// Bits of one word that go to the same eight bytes of a state.
    struct Piece {
        std::uint64_t mask = 0;  ///< where they go
        unsigned word = 0;
        unsigned shift = 0;  ///< in the word
    };
    struct alignas(lane_bytes) Lane {
        std::array<unsigned char, lane_bytes> low{};   ///< of each field: what is added to its bits
        std::array<unsigned char, lane_bytes> wide{};  ///< 255: of a field of 2 bytes
        std::array<Piece, 2> pieces{};                 ///< of each eight bytes, the first one
    };

    /// Puts the bits of a piece where they go.
    static std::uint64_t deposit(std::uint64_t word, const Piece& piece);
    /// \tparam one_word states are packed in one word, so there is one piece at most for each eight bytes
    template <bool wide, bool one_word>
    void unpack_lanes(const std::uint64_t* words, unsigned char* state) const;

    bool usable_ = false;
    bool any_wide_ = false;
    bool one_word_ = false;
    std::vector<Lane> lanes_;
    std::vector<Piece> pieces_;    ///< in the order of the bytes they go to
    std::vector<unsigned> first_;  ///< of each eight bytes, the first piece; and how many pieces there are
};

}  // namespace vmemcheck::checker
