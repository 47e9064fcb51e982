// SPDX-License-Identifier: MIT
/// \file
/// The report of a check or of random walks: as text, JSON, JUnit XML and SARIF.
#pragma once

#include <string>
#include <vector>

#include "cli/findings.hpp"
#include "cli/run_text.hpp"

namespace vmemcheck::cli {

/// All there is to report. The model, properties and result must outlive it.
struct Report {
    const Bbm* model = nullptr;
    const Result* result = nullptr;
    std::vector<Finding> findings;
    std::string command;     ///< "check" or "simulate"
    std::string scope_name;  ///< "small", "custom (small with ...)"
    bool random = false;     ///< random walks rather than a search
    Json options;            ///< how was searched
    std::vector<std::string> assumptions;
    std::vector<std::string> warnings;
    ExitCode exit_code = ExitCode::as_expected;

    [[nodiscard]] const Config& config() const { return model->config(); }
};

/// What of the model was not exercised: steps never run, faults never struck, answers never given; and vacuous
/// verdicts. One sentence each.
[[nodiscard]] std::vector<std::string> warnings_of(const Report& report);
/// Faults that never struck, steps that never ran, answers never given, a sentence each; without what the configuration
/// rules out.
[[nodiscard]] std::vector<std::string> never_exercised(const Config& config, const checker::Coverage& coverage);

/// Release, scope, mode, mutant: printed before the search.
[[nodiscard]] std::string header_text(const Config& config, const std::string& scope_name, const std::string& how);
/// One line a property.
[[nodiscard]] std::string verdicts_text(const Report& report, const Style& style);
/// A violation or witness: what it is, its steps, how it ends, where it is saved.
[[nodiscard]] std::string finding_text(const Report& report, const Finding& finding, const RunTextOptions& options);
/// Assumptions, warnings, coverage (if asked for), statistics and the last line.
[[nodiscard]] std::string summary_text(const Report& report, bool coverage, const Style& style);
/// "3 properties hold, 1 is violated", "incomplete: state limit".
[[nodiscard]] std::string conclusion_text(const Report& report);

[[nodiscard]] Json report_json(const Report& report);
[[nodiscard]] std::string report_junit(const Report& report);
/// A log in the Static Analysis Results Interchange Format (SARIF 2.1.0, OASIS): a rule and a result a property.
[[nodiscard]] Json report_sarif(const Report& report);

}  // namespace vmemcheck::cli
