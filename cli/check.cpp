// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "checker/archive.hpp"
#include "cli/beyond_memory.hpp"
#include "cli/certificate.hpp"
#include "cli/commands.hpp"
#include "cli/config_flags.hpp"
#include "cli/files.hpp"
#include "cli/flag_values.hpp"
#include "cli/machine.hpp"
#include "cli/outputs.hpp"
#include "cli/report.hpp"
#include "cli/terminal.hpp"
#include "cli/text.hpp"
#include "spec/engine.hpp"

namespace vmemcheck::cli {

namespace {

class CheckCommand {
 public:
    void add_to(Command& command) {
        config_.add_to(command);
        const std::string group = "Search";
        command
            .add_option("--search", search_, "bfs: breadth first, counterexamples are the shortest; dfs: depth first")
            .type_name("bfs|dfs")
            .show_default()
            .group(group);
        add_number(command, "threads", threads_,
                   "threads that search; 0: as many as there are processors. With --search dfs "
                   "and for liveness one is used")
            .group(group);
        command.add_flag("--no-fuse", no_fuse_, "do not run local steps together with the step before them")
            .group(group);
        command
            .add_flag("--symmetry", symmetry_,
                      "keep one of all states that differ in the numbering of interchangeable parts only: the pages of "
                      "a page block (--pages)")
            .group(group);
        audit_ =
            add_number(command, "audit", audit_each_,
                       "look at one of so many states whether --symmetry may be used (1000 unless given), and, with "
                       "--no-fuse, whether the local steps are local; 0: at none")
                .group(group);
        add_number(command, "max-states", max_states_, "end after so many states").group(group);
        command
            .add_option(
                "--max-memory", [this](const std::string& text) { max_memory_ = size_value("--max-memory", text); },
                "end when the search takes so much memory, for instance 2G; default: 80% of what is available")
            .type_name("SIZE")
            .group(group);
        add_seconds(command, "max-time", max_time_, "end after so many seconds").group(group);
        add_number(command, "max-depth", max_depth_, "do not go further than so many transitions").group(group);
        beyond_memory_.add_to(command);
        command
            .add_flag(
                "--all", all_,
                "decide liveness, too (every offlining ends, the target is reached): a second pass, and more memory")
            .group("Properties");
        output_.add_to(command);
        command
            .add_option("--certificate", certificate_,
                        "write all reached states, for vmemcheck-certify to confirm; implies --no-fuse")
            .type_name("FILE")
            .not_empty()
            .group("Output");
    }

    void check_flags() const {
        const std::vector<Property> properties = this->properties(config_.config());
        check_reductions(search_options(), properties);
        beyond_memory_.check(search_options(), properties, !certificate_.empty());
    }

    [[nodiscard]] ExitCode run() {
        const Bbm model(config_.config());
        const std::vector<Property> properties = this->properties(model.config());
        checker::SearchOptions options = search_options();
        output_.check();
        if (!certificate_.empty()) check_writable(certificate_);
        beyond_memory_.apply(options, model, properties);
        bool certified = false;

        print(header_text(model.config(), config_.scope_name(), how(options)));
        Result result;
        {
            const InterruptGuard guard;
            const ProgressLine progress;
            options.stop = InterruptGuard::flag();
            options.progress = progress.callback();
            if (!certificate_.empty()) {
                options.states = [&](const checker::StoredStates& states) {
                    write_certificate(certificate_, model, properties, states);
                    certified = true;
                };
            }
            result = searched(model, properties, options);
        }
        Report report;
        report.model = &model;
        report.result = &result;
        report.findings = findings_of(model, properties, result, config_);
        report.command = "check";
        report.scope_name = config_.scope_name();
        report.options = options_json(options);
        report.assumptions = assumptions(model.config());
        add_assumptions(report.assumptions, options, properties);
        report.exit_code = exit_code_of(report.findings, result, false);
        report.warnings = warnings_of(report);
        output_.deliver(report);
        print(beyond_memory_.kept_text(result));
        if (certified) {
            print(fmt::format("certificate written to {0}; confirm it with: vmemcheck-certify {0}\n", certificate_));
        } else if (!certificate_.empty()) {
            print_error(
                fmt::format("vmemcheck: no certificate written to {}: the search is not complete, or a property is "
                            "violated\n",
                            quote(certificate_)));
            if (report.exit_code == ExitCode::as_expected) return ExitCode::incomplete;
        }
        return report.exit_code;
    }

 private:
    [[nodiscard]] static Result searched(const Bbm& model, const std::vector<Property>& properties,
                                         const checker::SearchOptions& options) {
        try {
            return checker::check(model, properties, options);
        } catch (const checker::CheckpointError& error) {
            throw BeyondMemoryFlags::user_error(error);
        }
    }

    [[nodiscard]] checker::SearchOptions search_options() const {
        checker::SearchOptions options;
        if (search_ == "dfs") {
            options.strategy = checker::Strategy::depth_first;
        } else if (search_ != "bfs") {
            throw UserError(unknown_name("search", search_, {"bfs", "dfs"}));
        }
        // A certificate is to be closed under single steps, and is not to rest on the argument for fusing.
        options.fuse = !no_fuse_ && certificate_.empty();
        options.threads = threads();
        options.symmetry = symmetry_;
        options.audit_each = audit_each_;
        options.audit_local = audit_.given();
        options.max_states = max_states_;
        options.max_depth = max_depth_;
        options.max_seconds = max_time_;
        options.max_memory_bytes = max_memory_ == 0 ? available_memory() / 5 * 4 : max_memory_;
        return options;
    }

