// SPDX-License-Identifier: MIT
/// \file
/// What an exploration of the driver came to, as text and as JSON.
#pragma once

#include <optional>
#include <string>

#include "checker/explore.hpp"
#include "cli/config_text.hpp"
#include "cli/driver_coverage.hpp"
#include "cli/driver_flags.hpp"
#include "cli/driver_model.hpp"
#include "cli/error.hpp"
#include "cli/terminal.hpp"

namespace vmemcheck::cli {

/// All was done that was asked for. A walk that was cut is a walk all the same.
[[nodiscard]] bool complete(const checker::ExploreResult& result);

/// How much was explored, and how fast.
[[nodiscard]] std::string explored_text(const checker::ExploreOptions& options, const checker::ExploreResult& result);

/// Which of the properties asked for were not violated, and what that is worth.
[[nodiscard]] std::string verdict_text(const Style& style, const checker::ExploreOptions& options,
                                       const checker::ExploreResult& result);

/// {"vmemcheck-driver-result": 1, ...}
[[nodiscard]] Json result_json(const DriverSource& source, const conformance::DriverSetup& setup,
                               const checker::ExploreResult& result, Json violations,
                               const std::optional<DriverCoverage>& coverage,
                               const std::optional<AgainstModel>& against, ExitCode code);

}  // namespace vmemcheck::cli
