// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "cli/matrix.hpp"
#include "cli/steps_table.hpp"
#include "cli/text.hpp"

namespace vmemcheck::cli {

namespace {

using Outcome = Kill::Outcome;

constexpr std::size_t cell_width = 36;

const char* word(Outcome outcome) {
    switch (outcome) {
        case Outcome::killed:
            return "killed";
        case Outcome::survived:
            return "survived";
        case Outcome::blind:
            return "blind";
        default:
            return "unknown";
    }
}

std::string cell(const Kill& kill) {
    std::string text;
    switch (kill.outcome) {
        case Outcome::killed:
            text = kill.detail;
            break;
        case Outcome::survived:
            text = "SURVIVED: " + kill.detail;
            break;
        case Outcome::blind:
            text = kill.detail.empty() ? "-" : "- (" + kill.detail + ')';
            break;
        default:
            text = "not finished";
            break;
    }
    return kill.outcome == Outcome::blind ? text : fmt::format("{}, {:.1f} s", text, kill.seconds);
}

template <class Member>
std::size_t longest(Member member) {
    std::size_t most = 0;
    for (const bbm::MutantInfo& mutant : bbm::mutants()) most = std::max(most, (mutant.*member).size());
    return most;
}
std::string first_columns(std::string_view mutant, std::string_view property) {
    return fmt::format("  {:<{}}  {:<{}}", mutant, longest(&bbm::MutantInfo::name), property,
                       longest(&bbm::MutantInfo::breaks));
}

struct Counts {
    std::size_t killed = 0;
    std::size_t survived = 0;
    std::size_t unknown = 0;
};
Counts counts_of(const Matrix& matrix, std::size_t engine) {
    Counts counts;
    for (const MatrixRow& row : matrix.rows) {
        const Outcome outcome = row.kills[engine].outcome;
        counts.killed += outcome == Outcome::killed ? 1 : 0;
        counts.survived += outcome == Outcome::survived ? 1 : 0;
        counts.unknown += outcome == Outcome::unknown ? 1 : 0;
    }
    return counts;
}

/// "check: 43 of 43 mutants killed by the property they name"
std::string summary(const Matrix& matrix, std::size_t engine) {
    const Counts counts = counts_of(matrix, engine);
    std::string text = fmt::format("{}: {} of {} killed", matrix.engines[engine]->name, counts.killed,
                                   counted(matrix.rows.size(), "mutant"));
    if (counts.survived > 0) text += fmt::format(", {} SURVIVED", counts.survived);
    if (counts.unknown > 0) text += fmt::format(", {} not finished", counts.unknown);
    if (matrix.engines[engine]->name == "trace" && matrix.recordings == 0) text += " (no recordings given)";
    return text;
}

}  // namespace

ExitCode Matrix::exit_code() const {
    bool unknown = interrupted;
    for (const MatrixRow& row : rows) {
        for (const Kill& kill : row.kills) {
            if (kill.outcome == Outcome::survived) return ExitCode::violation;
            unknown = unknown || kill.outcome == Outcome::unknown;
        }
    }
    return unknown ? ExitCode::incomplete : ExitCode::as_expected;
}

std::string matrix_head(const Matrix& matrix, const Style& style) {
    std::string text = first_columns("mutant", "property");
    for (const MatrixEngine* engine : matrix.engines) text += fmt::format("  {:<{}}", engine->name, cell_width);
    text.erase(text.find_last_not_of(' ') + 1);
    return style.bold(text) + '\n';
}

std::string matrix_row(const Matrix& matrix, const MatrixRow& row, const Style& style) {
    std::string text = first_columns(row.mutant->name, row.mutant->breaks);
    for (const Kill& kill : row.kills) {
        const std::string padded = fmt::format("{:<{}}", cell(kill), &kill == &row.kills.back() ? 0 : cell_width);
        text += "  ";
        text += kill.outcome == Outcome::survived  ? style.red(padded)
                : kill.outcome == Outcome::unknown ? style.yellow(padded)
                                                   : padded;
    }
    text += '\n';
    for (std::size_t i = 0; i < matrix.engines.size(); ++i) {
        const std::vector<RejectedRecording>& rejected = row.kills[i].rejected;
        const std::size_t shown = matrix.verbose ? rejected.size() : std::min<std::size_t>(1, rejected.size());
        for (std::size_t n = 0; n < shown; ++n) {
            const RejectedRecording& r = rejected[n];
            const std::string where = r.seq < 0 ? "the end" : fmt::format("event {}", r.seq);
            text += style.dim(fmt::format("      {}: {}: {}: {}", matrix.engines[i]->name, r.file, where, r.event));
            text += '\n';
        }
    }
    return text;
}

std::string matrix_foot(const Matrix& matrix, const Style& style) {
    std::string text = "\n";
    for (std::size_t i = 0; i < matrix.engines.size(); ++i) {
        text += (counts_of(matrix, i).survived > 0 ? style.red(summary(matrix, i)) : summary(matrix, i)) + '\n';
    }
    return text;
}

std::string matrix_markdown(const Matrix& matrix) {
    std::string text = "| mutant | property |";
    std::string line = "|---|---|";
    for (const MatrixEngine* engine : matrix.engines) {
        text += fmt::format(" {} |", engine->name);
        line += "---|";
    }
    text += '\n' + line + '\n';
    for (const MatrixRow& row : matrix.rows) {
        text += fmt::format("| {} | {} |", row.mutant->name, row.mutant->breaks);
        for (const Kill& kill : row.kills) text += fmt::format(" {} |", markdown_cell(cell(kill)));
        text += '\n';
    }
    text += '\n';
    for (std::size_t i = 0; i < matrix.engines.size(); ++i) text += summary(matrix, i) + "\n";
    return text;
}

Json matrix_json(const Matrix& matrix) {
    Json file;
    file["format"] = "vmemcheck-mutants";
    file["version"] = 1;
    file["recordings"] = matrix.recordings;
    Json rows = Json::array();
    for (const MatrixRow& row : matrix.rows) {
        Json object;
        object["mutant"] = row.mutant->name;
        object["sentence"] = row.mutant->sentence;
        object["source"] = row.mutant->source;
        object["breaks"] = row.mutant->breaks;
        object["release"] = row.mutant->release;
        for (std::size_t i = 0; i < matrix.engines.size(); ++i) {
            const Kill& kill = row.kills[i];
            Json entry;
            entry["outcome"] = word(kill.outcome);
            if (!kill.by.empty()) entry["killed_by"] = kill.by;
            if (kill.steps > 0) entry["steps"] = kill.steps;
            entry["detail"] = kill.detail;
            entry["seconds"] = kill.seconds;
            for (const RejectedRecording& r : kill.rejected) {
                Json rejected{{"file", r.file}, {"event", r.event}};
                if (r.seq >= 0) rejected["seq"] = r.seq;
                entry["rejected"].push_back(std::move(rejected));
            }
            object["engines"][std::string(matrix.engines[i]->name)] = std::move(entry);
        }
        rows.push_back(std::move(object));
    }
    file["mutants"] = std::move(rows);
    return file;
}

}  // namespace vmemcheck::cli
