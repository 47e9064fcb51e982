// SPDX-License-Identifier: MIT
/// \file
/// How each state was found, in about a byte each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "checker/archive.hpp"
#include "checker/block.hpp"
#include "checker/memory.hpp"

namespace vmemcheck::checker {

/// Number of a state in the order of discovery: 0, 1, 2, ... breadth first.
using DiscoveryIndex = std::uint64_t;

/// For each state, in the order of discovery, which transition of which state gave it. As states are expanded in the
/// order in which they were found, parents never decrease: a byte says how many states further the parent is (mostly 0,
/// 1 or 2) and which of its transitions it was (mostly less than 63). The states themselves are not needed to make a
/// run again: its first state and the numbers of its transitions are.
class DiscoveryLog {
    // A byte has the step of parents in its low bits and the transition in the others; the highest value of either says
    // that what exceeds it follows, seven bits a byte.
    static constexpr unsigned step_bits = 2;
    static constexpr DiscoveryIndex step_most = (1U << step_bits) - 1;
    static constexpr std::uint32_t transition_most = (1U << (8 - step_bits)) - 1;

 public:
    /// What was found by the states of one chunk of work, to be appended in their order.
    class Piece {
     public:
        void clear() {
            bytes_.clear();
            first_parent_ = last_parent_ = 0;
            first_transition_ = count_ = 0;
        }
        /// \param parent not less than that of the last call
        /// \param transition number of the transition among all of the parent's
        void add(DiscoveryIndex parent, std::uint32_t transition) {
            if (count_ == 0) {
                first_parent_ = parent;
                first_transition_ = transition;
            } else if (const DiscoveryIndex step = parent - last_parent_;
                       step < step_most && transition < transition_most) {
                bytes_.push_back(static_cast<unsigned char>(step | transition << step_bits));
            } else {
                encode(bytes_, step, transition);
            }
            last_parent_ = parent;
            ++count_;
        }
        [[nodiscard]] std::uint32_t count() const { return count_; }
        [[nodiscard]] std::size_t bytes() const { return bytes_.capacity(); }

     private:
        friend class DiscoveryLog;
        std::vector<unsigned char> bytes_;  ///< of all but the first
        DiscoveryIndex first_parent_ = 0;
        DiscoveryIndex last_parent_ = 0;
        std::uint32_t first_transition_ = 0;
        std::uint32_t count_ = 0;
    };

    /// The way to a state.
    struct Way {
        DiscoveryIndex initial = 0;              ///< number of its first state
        std::vector<std::uint32_t> transitions;  ///< numbers of its transitions
    };

    /// \param budget must outlive the log
    explicit DiscoveryLog(MemoryBudget& budget) : budget_(budget) {}

    /// States without a parent; to be called before append().
    void add_initial(DiscoveryIndex count) { size_ = initial_ = count; }
    /// \return false if there is no memory; nothing was appended
    [[nodiscard]] bool append(const Piece& piece);

    [[nodiscard]] DiscoveryIndex size() const { return size_; }
    /// \param index less than size()
    [[nodiscard]] Way way_to(DiscoveryIndex index) const;

    /// Where the log ends.
    struct End {
        std::size_t blocks = 0;
        std::size_t bytes = 0;  ///< of the last block
        DiscoveryIndex size = 0;
        DiscoveryIndex last_parent = 0;
    };
    [[nodiscard]] End end() const;
    /// Takes back what was appended since.
    void back_to(const End& end);

    void save(ArchiveWriter& to) const;
    /// Reads what was saved into an empty log. \return false if there is no memory
    [[nodiscard]] bool load(ArchiveReader& from);

 private:
    struct Block {
        DiscoveryIndex first = 0;   ///< the state its bytes begin with
        DiscoveryIndex parent = 0;  ///< what the first step of parents is counted from
        ByteBlock bytes;
    };

    static void encode(std::vector<unsigned char>& bytes, DiscoveryIndex step, std::uint32_t transition);
    bool room(std::size_t bytes);
    bool begin_block(std::size_t size);

    MemoryBudget& budget_;
    std::vector<Block> blocks_;
    DiscoveryIndex initial_ = 0;
    DiscoveryIndex size_ = 0;
    DiscoveryIndex last_parent_ = 0;
};

}  // namespace vmemcheck::checker
