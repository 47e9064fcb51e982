// SPDX-License-Identifier: MIT
/// \file
/// The subcommands. Each adds itself to the program; the one that is called sets what is to be run.
#pragma once

#include "cli/command.hpp"

namespace vmemcheck::cli {

void add_check(CLI::App& app, Action& chosen);
void add_replay(CLI::App& app, Action& chosen);
void add_prove(CLI::App& app, Action& chosen);
void add_simulate(CLI::App& app, Action& chosen);
void add_fuzz(CLI::App& app, Action& chosen);
void add_trace(CLI::App& app, Action& chosen);
void add_report(CLI::App& app, Action& chosen);
void add_mutants(CLI::App& app, Action& chosen);
void add_why(CLI::App& app, Action& chosen);
void add_graph(CLI::App& app, Action& chosen);
void add_driver(CLI::App& app, Action& chosen);
/// properties, releases, fairness, what-ifs, scopes, steps
void add_lists(CLI::App& app, Action& chosen);

}  // namespace vmemcheck::cli
