// SPDX-License-Identifier: MIT
/// \file
/// What the driver is run on: the release of core MM, the sizes of the machine, and what its surroundings may do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/config.hpp"

namespace vmemcheck::conformance {

/// The largest machine.
inline constexpr int max_driver_memory_blocks = 16;
inline constexpr int max_driver_pages_per_block = 8;

/// How the driver divides its device.
enum class DriverMode : std::uint8_t {
    bbm,  ///< Big Block Mode, forced by the module parameter force_bbm
    sbm,  ///< Sub Block Mode, as the driver chooses by itself on such a machine
};

/// A machine and its surroundings. The counts of what may happen hold for a run.
struct DriverSetup {
    bbm::Release release;
    DriverMode mode = DriverMode::bbm;
    int big_blocks = 2;            ///< that fit into the device; in Sub Block Mode their memory blocks count
    int memory_blocks = 2;         ///< a big block, a power of two
    int pages = 4;                 ///< a memory block (and section), a power of two of at least 2
    int page_blocks = 1;           ///< a memory block, a power of two, at most `pages`
    bool threshold_bites = false;  ///< memory blocks so large that two big blocks offline are too many
    bool safe_unplug = true;       ///< module parameter bbm_safe_unplug, where the driver has it
    bool unplug_online = true;     ///< module parameter unplug_online
    bbm::AutoOnline auto_online = bbm::AutoOnline::movable;  ///< `any` is movable here

    /// Sizes that the host requests one after the other, when nothing else happens any more: in big blocks; in Sub
    /// Block Mode in subblocks, which are page blocks.
    std::vector<int> requests{2, 0};
    int extra_resizes = 1;         ///< by the host, to any size at any time
    int user_requests = 1;         ///< writes to memoryX/state, at any time
    int pins = 1;                  ///< pages pinned at the same time
    int allocations = 1;           ///< pages taken from the buddy by others
    int removals = 1;              ///< the driver is unbound at the end, or before: 0 or 1
    int faults = 2;                ///< answers that are not benign
    bbm::Faults kinds;             ///< which
    bool prepare_vetoes = false;   ///< another notifier may refuse MEM_PREPARE_ONLINE, too (v6.7); not in the model
    bool strict_warnings = false;  ///< also a WARN at an error that another notifier's veto has given is a violation
    int leftovers = 0;             ///< big blocks that an earlier driver left plugged
    /// Also a point of choice: the entry of each function that a guest's recorder has a probe at. The driver shares
    /// nothing there, but a run of the model may have another task move between two entries.
    bool entry_points = false;

    [[nodiscard]] int total_memory_blocks() const { return big_blocks * memory_blocks; }
    [[nodiscard]] int total_pages() const { return total_memory_blocks() * pages; }
    [[nodiscard]] std::uint64_t memory_block_bytes() const {
        constexpr std::uint64_t mib = 1U << 20U;
        // The driver's threshold is 1 GiB or two big blocks, whichever is larger.
        return threshold_bites ? 1024 * mib : 128 * mib;
    }
    [[nodiscard]] std::uint64_t page_bytes() const { return memory_block_bytes() / static_cast<unsigned>(pages); }
    [[nodiscard]] std::uint64_t big_block_bytes() const {
        return memory_block_bytes() * static_cast<unsigned>(memory_blocks);
    }
    /// What requests are counted in, and how many there are in the device.
    [[nodiscard]] std::uint64_t unit_bytes() const {
        return mode == DriverMode::bbm ? big_block_bytes() : memory_block_bytes() / static_cast<unsigned>(page_blocks);
    }
    [[nodiscard]] int units() const {
        return mode == DriverMode::bbm ? big_blocks : total_memory_blocks() * page_blocks;
    }
};

/// Says which size or count is impossible, or nothing.
[[nodiscard]] std::optional<std::string> problem(const DriverSetup& setup);

}  // namespace vmemcheck::conformance
