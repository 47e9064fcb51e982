// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "cli/chart_text.hpp"
#include "cli/commands.hpp"
#include "cli/files.hpp"
#include "cli/flag_values.hpp"
#include "cli/itf.hpp"
#include "cli/lasso_text.hpp"
#include "cli/replayer.hpp"
#include "cli/run_text.hpp"
#include "cli/terminal.hpp"
#include "cli/text.hpp"
#include "conformance/guest/emit.hpp"

namespace vmemcheck::cli {

namespace {

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
        Replayer<M> replayer(file);
        const ReplayOutcome outcome = replayer.run();
        const Style style = Style::of(STDOUT_FILENO);
        std::string text;
        if (!quiet) {
            text += fmt::format("{}: {} {} in {}, scope {}; {}\n", path, file.property, file.verdict,
                                file.config.release.name, file.config.scope.name, mode_text(file.config));
            if (replayer.replayed()) {
                text += chart_text(replayer.model(), *replayer.replayed(), style);
                text += run_text(replayer.model(), *replayer.replayed(), {verbose, style});
                text += blocked_text(replayer.replayed()->blocked);
                for (const std::string& line : locks_held_in_loop(*replayer.replayed())) text += "    " + line + '\n';
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
    sub.add_option("FILE", command->files, "counterexample files, or ITF traces (docs/counterexamples.md)").required();
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
