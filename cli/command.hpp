// SPDX-License-Identifier: MIT
/// \file
/// Subcommands and their flags: a thin layer over CLI11, so that few files include that. To include it costs some
/// seconds of compiling, ten under the sanitizers.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "cli/error.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace vmemcheck::cli {

/// What the chosen subcommand does once all flags are parsed. It may throw UserError.
using Action = std::function<ExitCode()>;

/// A flag of a subcommand, or an argument; a copy is the same flag.
class Flag {
 public:
    Flag() = default;
    explicit Flag(CLI::Option* option) : option_(option) {}

    /// What help texts call the value.
    Flag& type_name(const std::string& name);
    /// Above which headline help texts have it.
    Flag& group(const std::string& name);
    /// Help texts tell the value that the target has now, or this one.
    Flag& show_default();
    Flag& show_default(const std::string& text);
    /// The value may not be "".
    Flag& not_empty();
    /// The value must be one of these.
    Flag& range(std::size_t least, std::size_t most);
    /// One value each time it is given.
    Flag& one_value();
    Flag& required();
    Flag& excludes(const Flag& other);
    /// It is an error to give this one without the other.
    Flag& needs(const Flag& other);

    /// Whether it was given.
    [[nodiscard]] bool given() const;

 private:
    CLI::Option* option_ = nullptr;
};

/// A subcommand. Targets of flags must outlive the parsing.
class Command {
 public:
    /// Adds it to the program.
    Command(CLI::App& app, const std::string& name, const std::string& description);

    /// "--NAME VALUE"; without dashes, an argument.
    Flag add_option(const std::string& name, std::string& target, const std::string& help);
    Flag add_option(const std::string& name, std::vector<std::string>& target, const std::string& help);
    Flag add_option(const std::string& name, std::size_t& target, const std::string& help);
    /// \param read gets the value; may throw UserError
    Flag add_option(const std::string& name, const std::function<void(const std::string&)>& read,
                    const std::string& help);
    /// "--NAME", or "!--NAME" for one that makes the target false.
    Flag add_flag(const std::string& name, bool& target, const std::string& help);
    [[nodiscard]] bool has(const std::string& name) const;

    /// What help texts end with.
    void footer(const std::string& text);
    /// What is to be chosen if this subcommand is called.
    void choose(Action& chosen, const Action& action);

 private:
    CLI::App* app_;
};

}  // namespace vmemcheck::cli
