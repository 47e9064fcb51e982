// SPDX-License-Identifier: MIT
#include "cli/flag_values.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "cli/error.hpp"
#include "cli/text.hpp"

namespace vmemcheck::cli {

std::uint64_t number_value(std::string_view what, std::string_view text) {
    std::uint64_t number = 0;
    const char* const last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, number);
    if (error == std::errc{} && end == last) return number;
    throw UserError(fmt::format("{} must be a number, not {}", what, quote(text)));
}

std::size_t size_value(std::string_view what, std::string_view text) {
    const auto refuse = [&] {
        throw UserError(fmt::format("{} must be a size like 512M or 2G, not {}", what, quote(text)));
    };
    std::uint64_t number = 0;
    const char* const last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, number);
    if (error != std::errc{}) refuse();
    std::string_view unit(end, static_cast<std::size_t>(last - end));
    if (unit.ends_with('B') || unit.ends_with('b')) unit.remove_suffix(1);
    if (unit.ends_with('i')) unit.remove_suffix(1);
    const std::size_t power = unit.empty() ? 0 : std::string_view("KMGTkmgt").find(unit) % 4 + 1;
    if (unit.size() > 1 || (!unit.empty() && std::string_view("KMGTkmgt").find(unit) == std::string_view::npos))
        refuse();
    if (number > std::numeric_limits<std::size_t>::max() >> (10 * power)) refuse();
    return static_cast<std::size_t>(number) << (10 * power);
}

double seconds_value(std::string_view what, std::string_view text) {
    double seconds = 0;
    const char* const last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, seconds);
    if (error == std::errc{} && end == last && std::isfinite(seconds) && seconds >= 0) return seconds;
    throw UserError(fmt::format("{} must be a number of seconds, not {}", what, quote(text)));
}

Flag add_number(Command& command, const std::string& name, std::uint64_t& target, const std::string& help) {
    const auto read = [&target, name](const std::string& text) { target = number_value("--" + name, text); };
    Flag flag = command.add_option("--" + name, read, help).type_name("N");
    if (target != 0) flag.show_default(std::to_string(target));
    return flag;
}

Flag add_seconds(Command& command, const std::string& name, double& target, const std::string& help) {
    const auto read = [&target, name](const std::string& text) { target = seconds_value("--" + name, text); };
    return command.add_option("--" + name, read, help).type_name("SECONDS");
}

}  // namespace vmemcheck::cli
