// SPDX-License-Identifier: MIT
/// \file
/// JSON files from outside: parsed with care, and looked at with messages that say where something is wrong.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/config_text.hpp"

namespace vmemcheck::cli {

/// A file with more values in it is refused (the longest run that is replayed has about half as many), and so is one
/// with an object of more members (a state of the largest scope has some hundred).
inline constexpr std::size_t max_json_values = 4'000'000;
inline constexpr std::size_t max_json_members = 4096;

/// Parses the content of a file. Throws UserError for what is no JSON, or is nested too deep, or is too much.
[[nodiscard]] Json parse_json(const std::string& path, const std::string& content);

/// A value of a file and where it is.
class JsonPlace {
 public:
    JsonPlace(const std::string& path, const Json& value) : path_(&path), value_(&value) {}

    /// Throws UserError: "cannot use 'FILE': at POINTER: PROBLEM".
    [[noreturn]] void fail(const std::string& problem) const;

    [[nodiscard]] const Json& value() const { return *value_; }
    [[nodiscard]] const std::string& pointer() const { return pointer_; }

    /// The member with this name; fails if this is no object or has no such member.
    [[nodiscard]] JsonPlace at(std::string_view name) const;
    [[nodiscard]] bool has(std::string_view name) const;
    /// Fails if this is no object, or has a member that is not among these.
    void allow(const std::vector<std::string_view>& names) const;
    /// The elements; fails if this is no array.
    [[nodiscard]] std::vector<JsonPlace> elements() const;
    /// The members with their names, in the order of the file; fails if this is no object.
    [[nodiscard]] std::vector<std::pair<std::string, JsonPlace>> members() const;

    [[nodiscard]] std::string text() const;
    [[nodiscard]] bool boolean() const;
    [[nodiscard]] int number() const;

 private:
    [[nodiscard]] JsonPlace child(const std::string& name, const Json& value) const;
    void require_type(bool fits, std::string_view expected) const;

    const std::string* path_;
    const Json* value_;
    std::string pointer_;
};

}  // namespace vmemcheck::cli
