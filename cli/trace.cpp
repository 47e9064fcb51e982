// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

#include "cli/commands.hpp"
#include "cli/files.hpp"
#include "cli/flag_values.hpp"
#include "cli/terminal.hpp"
#include "cli/text.hpp"
#include "conformance/guest/validator.hpp"

namespace vmemcheck::cli {

namespace {

using conformance::Recording;
using conformance::TraceVerdict;
using Json = nlohmann::ordered_json;

struct Options {
    std::vector<std::string> files;
    std::string release;
    std::string json;
    std::size_t max_states = conformance::TraceOptions{}.max_examined;
    bool steps = false;
};

const char* word(TraceVerdict::Status status) {
    switch (status) {
        case TraceVerdict::Status::accepted:
            return "ACCEPTED";
        case TraceVerdict::Status::rejected:
            return "REJECTED";
        default:
            return "UNDECIDED";
    }
}

std::string step_text(const conformance::ExplainedStep& step) {
    std::string events;
    for (const std::int64_t seq : step.events)
        events += fmt::format("{}{}", events.empty() ? "shows event " : ", ", seq);
    std::string choices;
    for (const std::string& choice : step.choices) choices += (choices.empty() ? "  [" : ", ") + choice;
    if (!choices.empty()) choices += ']';
    return fmt::format("{:<16} {:<26} {}{}{}", step.actor, step.step, step.function, choices,
                       events.empty() ? "" : "  <- " + events);
}

void print_verdict(const Recording& recording, const TraceVerdict& verdict, const Options& options) {
    const Style style = Style::of(1);
    const bool good = verdict.status == TraceVerdict::Status::accepted;
    const std::string name = word(verdict.status);
    print(fmt::format("{}  {}  {}{}: {} of {} events explained by {}\n", good ? style.green(name) : style.red(name),
                      printable(recording.file), recording.config.release.name,
                      recording.config.safe_unplug ? "" : ", unsafe unplug", verdict.explained, verdict.events,
                      counted(verdict.steps.size(), "step")));
    if (verdict.unrecorded_interrupts > 0) {
        print(fmt::format("    assumed {} that the recorder missed (the host had resized, a work item was running)\n",
                          counted(static_cast<std::uint64_t>(verdict.unrecorded_interrupts), "config interrupt")));
    }
    for (const std::string& note : recording.notes) print("    note: " + note + "\n");
    if (!good) {
        if (verdict.stuck_at >= 0) {
            print(fmt::format("    {} event {} (line {}): {}\n", "no run of the model shows", verdict.stuck_at,
                              verdict.stuck_line, verdict.stuck_event));
        } else {
            print("    no run of the model ends like this: " + verdict.stuck_event + "\n");
        }
        if (verdict.status == TraceVerdict::Status::undecided) {
            print(fmt::format("    gave up after {} states; --max-states gives it more\n", grouped(verdict.examined)));
        }
        print("    what the model could have shown there instead, or what did not fit:\n");
        for (const std::string& text : verdict.alternatives) print("      " + text + "\n");
        if (!options.steps) {
            const std::size_t shown = std::min<std::size_t>(8, verdict.steps.size());
            print(fmt::format("    the last {} of the longest explained prefix (--steps prints all):\n",
                              counted(shown, "step")));
            for (std::size_t i = verdict.steps.size() - shown; i < verdict.steps.size(); ++i) {
                print(fmt::format("    {:>5}  {}\n", i + 1, step_text(verdict.steps[i])));
            }
        }
    }
    if (!options.steps) return;
    for (std::size_t i = 0; i < verdict.steps.size(); ++i)
        print(fmt::format("{:>5}  {}\n", i + 1, step_text(verdict.steps[i])));
}

Json to_json(const Recording& recording, const TraceVerdict& verdict) {
    Json steps = Json::array();
    for (const auto& step : verdict.steps) {
        steps.push_back({{"actor", step.actor},
                         {"step", step.step},
                         {"function", step.function},
                         {"choices", step.choices},
                         {"events", step.events}});
    }
    Json out{{"file", recording.file},
             {"release", recording.config.release.name},
             {"safe_unplug", recording.config.safe_unplug},
             {"verdict", verdict.status == TraceVerdict::Status::accepted   ? "accepted"
                         : verdict.status == TraceVerdict::Status::rejected ? "rejected"
                                                                            : "undecided"},
             {"events", verdict.events},
             {"explained", verdict.explained},
             {"states_examined", verdict.examined},
             {"unrecorded_interrupts", verdict.unrecorded_interrupts}};
    if (verdict.status != TraceVerdict::Status::accepted) {
        out["stuck_at"] = {{"seq", verdict.stuck_at}, {"line", verdict.stuck_line}, {"event", verdict.stuck_event}};
        out["alternatives"] = verdict.alternatives;
    }
    out["notes"] = recording.notes;
    out["steps"] = std::move(steps);
    return out;
}

/// The release asked for, or null.
const bbm::Release* release_of(const Options& options) {
    if (options.release.empty()) return nullptr;
    const bbm::Release* const release = bbm::find_release(options.release);
    if (release == nullptr) throw UserError(unknown_name("release", options.release, names_of(bbm::releases())));
    return release;
}

ExitCode run(const Options& options) {
    const bbm::Release* const release = release_of(options);
    if (!options.json.empty()) check_writable(options.json);
    // All files are read before the first is judged: a bad one costs no time.
    std::vector<Recording> recordings;
    for (const std::string& file : options.files) {
        auto read = conformance::read_recording(file, release);
        if (const auto* bad = std::get_if<conformance::BadInput>(&read)) throw UserError(printable(bad->message));
        recordings.push_back(std::move(std::get<Recording>(read)));
    }
    ExitCode code = ExitCode::as_expected;
    Json all = Json::array();
    for (const Recording& recording : recordings) {
        const TraceVerdict verdict = conformance::validate(recording, {options.max_states});
        print_verdict(recording, verdict, options);
        all.push_back(to_json(recording, verdict));
        if (verdict.status == TraceVerdict::Status::rejected) code = ExitCode::violation;
        if (verdict.status == TraceVerdict::Status::undecided && code == ExitCode::as_expected)
            code = ExitCode::incomplete;
    }
    // Names of files need not be UTF-8.
    if (!options.json.empty()) write_file(options.json, all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    return code;
}

}  // namespace

void add_trace(CLI::App& app, Action& chosen) {
    const auto options = std::make_shared<Options>();
    Command sub(app, "trace", "holds recordings of a real guest against the model");
    sub.add_option("FILE", options->files, "recordings (docs/traces.md)").required();
    sub.add_option("--release", options->release, "the guest's release, if the recording does not tell it");
    sub.add_flag("--steps", options->steps, "print every step of the run that explains the recording");
    sub.add_option("--json", options->json, "write the verdicts and runs to this file");
    sub.add_option("--max-states", options->max_states, "give up on a recording after so many states")
        .range(1, 100'000'000);
    sub.footer(
        "Is there a run of the model that shows these events and these states, in this order?\n"
        "Exit status: 0 all accepted, 1 one is rejected, 2 bad usage or input, 3 undecided.\n\n"
        "  vmemcheck trace tests/recordings/linux-6.1/plug-unplug-safe.jsonl");
    sub.choose(
        chosen, [options] { return run(*options); }, [options] { static_cast<void>(release_of(*options)); });
}

}  // namespace vmemcheck::cli
