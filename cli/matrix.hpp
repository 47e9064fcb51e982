// SPDX-License-Identifier: MIT
/// \file
/// Mutants against engines: does each engine see each known bug, by the property that the mutant names?
#pragma once

#include <atomic>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/config_text.hpp"
#include "cli/error.hpp"
#include "cli/terminal.hpp"
#include "conformance/guest/recording.hpp"
#include "model/config.hpp"

namespace vmemcheck::cli {

/// A recording that the mutated model does not explain.
struct RejectedRecording {
    std::string file;
    std::int64_t seq = -1;  ///< sequence number of the first event that no run shows; -1: the end of the recording
    std::string event;      ///< in words
};

/// What one engine made of one mutant.
struct Kill {
    enum class Outcome : std::uint8_t {
        killed,    ///< by the property that the mutant names; by recordings: some are explained no more
        survived,  ///< the engine should have seen it and did not
        blind,     ///< the engine cannot see this mutant with what it was given
        unknown,   ///< a limit or an interrupt came first
    };
    Outcome outcome = Outcome::unknown;
    std::string by;         ///< the property; empty unless killed by one
    std::size_t steps = 0;  ///< length of the counterexample; 0: there is none
    std::string detail;     ///< a few words for the table: length, step, number of recordings
    std::vector<RejectedRecording> rejected;
    double seconds = 0;
};

/// What the engines may use.
struct MatrixInput {
    std::vector<conformance::Recording> recordings;  ///< all explained by the model without a mutant
    unsigned threads = 1;
    double max_seconds = 0;                   ///< of one engine on one mutant; 0: no limit
    const std::atomic<bool>* stop = nullptr;  ///< set by Ctrl-C
};

/// An engine that may kill mutants. To add one: write its run() and an entry of matrix_engines().
struct MatrixEngine {
    std::string_view name;      ///< for --engine and as a headline
    std::string_view sentence;  ///< what it does
    /// Has the engine look for the mutant. \param config release, small scope and mutant
    Kill (*run)(const bbm::Config& config, const bbm::MutantInfo& mutant, const MatrixInput& input);
};
[[nodiscard]] std::span<const MatrixEngine> matrix_engines();

/// A mutant and what each engine chosen made of it.
struct MatrixRow {
    const bbm::MutantInfo* mutant = nullptr;
    std::vector<Kill> kills;  ///< one an engine
};

struct Matrix {
    std::vector<const MatrixEngine*> engines;
    std::vector<MatrixRow> rows;
    std::size_t recordings = 0;
    bool interrupted = false;
    bool verbose = false;  ///< tell every recording that is rejected, not only the first

    /// violation: a mutant survived; incomplete: none did, but an engine did not come to an end.
    [[nodiscard]] ExitCode exit_code() const;
};

/// The table, in parts, so that a row can be printed as soon as it is known.
[[nodiscard]] std::string matrix_head(const Matrix& matrix, const Style& style);
[[nodiscard]] std::string matrix_row(const Matrix& matrix, const MatrixRow& row, const Style& style);
[[nodiscard]] std::string matrix_foot(const Matrix& matrix, const Style& style);
[[nodiscard]] std::string matrix_markdown(const Matrix& matrix);
[[nodiscard]] Json matrix_json(const Matrix& matrix);

}  // namespace vmemcheck::cli
