// SPDX-License-Identifier: MIT
/// \file
/// Lassos in words: the fairness a verdict rests on, the locks that a loop holds.
#pragma once

#include <string>
#include <vector>

#include "cli/findings.hpp"
#include "cli/terminal.hpp"

namespace vmemcheck::cli {

/// "offlining-ends: worker-runs, user-task-runs, ..." for each liveness property of a report.
[[nodiscard]] std::vector<std::string> fairness_lines(const std::vector<Finding>& findings);

/// A line for each lock that one task holds all through the loop of a run.
/// \tparam M Bbm or WideBbm
template <class M>
[[nodiscard]] std::vector<std::string> locks_held_in_loop(const checker::Counterexample<M>& run);

/// All assumptions: name, kind, sentence.
[[nodiscard]] std::string fairness_text(const Style& style);

}  // namespace vmemcheck::cli
