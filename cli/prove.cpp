// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <thread>

#include "cli/commands.hpp"
#include "cli/config_flags.hpp"
#include "cli/counterexample.hpp"
#include "cli/files.hpp"
#include "cli/flag_values.hpp"
#include "cli/outputs.hpp"
#include "cli/proof_report.hpp"
#include "cli/terminal.hpp"
#include "cli/text.hpp"

namespace vmemcheck::cli {

namespace {

namespace spec = bbm::spec;

class ProveCommand {
 public:
    void add_to(Command& command) {
        config_.add_to(command);
        const std::string group = "Proof";
        add_number(command, "threads", threads_, "queries are asked on so many threads (default: one a core)")
            .group(group);
        add_seconds(command, "query-time", query_time_, "give up a query after so many seconds: unknown (default: 10)")
            .group(group);
        add_seconds(command, "max-time", max_time_, "give up what is not proved after so many seconds").group(group);
        command
            .add_flag(
                "--unbounded", unbounded_,
                "for any number and size of big blocks, memory blocks, sections and page blocks, not only those of "
                "the scope")
            .group(group);
        add_number(command, "k", k_, "try induction over up to so many steps on what is not inductive over one")
            .group(group);
        add_number(command, "bmc", bmc_,
                   "look for violations of up to so many steps of what is not proved, by unrolling")
            .group(group);
        command
            .add_option(
                "--without", without_,
                "leave out this lemma or property, as if it were not known, or all 'lemmas'; may be given again")
            .type_name("ID")
            .group(group);
        command
            .add_flag("--strengthen", strengthen_,
                      "learn further invariants: which values fields may have, given the program counters")
            .group(group);
        command.add_flag("--no-check", no_check_, "do not let the checker look for what could not be proved")
            .group(group);
        add_outputs(command);
    }

    [[nodiscard]] ExitCode run() {
        const Bbm model(config_.config());
        ProofReport report;
        report.model = &model;
        report.scope_name = config_.scope_name();
        report.verbose = verbose_;
        report.unbounded = unbounded_;
        for (const Property& p : config_.properties(model.config())) {
            if (p.kind != checker::PropertyKind::reachability) {
                report.asked.push_back(p.id);
            } else if (config_.named(p.id)) {
                throw UserError(fmt::format(
                    "{} is about what can be reached, which induction does not show ('vmemcheck check' looks for it)",
                    p.id));
            }
        }
        check_flags();

        print(header_text(
            model.config(), config_.scope_name(),
            unbounded_ ? "proof by induction over every step, for every size" : "proof by induction over every step"));
        const InterruptGuard guard;
        const Deadline deadline(max_time_, InterruptGuard::flag());
        report.proof = prove(model.config(), deadline.flag());
        if ((k_ > 1 || bmc_ > 0) && !deadline.flag()->load()) {
            UnrollLimits limits;
            limits.k = static_cast<unsigned>(std::max<std::uint64_t>(k_, 1));
            limits.depth = static_cast<unsigned>(bmc_);
            limits.timeout_ms = query_timeout_ms();
            unroll(report, limits, deadline.flag());
        }
        if (!no_check_ && !deadline.flag()->load()) classify(report, deadline.flag());
        save_violations(report, save_);
        print(proof_text(report, Style::of(STDOUT_FILENO)));
        if (!json_.empty()) write_file(json_, pretty(proof_json(report)));
        return report.exit_code();
    }

 private:
    void add_outputs(Command& command) {
        const std::string group = "Output";
        command.add_option("--json", json_, "write the result as JSON").type_name("FILE").not_empty().group(group);
        command
            .add_option("--smt2", smt2_,
                        "write every query as SMT-LIB 2 with its expected answer, one file a step, into a directory "
                        "(made if it does not exist)")
            .type_name("DIR")
            .not_empty()
            .group(group);
        add_save(command, save_, group);
        command
            .add_flag("--verbose", verbose_, "show every counterexample to induction, program counters and locals too")
            .group(group);
    }

    void check_flags() {
        check_without();
        if (query_time_ > max_query_time) {
            throw UserError(fmt::format("--query-time must be at most {} seconds", max_query_time));
        }
        if (k_ > max_steps) throw UserError(fmt::format("--k must be at most {}", max_steps));
        if (bmc_ > max_steps) throw UserError(fmt::format("--bmc must be at most {}", max_steps));
        if (unbounded_ && (k_ > 1 || bmc_ > 0)) {
            throw UserError("--k and --bmc unroll the steps of a scope, and --unbounded has none");
        }
        if (!json_.empty()) check_writable(json_);
        check_save(save_);
        if (smt2_.empty()) return;
        std::error_code error;
        std::filesystem::create_directories(smt2_, error);
        if (error) throw UserError(fmt::format("cannot make the directory {}: {}", quote(smt2_), error.message()));
        check_writable_directory(smt2_);
    }

