// SPDX-License-Identifier: MIT
#include "cli/driver_model.hpp"

#include <fmt/format.h>

#include <chrono>

#include "cli/counterexample.hpp"
#include "cli/error.hpp"
#include "cli/page.hpp"
#include "cli/replayer.hpp"
#include "cli/text.hpp"
#include "conformance/driver/conform.hpp"

namespace vmemcheck::cli {

using conformance::Machine;

void RunsForModel::keep(const checker::Choices& run) {
    if (runs_.size() < most_) {
        runs_.push_back(run);
    } else {
        ++dropped_;
    }
}

AgainstModel hold_against_model(Machine& machine, const RunsForModel& runs, const std::atomic<bool>* stop) {
    AgainstModel result;
    result.not_held = runs.dropped();
    const auto begin = std::chrono::steady_clock::now();
    conformance::ModelCheck model(machine);
    for (const checker::Choices& run : runs.runs()) {
        if (stop != nullptr && *stop) break;
        const conformance::RunVerdict verdict = model.check(run);
        result.held++;
        if (!verdict.known) result.different++;
        if (verdict.accepted()) continue;
        const bool undecided =
            verdict.error.empty() && verdict.trace.status == conformance::TraceVerdict::Status::undecided;
        (undecided ? result.undecided : result.rejected)++;
        if (!result.first.empty() || undecided) continue;
        result.first =
            verdict.error.empty() ? conformance::difference_text(verdict, model.events()) : verdict.error + "\n";
        result.schedule = run;
    }
    machine.restart();
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return result;
}

std::string against_model_text(const AgainstModel& result, const Style& style) {
    std::string text = fmt::format("model    {} held against the model ({} that show something else each), {:.1f} s: ",
                                   counted(result.held, "run"), grouped(result.different), result.seconds);
    if (result.rejected == 0) {
        text += style.green(result.undecided == 0 ? "all are explained" : "no difference");
    } else {
        text += style.red(fmt::format("{} not explained by any run of the model", counted(result.rejected, "run")));
    }
    if (result.undecided > 0) text += fmt::format(", {} undecided", grouped(result.undecided));
    if (result.not_held > 0)
        text += fmt::format("; {} more were not held against it (--model-runs)", grouped(result.not_held));
    text += '\n';
    if (!result.first.empty()) text += "\n" + result.first;
    return text;
}

struct FollowedRun::Parts {
    CounterexampleFile file;
    std::unique_ptr<Replayer<Bbm>> replayer;
    std::optional<conformance::ModelRun> run;
};

namespace {

/// What of a configuration the machine has not, or nothing.
std::optional<std::string> not_followed(const Config& config) {
    const bbm::Scope& scope = config.scope;
    if (config.mutant != bbm::Mutant::none) return "it is of a mutant, not of a release";
    if (!config.what_ifs.empty()) return "it is of a what-if, not of a release";
    if (config.eject != bbm::Eject::off) return "the machine's device is never ejected";
    if (scope.sections != 1 || scope.page_blocks != 1) {
        return "the machine has one section and one page block a memory block";
    }
    if (scope.contig_tries != 5) return "the driver tries alloc_contig_range() five times (--contig-tries 5)";
    if (scope.offline_threshold() != 8 && scope.offline_threshold() != 2 * scope.memory_blocks) {
        return "no size of memory blocks gives that offline threshold (--threshold 0 or 8)";
    }
    return std::nullopt;
}

}  // namespace

FollowedRun::FollowedRun(const std::string& path) : parts_(std::make_unique<Parts>()) {
    parts_->file = read_counterexample(path);
    if (bbm::problem(parts_->file.config.scope)) throw UserError(path + ": its scope is too large to be followed");
    if (const auto why = not_followed(parts_->file.config)) {
        throw UserError(fmt::format("{}: this run cannot be followed: {} (docs/driver.md)", path, *why));
    }
    parts_->replayer = std::make_unique<Replayer<Bbm>>(parts_->file);
    static_cast<void>(parts_->replayer->run());
    const auto& replayed = parts_->replayer->replayed();
    if (!replayed || replayed->steps.size() != parts_->file.steps.size()) {
        throw UserError(path + ": does not replay in the model ('vmemcheck replay' tells why)");
    }
    std::vector<checker::RecordedStep> steps;
    for (const auto& step : replayed->steps) steps.push_back({step.actor, step.step, step.choices});
    const bool violates = parts_->file.verdict == "violated";
    parts_->run.emplace(conformance::ModelRun{parts_->replayer->model(), replayed->initial, std::move(steps),
                                              violates ? parts_->file.property : ""});
}

FollowedRun::~FollowedRun() = default;
const conformance::ModelRun& FollowedRun::run() const { return *parts_->run; }
const bbm::Config& FollowedRun::config() const { return parts_->file.config; }

namespace {

/// A run that a recording has no words for: who does what.
Json plain_page(Machine& machine, const checker::Choices& schedule) {
    Json steps = Json::array();
    Json lanes = Json::array();
    machine.restart();
    for (const checker::Choice& choice : schedule) {
        const auto index = checker::find_alternative(machine, choice);
        if (!index) break;
        const auto alternative = machine.alternatives()[*index];
        const std::string actor = machine.actor_name(alternative.actor);
        if (std::find(lanes.begin(), lanes.end(), actor) == lanes.end()) lanes.push_back(actor);
        Json answers = Json::array();
        if (alternative.cost > 0)
            answers.push_back(
                {{"name", "deviates"}, {"value", "from the default"}, {"fault", alternative.answer != 0}});
        steps.push_back({{"actor", actor},
                         {"function", machine.describe(alternative)},
                         {"step", fmt::format("step {}", steps.size())},
                         {"answers", std::move(answers)},
                         {"changes", Json::object()}});
        machine.take(*index);
    }
    Json data;
    data["kind"] = "recording";
    data["lanes"] = std::move(lanes);
    data["memory"] = {{"big_blocks", 0}, {"recorded", true}};
    data["steps"] = std::move(steps);
    data["notes"] = Json::array();
    data["initial"] = Json::object();
    data["owners"] = Json::object();
    data["loop"] = nullptr;
    data["waits"] = Json::array();
    return data;
}

}  // namespace

std::string driver_page(Machine& machine, const checker::Choices& schedule, const std::string& property,
                        const std::string& message, const std::string& file) {
    Json data;
    const bool recordable =
        !conformance::not_in_model(machine.setup()) && !conformance::not_recordable(machine.setup());
    std::optional<std::string> recording;
    if (recordable) recording = conformance::recording_text(machine, schedule);
    data = recording ? page_recording(file, *recording) : plain_page(machine, schedule);
    machine.record(nullptr);
    data["file"] = file;
    data["command"] = file.empty() ? "vmemcheck driver" : "vmemcheck driver --replay " + file;
    data["release"] = machine.setup().release.name;
    data["mode"] = machine.setup().mode == conformance::DriverMode::sbm ? "Sub Block Mode"
                   : machine.setup().safe_unplug                        ? "safe unplug"
                                                                        : "unsafe unplug";
    const std::string model = recording ? "; " + data.value("message", std::string()) : "";
    data["subject"] = "run of the real driver";
    data["title"] = property.empty()
                        ? "A run of the real driver, " + std::string(machine.setup().release.name)
                        : property + " is violated by the driver of " + std::string(machine.setup().release.name);
    data["verdict"] = property.empty() ? "accepted" : "violated";
    data["message"] = message + model;
    return page_text(data);
}

}  // namespace vmemcheck::cli
