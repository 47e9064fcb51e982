// SPDX-License-Identifier: MIT
/// \file
/// Small things about text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vmemcheck::cli {

/// The text, safe to print: control characters become '?'.
[[nodiscard]] std::string printable(std::string_view text);

/// The text in quotes, safe to print: control characters become '?', a long text is cut.
[[nodiscard]] std::string quote(std::string_view text);

/// 1234567 -> "1,234,567".
[[nodiscard]] std::string grouped(std::uint64_t number);

/// "3.2 GB"; powers of 1000.
[[nodiscard]] std::string human_bytes(double bytes);

/// "950", "12.3k", "4.26M"; powers of 1000.
[[nodiscard]] std::string human_count(double number);

/// "1 step", "2 steps", "0 queries".
[[nodiscard]] std::string counted(std::uint64_t number, std::string_view noun);

[[nodiscard]] std::string join(const std::vector<std::string>& items, std::string_view separator);

/// Columns of what is printed.
inline constexpr std::size_t width = 110;

/// Breaks a text at spaces into lines of at most `columns`, each after the first indented.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t indent, std::size_t columns);

/// In small letters and with '_' for '-': names that agree in this are the same.
[[nodiscard]] std::string folded(std::string_view name);

/// Levenshtein's distance.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The known name most like this one; empty if there are none.
[[nodiscard]] std::string_view nearest(std::string_view name, const std::vector<std::string_view>& known);

/// "unknown WHAT 'NAME'; did you mean 'NEAREST'?"
[[nodiscard]] std::string unknown_name(std::string_view what, std::string_view name,
                                       const std::vector<std::string_view>& known);

/// The names of a list of things that have one.
template <class List>
[[nodiscard]] std::vector<std::string_view> names_of(const List& list) {
    std::vector<std::string_view> names;
    for (const auto& item : list) names.push_back(item.name);
    return names;
}

}  // namespace vmemcheck::cli
