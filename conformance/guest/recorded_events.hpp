// SPDX-License-Identifier: MIT
/// \file
/// Lines of a recording brought into the model's words and units, one by one.
#pragma once

#include <optional>
#include <vector>

#include "conformance/guest/notifier_actions.hpp"
#include "conformance/guest/recorded_lines.hpp"

namespace vmemcheck::conformance::reading {

/// Adds what was seen at each event to a recording.
/// \param recording its sizes are known
[[nodiscard]] std::optional<Defect> read_events(const std::vector<RawEvent>& raw_events, ActionNumbers numbers,
                                                Recording& recording);

}  // namespace vmemcheck::conformance::reading
