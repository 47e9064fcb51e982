// SPDX-License-Identifier: MIT
#include "cli/driver_coverage.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <map>
#include <set>

#include "cli/error.hpp"
#include "cli/text.hpp"

namespace vmemcheck::cli {

namespace {

/// What a program prints. \param words must need no quoting by a shell but single quotes
std::string output_of(const std::vector<std::string>& words) {
    std::string command;
    for (const std::string& word : words) {
        if (word.find('\'') != std::string::npos) throw UserError("a file name has a quote in it: " + printable(word));
        command += "'" + word + "' ";
    }
    command += "2>/dev/null";
    std::FILE* const pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr) throw UserError(words.front() + ": cannot be run");
    std::string text;
    std::array<char, 65536> buffer{};
    for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) text.append(buffer.data(), n);
    if (::pclose(pipe) != 0) throw UserError(words.front() + ": fails; coverage needs it (it comes with gcc)");
    return text;
}

}  // namespace

DriverCoverage driver_coverage(conformance::Plugin& plugin) {
    plugin.dump_coverage();
    const Json report = Json::parse(output_of({"gcov", "--json-format", "--stdout", plugin.object()}), nullptr, false);
    if (report.is_discarded() || !report.contains("files")) throw UserError("gcov: says what cannot be read");
    const std::string driver = std::filesystem::absolute(plugin.source().driver).string();
    const std::set<int> points = plugin.lines_with_points();
    DriverCoverage coverage;
    for (const Json& file : report["files"]) {
        if (file.value("file", "") != driver) continue;
        std::map<std::string, bool> called;
        for (const Json& function : file["functions"]) {
            const std::string name = function.value("name", "");
            called[name] = function.value("execution_count", 0) > 0;
            if (!called[name]) coverage.functions_missed.emplace_back(name, function.value("start_line", 0));
        }
        std::map<int, bool> lines;  // a line may be in the list more than once
        std::map<int, std::string> owner;
        for (const Json& line : file["lines"]) {
            const int number = line.value("line_number", 0);
            lines[number] = lines[number] || line.value("count", 0) > 0;
            owner[number] = line.value("function_name", "");
        }
        for (const auto& [number, ran] : lines) {
            coverage.lines++;
            coverage.lines_run += ran ? 1 : 0;
            if (points.contains(number)) {
                coverage.points++;
                coverage.points_run += ran ? 1 : 0;
            }
            if (!ran && called[owner[number]]) coverage.lines_missed.push_back(number);
        }
    }
    if (coverage.lines == 0) throw UserError("gcov: knows no line of " + printable(plugin.source().driver));
    return coverage;
}

std::string coverage_text(const DriverCoverage& coverage) {
    const auto percent = [](int part, int whole) { return whole == 0 ? 100 : 100 * part / whole; };
    std::string text =
        fmt::format("coverage {} of {} lines of the driver ({} %), {} of {} lines with a scheduling point ({} %)\n",
                    coverage.lines_run, coverage.lines, percent(coverage.lines_run, coverage.lines),
                    coverage.points_run, coverage.points, percent(coverage.points_run, coverage.points));
    std::vector<std::string> names;
    for (const auto& [name, line] : coverage.functions_missed) names.push_back(name);
    if (!names.empty()) text += "         never called: " + wrapped(join(names, ", "), 23, width - 23) + "\n";
    std::vector<std::string> ranges;
    for (std::size_t i = 0; i < coverage.lines_missed.size();) {
        std::size_t j = i;
        while (j + 1 < coverage.lines_missed.size() && coverage.lines_missed[j + 1] <= coverage.lines_missed[j] + 2)
            ++j;
        ranges.push_back(i == j ? std::to_string(coverage.lines_missed[i])
                                : fmt::format("{}-{}", coverage.lines_missed[i], coverage.lines_missed[j]));
        i = j + 1;
    }
    if (!ranges.empty()) text += "         lines never run: " + wrapped(join(ranges, ", "), 26, width - 26) + "\n";
    return text;
}

Json coverage_json(const DriverCoverage& coverage) {
    Json functions = Json::array();
    for (const auto& [name, line] : coverage.functions_missed) functions.push_back({{"name", name}, {"line", line}});
    return {{"lines", coverage.lines},
            {"lines_run", coverage.lines_run},
            {"points", coverage.points},
            {"points_run", coverage.points_run},
            {"functions_missed", std::move(functions)},
            {"lines_missed", coverage.lines_missed}};
}

}  // namespace vmemcheck::cli
