// SPDX-License-Identifier: MIT
/// \file
/// The lines of a recording, read one after the other: checked for form and order, and what marks and missing lines
/// say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "conformance/guest/recorded_json.hpp"
#include "conformance/guest/recording.hpp"

namespace vmemcheck::conformance::reading {

/// An event of the protocol as its line has it: it has a "seq" and a "task", and is of a known kind or "collapsed".
struct RawEvent {
    std::size_t line;
    std::string event;
    Json args;
    Json object;
    bool gap;               ///< Seen::after_gap
    int unanswered_resize;  ///< Seen::unanswered_resize
};

struct RecordedLines {
    std::vector<RawEvent> events;           ///< at least one
    const bbm::Release* release = nullptr;  ///< asked for, or that of the first mark; null: neither
    bool safe_unplug = bbm::Config{}.safe_unplug;
    std::int64_t big_block_bytes = 0;                ///< 0: no mark tells it
    std::optional<std::int64_t> memory_block_bytes;  ///< if the first mark tells it
    /// As in Recording, but OutsideAct::event is the line of the mark.
    std::optional<std::vector<OutsideAct>> outside;
    std::vector<std::string> notes;  ///< of Recording, as are the next two
    std::string missing_interrupt;
    bool quiet_at_end = false;
};

/// \param file stands for the recording in messages
/// \param release overrides the release told by marks, if not null
[[nodiscard]] std::variant<RecordedLines, BadInput> read_lines(const std::string& file, const bbm::Release* release,
                                                               std::istream& in);

/// The kind of event that the recorder has this name for.
[[nodiscard]] std::optional<bbm::EventKind> kind_of(const std::string& name);

}  // namespace vmemcheck::conformance::reading
