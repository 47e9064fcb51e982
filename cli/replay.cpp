// SPDX-License-Identifier: MIT
#include "checker/replay.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "cli/commands.hpp"
#include "cli/counterexample.hpp"
#include "cli/files.hpp"
#include "cli/flag_values.hpp"
#include "cli/itf.hpp"
#include "cli/run_text.hpp"
#include "cli/terminal.hpp"
#include "cli/text.hpp"
#include "conformance/guest/emit.hpp"
#include "spec/engine.hpp"

namespace vmemcheck::cli {

namespace {

constexpr std::size_t width = 110;

/// One line for each thing an actor can do, or why it cannot.
template <class M>
std::string enabled_text(const M& model, const typename M::State& state) {
    std::string text;
    for (checker::ActorId actor = 0; actor < model.actor_count(); ++actor) {
        const auto can = checker::outcomes(model, state, actor);
        const std::string name = fmt::format("    {:<16}  ", model.actor_name(actor));
        std::vector<std::string> ways;
        for (const auto& outcome : can.all) {
            const auto& step = outcome.steps.front();
            const Json answers = choices_json(model, step.choices);
            std::string way(model.steps()[step.step].name);
            for (const auto& [choice, value] : answers.items()) {
                way +=
                    fmt::format(" {}={}", choice, value.is_string() ? value.template get<std::string>() : value.dump());
            }
            ways.push_back(std::move(way));
        }
        if (ways.empty()) {
            text += fmt::format("{}blocked: {}", name, can.moves.guard.what);
            if (can.moves.guard.holder >= 0) {
                text += ", held by " + model.actor_name(static_cast<unsigned>(can.moves.guard.holder));
            }
            text += '\n';
        } else {
            text += name + wrapped(join(ways, ", "), name.size(), width) + '\n';
        }
    }
    return text;
}

/// How a replay ended.
struct Outcome {
    bool as_recorded = false;
    std::string why;      ///< one line
    std::string details;  ///< lines
};

template <class M>
class Replayer {
 public:
    using State = typename M::State;
    using Property = checker::Property<M>;
    using Run = checker::Counterexample<M>;

    Replayer(const CounterexampleFile& file, std::vector<Property> properties)
        : file_(file),
          model_(file.config),
          properties_(std::move(properties)),
          property_(found(properties_, file.property)),
          layout_(checker::layout_of(model_, model_.initial_state(0))) {}

    Outcome run() {
        State initial{};
        if (Outcome wrong = find_initial(initial); !wrong.why.empty()) return wrong;
        std::vector<checker::RecordedStep> recording;
        for (const FileStep& step : file_.steps) recording.push_back(step.step);
        const auto replay = checker::replay(model_, initial, recording, property_);
        run_.emplace(Run{0, replay.message, initial, {}, replay.blocked});
        for (std::size_t i = 0; i + 1 < replay.states.size(); ++i) {
            run_->steps.push_back(
                {recording[i].actor, recording[i].step, recording[i].choices, replay.states[i + 1], true});
        }
        if (replay.diverged_at) {
            return {false, fmt::format("diverges at step {}: {}", *replay.diverged_at + 1, replay.reason),
                    "  enabled there instead:\n" + enabled_text(model_, replay.states.back())};
        }
        if (Outcome wrong = compare_changes(replay.states); !wrong.why.empty()) return wrong;
        return judge(replay);
    }

    [[nodiscard]] const M& model() const { return model_; }
    [[nodiscard]] const Property& property() const { return *property_; }
    /// The steps that could be replayed; empty if no initial state fits.
    [[nodiscard]] const std::optional<Run>& replayed() const { return run_; }

 private:
    static const Property* found(const std::vector<Property>& properties, std::string_view id) {
        const auto at =
            std::find_if(properties.begin(), properties.end(), [id](const Property& p) { return p.id == id; });
        return at == properties.end() ? nullptr : &*at;
    }

    /// "x is A, recorded was B" of the first field in which an initial state is not the recorded one.
    [[nodiscard]] std::string difference(const State& state) const {
        for (std::size_t i = 0; i < layout_.fields().size(); ++i) {
            const checker::FieldInfo& field = layout_.fields()[i];
            const int value = layout_.get(state, i);
            const auto recorded = file_.initial.find(field.name);
            const bool named = recorded != file_.initial.end();
            if (named ? *recorded == field_json(field, value) : value == 0) continue;
            return fmt::format("{} is {}, recorded was {}", field.name, field_json(field, value).dump(),
                               quote(named ? recorded->dump() : "0"));
        }
        return {};
    }

