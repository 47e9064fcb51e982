// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "cli/chart_text.hpp"
#include "cli/lasso_text.hpp"
#include "cli/report.hpp"
#include "cli/text.hpp"

namespace vmemcheck::cli {

namespace {

using checker::Ended;
using checker::Status;

std::string bullets(std::string_view title, const std::vector<std::string>& items, const Style& style) {
    if (items.empty()) return {};
    std::string text = '\n' + style.bold(title) + '\n';
    for (const std::string& item : items) text += "  - " + wrapped(item, 4, width) + '\n';
    return text;
}

/// "35 transitions (60 steps)"
std::string length_text(const Run& run) {
    return fmt::format("{} ({})", counted(run.transitions(), "transition"), counted(run.steps.size(), "step"));
}

std::string word(const Report& report, const Finding& finding, const Style& style) {
    const Status status = finding.verdict->status;
    std::string text = status == Status::violated ? "VIOLATED" : verdict_word(status);
    if (report.random && status == Status::incomplete) text = finding.goal() ? "not seen" : "none seen";
    text = fmt::format("{:<11}", text);
    if (finding.violation()) return style.red(text);
    if (status == Status::incomplete) return style.yellow(text);
    return style.green(text);
}

std::string remark(const Finding& finding) {
    std::string text;
    if (finding.verdict->vacuous && finding.verdict->status != Status::violated) text += " (vacuous)";
    if (finding.goal() && finding.verdict->status != Status::incomplete) {
        text += finding.verdict->as_expected ? " as expected" : " NOT EXPECTED";
    }
    if (finding.run) text += fmt::format("{} in {}", finding.goal() ? "," : "", length_text(*finding.run));
    return text;
}

std::string_view hint(Ended ended) {
    switch (ended) {
        case Ended::state_limit:
            return "the limit of states (--max-states; at most 4,294,967,294 fit)";
        case Ended::memory_limit:
            return "the limit of memory (--max-memory)";
        case Ended::disk_error:
            return "no room in the folder for the store (--disk)";
        case Ended::time_limit:
            return "the limit of time (--max-time)";
        case Ended::depth_limit:
            return "the limit of depth (--max-depth)";
        case Ended::approximate:
            return "states may have been omitted (--hash-compact, --bitstate)";
        case Ended::interrupted:
            return "interrupted";
        case Ended::model_error:
            return "the model broke a rule";
        default:
            return "";
    }
}

std::string coverage_table(const Report& report, const Style& style) {
    const Bbm& model = *report.model;
    const checker::Coverage& coverage = report.result->coverage;
    std::string text = '\n' + style.bold("coverage: steps") + "  (runs, new states they led to)\n";
    for (unsigned i = 0; i < coverage.step_count(); ++i) {
        if (model.steps()[i].function.empty()) continue;
        text += fmt::format("  {:<24} {:>15} {:>15}  {}\n", model.steps()[i].name, grouped(coverage.step(i).executions),
                            grouped(coverage.step(i).new_states), model.steps()[i].function);
    }
    text += '\n' + style.bold("coverage: answers of the environment") + "  (times given)\n";
    for (unsigned i = 0; i < coverage.choice_count(); ++i) {
        const checker::ChoiceInfo& choice = model.choices()[i];
        for (unsigned value = 0; value < coverage.value_count(i); ++value) {
            const std::string name =
                value < choice.values.size() ? std::string(choice.values[value]) : std::to_string(value);
            text += fmt::format("  {:<40} {:>15}\n", fmt::format("{}={}", choice.name, name),
                                grouped(coverage.choice(i, static_cast<int>(value))));
        }
    }
    return text;
}

std::string statistics_text(const Report& report, const Style& style) {
    const checker::Statistics& s = report.result->statistics;
    std::string text = '\n' + style.bold("statistics") + '\n';
    text +=
        fmt::format("  {}{}, {} ({} steps), depth {}\n", counted(s.states, "state"), report.random ? " visited" : "",
                    counted(s.transitions, "transition"), grouped(s.micro_steps), s.max_depth);
    if (s.represented > 0) {
        text += fmt::format("  symmetry: the states expanded stand for {}\n", grouped(s.represented));
    }
    text += fmt::format("  {:.2f} s, {} transitions/s\n", s.seconds,
                        grouped(static_cast<std::uint64_t>(s.transitions_per_second())));
    if (!report.random) {
        text += fmt::format("  {:.1f} bytes a state (packed {}), {} at most resident\n", s.bytes_per_state(),
                            s.packed_bytes, human_bytes(static_cast<double>(s.peak_resident_bytes)));
    }
    if (s.peak_disk_bytes > 0) {
        text += fmt::format("  {} at most in files\n", human_bytes(static_cast<double>(s.peak_disk_bytes)));
    }
    if (s.omission_bound > 0) {
        text += fmt::format(
            "  a state was omitted with a probability of at most {:.2g}; expected coverage {:.8g}% or more\n",
            s.omission_bound, 100 * s.expected_coverage);
    }
    if (s.graph_bytes > 0) {
        text += fmt::format(
            "  liveness: {}, {:.1f} bytes each (states included), {:.2f} s\n",
            counted(s.graph_transitions, "different transition"),
            static_cast<double>(s.graph_bytes) / static_cast<double>(std::max<std::uint64_t>(1, s.graph_transitions)),
            s.graph_seconds);
    }
    return text;
}

}  // namespace

std::string header_text(const Config& config, const std::string& scope_name, const std::string& how) {
    std::string text = fmt::format("vmemcheck {}: virtio-mem Big Block Mode, {}\n", VMEMCHECK_VERSION, how);
    text += fmt::format("  release  {}: {}\n", config.release.name, config.release.sentence);
    text += fmt::format("  scope    {}\n", wrapped(scope_name + ": " + scope_text(config.scope), 11, width));
    text += fmt::format("  mode     {}\n", mode_text(config));
    std::vector<std::string> faults;
    for (const bbm::FaultInfo& fault : bbm::fault_infos()) {
        if (config.faults.*fault.member) faults.emplace_back(fault.name);
    }
    text += fmt::format("  faults   {}\n", wrapped(faults.empty() ? "none" : join(faults, ", "), 11, width));
    for (const bbm::MutantInfo& mutant : bbm::mutants()) {
        if (mutant.mutant != config.mutant) continue;
        text +=
            fmt::format("  MUTANT   {}\n",
                        wrapped(fmt::format("{}: {} ({})", mutant.name, mutant.sentence, mutant.source), 11, width));
    }
    for (const bbm::WhatIfInfo& info : bbm::what_ifs()) {
        if (!config.what_if(info.what_if)) continue;
        text += fmt::format("  WHAT-IF  {}\n",
                            wrapped(fmt::format("{}: {} ({})", info.name, info.sentence, info.source), 11, width));
    }
    return text + '\n';
}

std::string verdicts_text(const Report& report, const Style& style) {
    std::size_t longest = 0;
    for (const Finding& finding : report.findings) longest = std::max(longest, finding.property->id.size());
    std::string text;
    for (const Finding& finding : report.findings) {
        std::string line =
            fmt::format("  {:<{}}  {}{}", finding.property->id, longest, word(report, finding, style), remark(finding));
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + '\n';
    }
    return text;
}

std::string finding_text(const Report& report, const Finding& finding, const RunTextOptions& options) {
    const Style& style = options.style;
    std::string title =
        fmt::format("{} is {} in {}", finding.property->id,
                    finding.goal() ? verdict_word(finding.verdict->status) : "VIOLATED", report.config().release.name);
    if (finding.violation() && finding.goal()) {
        title += finding.property->expected ? ", but should be reachable" : ", but should not be reachable";
    }
    std::string text = '\n' + (finding.violation() ? style.red(title) : style.bold(title)) + '\n';
    text += "  " + wrapped(finding.property->sentence, 2, width) + '\n';
    if (!finding.run) return text + "  (there is no run to show)\n";
    text += fmt::format("  {}\n\n", length_text(*finding.run));
    text += chart_text(*report.model, *finding.run, style);
    text += run_text(*report.model, *finding.run, options);
    text += "\n  " + (finding.violation() ? style.red("=> ") : std::string("=> ")) +
            wrapped(finding.run->message, 5, width) + '\n';
    text += blocked_text(finding.run->blocked);
    for (const std::string& line : locks_held_in_loop(*finding.run)) text += "    " + line + '\n';
    if (!finding.unconfirmed.empty()) {
        text += style.red("  This run could not be confirmed by replaying it, please report: ") + finding.unconfirmed +
                '\n';
    }
    if (!finding.file.empty()) {
        text += fmt::format("  saved to {}; see it again with: vmemcheck replay {}\n", finding.file, finding.file);
    }
    return text;
}

std::string conclusion_text(const Report& report) {
    std::vector<std::string> violated;
    std::size_t open = 0;
    for (const Finding& finding : report.findings) {
        if (finding.violation()) violated.push_back(finding.property->id);
        if (finding.verdict->status == Status::incomplete) ++open;
    }
    const Result& result = *report.result;
    const std::size_t all = report.findings.size();
    std::string text;
    if (!violated.empty()) text = "VIOLATED: " + join(violated, ", ") + "; ";
    const bool early = result.ended != Ended::complete && result.ended != Ended::decided;
    const auto properties = [&](std::size_t count) {
        return grouped(count) + (count == 1 ? " property" : " properties");
    };
    if (report.random) {
        if (early) text += fmt::format("incomplete: ended early: {}; ", hint(result.ended));
        text += violated.empty() ? "no violation seen; random walks prove nothing"
                                 : "found by random walks, so not the shortest";
    } else if (result.ended == Ended::approximate) {
        text += fmt::format("incomplete: {}; {} of {} undecided", hint(result.ended), open, properties(all));
    } else if (early) {
        text +=
            fmt::format("incomplete: ended early: {}; {} of {} undecided", hint(result.ended), open, properties(all));
    } else if (violated.empty()) {
        text += fmt::format("{} as expected", all == 1 ? "the property is" : "all " + properties(all) + " are");
    } else {
        text += fmt::format("{} of {} as expected", all - violated.size() - open, properties(all));
    }
    if (result.ended == Ended::model_error) text += fmt::format(" (please report: {})", result.model_error);
    return text;
}

std::string summary_text(const Report& report, bool coverage, const Style& style) {
    std::string text = bullets("fairness that each verdict rests on ('vmemcheck fairness' says what they mean)",
                               fairness_lines(report.findings), style);
    text += bullets("assumptions", report.assumptions, style);
    text += bullets("warnings", report.warnings, style);
    if (coverage) text += coverage_table(report, style);
    text += statistics_text(report, style);
    const std::string conclusion = conclusion_text(report);
    const std::string line = wrapped(conclusion, 0, width);
    text += '\n' + (report.exit_code == ExitCode::as_expected ? style.green(line)
                    : report.exit_code == ExitCode::violation ? style.red(line)
                                                              : style.yellow(line));
    return text + '\n';
}

}  // namespace vmemcheck::cli
