// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "cli/commands.hpp"
#include "cli/files.hpp"
#include "cli/page.hpp"
#include "cli/terminal.hpp"

namespace vmemcheck::cli {

namespace {

struct ReportCommand {
    std::string file;
    std::string output;

    ExitCode run() const {
        const std::string target = output.empty() ? std::filesystem::path(file).stem().string() + ".html" : output;
        check_writable(target);
        write_file(target, page_text(page_data(file)));
        print(fmt::format("wrote {}\n", target));
        return ExitCode::as_expected;
    }
};

}  // namespace

void add_report(CLI::App& app, Action& chosen) {
    const auto command = std::make_shared<ReportCommand>();
    Command sub(app, "report", "makes a page to look at: of a run, a result or a recording");
    sub.add_option("FILE", command->file,
                   "a counterexample, an ITF trace, a result of 'check --json', or a recording of a guest")
        .required();
    sub.add_option("--output,-o", command->output, "the page; default: the name of FILE with .html, in this folder")
        .type_name("FILE")
        .not_empty();
    sub.footer(
        "The page is one file that needs no network (docs/reports.md). Example:\n"
        "  vmemcheck report tests/regressions/linux-6.1-not-broken.json -o not-broken.html\n"
        "\n"
        "Exit codes: 0 the page is written, 2 bad usage or input, or a page that cannot be written");
    sub.choose(chosen, [command] { return command->run(); });
}

}  // namespace vmemcheck::cli
