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
#include "cli/json_reader.hpp"
#include "cli/model.hpp"

namespace vmemcheck::cli {

inline constexpr std::string_view counterexample_format = "vmemcheck-counterexample";
inline constexpr int counterexample_version = 1;
/// A file with more steps is refused.
inline constexpr std::size_t max_steps = 100'000;

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
    /// For a lasso: where its loop begins, an index into `steps`, or their number if nothing happens after them.
    std::optional<std::size_t> loop;
    /// A file of states only: why no step leads from the last of `steps` to the next state; else empty.
    std::string no_step;
};

/// Reads a file, or an ITF trace (cli/itf.hpp). Throws UserError, with the place in the file, if it is neither, or
/// names what the model does not have.
[[nodiscard]] CounterexampleFile read_counterexample(const std::string& path);
/// The same from a content already in memory. \param path for messages
[[nodiscard]] CounterexampleFile parse_counterexample(const std::string& path, const std::string& content);

/// A loop: 0 to `most`, an index. Fails if it is anything else.
[[nodiscard]] std::size_t read_loop(const JsonPlace& place, std::size_t most);
/// Fails unless the file has a loop exactly if its property is one of liveness. \param file what to complain about
void require_loop_if_liveness(const JsonPlace& file, const CounterexampleFile& read);

/// Fails if there are more than `most`.
void require_at_most(const JsonPlace& place, std::size_t count, std::size_t most, std::string_view noun);

}  // namespace vmemcheck::cli