    Outcome find_initial(State& initial) const {
        std::vector<std::string> differences;
        bool found = false;
        model_.initial_states([&](const State& state) {
            if (found) return;
            differences.push_back(difference(state));
            found = differences.back().empty();
            if (found) initial = state;
        });
        if (found) return {};
        Outcome wrong{false, "diverges at the start: no initial state of the model is the recorded one", {}};
        for (std::size_t i = 0; i < std::min<std::size_t>(differences.size(), 4); ++i) {
            wrong.details += fmt::format("  initial state {}: {}\n", i + 1, differences[i]);
        }
        return wrong;
    }

    [[nodiscard]] Json changes_of(const State& before, const State& after) const {
        Json changes = Json::object();
        for (const checker::FieldChange& change : layout_.diff(before, after)) {
            const checker::FieldInfo& field = layout_.fields()[change.field];
            changes[field.name] = Json::array({field_json(field, change.before), field_json(field, change.after)});
        }
        return changes;
    }

    [[nodiscard]] Outcome compare_changes(const std::vector<State>& states) const {
        for (std::size_t i = 0; i < file_.steps.size(); ++i) {
            if (!file_.steps[i].changes) continue;
            const Json& recorded = *file_.steps[i].changes;
            const Json now = changes_of(states[i], states[i + 1]);
            const auto text = [](const Json& change) { return change[0].dump() + " -> " + change[1].dump(); };
            const auto stale = [&](const std::string& why) {
                return Outcome{false, fmt::format("differs at step {}: {}", i + 1, why), {}};
            };
            for (const auto& [field, change] : now.items()) {
                const auto was = recorded.find(field);
                if (was == recorded.end()) {
                    return stale(fmt::format("{} changes {}, which is not recorded", field, text(change)));
                }
                if (*was != change)
                    return stale(fmt::format("{} changes {}, recorded was {}", field, text(change), quote(text(*was))));
            }
            for (const auto& [field, change] : recorded.items()) {
                if (now.contains(field)) continue;
                return stale(fmt::format("{} does not change, recorded was {}", quote(field), quote(text(change))));
            }
        }
        return {};
    }

    [[nodiscard]] Outcome judge(const checker::Replay<M>& replay) const {
        const std::string recorded = fmt::format("{} {}", file_.property, file_.verdict);
        const std::size_t steps = file_.steps.size();
        if (!replay.decided_at) {
            return {false,
                    fmt::format("different verdict: all {} can be taken, and {} is not {} by them",
                                counted(steps, "step"), file_.property, file_.verdict),
                    {}};
        }
        const char* const verdict = checker::text(replay.status);
        if (verdict != file_.verdict) {
            return {false,
                    fmt::format("different verdict: {} is {}, recorded was {}", file_.property, verdict, file_.verdict),
                    {}};
        }
        if (*replay.decided_at != steps) {
            return {false,
                    fmt::format("{} is {} after step {} already, recorded was step {}", file_.property, verdict,
                                *replay.decided_at, steps),
                    {}};
        }
        return {true, fmt::format("{} after {}, as recorded", recorded, counted(steps, "step")), {}};
    }

    const CounterexampleFile& file_;
    M model_;
    std::vector<Property> properties_;
    const Property* property_;
    checker::Layout layout_;
    std::optional<Run> run_;
};

struct ReplayCommand {
    std::vector<std::string> files;
    std::string itf;
    std::string trace;
    bool quiet = false;
    bool verbose = false;

    ExitCode run() const {
        if (!itf.empty() && !is_directory(itf)) {
            if (files.size() > 1)
                throw UserError("--itf: for more than one counterexample give a directory that exists");
            check_writable(itf);
        } else if (!itf.empty()) {
            check_writable_directory(itf);
        }
        if (!trace.empty()) {
            if (files.size() > 1) throw UserError("--trace: give one counterexample at a time");
            check_writable(trace);
        }
        ExitCode worst = ExitCode::as_expected;
        for (const std::string& file : files) {
            ExitCode code = ExitCode::bad_usage;
            try {
                code = replay_one(file);
            } catch (const UserError& error) {
                if (files.size() == 1) throw;
                print_error(fmt::format("vmemcheck: {}\n", error.what()));
            }
            worst = std::max(worst, code);
        }
        return worst;
    }

