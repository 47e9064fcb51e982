// SPDX-License-Identifier: MIT
#include "cli/program.hpp"

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "cli/help.hpp"

namespace vmemcheck::cli {

namespace {

std::shared_ptr<CLI::App> program() {
    auto app = std::make_shared<CLI::App>(
        "Checks the Big Block Mode of Linux' virtio-mem driver: does the protocol between the driver, core MM, the\n"
        "device and everyone else hold under every interleaving? If not: the shortest way to the failure.\n",
        "vmemcheck");
    app->formatter(std::make_shared<HelpFormatter>());
    app->set_version_flag("--version", "vmemcheck " VMEMCHECK_VERSION, "print the version and exit");
    app->set_help_flag("-h,--help", "print this help and exit");
    app->require_subcommand(1);
    app->footer(
        "Begin with:\n"
        "  vmemcheck check                      all properties of linux-6.12 in the small scope; some seconds\n"
        "  vmemcheck check --release linux-6.1  a release with a known bug: the shortest counterexample\n"
        "  vmemcheck prove                      the same properties, for runs of any length\n"
        "  vmemcheck properties                 what is checked, and where it comes from\n"
        "\n"
        "Exit codes: 0 everything is as expected, 1 a violation (or a counterexample file that does not replay),\n"
        "            2 bad usage or input, or an output that cannot be written,\n"
        "            3 incomplete: a limit, memory or Ctrl-C ended it with no violation so far");
    return app;
}

CommandLine refused(const std::string& message) {
    CommandLine line;
    line.code = ExitCode::bad_usage;
    line.err = "vmemcheck: " + message + '\n';
    return line;
}

}  // namespace

CommandLine parse_command_line(int argc, const char* const* argv) {
    CommandLine line;
    line.app = program();
    CLI::App& app = *line.app;
    // The subcommands refer to it until all is parsed.
    const auto chosen = std::make_shared<Action>();
    add_check(app, *chosen);
    add_replay(app, *chosen);
    add_prove(app, *chosen);
    add_simulate(app, *chosen);
    add_fuzz(app, *chosen);
    add_trace(app, *chosen);
    add_report(app, *chosen);
    add_lists(app, *chosen);
    add_mutants(app, *chosen);
    add_why(app, *chosen);
    add_graph(app, *chosen);
    add_driver(app, *chosen);

    if (const std::string problem = unknown_command_text(app, argc, argv); !problem.empty()) return refused(problem);
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        const auto commands = app.get_subcommands();
        line.out = commands.empty() ? app.help() : commands.front()->help();
        return line;
    } catch (const CLI::CallForVersion& version) {
        line.out = std::string(version.what()) + '\n';
        return line;
    } catch (const CLI::ParseError& error) {
        if (argc > 1) return refused(parse_error_text(app, error));
        line.err = app.help();
        line.code = ExitCode::bad_usage;
        return line;
    }
    line.action = *chosen;
    return line;
}

}  // namespace vmemcheck::cli