    /// What reductions and audits cannot go with is said, rather than done without them.
    void check_reductions(const checker::SearchOptions& options, const std::vector<Property>& properties) const {
        const bool certificate = !certificate_.empty();
        if (symmetry_) require_rounds("--symmetry", options, properties, certificate);
        if (!audit_.given()) return;
        require_rounds("--audit", options, properties, certificate);
        if (!symmetry_ && !no_fuse_) throw UserError("--audit looks at --symmetry and --no-fuse: give one of them");
    }

    [[nodiscard]] unsigned threads() const {
        if (threads_ > most_threads) throw UserError(fmt::format("--threads: at most {}", most_threads));
        return static_cast<unsigned>(threads_);
    }

    [[nodiscard]] static std::string how(const checker::SearchOptions& options) {
        return options.strategy == checker::Strategy::breadth_first ? "all interleavings, breadth first"
                                                                    : "all interleavings, depth first";
    }

    [[nodiscard]] static Json options_json(const checker::SearchOptions& options) {
        Json object;
        object["search"] = options.strategy == checker::Strategy::breadth_first ? "bfs" : "dfs";
        object["fuse"] = options.fuse;
        object["symmetry"] = options.symmetry;
        object["max_states"] = options.max_states;
        object["max_memory_bytes"] = options.max_memory_bytes;
        object["max_seconds"] = options.max_seconds;
        object["max_depth"] = options.max_depth;
        if (options.approximation.hash_bits != 0) object["hash_compact_bits"] = options.approximation.hash_bits;
        if (options.approximation.array_bytes != 0) {
            object["bitstate_bytes"] = options.approximation.array_bytes;
            object["bitstate_hashes"] = options.approximation.array_hashes;
        }
        return object;
    }

    [[nodiscard]] std::vector<Property> properties(const Config& config) const {
        using Decides = ConfigFlags::Decides;
        return config_.properties(config, all_ ? Decides::all : Decides::liveness_named);
    }

    void add_assumptions(std::vector<std::string>& list, const checker::SearchOptions& options,
                         const std::vector<Property>& properties) const {
        if (options.fuse) {
            list.emplace_back(
                "local steps are fused with the step before them, as nobody can tell (--no-fuse does not; "
                "'vmemcheck steps' says which and why)");
        }
        if (options.symmetry) {
            list.emplace_back(
                "pages of a page block are interchangeable: one state stands for all that differ in their order "
                "(--audit looks at some whether that is so)");
        }
        if (options.max_depth > 0) {
            list.push_back(
                fmt::format("nothing beyond {} is looked at (--max-depth)", counted(options.max_depth, "transition")));
        }
        if (options.approximation.any()) {
            list.emplace_back(
                "the search is approximate: a state may be taken for another and omitted; what is not found may be "
                "there "
                "(docs/beyond-memory.md)");
        }
        if (config_.properties_named()) list.emplace_back("only the properties named with --property are checked");
        const bool liveness = std::any_of(properties.begin(), properties.end(),
                                          [](const Property& p) { return checker::is_liveness(p.kind); });
        if (!liveness && !config_.properties_named()) {
            list.emplace_back("liveness (every offlining ends, the target is reached) is not decided (--all does)");
        }
    }

    ConfigFlags config_;
    OutputFlags output_;
    BeyondMemoryFlags beyond_memory_;
    std::string certificate_;
    std::string search_ = "bfs";
    static constexpr std::uint64_t most_threads = 256;
    std::uint64_t threads_ = 0;
    std::size_t max_memory_ = 0;
    std::uint64_t max_states_ = 0;
    std::uint64_t max_depth_ = 0;
    double max_time_ = 0;
    bool symmetry_ = false;
    Flag audit_;
    std::uint64_t audit_each_ = checker::SearchOptions{}.audit_each;
    bool no_fuse_ = false;
    bool all_ = false;
};

}  // namespace

void add_check(CLI::App& app, Action& chosen) {
    const auto command = std::make_shared<CheckCommand>();
    Command sub(app, "check", "explores every interleaving in a scope and says which properties hold");
    command->add_to(sub);
    sub.footer(
        "Examples:\n"
        "  vmemcheck check                                       everything, on linux-6.12, in the small scope\n"
        "  vmemcheck check --release linux-6.1                   a veto breaks the device: the shortest "
        "counterexample\n"
        "  vmemcheck check --property notifier-sees-fake-offline the witnesses for the question of the patch's review\n"
        "  vmemcheck check --scope medium --eternal-pins --max-time 600 --junit result.xml\n"
        "  vmemcheck check --mutant raw-offline-errors           see a property fail\n"
        "  vmemcheck check --property offlining-ends             an offlining that never ends: the shortest lasso\n"
        "  vmemcheck check --all                                 safety and liveness\n"
        "  vmemcheck check --scope medium --checkpoint FILE      again, after an interrupt: goes on from there\n"
        "\n"
        "Exit codes: 0 everything is as expected, 1 a violation, 2 bad usage or an output that cannot be written,\n"
        "            3 incomplete (a limit, memory, Ctrl-C) with no violation so far");
    sub.choose(
        chosen, [command] { return command->run(); }, [command] { command->check_flags(); });
}

}  // namespace vmemcheck::cli