    ExitCode replay_one(const std::string& path) const {
        const CounterexampleFile file = read_counterexample(path);
        require_recordable(file.config);
        return bbm::with_model(file.config.scope,
                               [&]<class M>(std::type_identity<M>) { return replay_one<M>(path, file); });
    }

    template <class M>
    ExitCode replay_one(const std::string& path, const CounterexampleFile& file) const {
        Replayer<M> replayer(file, bbm::spec::properties<M>(file.config));
        const Outcome outcome = replayer.run();
        const Style style = Style::of(STDOUT_FILENO);
        std::string text;
        if (!quiet) {
            text += fmt::format("{}: {} {} in {}, scope {}; {}\n", path, file.property, file.verdict,
                                file.config.release.name, file.config.scope.name, mode_text(file.config));
            if (replayer.replayed()) {
                text += run_text(replayer.model(), *replayer.replayed(), {verbose, style});
                text += blocked_text(replayer.replayed()->blocked);
            }
        }
        if (outcome.as_recorded) {
            text += fmt::format("{}: {}: {}\n", path, style.green("ok"), outcome.why);
            if (!quiet) text += "  " + wrapped(replayer.replayed()->message, 2, width) + '\n';
        } else {
            text += fmt::format("{}: {}: {}\n{}", path, style.red("STALE"), outcome.why, outcome.details);
        }
        print(text);
        if (!itf.empty() && replayer.replayed()) {
            const std::string stem = std::filesystem::path(path).stem().string();
            const std::string target = is_directory(itf) ? path_in(itf, stem + ".itf.json") : itf;
            write_file(target, itf_text(replayer.model(), replayer.property(), *replayer.replayed()));
        }
        if constexpr (std::is_same_v<M, Bbm>) {
            if (!trace.empty() && replayer.replayed()) write_trace(replayer);
        }
        return outcome.as_recorded ? ExitCode::as_expected : ExitCode::violation;
    }

    void require_recordable(const Config& config) const {
        if (trace.empty()) return;
        if (problem(config.scope)) {
            throw UserError(
                "--trace: this run cannot be written as a recording: the scope is too large (docs/traces.md)");
        }
        if (const auto why = conformance::not_recordable(config)) {
            throw UserError("--trace: this run cannot be written as a recording: " + *why + " (docs/traces.md)");
        }
    }

    void write_trace(const Replayer<Bbm>& replayer) const {
        std::vector<checker::RecordedStep> steps;
        for (const auto& step : replayer.replayed()->steps) steps.push_back({step.actor, step.step, step.choices});
        write_file(trace, conformance::recording_text(replayer.model(), replayer.replayed()->initial, steps));
    }
};

}  // namespace

void add_replay(CLI::App& app, Action& chosen) {
    const auto command = std::make_shared<ReplayCommand>();
    Command sub(app, "replay", "runs saved counterexamples again, step by step");
    sub.add_option("FILE", command->files, "counterexample files (docs/counterexamples.md)").required();
    sub.add_flag("--quiet", command->quiet, "one line a file");
    sub.add_flag("--verbose", command->verbose, "also program counters, locals and benign answers");
    sub.add_option("--itf", command->itf, "also write the run as ITF, to a file or into a directory")
        .type_name("FILE|DIR")
        .not_empty();
    sub.add_option("--trace", command->trace, "also write the run as the recording of a guest (docs/traces.md)")
        .type_name("FILE")
        .not_empty();
    sub.footer(
        "Each step must be enabled and be the recorded one, change what it changed, and the verdict must be the "
        "recorded\n"
        "one; otherwise the file is stale: the model has changed, or the file has. Example:\n"
        "  vmemcheck replay tests/regressions/*.json --quiet\n"
        "\n"
        "Exit codes: 0 all as recorded, 1 a stale file, 2 bad usage or a file that cannot be used");
    sub.choose(chosen, [command] { return command->run(); });
}

}  // namespace vmemcheck::cli
