// SPDX-License-Identifier: MIT
// The real driver under the checker.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "checker/explore.hpp"
#include "checker/shrink_choices.hpp"
#include "cli/commands.hpp"
#include "cli/driver_coverage.hpp"
#include "cli/driver_flags.hpp"
#include "cli/driver_model.hpp"
#include "cli/driver_report.hpp"
#include "cli/driver_run.hpp"
#include "cli/error.hpp"
#include "cli/files.hpp"
#include "cli/flag_values.hpp"
#include "cli/terminal.hpp"
#include "cli/text.hpp"
#include "conformance/driver/machine.hpp"
#include "conformance/driver/properties.hpp"
#include "conformance/driver/recorder.hpp"

namespace vmemcheck::cli {

using checker::ExploreMode;
using checker::ExploreResult;
using checker::ExploreViolation;
using conformance::DriverMode;
using conformance::DriverSetup;
using conformance::Machine;
using conformance::Plugin;

namespace {

constexpr std::string_view default_release = "linux-6.12";

/// A folder for what is compiled, gone with it.
class BuildFolder {
 public:
    BuildFolder() {
        std::error_code error;
        const std::filesystem::path base = std::filesystem::temp_directory_path(error);
        std::string pattern = ((error ? std::filesystem::path("/tmp") : base) / "vmemcheck-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw UserError(pattern + ": cannot make a folder for compiling");
        path_ = pattern;
    }
    BuildFolder(const BuildFolder&) = delete;
    BuildFolder& operator=(const BuildFolder&) = delete;
    ~BuildFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] const std::string& path() const { return path_; }

 private:
    std::string path_;
};

ExploreMode mode_named(const std::string& name) {
    for (const ExploreMode mode :
         {ExploreMode::bounded, ExploreMode::exhaustive, ExploreMode::random, ExploreMode::swarm}) {
        if (name == checker::text(mode)) return mode;
    }
    throw UserError(unknown_name("mode", name, {"bounded", "exhaustive", "random", "swarm"}));
}

std::string setup_text(const DriverSetup& setup) {
    std::string text = fmt::format("{}{}, {} of {} of {} pages in {}, auto-online {}{}",
                                   setup.mode == DriverMode::bbm ? "Big Block Mode" : "Sub Block Mode",
                                   setup.safe_unplug ? "" : ", unsafe unplug",
                                   counted(static_cast<std::uint64_t>(setup.big_blocks), "big block"),
                                   counted(static_cast<std::uint64_t>(setup.memory_blocks), "memory block"),
                                   setup.pages, counted(static_cast<std::uint64_t>(setup.page_blocks), "page block"),
                                   setup.auto_online == bbm::AutoOnline::off      ? "off"
                                   : setup.auto_online == bbm::AutoOnline::kernel ? "kernel"
                                                                                  : "movable",
                                   setup.threshold_bites ? ", the offline threshold bites" : "");
    return text;
}

class DriverCommand {
 public:
    void add_to(Command& command) {
        flags_.add_to(command);
        command
            .add_option("--property", properties_,
                        "a property, or 'safety' or 'liveness'; may be repeated; default: all ('--list' lists them)")
            .type_name("P")
            .one_value()
            .group("Properties");
        command.add_flag("--list", list_, "list the properties, and end").group("Properties");
        const std::string group = "Exploration";
        command
            .add_option(
                "--mode", mode_,
                "bounded (all runs of few deviations), exhaustive (partial-order reduction, no bound), random or swarm")
            .type_name("M")
            .show_default()
            .group(group);
        deviations_flag_ = add_number(command, "deviations", deviations_,
                                      "most deviations from the default schedule (random: on average)")
                               .group(group);
        add_number(command, "runs", runs_, "end after so many runs; 0: no limit (random, swarm: 1000)").group(group);
        add_number(command, "max-steps", max_steps_, "cut runs after so many steps").group(group);
        add_seconds(command, "max-time", max_time_, "end after so many seconds; 0: no limit").group(group);
        seed_flag_ =
            add_number(command, "seed", seed_, "of random and swarm: the same seed gives the same runs").group(group);
        command.add_option("--max-memory", max_memory_, "for states that are come back to, and for fingerprints")
            .type_name("SIZE")
            .show_default()
            .group(group);
        command.add_flag("--first", first_, "end at the first violation").group(group);
        command.add_flag("!--no-prune", prune_, "bounded: explore states again that were seen before").group(group);
        const std::string output = "Output";
        command
            .add_option("--save", save_,
                        "where runs are saved, as vmemcheck-driver-PROPERTY-RELEASE.json: a directory (default: the "
                        "current one), or none")
            .type_name("DIR|none")
            .not_empty()
            .group(output);
        command.add_option("--json", json_, "write the result as JSON").type_name("FILE").not_empty().group(output);
        command
            .add_option(
                "--replay", replay_,
                "run a saved run again, on this source, and show it; with --against-model, hold it against the model")
            .type_name("FILE")
            .not_empty()
            .group(output);
        command
            .add_flag("--coverage", coverage_,
                      "tell which lines of the driver were run (gcov), and which scheduling points")
            .group(output);
        command.add_option("--report", page_, "a page of the run (with --replay), or of the first violation found")
            .type_name("FILE")
            .not_empty()
            .group(output);
        command
            .add_option("--recording", recording_, "the same as a recording, as that of a guest, for 'vmemcheck trace'")
            .type_name("FILE")
            .not_empty()
            .group(output);
        const std::string model = "Driver against model";
        command
            .add_flag("--against-model", against_model_,
                      "hold each run that is explored against the model: is there a run of it that shows the same?")
            .group(model);
        add_number(command, "model-runs", model_runs_, "so many runs at most").group(model);
        command
            .add_option("--follow", follow_,
                        "a counterexample or witness of the model ('check' saves them): drive the real code along it")
            .type_name("FILE")
            .not_empty()
            .group(model);
        command.add_flag("--verbose", verbose_, "show each step of a run, not each stretch").group(output);
        command.footer(
            "The driver's source is compiled, unmodified, against a small shim of the kernel, and its tasks are run on "
            "the\n"
            "checker's schedule (docs/driver.md; 'check your patch': docs/check-your-patch.md). Examples:\n"
            "  ./run driver --release linux-6.1\n"
            "  vmemcheck driver --source ~/linux --property safety --deviations 3\n"
            "  vmemcheck driver --replay vmemcheck-driver-not-broken-linux-6.1.json\n"
            "\n"
            "Exit codes: 0 no violation (or a run that violates again what it did), 1 a violation, 2 bad usage or "
            "input,\n"
            "            3 a limit ended it with no violation");
    }

