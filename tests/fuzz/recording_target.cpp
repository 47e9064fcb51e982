// SPDX-License-Identifier: MIT
// Recordings of guests.
#include "conformance/guest/validator.hpp"
#include "tests/fuzz/targets.hpp"

namespace vmemcheck::fuzz {

void recording(std::string_view input) {
    using namespace vmemcheck::conformance;
    // The folder tells the release if nothing else does.
    const auto read = parse_recording("linux-6.12/input", std::string(input), nullptr);
    if (const auto* bad = std::get_if<BadInput>(&read)) return require_clear(bad->message);
    const auto& recording = std::get<Recording>(read);
    for (const std::string& note : recording.notes) require_clear(note);
    constexpr std::size_t most_states = 300;
    const TraceVerdict verdict = validate(recording, {most_states});
    require(verdict.events == recording.events.size(), "events were lost");
    require(verdict.explained <= verdict.events, "more is explained than there is");
    if (verdict.status == TraceVerdict::Status::accepted) {
        require(verdict.explained == verdict.events, "accepted without an explanation");
        return;
    }
    require_clear(verdict.stuck_event);
    for (const std::string& text : verdict.alternatives) require_clear(text);
}

}  // namespace vmemcheck::fuzz
