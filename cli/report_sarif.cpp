// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <array>
#include <map>
#include <set>

#include "cli/report.hpp"
#include "model/steps.hpp"

namespace vmemcheck::cli {

namespace {

/// A line of this project's sources.
struct Place {
    bbm::StepId step;
    std::string_view file;
    int line;
};

/// The lines of steps in the table of steps, which says what each stands for.
constexpr std::array table_places{
#define STEP(id, local, function, why) Place{bbm::StepId::id, "model/steps.inc", __LINE__},
#include "model/steps.inc"
#undef STEP
};

/// The functions that do them (cli/step_places.awk), of almost all.
constexpr std::array function_places{
#include "step_places.inc"
};

constexpr auto places = [] {
    auto all = table_places;
    for (const Place& place : function_places) all[static_cast<std::size_t>(place.step)] = place;
    return all;
}();

constexpr std::string_view source_root = "SRCROOT";

Json text_of(std::string_view text) { return {{"text", text}}; }

Json artifact(std::string_view file) { return {{"uri", file}, {"uriBaseId", source_root}}; }

/// The files of all places, each once.
Json artifacts() {
    std::set<std::string_view> files;
    for (const Place& place : places) files.insert(place.file);
    Json all = Json::array();
    for (const std::string_view file : files) all.push_back({{"location", artifact(file)}});
    return all;
}

Json location_of(const Bbm& model, const checker::MicroStep<State>& step) {
    const checker::StepInfo& info = model.steps()[step.step];
    std::string message = fmt::format("{}: {} [{}]", model.actor_name(step.actor), info.function, info.name);
    for (const auto& [id, answer] : step.choices) {
        const checker::ChoiceInfo& choice = model.choices()[id];
        const auto value = static_cast<std::size_t>(answer);
        message +=
            fmt::format(", {}={}", choice.name,
                        value < choice.values.size() ? std::string(choice.values[value]) : std::to_string(answer));
    }
    const Place& place = places[step.step];
    Json location;
    location["physicalLocation"] = {{"artifactLocation", artifact(place.file)},
                                    {"region", {{"startLine", place.line}}}};
    if (!info.function.empty()) {
        location["logicalLocations"] = Json::array({{{"name", info.function}, {"kind", "function"}}});
    }
    location["message"] = text_of(message);
    return location;
}

/// A thread an actor; the order of execution is that of the run.
Json code_flow(const Bbm& model, const Run& run) {
    std::map<checker::ActorId, Json> threads;
    for (std::size_t i = 0; i < run.steps.size(); ++i) {
        const auto& step = run.steps[i];
        Json& thread = threads[step.actor];
        if (thread.is_null()) {
            thread["id"] = model.actor_name(step.actor);
            thread["locations"] = Json::array();
        }
        thread["locations"].push_back({{"location", location_of(model, step)}, {"executionOrder", i + 1}});
    }
    Json flows = Json::array();
    for (auto& [actor, thread] : threads) flows.push_back(std::move(thread));
    return {{"message", text_of(run.message)}, {"threadFlows", std::move(flows)}};
}

Json result_json(const Report& report, const Finding& finding, std::size_t rule) {
    Json object;
    object["ruleId"] = finding.property->id;
    object["ruleIndex"] = rule;
    const std::string word = verdict_word(finding.verdict->status);
    if (!finding.violation()) {
        // A level other than none is for failures only.
        const bool open = finding.verdict->status == checker::Status::incomplete;
        object["kind"] = open ? "open" : finding.verdict->vacuous ? "notApplicable" : "pass";
        object["level"] = "none";
        object["message"] = text_of(word + ": " + finding.property->sentence);
        return object;
    }
    object["kind"] = "fail";
    object["level"] = "error";
    object["message"] = text_of(
        fmt::format("{} in {}: {}", word, report.config().release.name,
                    finding.run && !finding.run->message.empty() ? finding.run->message : finding.property->sentence));
    if (finding.run && !finding.run->steps.empty()) {
        object["locations"] = Json::array({location_of(*report.model, finding.run->steps.back())});
        object["codeFlows"] = Json::array({code_flow(*report.model, *finding.run)});
    }
    object["partialFingerprints"] = {
        {"propertyAndRelease/v1", fmt::format("{}/{}", finding.property->id, report.config().release.name)}};
    if (!finding.file.empty()) object["properties"] = {{"counterexample", finding.file}};
    return object;
}

Json invocation(const Report& report) {
    Json object;
    object["executionSuccessful"] =
        report.exit_code == ExitCode::as_expected || report.exit_code == ExitCode::violation;
    object["exitCode"] = static_cast<int>(report.exit_code);
    object["exitCodeDescription"] = conclusion_text(report);
    if (!report.result->model_error.empty()) {
        object["toolExecutionNotifications"] =
            Json::array({{{"level", "error"}, {"message", text_of(report.result->model_error)}}});
    }
    return object;
}

}  // namespace

Json report_sarif(const Report& report) {
    Json rules = Json::array();
    Json results = Json::array();
    for (const Finding& finding : report.findings) {
        results.push_back(result_json(report, finding, rules.size()));
        rules.push_back(
            {{"id", finding.property->id},
             {"shortDescription", text_of(finding.property->sentence)},
             {"properties", {{"kind", checker::text(finding.property->kind)}, {"source", finding.property->source}}}});
    }
    Json run;
    run["tool"]["driver"] = {
        {"name", "vmemcheck"}, {"semanticVersion", VMEMCHECK_VERSION}, {"rules", std::move(rules)}};
    run["invocations"] = Json::array({invocation(report)});
    run["originalUriBaseIds"] = {
        {std::string(source_root), {{"description", text_of("the root of vmemcheck's source tree")}}}};
    run["artifacts"] = artifacts();
    run["results"] = std::move(results);
    Json configuration;
    put_config(configuration, report.config());
    run["properties"] = std::move(configuration);
    Json log;
    log["$schema"] = "https://json.schemastore.org/sarif-2.1.0.json";
    log["version"] = "2.1.0";
    log["runs"] = Json::array({std::move(run)});
    return log;
}

}  // namespace vmemcheck::cli