    void check_without() {
        std::vector<std::string_view> known{spec::all_lemmas};
        const auto& predicates = spec::invariants<spec::SymbolicDomain>;
        for (const auto& predicate : predicates) known.push_back(predicate.id);
        for (const auto& lemma : spec::lemma_infos) known.push_back(lemma.id);
        known.push_back(spec::Obligations::name(spec::Obligations::in_range()));
        for (const std::string& id : without_) {
            if (std::find(known.begin(), known.end(), id) != known.end()) continue;
            for (std::size_t i = spec::Obligations::predicates(); i < spec::Obligations::count(); ++i) {
                if (spec::Obligations::name(i) != id) continue;
                throw UserError(fmt::format(
                    "{} is about what steps do, not about states: no proof assumes it, so it cannot be left out", id));
            }
            throw UserError(unknown_name("lemma or property", id, known));
        }
    }

    [[nodiscard]] unsigned query_timeout_ms() const {
        // 0 means no limit to Z3.
        return query_time_ > 0 ? std::max(1U, static_cast<unsigned>(query_time_ * 1000)) : default_timeout_ms;
    }

    [[nodiscard]] spec::Proof prove(const Config& config, const std::atomic<bool>* stop) {
        spec::ProofOptions options;
        options.threads = threads_ == 0 ? std::max(1U, std::thread::hardware_concurrency())
                                        : static_cast<unsigned>(std::min<std::uint64_t>(threads_, max_threads));
        options.timeout_ms = query_timeout_ms();
        options.without = without_;
        options.unbounded = unbounded_;
        options.strengthen = strengthen_;
        options.stop = stop;
        const StatusLine line;
        options.progress = [&line](const spec::ProofProgress& p) {
            line.show(fmt::format("round {}: {} of {} steps proved", p.round, p.done, p.steps));
        };
        if (!smt2_.empty()) {
            options.script = [this](const std::string& name, const std::string& script) {
                std::string file = name + ".smt2";
                std::replace(file.begin(), file.end(), ' ', '-');
                file.erase(std::remove(file.begin(), file.end(), ':'), file.end());
                write_file(path_in(smt2_, file), script);
            };
        }
        return spec::prove(config, options);
    }

    static constexpr std::uint64_t max_steps = 1000;
    static constexpr unsigned default_timeout_ms = 10000;
    static constexpr unsigned max_threads = 256;
    static constexpr double max_query_time = 1000000;

    ConfigFlags config_;
    std::uint64_t threads_ = 0;
    std::uint64_t k_ = 1;
    std::uint64_t bmc_ = 0;
    double query_time_ = 0;
    double max_time_ = 0;
    std::vector<std::string> without_;
    bool no_check_ = false;
    bool strengthen_ = false;
    bool unbounded_ = false;
    bool verbose_ = false;
    std::string json_;
    std::string smt2_;
    std::string save_;
};

}  // namespace

void add_prove(CLI::App& app, Action& chosen) {
    const auto command = std::make_shared<ProveCommand>();
    Command sub(app, "prove",
                "proves the safety properties by induction, for runs of any length; shows what stands in the way");
    command->add_to(sub);
    sub.footer(
        "Examples:\n"
        "  vmemcheck prove                                      everything, on linux-6.12, in the small scope\n"
        "  vmemcheck prove --unbounded                          for big blocks and memory blocks of any number and "
        "size\n"
        "  vmemcheck prove --release linux-6.1                  not-broken is refuted: the counterexample is saved\n"
        "  vmemcheck prove --without hotplug-active-follows     what a missing lemma looks like\n"
        "  vmemcheck prove --mutant cancel-forgets-reference    a proof that fails, and where\n"
        "  vmemcheck prove --add-eexist --bmc 30 --no-check     a violation found by unrolling\n"
        "  vmemcheck prove --smt2 queries                       every query, for another solver to answer\n"
        "\n"
        "Exit codes: 0 everything asked for is proved, 1 a property is violated, 2 bad usage or an output that cannot\n"
        "            be written, 3 something is neither proved nor violated in this scope, or a limit or Ctrl-C came");
    sub.choose(chosen, [command] { return command->run(); });
}

}  // namespace vmemcheck::cli
