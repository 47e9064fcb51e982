// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <memory>
#include <random>

#include "cli/commands.hpp"
#include "cli/config_flags.hpp"
#include "cli/flag_values.hpp"
#include "cli/outputs.hpp"
#include "cli/report.hpp"
#include "cli/terminal.hpp"
#include "cli/text.hpp"
#include "spec/engine.hpp"

namespace vmemcheck::cli {

namespace {

class SimulateCommand {
 public:
    void add_to(Command& command) {
        config_.add_to(command);
        const std::string group = "Walks";
        seed_flag_ = add_number(command, "seed", seed_,
                                "the same seed gives the same walks; default: a random one, which is printed")
                         .group(group);
        add_number(command, "walks", walks_, "how many walks").group(group);
        add_number(command, "steps", steps_, "most steps a walk").group(group);
        add_seconds(command, "max-time", max_time_, "end after so many seconds").group(group);
        output_.add_to(command);
    }

    void check_flags() const { static_cast<void>(config_.properties(config_.config())); }

    [[nodiscard]] ExitCode run() const {
        const Bbm model(config_.config());
        const std::vector<Property> properties = config_.properties(model.config());
        checker::SimulationOptions options;
        options.seed = seed_flag_.given() ? seed_ : std::random_device{}();
        options.walks = walks_;
        options.length = steps_;
        options.max_seconds = max_time_;
        output_.check();

        print(header_text(model.config(), config_.scope_name(),
                          fmt::format("random walks: {} of at most {}, --seed {}", grouped(options.walks),
                                      counted(options.length, "step"), options.seed)));
        Result result;
        {
            const InterruptGuard guard;
            const ProgressLine progress;
            options.stop = InterruptGuard::flag();
            options.progress = progress.callback();
            result = checker::simulate(model, properties, options);
        }
        Report report;
        report.model = &model;
        report.result = &result;
        report.findings = findings_of(model, properties, result, config_);
        report.command = "simulate";
        report.random = true;
        report.scope_name = config_.scope_name();
        report.options["seed"] = options.seed;
        report.options["walks"] = options.walks;
        report.options["steps"] = options.length;
        report.options["max_seconds"] = options.max_seconds;
        report.assumptions = assumptions(model.config());
        report.assumptions.emplace_back(
            "random walks see a part of what can happen: what they do not find may be there");
        report.exit_code = exit_code_of(report.findings, result, true);
        report.warnings = warnings_of(report);
        output_.deliver(report);
        return report.exit_code;
    }

 private:
    ConfigFlags config_;
    OutputFlags output_;
    Flag seed_flag_;
    std::uint64_t seed_ = 0;
    std::uint64_t walks_ = 1000;
    std::uint64_t steps_ = 1000;
    double max_time_ = 0;
};

}  // namespace

void add_simulate(CLI::App& app, Action& chosen) {
    const auto command = std::make_shared<SimulateCommand>();
    Command sub(app, "simulate", "takes random walks, for scopes too large to be explored");
    command->add_to(sub);
    sub.footer(
        "Examples:\n"
        "  vmemcheck simulate --scope large --seed 1 --walks 10000\n"
        "  vmemcheck simulate --release linux-6.1 --property not-broken\n"
        "\n"
        "Exit codes: 0 no violation seen, 1 a violation, 2 bad usage or an output that cannot be written,\n"
        "            3 ended before all walks were taken (a limit, memory, Ctrl-C) with no violation so far");
    sub.choose(
        chosen, [command] { return command->run(); }, [command] { command->check_flags(); });
}

}  // namespace vmemcheck::cli
