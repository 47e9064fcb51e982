// SPDX-License-Identifier: MIT
#include "cli/report.hpp"
#include "cli/text.hpp"

namespace vmemcheck::cli {

namespace {

Json verdict_json(const Finding& finding) {
    const Verdict& verdict = *finding.verdict;
    Json object;
    object["property"] = finding.property->id;
    object["kind"] = checker::text(finding.property->kind);
    object["verdict"] = verdict_word(verdict.status);
    if (finding.goal()) object["expected"] = finding.property->expected ? "reached" : "unreachable";
    object["as_expected"] = verdict.as_expected;
    object["vacuous"] = verdict.vacuous;
    object["sentence"] = finding.property->sentence;
    object["source"] = finding.property->source;
    if (checker::is_liveness(finding.property->kind)) {
        object["assumes"] = checker::names_of(bbm::fairness_infos(), finding.property->fairness);
    }
    if (finding.run) {
        object["message"] = finding.run->message;
        object["transitions"] = finding.run->transitions();
        object["steps"] = finding.run->steps.size();
        if (finding.run->loop) object["loop"] = *finding.run->loop;
    }
    if (!finding.unconfirmed.empty()) object["unconfirmed"] = finding.unconfirmed;
    if (!finding.file.empty()) object["file"] = finding.file;
    return object;
}

Json coverage_json(const Report& report) {
    const Bbm& model = *report.model;
    const checker::Coverage& coverage = report.result->coverage;
    Json steps = Json::object();
    for (unsigned i = 0; i < coverage.step_count(); ++i) {
        if (model.steps()[i].function.empty()) continue;
        steps[std::string(model.steps()[i].name)] = {{"runs", coverage.step(i).executions},
                                                     {"new_states", coverage.step(i).new_states}};
    }
    Json choices = Json::object();
    for (unsigned i = 0; i < coverage.choice_count(); ++i) {
        const checker::ChoiceInfo& choice = model.choices()[i];
        Json values = Json::object();
        for (unsigned value = 0; value < coverage.value_count(i); ++value) {
            const std::string name =
                value < choice.values.size() ? std::string(choice.values[value]) : std::to_string(value);
            values[name] = coverage.choice(i, static_cast<int>(value));
        }
        choices[std::string(choice.name)] = std::move(values);
    }
    return {{"steps", std::move(steps)}, {"choices", std::move(choices)}};
}

Json statistics_json(const checker::Statistics& s) {
    Json object;
    object["states"] = s.states;
    if (s.represented > 0) object["represented"] = s.represented;
    object["transitions"] = s.transitions;
    object["steps"] = s.micro_steps;
    object["depth"] = s.max_depth;
    object["pruned"] = s.pruned;
    object["graph_transitions"] = s.graph_transitions;
    object["graph_bytes"] = s.graph_bytes;
    object["graph_seconds"] = s.graph_seconds;
    object["seconds"] = s.seconds;
    object["transitions_per_second"] = s.transitions_per_second();
    object["bytes_per_state"] = s.bytes_per_state();
    object["packed_bytes"] = s.packed_bytes;
    object["peak_memory_bytes"] = s.peak_memory_bytes;
    object["peak_resident_bytes"] = s.peak_resident_bytes;
    if (s.peak_disk_bytes > 0) object["peak_disk_bytes"] = s.peak_disk_bytes;
    if (s.omission_bound > 0) {
        object["omission_bound"] = s.omission_bound;
        object["expected_coverage"] = s.expected_coverage;
    }
    return object;
}

}  // namespace

Json report_json(const Report& report) {
    const Result& result = *report.result;
    Json object;
    object["format"] = "vmemcheck-result";
    object["version"] = 1;
    object["vmemcheck"] = VMEMCHECK_VERSION;
    object["command"] = report.command;
    object["model"] = model_name;
    put_config(object, report.config());
    object["options"] = report.options;
    object["exit_code"] = static_cast<int>(report.exit_code);
    object["conclusion"] = conclusion_text(report);
    object["ended"] = checker::text(result.ended);
    object["complete"] = result.complete;
    if (!result.model_error.empty()) object["model_error"] = result.model_error;
    Json verdicts = Json::array();
    for (const Finding& finding : report.findings) verdicts.push_back(verdict_json(finding));
    object["verdicts"] = std::move(verdicts);
    object["assumptions"] = report.assumptions;
    object["warnings"] = report.warnings;
    object["statistics"] = statistics_json(result.statistics);
    object["coverage"] = coverage_json(report);
    return object;
}

}  // namespace vmemcheck::cli
