// SPDX-License-Identifier: MIT
#include "properties/fuzz.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <random>

#include "cli/commands.hpp"
#include "cli/config_flags.hpp"
#include "cli/counterexample.hpp"
#include "cli/files.hpp"
#include "cli/flag_values.hpp"
#include "cli/outputs.hpp"
#include "cli/report.hpp"
#include "cli/run_text.hpp"
#include "cli/terminal.hpp"
#include "cli/text.hpp"
#include "spec/properties.hpp"

namespace vmemcheck::cli {

namespace {

using bbm::fuzz::Found;

/// "4 walks, 1,200 moves, 300 situations"
std::string amount_text(std::uint64_t walks, std::uint64_t moves, std::uint64_t situations) {
    return fmt::format("{}, {}, {}", counted(walks, "walk"), counted(moves, "step"), counted(situations, "situation"));
}

class FuzzCommand {
 public:
    void add_to(Command& command) {
        config_.add_to(command);
        const std::string group = "Walks";
        add_seconds(command, "seconds", seconds_, "end after so many seconds; default: 60, unless --runs is given")
            .group(group);
        seed_flag_ = add_number(command, "seed", seed_,
                                "the same seed and --runs find the same; default: a random one, which is printed")
                         .group(group);
        runs_flag_ = add_number(command, "runs", runs_, "how many walks").group(group);
        command
            .add_flag("--swarm", swarm_,
                      "in each walk some of the faults, of the environment and of the options, in a smaller scope")
            .group(group);
        const std::string output = "Output";
        command.add_option("--json", json_, "write the result as JSON").type_name("FILE").not_empty().group(output);
        add_save(command, save_, output);
        command.add_flag("--verbose", verbose_, "show program counters, locals and benign answers in runs")
            .group(output);
    }

    [[nodiscard]] ExitCode run() const {
        bbm::fuzz::Options options;
        options.config = config_.config(bbm::wide_capacity);
        options.vary_scope = !config_.scope_given();
        options.swarm = swarm_;
        for (const Property& property : config_.properties(options.config)) {
            const bool goal = property.kind == checker::PropertyKind::reachability;
            if (goal && property.expected && config_.named(property.id)) {
                throw UserError(
                    fmt::format("{} is no property that can be violated: 'vmemcheck simulate' or 'check' "
                                "look for what should be reached",
                                property.id));
            }
            options.properties.push_back(property.id);
        }
        options.seed = seed_flag_.given() ? seed_ : std::random_device{}();
        options.walks = runs_flag_.given() ? runs_ : 0;
        constexpr double default_seconds = 60;
        options.seconds = seconds_ > 0 || runs_flag_.given() ? seconds_ : default_seconds;
        if (!json_.empty()) check_writable(json_);
        check_save(save_);

        print(header(options));
        bbm::fuzz::Result result;
        {
            const InterruptGuard guard;
            const StatusLine line;
            options.stop = InterruptGuard::flag();
            if (line.visible())
                options.progress = [&line](const auto& progress) { line.show(progress_text(progress)); };
            result = bbm::fuzz::fuzz(options);
        }
        return report(options, result);
    }

 private:
    static std::string progress_text(const bbm::fuzz::Progress& progress) {
        return fmt::format("  {:.0f} s: {}; {}", progress.seconds,
                           amount_text(progress.walks, progress.moves, progress.situations),
                           counted(progress.violations, "violation"));
    }

    [[nodiscard]] std::string header(const bbm::fuzz::Options& options) const {
        std::string how = "random testing";
        if (options.swarm) how += ", swarm";
        if (options.walks > 0) how += fmt::format(", {}", counted(options.walks, "walk"));
        if (options.seconds > 0) how += fmt::format(", {} s", options.seconds);
        how += fmt::format(", --seed {}", options.seed);
        std::string text = header_text(options.config, config_.scope_name(), how);
        if (!options.vary_scope) return text;
        const std::string place = "  scope    ";
        const std::size_t from = text.find(place) + place.size();
        const std::size_t to = text.find("\n  mode ");
        const std::string varied =
            fmt::format("another in each walk, up to {} of {} in all",
                        counted(static_cast<std::uint64_t>(bbm::wide_capacity.big_blocks), "big block"),
                        counted(static_cast<std::uint64_t>(bbm::wide_capacity.pages), "page"));
        return text.replace(from, to - from, varied);
    }

    ExitCode report(const bbm::fuzz::Options& options, const bbm::fuzz::Result& result) const {
        const Style style = Style::of(STDOUT_FILENO);
        Json violations = Json::array();
        for (const Found& found : result.found) {
            std::visit([&](const auto& run) { show(found, run, style, violations); }, found.run);
        }
        std::string text = "coverage\n";
        const std::vector<std::string> never = never_exercised(options.config, result.coverage);
        for (const std::string& line : never) text += "  - " + wrapped(line, 4, width) + '\n';
        if (never.empty()) text += "  every step ran and every answer was given\n";
        if (result.out_of_bounds > 0) {
            text +=
                fmt::format("  - {} of the mutant ended as a field left its bounds, which no property asked about\n",
                            counted(result.out_of_bounds, "walk"));
        }
        text += fmt::format("statistics\n  {}\n", amount_text(result.walks, result.moves, result.situations));
        const ExitCode code = exit_code(options, result);
        const std::string conclusion = conclude(result);
        const std::string line = wrapped(conclusion, 0, width);
        text += '\n' + (code == ExitCode::as_expected ? style.green(line)
                        : code == ExitCode::violation ? style.red(line)
                                                      : style.yellow(line));
        print(text + '\n');
        if (!json_.empty()) write_json(options, result, code, conclusion, std::move(violations));
        return code;
    }

