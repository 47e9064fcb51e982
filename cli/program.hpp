// SPDX-License-Identifier: MIT
/// \file
/// The command line as a whole: every subcommand with its flags, parsed without running anything.
#pragma once

#include <memory>
#include <string>

#include "cli/command.hpp"

namespace vmemcheck::cli {

/// What a command line asks for: an action, or a text and how the program ends after it.
struct CommandLine {
    std::shared_ptr<CLI::App> app;          ///< the action's flags live in it
    Action action;                          ///< of the subcommand; its run is empty if there is nothing to be run
    ExitCode code = ExitCode::as_expected;  ///< without an action: how the program ends
    std::string out;                        ///< without an action: for standard output
    std::string err;                        ///< without an action: for standard error
};

/// Parses a command line. Runs nothing, prints nothing and touches no file. Throws UserError for a value that a flag
/// does not take.
/// \param argv as main() gets it: argc words, the first of which is the program's own
[[nodiscard]] CommandLine parse_command_line(int argc, const char* const* argv);

}  // namespace vmemcheck::cli