    void check_flags() const {
        static_cast<void>(mode_named(mode_));
        flags_.check();
        static_cast<void>(wanted());
        static_cast<void>(size_value("--max-memory", max_memory_));
        if (deviations_ > 64) throw UserError("--deviations is at most 64");
    }

    [[nodiscard]] ExitCode run() const {
        if (list_) return list();
        for (const std::string& output : {json_, page_, recording_}) {
            if (!output.empty()) check_writable(output);
        }
        std::optional<FollowedRun> followed;
        if (!follow_.empty()) followed.emplace(follow_);
        if (!save_.empty() && save_ != "none") check_writable_directory(save_);
        DriverRun given;
        if (!replay_.empty()) given = read_driver_run(replay_, read_file(replay_));
        const DriverSource source = flags_.source(followed          ? followed->config().release.name
                                                  : replay_.empty() ? default_release
                                                                    : given.setup.release.name);
        DriverSetup setup = replay_.empty() ? flags_.setup(source.release) : given.setup;
        // A driver of another release is run with its own core MM.
        setup.release = source.release;
        if (followed) setup = conformance::setup_for(followed->run());
        if (followed && setup.release.name != source.release.name) {
            throw UserError(fmt::format("{} is a run of {}, and the source is of {}", follow_, setup.release.name,
                                        source.release.name));
        }
        if (against_model_) {
            if (const auto why = conformance::not_in_model(setup)) throw UserError("--against-model: " + *why);
        }
        const BuildFolder folder;
        const auto plugin = build(source, folder.path(), coverage_);
        if (!setup.safe_unplug && !plugin->has_parameter("bbm_safe_unplug")) {
            throw UserError("this driver has no unsafe unplug: no module parameter bbm_safe_unplug (removed in v6.5)");
        }
        Machine machine(*plugin, setup);
        machine.restart();
        if (machine.alternatives().empty()) {
            throw UserError(fmt::format("{}: nothing can be explored: {}", source.driver, machine.end().message));
        }
        print_header(source, setup);
        if (followed) return follow(machine, *followed);
        if (!replay_.empty()) return replay(machine, given);
        return explore(machine, source, *plugin);
    }

