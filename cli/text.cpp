// SPDX-License-Identifier: MIT
#include "cli/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <numeric>

namespace vmemcheck::cli {

std::string printable(std::string_view text) {
    std::string result(text);
    std::replace_if(
        result.begin(), result.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, '?');
    return result;
}

std::string quote(std::string_view text) {
    constexpr std::size_t most = 100;
    return '\'' + printable(text.substr(0, most)) + (text.size() > most ? "...'" : "'");
}

std::string grouped(std::uint64_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
    return digits;
}

std::string human_bytes(double bytes) {
    constexpr std::array<std::string_view, 5> units{"B", "kB", "MB", "GB", "TB"};
    std::size_t unit = 0;
    while (bytes >= 999.5 && unit + 1 < units.size()) {
        bytes /= 1000;
        ++unit;
    }
    return fmt::format("{:.{}f} {}", bytes, unit < 2 || bytes >= 100 ? 0 : 1, units[unit]);
}

std::string human_count(double number) {
    constexpr std::array<std::string_view, 4> units{"", "k", "M", "G"};
    std::size_t unit = 0;
    while (number >= 999.5 && unit + 1 < units.size()) {
        number /= 1000;
        ++unit;
    }
    const int digits = unit == 0 || number >= 100 ? 0 : number >= 10 ? 1 : 2;
    return fmt::format("{:.{}f}{}", number, digits, units[unit]);
}

std::string counted(std::uint64_t number, std::string_view noun) {
    const bool query = noun.ends_with('y');
    if (number == 1) return "1 " + std::string(noun);
    return grouped(number) + ' ' + std::string(query ? noun.substr(0, noun.size() - 1) : noun) + (query ? "ies" : "s");
}

std::string join(const std::vector<std::string>& items, std::string_view separator) {
    std::string result;
    for (const std::string& item : items) {
        if (!result.empty()) result += separator;
        result += item;
    }
    return result;
}

std::string wrapped(std::string_view text, std::size_t indent, std::size_t columns) {
    std::string result;
    std::size_t column = indent;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        const std::string_view word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (column > indent && column + 1 + word.size() > columns) {
            result += '\n' + std::string(indent, ' ');
            column = indent;
        } else if (column > indent) {
            result += ' ';
            ++column;
        }
        result += word;
        column += word.size();
    }
    return result;
}

std::string folded(std::string_view name) {
    std::string text;
    for (const char c : name) {
        text += c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return text;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

std::string_view nearest(std::string_view name, const std::vector<std::string_view>& known) {
    name = name.substr(0, 200);
    const auto distance = [name](std::string_view candidate) {
        // A name begun rightly is nearer than its missing letters tell.
        const bool begun = name.size() >= 3 && candidate.starts_with(name);
        return edit_distance(name, candidate) / (begun ? 2 : 1);
    };
    const auto best = std::min_element(
        known.begin(), known.end(), [&](std::string_view a, std::string_view b) { return distance(a) < distance(b); });
    return best == known.end() ? std::string_view{} : *best;
}

std::string unknown_name(std::string_view what, std::string_view name, const std::vector<std::string_view>& known) {
    const std::string_view best = nearest(name, known);
    std::string message = fmt::format("unknown {} {}", what, quote(name));
    if (!best.empty()) message += fmt::format("; did you mean '{}'?", best);
    return message;
}

}  // namespace vmemcheck::cli
