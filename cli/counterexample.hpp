// SPDX-License-Identifier: MIT
/// \file
/// Counterexample files (docs/counterexamples.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checker/replay.hpp"
#include "cli/config_text.hpp"
#include "cli/model.hpp"

namespace vmemcheck::cli {

inline constexpr std::string_view counterexample_format = "vmemcheck-counterexample";
inline constexpr int counterexample_version = 1;

/// The text of a counterexample file.
template <class M>
[[nodiscard]] std::string counterexample_text(const M& model, const checker::Property<M>& property,
                                              const checker::Counterexample<M>& run);

/// JSON, indented; what fits on a line is on one line.
[[nodiscard]] std::string pretty(const Json& value);

/// "vmemcheck-PROPERTY-RELEASE" with '-' for '/'.
[[nodiscard]] std::string run_file_stem(const Config& config, std::string_view property);

/// A step as read: names are resolved, what they mean is not yet tried.
struct FileStep {
    checker::RecordedStep step;
    std::optional<Json> changes;  ///< field -> [before, after]
};

/// A counterexample file as read.
struct CounterexampleFile {
    Config config;
    std::string property;
    std::string verdict;  ///< "violated" or "reached"
    Json initial;         ///< field -> value, of the fields that are not zero
    std::vector<FileStep> steps;
};

/// Reads a file. Throws UserError, with the place in the file, if it is not one, or names what the model does not have.
[[nodiscard]] CounterexampleFile read_counterexample(const std::string& path);

}  // namespace vmemcheck::cli