 private:
    static std::unique_ptr<Plugin> build(const DriverSource& source, const std::string& folder, bool coverage) {
        conformance::PluginSource what;
        what.driver = source.driver;
        what.interface = source.interface;
        what.kernel_version = source.kernel_version;
        what.build_folder = folder;
        what.coverage = coverage;
        if (const char* compiler = std::getenv("CC"); compiler != nullptr && *compiler != '\0')
            what.compiler = compiler;
        auto built = Plugin::build(what);
        if (const auto* wrong = std::get_if<conformance::PluginProblem>(&built)) throw UserError(wrong->message);
        return std::move(std::get<std::unique_ptr<Plugin>>(built));
    }

    static ExitCode list() {
        const Style style = Style::of(1);
        for (const auto& property : conformance::driver_properties()) {
            print(item_text(style, property.id,
                            {{"", std::string(property.sentence)},
                             {"kind", property.liveness ? "liveness" : "safety"},
                             {"source", std::string(property.source)}}));
        }
        return ExitCode::as_expected;
    }

    [[nodiscard]] std::vector<std::string> wanted() const {
        std::vector<std::string> ids;
        const auto all = conformance::driver_properties();
        for (const std::string& name : properties_) {
            if (name == "safety" || name == "liveness") {
                for (const auto& property : all) {
                    if (property.liveness == (name == "liveness")) ids.emplace_back(property.id);
                }
                continue;
            }
            std::vector<std::string_view> known{"safety", "liveness"};
            for (const auto& property : all) known.push_back(property.id);
            if (std::find(known.begin(), known.end(), name) == known.end()) {
                throw UserError(unknown_name("property", name, known) + " ('vmemcheck driver --list' lists all)");
            }
            ids.push_back(name);
        }
        return ids;
    }

    static void print_header(const DriverSource& source, const DriverSetup& setup) {
        print(fmt::format("driver   {} (Linux {}.{}), core MM as of {}\n", printable(source.driver),
                          source.kernel_version / 100, source.kernel_version % 100, setup.release.name));
        print(fmt::format("machine  {}\n", setup_text(setup)));
    }

    /// Writes what was asked for of one run.
    void write_run(Machine& machine, const DriverRun& run, const std::string& file) const {
        if (!page_.empty()) {
            write_file(page_, driver_page(machine, run.schedule, run.property, run.message, file));
        }
        if (recording_.empty()) return;
        for (const auto& why :
             {conformance::not_in_model(machine.setup()), conformance::not_recordable(machine.setup())}) {
            if (why) throw UserError("--recording: " + *why);
        }
        const auto text = conformance::recording_text(machine, run.schedule);
        machine.record(nullptr);
        if (text) write_file(recording_, *text);
    }

    [[nodiscard]] ExitCode follow(Machine& machine, const FollowedRun& followed) const {
        const Style style = Style::of(1);
        const auto result = conformance::steer(machine, followed.run());
        if (!result.error.empty()) throw UserError(fmt::format("{}: {}", follow_, result.error));
        if (result.driven || result.same_violation) {
            print(fmt::format("\n{}  the real code shows the same {} in the same order, in {}{}\n",
                              style.green("DRIVEN"), counted(result.want.size(), "event"),
                              counted(result.schedule.size(), "step"),
                              result.same_violation ? ", and violates the same property" : ""));
            DriverRun run{machine.setup(), result.same_violation ? followed.run().property : "",
                          "driven along " + follow_, result.schedule};
            print("\n" + driver_run_text(machine, run.schedule, verbose_, style));
            write_run(machine, run, follow_);
            return ExitCode::as_expected;
        }
        print(fmt::format("\n{}  after {} of {} events\n\n", style.red(result.gave_up ? "GAVE UP" : "NOT DRIVEN"),
                          result.reached, result.want.size()));
        print(conformance::text(result));
        return result.gave_up ? ExitCode::incomplete : ExitCode::violation;
    }

