// SPDX-License-Identifier: MIT
#include "conformance/guest/recording.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "conformance/guest/merging.hpp"
#include "conformance/guest/recorded_config.hpp"
#include "conformance/guest/recorded_events.hpp"
#include "conformance/guest/recorded_lines.hpp"

namespace vmemcheck::conformance {

namespace {

using reading::Defect;
using reading::RecordedLines;

/// From lines to events: an act outside stands before the first event behind its mark.
std::optional<Defect> place_outside(Recording& recording) {
    if (!recording.outside) return std::nullopt;
    for (OutsideAct& act : *recording.outside) {
        if (act.page_block < 0 || act.page_block >= recording.config.scope.total_memory_blocks())
            return Defect{"line " + std::to_string(act.event) + ": \"mb\" is no memory block of the device"};
        const auto behind = std::find_if(recording.events.begin(), recording.events.end(),
                                         [&act](const Seen& seen) { return seen.line > act.event; });
        act.event = static_cast<std::size_t>(behind - recording.events.begin());
    }
    return std::nullopt;
}

/// What the lines of a recording come to.
std::optional<Defect> fill(Recording& recording, RecordedLines& lines) {
    recording.config.safe_unplug = lines.safe_unplug;
    recording.missing_interrupt = std::move(lines.missing_interrupt);
    recording.notes = std::move(lines.notes);
    recording.quiet_at_end = lines.quiet_at_end;
    recording.outside = std::move(lines.outside);
    reading::forget_tries(lines.events);
    auto numbers = ActionNumbers::bits;
    if (auto defect = reading::find_release(lines, recording, numbers)) return defect;
    if (auto defect = reading::find_geometry(lines, recording)) return defect;
    if (auto defect = reading::read_events(lines.events, numbers, recording)) return defect;
    reading::join_collapsed(recording.events);
    return place_outside(recording);
}

std::variant<Recording, BadInput> read_from(const std::string& file, const bbm::Release* release, std::istream& in) {
    auto lines = reading::read_lines(file, release, in);
    if (auto* const bad = std::get_if<BadInput>(&lines)) return std::move(*bad);
    Recording recording;
    recording.file = file;
    if (auto defect = fill(recording, std::get<RecordedLines>(lines))) return BadInput{file + ": " + defect->message};
    return recording;
}

}  // namespace

std::variant<Recording, BadInput> parse_recording(const std::string& name, const std::string& text,
                                                  const bbm::Release* release) {
    std::istringstream in(text);
    return read_from(name, release, in);
}

std::variant<Recording, BadInput> read_recording(const std::string& file, const bbm::Release* release) {
    std::error_code error;
    const auto status = std::filesystem::status(file, error);
    if (error || status.type() == std::filesystem::file_type::not_found) return BadInput{file + ": no such file"};
    if (std::filesystem::is_directory(status)) return BadInput{file + ": is a directory"};
    if (std::filesystem::is_regular_file(status)) {
        const auto size = std::filesystem::file_size(file, error);
        if (!error && size > max_recording_bytes) {
            return BadInput{file + ": " + std::to_string(size >> 20U) + " MiB, and no recording of more than " +
                            std::to_string(max_recording_bytes >> 20U) + " MiB is read"};
        }
    }
    std::ifstream in(file, std::ios::binary);
    if (!in) return BadInput{file + ": cannot be opened for reading"};
    return read_from(file, release, in);
}

}  // namespace vmemcheck::conformance
