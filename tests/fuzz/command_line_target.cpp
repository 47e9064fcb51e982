// SPDX-License-Identifier: MIT
// Command lines.
#include <algorithm>
#include <vector>

#include "cli/error.hpp"
#include "cli/program.hpp"
#include "tests/fuzz/targets.hpp"

namespace vmemcheck::fuzz {

namespace {

std::vector<std::string> words_of(std::string_view input) {
    const char separator = input.find('\0') == std::string_view::npos ? '\n' : '\0';
    std::vector<std::string> words{"vmemcheck"};
    while (!input.empty()) {
        const std::size_t end = std::min(input.find(separator), input.size());
        words.emplace_back(input.substr(0, end));
        input.remove_prefix(std::min(end + 1, input.size()));
    }
    return words;
}

}  // namespace

void command_line(std::string_view input) {
    using namespace vmemcheck::cli;
    const std::vector<std::string> words = words_of(input);
    std::vector<const char*> argv;
    argv.reserve(words.size() + 1);
    for (const std::string& word : words) argv.push_back(word.c_str());
    argv.push_back(nullptr);
    try {
        const CommandLine line = parse_command_line(static_cast<int>(words.size()), argv.data());
        require(line.out.size() + line.err.size() < 100'000, "a page too long to be read");
        if (line.action.run) {
            if (line.action.check) line.action.check();
        } else if (words.size() > 1 && line.code == ExitCode::bad_usage) {
            require(line.err.ends_with('\n'), "a message without an end");
            require_clear(line.err.substr(0, line.err.size() - 1));
        } else {
            require(!line.out.empty() || !line.err.empty(), "nothing to be run and nothing to be said");
        }
    } catch (const UserError& error) {
        require_clear(error.what());
    }
}

}  // namespace vmemcheck::fuzz
