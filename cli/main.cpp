// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <new>

#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "cli/terminal.hpp"

namespace {

using namespace vmemcheck::cli;

ExitCode refuse(const std::string& message) {
    print_error("vmemcheck: " + message + '\n');
    return ExitCode::bad_usage;
}

ExitCode run(int argc, char** argv) {
    CLI::App app{
        "Checks the Big Block Mode of Linux' virtio-mem driver: does the protocol between the driver, core MM, the\n"
        "device and everyone else hold under every interleaving? If not: the shortest way to the failure.\n",
        "vmemcheck"};
    app.formatter(std::make_shared<HelpFormatter>());
    app.set_version_flag("--version", "vmemcheck " VMEMCHECK_VERSION, "print the version and exit");
    app.set_help_flag("-h,--help", "print this help and exit");
    app.require_subcommand(1);
    app.footer(
        "Begin with:\n"
        "  vmemcheck check                      all properties of linux-6.12 in the small scope; some seconds\n"
        "  vmemcheck check --release linux-6.1  a release with a known bug: the shortest counterexample\n"
        "  vmemcheck prove                      the same properties, for runs of any length\n"
        "  vmemcheck properties                 what is checked, and where it comes from\n"
        "\n"
        "Exit codes: 0 everything is as expected, 1 a violation (or a counterexample file that does not replay),\n"
        "            2 bad usage or input, or an output that cannot be written,\n"
        "            3 incomplete: a limit, memory or Ctrl-C ended it with no violation so far");
    Action action;
    add_check(app, action);
    add_replay(app, action);
    add_prove(app, action);
    add_simulate(app, action);
    add_fuzz(app, action);
    add_trace(app, action);
    add_lists(app, action);
    add_mutants(app, action);

    if (const std::string problem = unknown_command_text(app, argc, argv); !problem.empty()) return refuse(problem);
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        const auto commands = app.get_subcommands();
        print(commands.empty() ? app.help() : commands.front()->help());
        return ExitCode::as_expected;
    } catch (const CLI::CallForVersion& version) {
        print(std::string(version.what()) + '\n');
        return ExitCode::as_expected;
    } catch (const CLI::ParseError& error) {
        if (argc > 1) return refuse(parse_error_text(app, error));
        print_error(app.help());
        return ExitCode::bad_usage;
    }
    return action();
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return static_cast<int>(run(argc, argv));
    } catch (const UserError& error) {
        print_error(fmt::format("vmemcheck: {}\n", error.what()));
        return static_cast<int>(ExitCode::bad_usage);
    } catch (const std::bad_alloc&) {
        print_error("vmemcheck: out of memory\n");
        return static_cast<int>(ExitCode::incomplete);
    } catch (const std::exception& error) {
        print_error(std::string("vmemcheck: this should not happen, please report it: ") + error.what() + '\n');
        return static_cast<int>(ExitCode::bad_usage);
    }
}
