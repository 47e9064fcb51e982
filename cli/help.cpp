// SPDX-License-Identifier: MIT
#include "cli/help.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "cli/text.hpp"

namespace vmemcheck::cli {

namespace {

/// The subcommand that was called, or the program.
const CLI::App& called(const CLI::App& app) {
    const auto parsed = app.get_subcommands();
    return parsed.empty() ? app : *parsed.front();
}

std::string command_line(const CLI::App& command) {
    return command.get_parent() == nullptr ? "vmemcheck" : "vmemcheck " + command.get_name();
}

std::string unexpected_text(const CLI::App& command, const std::vector<std::string>& words) {
    std::vector<std::string> flags;
    for (const CLI::Option* option : command.get_options()) {
        for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
    }
    for (const std::string& word : words) {
        if (!word.starts_with("-") || word == "-" || word == "--") continue;
        const std::string flag = word.substr(0, word.find('='));
        return fmt::format("{} ('{} --help' lists all)", unknown_name("option", flag, {flags.begin(), flags.end()}),
                           command_line(command));
    }
    return fmt::format("unexpected argument {} ('{} --help' says what there is)",
                       quote(words.empty() ? "" : words.front()), command_line(command));
}

}  // namespace

std::string HelpFormatter::entry(const std::string& name, const std::string& description) const {
    const std::size_t column = get_column_width();
    std::string text = "  " + name;
    if (text.size() + 2 > column) {
        text += '\n' + std::string(column, ' ');
    } else {
        text.resize(column, ' ');
    }
    return text + wrapped(description, column, width) + '\n';
}

std::string HelpFormatter::make_option(const CLI::Option* option, bool is_positional) const {
    std::string name = make_option_name(option, is_positional);
    const auto& names = option->get_lnames();
    if (names.size() == 2 && names[1] == "no-" + names[0]) name = "--[no-]" + names[0];
    if (names.size() == 1 && names[0].starts_with("no-")) name = "--" + names[0];
    if (!is_positional) name += make_option_opts(option);
    return entry(name, make_option_desc(option));
}

std::string HelpFormatter::make_group(std::string group, bool is_positional,
                                      std::vector<const CLI::Option*> options) const {
    std::string text = group + ":\n";
    for (const CLI::Option* option : options) text += make_option(option, is_positional);
    return is_positional ? text + '\n' : text;
}

std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
    return option->get_type_size() == 0 ? "" : ' ' + option->get_type_name();
}

std::string HelpFormatter::make_option_desc(const CLI::Option* option) const {
    std::string text = option->get_description();
    if (option->get_type_size() != 0 && !option->get_default_str().empty()) {
        text += " (default: " + option->get_default_str() + ')';
    }
    return text;
}

std::string HelpFormatter::make_subcommand(const CLI::App* command) const {
    return entry(command->get_name(), command->get_description());
}

std::string HelpFormatter::make_usage(const CLI::App* app, std::string name) const {
    static_cast<void>(name);
    std::string usage = "Usage: " + command_line(*app);
    if (app->get_parent() == nullptr) return usage + " COMMAND [OPTION]...\n       vmemcheck COMMAND --help\n\n";
    for (const CLI::Option* option : app->get_options([](const CLI::Option* o) { return o->get_positional(); })) {
        usage += " " + option->get_name(true, false) + "...";
    }
    return usage + " [OPTION]...\n\n";
}

std::string parse_error_text(const CLI::App& app, const CLI::ParseError& error) {
    const CLI::App& command = called(app);
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError)) {
        return unexpected_text(command, app.remaining(true));
    }
    std::string text = error.what();
    std::replace(text.begin(), text.end(), '\n', ' ');
    return fmt::format("{} ('{} --help' tells more)", printable(text.substr(0, 500)), command_line(command));
}

std::string unknown_command_text(const CLI::App& app, int argc, const char* const* argv) {
    if (argc < 2 || argv[1][0] == '-') return {};
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
        if (command->get_name() == argv[1]) return {};
        names.push_back(command->get_name());
    }
    return unknown_name("command", argv[1], {names.begin(), names.end()}) + " ('vmemcheck --help' lists all)";
}

}  // namespace vmemcheck::cli
