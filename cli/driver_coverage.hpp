// SPDX-License-Identifier: MIT
/// \file
/// What an exploration has run of the driver's source: lines by gcov, and which of them reach the machine.
#pragma once

#include <string>

#include "cli/config_text.hpp"
#include "conformance/driver/plugin.hpp"

namespace vmemcheck::cli {

struct DriverCoverage {
    int lines = 0, lines_run = 0;
    /// Lines that call the machine: locks, requests, notifier calls, allocations, atomics, waits.
    int points = 0, points_run = 0;
    std::vector<std::pair<std::string, int>> functions_missed;  ///< never called, with their line
    std::vector<int> lines_missed;                              ///< in functions that were called
};

/// Asks gcov. Throws UserError if it cannot be run, or says what cannot be read. \param plugin built with coverage
[[nodiscard]] DriverCoverage driver_coverage(conformance::Plugin& plugin);
[[nodiscard]] std::string coverage_text(const DriverCoverage& coverage);
[[nodiscard]] Json coverage_json(const DriverCoverage& coverage);

}  // namespace vmemcheck::cli
