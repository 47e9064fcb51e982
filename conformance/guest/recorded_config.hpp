// SPDX-License-Identifier: MIT
/// \file
/// The configuration of the guest that a recording is of: its release, and the sizes of its device.
#pragma once

#include <optional>

#include "conformance/guest/notifier_actions.hpp"
#include "conformance/guest/recorded_lines.hpp"

namespace vmemcheck::conformance::reading {

/// Actions are numbered by bits until v6.12: that tells the releases apart, if no mark does.
/// \param recording its file may be in a folder that has the release's name; gets the release
/// \param numbers those that the recording has
[[nodiscard]] std::optional<Defect> find_release(const RecordedLines& lines, Recording& recording,
                                                 ActionNumbers& numbers);

/// \param recording gets the sizes and the scope
[[nodiscard]] std::optional<Defect> find_geometry(const RecordedLines& lines, Recording& recording);

}  // namespace vmemcheck::conformance::reading
