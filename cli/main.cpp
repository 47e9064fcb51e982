// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <exception>
#include <new>

#include "cli/program.hpp"
#include "cli/terminal.hpp"

namespace {

using namespace vmemcheck::cli;

ExitCode run(int argc, char** argv) {
    const CommandLine line = parse_command_line(argc, argv);
    if (line.action.run) {
        if (line.action.check) line.action.check();
        return line.action.run();
    }
    if (!line.out.empty()) print(line.out);
    if (!line.err.empty()) print_error(line.err);
    return line.code;
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
