// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <thread>
#include <variant>

#include "cli/commands.hpp"
#include "cli/config_flags.hpp"
#include "cli/counterexample.hpp"
#include "cli/files.hpp"
#include "cli/flag_values.hpp"
#include "cli/matrix.hpp"
#include "cli/text.hpp"
#include "conformance/guest/validator.hpp"

namespace vmemcheck::cli {

namespace {

class MutantsCommand {
 public:
    void add_to(Command& command) {
        const Flag matrix = command.add_flag(
            "--matrix", matrix_, "run every mutant through every engine: is it killed by the property it names?");
        command.add_option("FILE", files_, "recordings for the engine 'trace' (docs/traces.md)").needs(matrix);
        command.add_option("--engine", engines_, "engines, separated by commas (default: all): " + engine_list())
            .type_name("E,...")
            .not_empty()
            .needs(matrix);
        command.add_option("--mutant", mutants_, "this mutant only; may be repeated")
            .type_name("M")
            .one_value()
            .needs(matrix);
        add_seconds(command, "max-time", max_time_, "give up on one mutant in one engine after so many seconds")
            .needs(matrix);
        command.add_option("--json", json_, "write the matrix as JSON").type_name("FILE").not_empty().needs(matrix);
        command.add_flag("--verbose", verbose_, "show every recording that is explained no more, not only the first")
            .needs(matrix);
        command.add_flag("--markdown", markdown_, "print a Markdown table").needs(matrix);
    }

    [[nodiscard]] ExitCode run() const {
        if (matrix_) return run_matrix();
        const Style style = Style::of(STDOUT_FILENO);
        std::string text;
        for (const bbm::MutantInfo& mutant : bbm::mutants()) {
            text += item_text(style, mutant.name,
                              {{"", std::string(mutant.sentence)},
                               {"source", std::string(mutant.source)},
                               {"breaks", fmt::format("{} (in {})", mutant.breaks, mutant.release)}});
        }
        print(text);
        return ExitCode::as_expected;
    }

 private:
    [[nodiscard]] static std::string engine_list() {
        std::vector<std::string> texts;
        for (const MatrixEngine& engine : matrix_engines())
            texts.push_back(fmt::format("{} ({})", engine.name, engine.sentence));
        return join(texts, ", ");
    }

    [[nodiscard]] std::vector<const MatrixEngine*> chosen_engines() const {
        std::vector<const MatrixEngine*> chosen;
        const auto known = matrix_engines();
        if (engines_.empty()) {
            for (const MatrixEngine& engine : known) chosen.push_back(&engine);
            return chosen;
        }
        for (std::size_t begin = 0; begin <= engines_.size();) {
            const std::size_t end = std::min(engines_.find(',', begin), engines_.size());
            const std::string name = engines_.substr(begin, end - begin);
            const auto found = std::find_if(known.begin(), known.end(), [&](const auto& e) { return e.name == name; });
            if (found == known.end()) throw UserError(unknown_name("engine", name, names_of(known)));
            if (std::find(chosen.begin(), chosen.end(), &*found) == chosen.end()) chosen.push_back(&*found);
            begin = end + 1;
        }
        return chosen;
    }

    [[nodiscard]] std::vector<const bbm::MutantInfo*> chosen_mutants() const {
        for (const std::string& name : mutants_) static_cast<void>(mutant_named(name));  // must exist
        std::vector<const bbm::MutantInfo*> chosen;
        for (const bbm::MutantInfo& mutant : bbm::mutants()) {
            const bool named = std::find(mutants_.begin(), mutants_.end(), mutant.name) != mutants_.end();
            if (named || mutants_.empty()) chosen.push_back(&mutant);
        }
        return chosen;
    }

    /// A recording that the model does not explain without any mutant shows nothing.
    [[nodiscard]] std::vector<conformance::Recording> read_recordings() const {
        std::vector<conformance::Recording> recordings;
        for (const std::string& file : files_) {
            auto read = conformance::read_recording(file, nullptr);
            if (const auto* bad = std::get_if<conformance::BadInput>(&read)) throw UserError(bad->message);
            recordings.push_back(std::move(std::get<conformance::Recording>(read)));
            if (conformance::validate(recordings.back()).status != conformance::TraceVerdict::Status::accepted) {
                throw UserError(
                    fmt::format("cannot use {}: the model does not explain it without a mutant, either ('vmemcheck "
                                "trace' says why)",
                                quote(file)));
            }
        }
        return recordings;
    }

    [[nodiscard]] ExitCode run_matrix() const {
        Matrix matrix;
        matrix.engines = chosen_engines();
        matrix.verbose = verbose_;
        const std::vector<const bbm::MutantInfo*> mutants = chosen_mutants();
        if (!json_.empty()) check_writable(json_);
        MatrixInput input;
        input.recordings = read_recordings();
        input.threads = std::max(1U, std::thread::hardware_concurrency());
        input.max_seconds = max_time_;
        input.stop = InterruptGuard::flag();
        matrix.recordings = input.recordings.size();

        const Style style = Style::of(STDOUT_FILENO);
        if (!markdown_) print(matrix_head(matrix, style));
        const InterruptGuard guard;
        for (const bbm::MutantInfo* mutant : mutants) {
            const MatrixRow row = run_row(matrix, *mutant, input);
            if (input.stop->load()) {
                matrix.interrupted = true;
                break;
            }
            matrix.rows.push_back(row);
            if (!markdown_) print(matrix_row(matrix, row, style));
        }
        print(markdown_ ? matrix_markdown(matrix) : matrix_foot(matrix, style));
        if (!json_.empty()) write_file(json_, pretty(matrix_json(matrix)));
        return matrix.exit_code();
    }

    [[nodiscard]] static MatrixRow run_row(const Matrix& matrix, const bbm::MutantInfo& mutant,
                                           const MatrixInput& input) {
        Config config;
        config.release = release_named(mutant.release);
        config.scope = scope_named("small");
        config.mutant = mutant.mutant;
        MatrixRow row;
        row.mutant = &mutant;
        const StatusLine line;
        for (const MatrixEngine* engine : matrix.engines) {
            if (input.stop->load()) break;
            line.show(fmt::format("{}: {}", mutant.name, engine->name));
            row.kills.push_back(engine->run(config, mutant, input));
        }
        return row;
    }

    bool matrix_ = false;
    bool markdown_ = false;
    bool verbose_ = false;
    double max_time_ = 0;
    std::string engines_;
    std::string json_;
    std::vector<std::string> mutants_;
    std::vector<std::string> files_;
};

}  // namespace

void add_mutants(CLI::App& app, Action& chosen) {
    const auto command = std::make_shared<MutantsCommand>();
    Command sub(app, "mutants", "lists the known bugs that can be put into the model; which engine sees which");
    command->add_to(sub);
    sub.footer(
        "Examples:\n"
        "  vmemcheck mutants                                             the list\n"
        "  vmemcheck mutants --matrix                                    each mutant in each engine\n"
        "  vmemcheck mutants --matrix --engine check,prove --markdown\n"
        "  vmemcheck mutants --matrix tests/recordings/*/*.jsonl         with recordings of real guests\n"
        "\n"
        "Exit codes: 0 every mutant is killed by the property it names in every engine that can see it, 1 one is not,\n"
        "            2 bad usage or input, 3 a limit or Ctrl-C came first");
    sub.choose(chosen, [command] { return command->run(); });
}

}  // namespace vmemcheck::cli