    [[nodiscard]] ExitCode replay(Machine& machine, const DriverRun& given) const {
        const Style style = Style::of(1);
        write_run(machine, given, replay_);
        const auto strict = checker::replay_strictly(machine, given.schedule);
        print("\n" + driver_run_text(machine, given.schedule, verbose_, style));
        if (strict.missing_at) {
            print(fmt::format("\n{} as recorded: {}\n", style.yellow("CANNOT GO ON"), strict.error));
            const auto lenient =
                checker::replay_leniently(machine, given.schedule, static_cast<std::size_t>(max_steps_));
            if (lenient.violates(given.property)) {
                print(fmt::format("{} {} all the same, leniently: {}\n", style.red("VIOLATED"), given.property,
                                  lenient.end->message));
                return ExitCode::as_expected;
            }
            return ExitCode::violation;
        }
        if (strict.violates(given.property)) {
            print(fmt::format("\n{} {} again: {}\n", style.red("VIOLATED"), given.property, strict.end->message));
            return ExitCode::as_expected;
        }
        if (against_model_) return replay_against_model(machine, given.schedule);
        if (given.property.empty()) return ExitCode::as_expected;
        print(fmt::format("\n{} {}: this run no longer violates it\n", style.green("ok"), given.property));
        return ExitCode::violation;
    }

    [[nodiscard]] static ExitCode replay_against_model(Machine& machine, const checker::Choices& schedule) {
        RunsForModel runs(1);
        runs.on_run_left(schedule, checker::RunLeft::cut);
        machine.restart();
        const AgainstModel against = hold_against_model(machine, runs, nullptr);
        print("\n" + against_model_text(against, Style::of(1)));
        if (against.undecided > 0) return ExitCode::incomplete;
        return against.rejected > 0 ? ExitCode::violation : ExitCode::as_expected;
    }

    [[nodiscard]] checker::ExploreOptions options() const {
        checker::ExploreOptions options;
        options.mode = mode_named(mode_);
        options.wanted = wanted();
        options.keep_going = !first_;
        options.max_runs = runs_;
        options.max_seconds = max_time_;
        options.max_steps = static_cast<std::size_t>(max_steps_);
        options.max_memory_bytes = size_value("--max-memory", max_memory_);
        options.bound = static_cast<std::uint16_t>(deviations_);
        options.prune = prune_;
        options.seed = seed_;
        const bool walks = options.mode == ExploreMode::random || options.mode == ExploreMode::swarm;
        options.deviations = walks ? (deviations_flag_.given() ? static_cast<double>(deviations_) : 6.0) : 0;
        return options;
    }

    [[nodiscard]] ExitCode explore(Machine& machine, const DriverSource& source, Plugin& plugin) const {
        checker::ExploreOptions options = this->options();
        ExploreResult result;
        std::optional<AgainstModel> against;
        {
            const InterruptGuard guard;
            options.stop = InterruptGuard::flag();
            class Progress : public RunsForModel {
             public:
                using RunsForModel::RunsForModel;
                void on_progress(const checker::ExploreProgress& p) override {
                    line_.show(fmt::format("{} runs, {} states, {} deviations, {:.0f} s", grouped(p.runs),
                                           grouped(p.states), p.bound, p.seconds));
                }

             private:
                StatusLine line_;
            } progress(against_model_ ? static_cast<std::size_t>(model_runs_) : 0);
            result = checker::explore(machine, options, &progress);
            if (against_model_ && result.ended != checker::ExploreEnded::program_error) {
                against = hold_against_model(machine, progress, options.stop);
            }
        }
        if (result.ended == checker::ExploreEnded::program_error)
            throw UserError(fmt::format("{}: {}", source.driver, result.error));
        return report(machine, source, plugin, options, result, against);
    }

