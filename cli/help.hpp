// SPDX-License-Identifier: MIT
/// \file
/// Help texts, and answers to words that vmemcheck does not know.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace vmemcheck::cli {

/// Writes help texts: flags with a negation as --[no-]NAME, descriptions wrapped.
class HelpFormatter : public CLI::Formatter {
 public:
    HelpFormatter() { column_width(34); }

    std::string make_option(const CLI::Option* option, bool is_positional) const override;
    std::string make_subcommand(const CLI::App* command) const override;
    std::string make_group(std::string group, bool is_positional,
                           std::vector<const CLI::Option*> options) const override;
    std::string make_option_opts(const CLI::Option* option) const override;
    std::string make_option_desc(const CLI::Option* option) const override;
    std::string make_usage(const CLI::App* app, std::string name) const override;

 private:
    [[nodiscard]] std::string entry(const std::string& name, const std::string& description) const;
};

/// One message about arguments that do not parse, with the nearest known word.
[[nodiscard]] std::string parse_error_text(const CLI::App& app, const CLI::ParseError& error);

/// If the first word is no subcommand: a message with the nearest. Empty otherwise.
[[nodiscard]] std::string unknown_command_text(const CLI::App& app, int argc, const char* const* argv);

}  // namespace vmemcheck::cli
