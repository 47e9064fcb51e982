// SPDX-License-Identifier: MIT
/// \file
/// Runs as data for the report page (cli/page/), and the page.
#pragma once

#include <string>

#include "cli/counterexample.hpp"
#include "cli/json_reader.hpp"
#include "conformance/guest/recording.hpp"
#include "conformance/guest/validator.hpp"

namespace vmemcheck::cli {

/// What the page shows of a run: lanes, locks, steps with answers and changes, the loop, who waits for whom.
/// Throws UserError if the file does not replay. \param path for messages
[[nodiscard]] Json page_run(const std::string& path, const CounterexampleFile& file);
/// The lines above a run: release, scope, mode, faults, mutant, what-ifs.
[[nodiscard]] Json page_facts(const Config& config);
/// A recording as a run: a lane a task, a step an event, what the recorder saw of the driver as fields.
[[nodiscard]] Json page_recording(const conformance::Recording& recording, const conformance::TraceVerdict& verdict);

/// The whole page: one file that loads nothing. \param data see cli/page/page.js
[[nodiscard]] std::string page_html(const Json& data);

}  // namespace vmemcheck::cli