    [[nodiscard]] ExitCode report(Machine& machine, const DriverSource& source, Plugin& plugin,
                                  const checker::ExploreOptions& options, ExploreResult& result,
                                  const std::optional<AgainstModel>& against) const {
        const Style style = Style::of(1);
        print(explored_text(options, result));
        if (against) print(against_model_text(*against, style));
        if (against && against->rejected > 0) {
            const std::string file =
                save(machine, {machine.setup(), "", "no run of the model shows this", against->schedule}, "difference");
            if (!file.empty()) print(fmt::format("  saved as {}\n", file));
        }
        bool violated = against && against->rejected > 0;
        bool written = false;
        Json list = Json::array();
        for (ExploreViolation& violation : result.violations) {
            if (!violation.wanted) continue;
            violated = true;
            if (options.mode == ExploreMode::random || options.mode == ExploreMode::swarm) {
                if (auto shrunk = checker::shrink(machine, violation.schedule, violation.property, {})) {
                    violation.schedule = std::move(shrunk->run.taken);
                    violation.cost = shrunk->run.cost;
                    violation.message = shrunk->run.end->message;
                }
            }
            print(fmt::format("\n{} {}  {}, {}; {}\n", style.red("VIOLATED"), style.bold(violation.property),
                              counted(violation.cost, "deviation"), counted(violation.schedule.size(), "step"),
                              counted(violation.count, "run")));
            print("  " + wrapped(violation.message, 2, width) + "\n\n");
            print(driver_run_text(machine, violation.schedule, verbose_, style));
            const DriverRun run{machine.setup(), violation.property, violation.message, violation.schedule};
            const std::string file = save(machine, run, violation.property);
            if (!file.empty()) print(fmt::format("\n  saved as {}\n", file));
            if (!std::exchange(written, true)) write_run(machine, run, file);
            list.push_back({{"property", violation.property},
                            {"message", violation.message},
                            {"deviations", violation.cost},
                            {"steps", violation.schedule.size()},
                            {"runs", violation.count},
                            {"seconds", violation.seconds},
                            {"file", file}});
        }
        std::optional<DriverCoverage> coverage;
        if (coverage_) coverage = driver_coverage(plugin);
        if (coverage) print("\n" + coverage_text(*coverage));
        print("\n" + verdict_text(style, options, result));
        const ExitCode code = violated           ? ExitCode::violation
                              : complete(result) ? ExitCode::as_expected
                                                 : ExitCode::incomplete;
        if (!json_.empty()) {
            const Json json = result_json(source, machine.setup(), result, std::move(list), coverage, against, code);
            write_file(json_, json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n');
        }
        return code;
    }

    std::string save(Machine& machine, const DriverRun& run, const std::string& name) const {
        if (save_ == "none") return {};
        std::string path = path_in(save_, fmt::format("vmemcheck-driver-{}-{}{}.json", name, run.setup.release.name,
                                                      run.setup.mode == DriverMode::sbm ? "-sbm" : ""));
        try {
            write_file(path, driver_run_file(machine, run));
            return path;
        } catch (const UserError& error) {
            if (!save_.empty()) throw;
            print_error(fmt::format("vmemcheck: {} (--save DIR saves elsewhere)\n", error.what()));
            return {};
        }
    }

    DriverFlags flags_;
    std::vector<std::string> properties_;
    bool list_ = false;
    std::string mode_ = "bounded";
    std::uint64_t deviations_ = 2;
    Flag deviations_flag_;
    std::uint64_t runs_ = 0;
    std::uint64_t max_steps_ = 3000;
    double max_time_ = 0;
    std::uint64_t seed_ = 1;
    Flag seed_flag_;
    std::string max_memory_ = "2G";
    bool first_ = false;
    bool prune_ = true;
    std::string save_;
    std::string json_;
    std::string replay_;
    std::string page_;
    std::string recording_;
    std::string follow_;
    bool against_model_ = false;
    std::uint64_t model_runs_ = 5000;
    bool coverage_ = false;
    bool verbose_ = false;
};

}  // namespace

void add_driver(CLI::App& app, Action& chosen) {
    const auto command = std::make_shared<DriverCommand>();
    Command sub(app, "driver", "runs the real driver's source under the checker");
    command->add_to(sub);
    sub.choose(
        chosen, [command] { return command->run(); }, [command] { command->check_flags(); });
}

}  // namespace vmemcheck::cli
