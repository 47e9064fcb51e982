// SPDX-License-Identifier: MIT
/// \file
/// The JSON of a recording's lines, in which any field may be missing, or of another type than it should be.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace vmemcheck::conformance::reading {

using Json = nlohmann::json;

/// A defect found while reading; carried up by return values, never thrown.
struct Defect {
    std::string message;
};

/// Numbers of sequence, addresses and sizes beyond any machine's: what is computed with them would overflow.
inline constexpr std::int64_t beyond = std::int64_t{1} << 56;
[[nodiscard]] constexpr bool sensible(std::int64_t number) { return number > -beyond && number < beyond; }

/// What a recording says, safe to print.
[[nodiscard]] std::string printable(std::string text);

/// One line as JSON; discarded if it is none or nested too deep.
[[nodiscard]] Json parse_line(const std::string& text);

/// Whether it is an object that has a field.
[[nodiscard]] bool has(const Json& object, const char* key);
/// The field of an object; nothing if there is none, or it is no integer.
[[nodiscard]] std::optional<std::int64_t> integer(const Json& object, const char* key);

}  // namespace vmemcheck::conformance::reading
