// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "cli/chart_text.hpp"
#include "cli/commands.hpp"
#include "cli/config_flags.hpp"
#include "cli/findings.hpp"
#include "cli/flag_values.hpp"
#include "cli/machine.hpp"
#include "cli/outputs.hpp"
#include "cli/predicate.hpp"
#include "cli/report.hpp"
#include "cli/terminal.hpp"
#include "cli/text.hpp"
#include "spec/engine.hpp"

namespace vmemcheck::cli {

namespace {

class WhyCommand {
 public:
    void add_to(Command& command) {
        command.add_option("PREDICATE", predicate_, "what is to hold of the state (docs/why.md)").required();
        config_.add_to(command);
        add_seconds(command, "max-time", max_time_, "end after so many seconds").group("Search");
        add_number(command, "max-states", max_states_, "end after so many states").group("Search");
        add_save(command, save_, "Output");
        command.add_flag("--verbose", verbose_, "also program counters, locals and benign answers").group("Output");
    }

    void check_flags() const {
        const Bbm model(config_.config());
        static_cast<void>(asked_property(predicate_, model));
        if (config_.properties_named())
            throw UserError("--property: 'why' asks about a predicate, not about properties");
    }

    [[nodiscard]] ExitCode run() const {
        check_flags();
        const Bbm model(config_.config());
        const std::vector<Property> properties{asked_property(predicate_, model)};
        check_save(save_);
        print(header_text(model.config(), config_.scope_name(), "all interleavings, breadth first"));
        checker::SearchOptions options;
        options.max_seconds = max_time_;
        options.max_states = max_states_;
        options.max_memory_bytes = available_memory() / 5 * 4;
        options.threads = 0;         // all processors
        options.check_fused = true;  // a predicate may be about what a local step changes
        Result result;
        {
            const InterruptGuard guard;
            const ProgressLine progress;
            options.stop = InterruptGuard::flag();
            options.progress = progress.callback();
            result = checker::check(model, properties, options);
        }
        return answer(model, properties.front(), result);
    }

 private:
    [[nodiscard]] ExitCode answer(const Bbm& model, const Property& property, Result& result) const {
        const Style style = Style::of(STDOUT_FILENO);
        Verdict& verdict = result.verdicts.front();
        const std::string states =
            fmt::format("{}, {:.2f} s", counted(result.statistics.states, "state"), result.statistics.seconds);
        if (verdict.counterexample) {
            Run run = std::move(*verdict.counterexample);
            const std::string unconfirmed = confirm(model, property, run);
            std::string text = chart_text(model, run, style) + run_text(model, run, {verbose_, style});
            text += fmt::format("\n  => {} in {} ({}), the shortest way; {}\n", style.green("reached"),
                                counted(run.transitions(), "transition"), counted(run.steps.size(), "step"), states);
            text += fmt::format("     {}\n", wrapped(predicate_, 5, width));
            if (!unconfirmed.empty())
                text += "  This run could not be confirmed by replaying it: " + unconfirmed + '\n';
            const std::string file = save_run(save_, model, property, run);
            if (!file.empty())
                text += fmt::format("  saved to {}; see it again with: vmemcheck replay {}\n", file, file);
            print(text);
            return ExitCode::as_expected;
        }
        if (result.complete) {
            print(fmt::format("{}: no state of this scope is so; {}\n", style.yellow("unreachable"), states));
            return ExitCode::violation;
        }
        print(fmt::format("incomplete: not found so far, ended early ({}{}{}); {}\n", checker::text(result.ended),
                          result.model_error.empty() ? "" : ": ", result.model_error, states));
        return ExitCode::incomplete;
    }

    ConfigFlags config_;
    std::string predicate_;
    std::string save_;
    std::uint64_t max_states_ = 0;
    double max_time_ = 0;
    bool verbose_ = false;
};

}  // namespace

void add_why(CLI::App& app, Action& chosen) {
    const auto command = std::make_shared<WhyCommand>();
    Command sub(app, "why", "shows a shortest run to a state of which a predicate holds");
    command->add_to(sub);
    sub.footer(
        "Examples:\n"
        "  vmemcheck why 'bb[0]=FAKE_OFFLINE & notifier=CANCEL_OFFLINE'   the question of the patch's review\n"
        "  vmemcheck why 'bb[0]=FAKE_OFFLINE & notifier=GOING_OFFLINE' --release linux-6.1 --safe-unplug off\n"
        "  vmemcheck why 'any page[*].kind=fake-offline-dirty & !broken'\n"
        "  vmemcheck why 'op.pc=op_offline_test & op.mb=1 & isolated[1]=no'      an isolation was taken away\n"
        "\n"
        "Exit codes: 0 reached, 1 unreachable in this scope, 2 bad usage or an output that cannot be written,\n"
        "            3 incomplete (a limit, memory, Ctrl-C)");
    sub.choose(
        chosen, [command] { return command->run(); }, [command] { command->check_flags(); });
}

}  // namespace vmemcheck::cli