    template <class M>
    void show(const Found& found, const checker::Counterexample<M>& run, const Style& style, Json& list) const {
        const M model(found.config);
        for (const auto& property : bbm::spec::properties<M>(found.config)) {
            if (property.id != found.property) continue;
            const std::string file = save_run(save_, model, property, run);
            std::string text =
                style.red(fmt::format("{} is VIOLATED in {}", property.id, found.config.release.name)) + '\n';
            text += "  " + wrapped(property.sentence, 2, width) + '\n';
            text += fmt::format("  {}, shrunk from {} of walk {}\n", counted(run.steps.size(), "step"),
                                grouped(found.unshrunk_moves), found.walk + 1);
            text += "  " + wrapped("scope: " + scope_text(found.config.scope), 2, width) + "\n\n";
            text += run_text(model, run, {verbose_, style});
            text += "\n  " + style.red("=> ") + wrapped(run.message, 5, width) + '\n';
            text += blocked_text(run.blocked);
            if (!file.empty()) {
                text += fmt::format("  saved to {}; see it again with: vmemcheck replay {}\n", file, file);
            }
            print(text + '\n');
            Json item;
            item["property"] = property.id;
            item["message"] = run.message;
            item["steps"] = run.steps.size();
            item["unshrunk_steps"] = found.unshrunk_moves;
            item["walk"] = found.walk + 1;
            item["seconds"] = found.seconds;
            item["shrink_seconds"] = found.shrink_seconds;
            put_config(item, found.config);
            if (!file.empty()) item["file"] = file;
            list.push_back(std::move(item));
        }
    }

    static ExitCode exit_code(const bbm::fuzz::Options& options, const bbm::fuzz::Result& result) {
        if (!result.found.empty()) return ExitCode::violation;
        if (result.ended == checker::Ended::interrupted || result.ended == checker::Ended::model_error)
            return ExitCode::incomplete;
        // Walks that were asked for by number and not taken.
        const bool cut = result.ended == checker::Ended::time_limit && options.walks > 0;
        return cut ? ExitCode::incomplete : ExitCode::as_expected;
    }

    static std::string conclude(const bbm::fuzz::Result& result) {
        std::vector<std::string> violated;
        for (const Found& found : result.found) violated.push_back(found.property);
        std::string text;
        if (!violated.empty()) text = "VIOLATED: " + join(violated, ", ") + "; ";
        if (result.ended == checker::Ended::interrupted) text += "ended early: interrupted; ";
        if (result.ended == checker::Ended::model_error) {
            text += fmt::format("ended early: the model broke a rule (please report: {}); ", result.model_error);
        }
        return text + (violated.empty() ? "no violation found; random testing proves nothing"
                                        : "found by random testing and shrunk, so maybe not the shortest");
    }

    void write_json(const bbm::fuzz::Options& options, const bbm::fuzz::Result& result, ExitCode code,
                    const std::string& conclusion, Json violations) const {
        Json object;
        object["format"] = "vmemcheck-fuzz";
        object["version"] = 1;
        object["vmemcheck"] = VMEMCHECK_VERSION;
        object["model"] = model_name;
        put_config(object, options.config);
        object["options"] = {{"seed", options.seed},
                             {"runs", options.walks},
                             {"seconds", options.seconds},
                             {"swarm", options.swarm},
                             {"vary_scope", options.vary_scope}};
        object["exit_code"] = static_cast<int>(code);
        object["conclusion"] = conclusion;
        object["ended"] = checker::text(result.ended);
        object["violations"] = std::move(violations);
        object["statistics"] = {{"walks", result.walks},
                                {"steps", result.moves},
                                {"situations", result.situations},
                                {"seconds", result.seconds}};
        object["never"] = never_exercised(options.config, result.coverage);
        write_file(json_, pretty(object));
    }

    ConfigFlags config_;
    Flag seed_flag_;
    Flag runs_flag_;
    std::uint64_t seed_ = 0;
    std::uint64_t runs_ = 0;
    double seconds_ = 0;
    bool swarm_ = false;
    bool verbose_ = false;
    std::string json_;
    std::string save_;
};

}  // namespace

void add_fuzz(CLI::App& app, Action& chosen) {
    const auto command = std::make_shared<FuzzCommand>();
    Command sub(app, "fuzz", "tests at random in scopes far beyond a search, and shrinks what it finds");
    command->add_to(sub);
    sub.footer(
        "Without --scope or a bound each walk has a scope of its own, most of them large. Examples:\n"
        "  vmemcheck fuzz --seconds 600 --swarm\n"
        "  vmemcheck fuzz --release linux-6.1 --runs 1000 --seed 1\n"
        "  vmemcheck fuzz --big-blocks 64 --memory-blocks 4 --pages 2\n"
        "\n"
        "Exit codes: 0 no violation found, 1 a violation, 2 bad usage or an output that cannot be written,\n"
        "            3 ended early (Ctrl-C, or before --runs were taken) with no violation so far");
    sub.choose(chosen, [command] { return command->run(); });
}

}  // namespace vmemcheck::cli
