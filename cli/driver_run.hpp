// SPDX-License-Identifier: MIT
/// \file
/// Runs of a driver on the machine: as text, and as files (docs/driver.md).
#pragma once

#include <string>

#include "checker/choices.hpp"
#include "cli/config_text.hpp"
#include "cli/terminal.hpp"
#include "conformance/driver/machine.hpp"

namespace vmemcheck::cli {

/// A run as it is saved.
struct DriverRun {
    conformance::DriverSetup setup;
    std::string property;  ///< violated; empty if none
    std::string message;
    checker::Choices schedule;
};

/// A row for each stretch of steps that one actor takes, deviations from the default schedule marked, with what an
/// observer sees of it.
[[nodiscard]] std::string driver_run_text(conformance::Machine& machine, const checker::Choices& schedule, bool all,
                                          const Style& style);

[[nodiscard]] Json setup_json(const conformance::DriverSetup& setup);
/// The file: {"vmemcheck-driver-run": 1, ...}. The machine runs the schedule again for the words beside its steps.
[[nodiscard]] std::string driver_run_file(conformance::Machine& machine, const DriverRun& run);
/// Throws UserError if the content is no such file.
[[nodiscard]] DriverRun read_driver_run(const std::string& path, const std::string& content);

}  // namespace vmemcheck::cli
