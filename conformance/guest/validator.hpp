// SPDX-License-Identifier: MIT
/// \file
/// Holds a recording of a real guest against the model: is there a run that shows these events and states, in order?
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "conformance/guest/recording.hpp"

namespace vmemcheck::conformance {

/// One step of the run that explains a recording.
struct ExplainedStep {
    std::string actor;
    std::string step;
    std::string function;
    std::vector<std::string> choices;  ///< "name = value", those that are not the only answer
    std::vector<std::int64_t> events;  ///< sequence numbers of the recorded events it shows
};

struct TraceVerdict {
    enum class Status : std::uint8_t { accepted, rejected, undecided } status = Status::undecided;
    std::size_t events = 0;            ///< recorded, of the protocol
    std::size_t explained = 0;         ///< longest prefix that some run of the model shows
    std::size_t examined = 0;          ///< states of the search
    std::vector<ExplainedStep> steps;  ///< the run: whole if accepted, of the longest prefix otherwise
    int unrecorded_interrupts = 0;     ///< config interrupts that had to be assumed (their probe was missed)
    std::int64_t stuck_at = -1;        ///< sequence number of the first event not explained
    std::size_t stuck_line = 0;
    std::string stuck_event;                ///< that event in words
    std::vector<std::string> alternatives;  ///< what the model could have shown instead, or what did not fit
};

struct TraceOptions {
    std::size_t max_examined = 400'000;  ///< states before the search gives up (undecided)
};

[[nodiscard]] TraceVerdict validate(const Recording& recording, const TraceOptions& options = {});

}  // namespace vmemcheck::conformance
