// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "cli/commands.hpp"
#include "cli/config_read.hpp"
#include "cli/files.hpp"
#include "cli/page.hpp"
#include "cli/terminal.hpp"
#include "cli/text.hpp"

namespace vmemcheck::cli {

namespace {

struct ReportCommand {
    std::string file;
    std::string output;

    [[nodiscard]] std::string target() const {
        if (!output.empty()) return output;
        std::filesystem::path path = std::filesystem::path(file).filename();
        while (path.has_extension()) path = path.stem();
        return path.string() + ".html";
    }

    [[nodiscard]] ExitCode run() const {
        check_writable(target());
        write_file(target(), page_html(data()));
        print(fmt::format("{}: open it in a browser; it loads nothing from anywhere\n", printable(target())));
        return ExitCode::as_expected;
    }

 private:
    [[nodiscard]] Json data() const {
        const std::string content = read_file(file);
        if (is_recording(content)) return recording(content);
        const Json json = parse_json(file, content);
        if (json.is_object() && json.contains("format") && json["format"] == "vmemcheck-result") return result(json);
        return counterexample(parse_counterexample(file, content));
    }

    [[nodiscard]] static std::string about(const Config& config) {
        return fmt::format("{}, scope {}, {}", config.release.name, config.scope.name, mode_text(config));
    }

    /// A recording is a JSON object a line, each with a number; the other files are one object.
    [[nodiscard]] static bool is_recording(const std::string& content) {
        const std::size_t end = content.find('\n');
        if (end == std::string::npos) return false;
        const Json first = Json::parse(content.substr(0, end), nullptr, false);
        return first.is_object() && first.contains("seq") && first.contains("event");
    }

    [[nodiscard]] Json counterexample(const CounterexampleFile& read) const {
        Json page;
        page["title"] = fmt::format("{} {} in {}", read.property, read.verdict, read.config.release.name);
        page["facts"] = page_facts(read.config);
        page["facts"].push_back({"again", fmt::format("vmemcheck replay {}", printable(file))});
        page["runs"] = Json::array({page_run(file, read)});
        page["sentence"] = page["runs"][0]["sentence"];
        page["about"] = about(read.config);
        return page;
    }

    [[nodiscard]] Json recording(const std::string& content) const {
        const auto read = conformance::parse_recording(file, content, nullptr);
        if (const auto* bad = std::get_if<conformance::BadInput>(&read)) throw UserError(printable(bad->message));
        const auto& seen = std::get<conformance::Recording>(read);
        const conformance::TraceVerdict verdict = conformance::validate(seen);
        Json page;
        page["title"] = printable(std::filesystem::path(file).filename().string());
        page["sentence"] = "The recording of a real guest, held against the model.";
        page["facts"] = Json::array({{"release", seen.config.release.name},
                                     {"mode", seen.config.safe_unplug ? "safe unplug" : "unsafe unplug"},
                                     {"again", fmt::format("vmemcheck trace {}", printable(file))}});
        page["runs"] = Json::array({page_recording(seen, verdict)});
        return page;
    }

    /// A result names the files of its runs, as seen from where check was run; else they are looked for beside it.
    [[nodiscard]] Json result(const Json& json) const {
        const JsonPlace top(file, json);
        Json page;
        page["title"] = top.at("conclusion").text();
        page["sentence"] = "What a check found of every property.";
        const Config config = read_config(top);
        page["about"] = about(config);
        page["facts"] = page_facts(config);
        page["facts"].push_back(
            {"again", fmt::format("vmemcheck {} --release {}", top.at("command").text(), config.release.name)});
        page["facts"].push_back({"states", statistics(top)});
        page["runs"] = Json::array();
        Json verdicts = Json::array();
        for (const JsonPlace& verdict : top.at("verdicts").elements()) {
            Json row;
            row["property"] = verdict.at("property").text();
            row["verdict"] = verdict.at("verdict").text();
            row["sentence"] = verdict.at("sentence").text();
            row["bad"] = !verdict.at("as_expected").boolean();
            if (verdict.has("file")) add_run(page["runs"], row, verdict.at("file").text());
            verdicts.push_back(std::move(row));
        }
        page["verdicts"] = std::move(verdicts);
        return page;
    }
    [[nodiscard]] static std::string statistics(const JsonPlace& top) {
        const Json& statistics = top.at("statistics").value();
        if (!statistics.is_object()) top.at("statistics").fail("must be an object");
        const auto number = [&](const char* name) {
            return statistics.contains(name) && statistics[name].is_number_unsigned()
                       ? statistics[name].get<std::uint64_t>()
                       : 0;
        };
        return fmt::format("{}, {}", counted(number("states"), "state"), counted(number("transitions"), "transition"));
    }
    void add_run(Json& runs, Json& row, const std::string& name) const {
        std::filesystem::path path = name;
        if (!std::filesystem::exists(path)) path = std::filesystem::path(file).parent_path() / path.filename();
        if (!std::filesystem::exists(path)) {
            row["missing"] = fmt::format("no file {}", printable(name));
            return;
        }
        runs.push_back(page_run(path.string(), read_counterexample(path.string())));
        row["run"] = runs.size() - 1;
    }
};

}  // namespace

void add_report(CLI::App& app, Action& chosen) {
    const auto command = std::make_shared<ReportCommand>();
    Command sub(app, "report", "makes a page of a run, a check's result or a recording: charts, locks, memory");
    sub.add_option("FILE", command->file,
                   "a counterexample or lasso, an ITF trace, a result ('check --json') or a recording of a guest")
        .required();
    sub.add_option("-o,--output", command->output, "the page to write; default: FILE's name with .html, here")
        .type_name("FILE")
        .not_empty();
    sub.footer(
        "Examples:\n"
        "  vmemcheck check --property offlining-ends && vmemcheck report vmemcheck-offlining-ends-linux-6.12.json\n"
        "  vmemcheck check --all --json result.json; vmemcheck report result.json -o result.html\n"
        "  vmemcheck report tests/recordings/linux-6.1/veto-eperm-safe-veto-after-driver.jsonl\n"
        "\n"
        "Exit codes: 0 written, 2 bad usage, a file that cannot be used or an output that cannot be written");
    sub.choose(chosen, [command] { return command->run(); });
}

}  // namespace vmemcheck::cli
