// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cli/report.hpp"
#include "cli/text.hpp"

namespace vmemcheck::cli {

namespace {

/// Times an answer was given, by names.
std::uint64_t times(const checker::Coverage& coverage, const Answer& answer) {
    const auto choices = bbm::choice_infos();
    for (unsigned i = 0; i < choices.size(); ++i) {
        if (choices[i].name != answer.first) continue;
        for (std::size_t value = 0; value < choices[i].values.size(); ++value) {
            if (choices[i].values[value] == answer.second) {
                return coverage.choice(i, static_cast<int>(value));
            }
        }
    }
    return 0;
}

/// What of the model was not exercised.
void add_coverage(std::vector<std::string>& list, const Report& report) {
    if (!report.random && !report.result->complete) {
        const std::size_t steps = report.result->coverage.steps_never_run().size();
        list.push_back(
            fmt::format("the search ended early, so it says little that {} never ran (--coverage shows which)",
                        counted(steps, "step")));
        return;
    }
    for (std::string& line : never_exercised(report.config(), report.result->coverage)) list.push_back(std::move(line));
}

}  // namespace

std::vector<std::string> never_exercised(const Config& config, const checker::Coverage& coverage) {
    std::vector<std::string> list;
    std::set<Answer> explained;
    std::vector<std::string> idle;
    for (const bbm::FaultInfo& fault : bbm::fault_infos()) {
        const auto strikes = strikes_of(fault.name);
        const bool never =
            std::all_of(strikes.begin(), strikes.end(), [&](const Answer& a) { return times(coverage, a) == 0; });
        const bool on = config.faults.*fault.member;
        if (on && never && !strikes.empty()) idle.emplace_back(fault.name);
        if (!on || never) explained.insert(strikes.begin(), strikes.end());
    }
    if (!idle.empty()) list.push_back("faults that never struck: " + join(idle, ", "));

    std::vector<std::string> steps;
    for (const checker::StepId step : coverage.steps_never_run()) {
        const checker::StepInfo& info = bbm::step_infos()[step];
        const bool recheck = static_cast<bbm::StepId>(step) == bbm::StepId::wk_finish_recheck;
        if (static_cast<bbm::StepId>(step) == bbm::StepId::rm_eject_lock && config.eject == bbm::Eject::off) continue;
        if (recheck && !config.what_if(bbm::WhatIf::recheck_after_idle)) continue;  // a step of that what-if
        if (!info.function.empty()) steps.emplace_back(info.name);
    }
    if (!steps.empty()) list.push_back("steps that never ran: " + join(steps, ", "));

    std::vector<std::string> answers;
    for (const auto& [id, value] : coverage.answers_never_given()) {
        const checker::ChoiceInfo& choice = bbm::choice_infos()[id];
        if (choice.name == "auto-online" && config.auto_online != bbm::AutoOnline::any) continue;
        if (choice.name == "removal" && (config.eject == bbm::Eject::off || config.scope.removals == 0)) continue;
        if (choice.values.empty()) {
            // Of numbers, it says little that some were never drawn.
            if (coverage.value_count(id) == 0) answers.emplace_back(choice.name);
            continue;
        }
        const std::string_view name = choice.values[static_cast<std::size_t>(value)];
        const bool unasked = choice.fault && value == 0 &&
                             std::all_of(choice.values.begin() + 1, choice.values.end(), [&](std::string_view strike) {
                                 return explained.contains({choice.name, strike});
                             });
        if (unasked) continue;  // with its faults off there is no question
        if (!explained.contains({choice.name, name})) answers.push_back(fmt::format("{}={}", choice.name, name));
    }
    if (!answers.empty()) list.push_back("answers never given: " + join(answers, ", "));
    return list;
}

std::vector<std::string> warnings_of(const Report& report) {
    std::vector<std::string> list;
    for (const Finding& finding : report.findings) {
        if (!finding.verdict->vacuous || finding.verdict->status != checker::Status::holds) continue;
        list.push_back(
            fmt::format("{} holds vacuously: the situation it speaks of never occurred", finding.property->id));
    }
    add_coverage(list, report);
    if (const auto unclaimed = report.result->statistics.unclaimed_failures; unclaimed > 0) {
        list.push_back(
            fmt::format("{} of properties that are not checked here (--property)", counted(unclaimed, "failure")));
    }
    if (const auto pruned = report.result->statistics.pruned; pruned > 0 && !report.random) {
        list.push_back(
            fmt::format("what lies behind a violation was not followed ({}): the other verdicts are about what can be "
                        "reached without one",
                        pruned == 1 ? "1 place" : grouped(pruned) + " places"));
    }
    return list;
}

}  // namespace vmemcheck::cli
