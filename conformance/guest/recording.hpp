// SPDX-License-Identifier: MIT
/// \file
/// A recording of a real guest (docs/traces.md): read, checked for form, and brought into the model's words and units.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "model/config.hpp"
#include "model/event.hpp"
#include "model/names.hpp"

namespace vmemcheck::conformance {

/// What is wrong with a file, and where.
struct BadInput {
    std::string message;  ///< "FILE:LINE: what"
};

/// Driver state and zone counters as recorded, accumulated over the deltas so far. Sizes in bytes, pages in pages.
struct DriverSeen {
    std::vector<std::int64_t> bb_states;
    std::vector<std::int64_t> bb_count;
    std::optional<std::int64_t> next_bb, plugged, requested, offline_size, hotplug_active, config_changed, wq_active,
        broken, removing;
    std::optional<std::uint64_t> mutex_owner;
    std::array<std::optional<std::int64_t>, 2> managed, present;  ///< by zone: normal, movable

    friend bool operator==(const DriverSeen&, const DriverSeen&) = default;
};

/// First and last page of a memory block as recorded.
struct PagesSeen {
    bool memmap = false;  ///< false: recorded as null
    std::int64_t ref_first = 0, ref_last = 0;
    std::uint32_t type = 0;
    std::uint64_t flags = 0;

    friend bool operator==(const PagesSeen&, const PagesSeen&) = default;
};
/// The recorder looks at the first memory blocks.
inline constexpr int recorded_blocks = 4;
/// Functions that are called for pages: the recorder sums up their calls.
[[nodiscard]] constexpr bool is_page_function(bbm::EventKind kind) { return kind >= bbm::EventKind::online_page_cb; }

/// One recorded event of the protocol.
struct Seen {
    std::int64_t seq = 0;
    std::size_t line = 0;
    bbm::EventKind kind{};
    std::string name;  ///< as recorded
    std::string task;
    bool kworker = false;
    int block = -1;                     ///< big block or memory block, counted from the first of the device
    std::optional<std::int64_t> value;  ///< return value, request or response type, notifier action, new state
    std::optional<std::int64_t> other;  ///< old state
    std::optional<DriverSeen> driver;   ///< where the event carries state
    std::optional<std::vector<PagesSeen>> pages;
    /// For `collapsed`: the page functions it sums up.
    std::vector<std::pair<bbm::EventKind, std::int64_t>> calls;
    std::uint64_t mutex_holder = 0;  ///< the task that got hotplug_mutex last
    bool after_gap = false;          ///< sequence numbers are missing just before it
    /// Number of the resize by the host that no config interrupt was recorded for, if the last one is such; else 0.
    int unanswered_resize = 0;
    bool in_run = false;  ///< a work item or system call was between its first and last event

    [[nodiscard]] bool collapsed() const { return !calls.empty(); }
};

/// Something that shows no event of its own, done by the host or by a user of pages.
struct OutsideAct {
    std::size_t event = 0;  ///< it happened after the event before this one, and before this one
    /// The host has requested this size; -1: a user of pages has done something.
    std::int64_t requested = -1;
    int page_block = 0;   ///< to the last page of this memory block,
    int page_action = 0;  ///< bbm::page_action
};

struct Recording {
    std::string file;
    std::vector<Seen> events;
    bbm::Config config;  ///< release and geometry
    std::int64_t big_block_bytes = 0;
    std::int64_t memory_block_bytes = 0;
    std::int64_t pages_per_memory_block = 0;
    std::int64_t first_big_block = 0;
    std::int64_t initially_plugged = 0;  ///< bytes
    std::vector<std::string> notes;      ///< harmless oddities, for the reader
    /// A resize that no config interrupt answers, and a line is missing where the interrupt's would stand; else empty.
    std::string missing_interrupt;
    /// The recorder went on for a while after the last event: whoever could have shown another one would have.
    bool quiet_at_end = false;
    /// What was done outside, where that is known exactly, as on a machine of our own: in order, and nothing else.
    /// There, a task can be stopped anywhere, too. Nothing: not known, as of a guest.
    std::optional<std::vector<OutsideAct>> outside;
};

inline constexpr std::int64_t page_bytes = 4096;

/// Reads a recording.
/// \param release overrides the release told by the recording's first mark or its notifier actions; null: find out
[[nodiscard]] std::variant<Recording, BadInput> read_recording(const std::string& file, const bbm::Release* release);
/// The same from text already in memory; `name` stands for the file in messages.
[[nodiscard]] std::variant<Recording, BadInput> parse_recording(const std::string& name, const std::string& text,
                                                                const bbm::Release* release);

/// Largest file and longest line that are read, in bytes. An event is some 200 bytes, and takes twenty-five times that
/// in memory.
inline constexpr std::uintmax_t max_recording_bytes = 16U << 20U;
inline constexpr std::size_t max_line_bytes = std::size_t{1} << 20U;
/// Most big blocks and memory blocks a recorded list may have; the model has far fewer.
inline constexpr std::size_t max_blocks = 256;
/// Of pages of 4 KiB: Linux' memory blocks are 2 GiB at most.
inline constexpr std::int64_t max_pages_per_memory_block = 1 << 19;

}  // namespace vmemcheck::conformance
