// SPDX-License-Identifier: MIT
#include "cli/command.hpp"

#include <CLI/CLI.hpp>

namespace vmemcheck::cli {

Flag& Flag::type_name(const std::string& name) {
    option_->type_name(name);
    return *this;
}
Flag& Flag::group(const std::string& name) {
    option_->group(name);
    return *this;
}
Flag& Flag::show_default() {
    option_->capture_default_str();
    return *this;
}
Flag& Flag::show_default(const std::string& text) {
    option_->default_str(text);
    return *this;
}
Flag& Flag::not_empty() {
    option_->check([](const std::string& value) { return std::string(value.empty() ? "the name is empty" : ""); });
    return *this;
}
Flag& Flag::range(std::size_t least, std::size_t most) {
    option_->check(CLI::Range(least, most));
    return *this;
}
Flag& Flag::one_value() {
    option_->allow_extra_args(false);
    return *this;
}
Flag& Flag::required() {
    option_->required();
    return *this;
}
Flag& Flag::excludes(const Flag& other) {
    option_->excludes(other.option_);
    return *this;
}
Flag& Flag::needs(const Flag& other) {
    option_->needs(other.option_);
    return *this;
}

bool Flag::given() const { return option_->count() > 0; }

Command::Command(CLI::App& app, const std::string& name, const std::string& description)
    : app_(app.add_subcommand(name, description)) {}

Flag Command::add_option(const std::string& name, std::string& target, const std::string& help) {
    return Flag(app_->add_option(name, target, help));
}
Flag Command::add_option(const std::string& name, std::vector<std::string>& target, const std::string& help) {
    return Flag(app_->add_option(name, target, help));
}
Flag Command::add_option(const std::string& name, std::size_t& target, const std::string& help) {
    return Flag(app_->add_option(name, target, help));
}
Flag Command::add_option(const std::string& name, const std::function<void(const std::string&)>& read,
                         const std::string& help) {
    return Flag(app_->add_option_function<std::string>(name, read, help));
}
Flag Command::add_flag(const std::string& name, bool& target, const std::string& help) {
    return Flag(app_->add_flag(name, target, help));
}

bool Command::has(const std::string& name) const { return app_->get_option_no_throw(name) != nullptr; }

void Command::footer(const std::string& text) { app_->footer(text); }

void Command::choose(Action& chosen, const Action& action) {
    app_->callback([&chosen, action] { chosen = action; });
}

}  // namespace vmemcheck::cli
