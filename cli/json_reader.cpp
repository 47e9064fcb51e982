// SPDX-License-Identifier: MIT
#include "cli/json_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "cli/error.hpp"
#include "cli/text.hpp"
#include "conformance/guest/json_limits.hpp"

namespace vmemcheck::cli {

Json parse_json(const std::string& path, const std::string& content) {
    const auto refuse = [&](const std::string& why) {
        throw UserError(fmt::format("cannot use {}: {}", quote(path), why));
    };
    if (content.empty()) refuse("the file is empty");
    constexpr std::size_t deepest = 16;
    const std::string_view exceeded =
        conformance::exceeded<Json>(content, {deepest, max_json_values, max_json_members});
    if (!exceeded.empty()) refuse(fmt::format("it is not the JSON of such a file: {}", exceeded));
    // The parser's messages quote what it has read last, however long that is.
    const auto reason = [](const Json::exception& error) {
        constexpr std::size_t most = 300;
        std::string_view why = error.what();
        const std::size_t number = why.find("] ");
        why.remove_prefix(number == std::string_view::npos ? 0 : number + 2);
        return printable(why.substr(0, most)) + (why.size() > most ? "..." : "");
    };
    try {
        return Json::parse(content);
    } catch (const Json::parse_error& error) {
        const bool cut = error.byte >= content.size();
        refuse((cut ? "it is cut short, or not JSON: " : "it is not JSON: ") + reason(error));
    } catch (const Json::exception& error) {
        refuse("it is not JSON that can be read: " + reason(error));
    }
    return {};
}

void JsonPlace::fail(const std::string& problem) const {
    std::string where;
    if (!pointer_.empty()) where = " at " + pointer_;
    // People count steps from 1.
    if (pointer_.starts_with("/steps/")) {
        const std::string digits = pointer_.substr(7, pointer_.find('/', 7) - 7);
        if (!digits.empty()) where += fmt::format(" (step {})", std::stoull(digits) + 1);
    }
    throw UserError(fmt::format("cannot use {}:{} {}", quote(*path_), where.empty() ? "" : where + ":", problem));
}

JsonPlace JsonPlace::child(const std::string& name, const Json& value) const {
    std::string escaped;
    for (const char c : printable(name.substr(0, 100))) {
        escaped += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    }
    JsonPlace place(*path_, value);
    place.pointer_ = pointer_ + '/' + escaped;
    return place;
}

void JsonPlace::require_type(bool fits, std::string_view expected) const {
    if (!fits) fail(fmt::format("must be {}, but it is of type {}", expected, value_->type_name()));
}

bool JsonPlace::has(std::string_view name) const {
    require_type(value_->is_object(), "an object");
    return value_->contains(name);
}

JsonPlace JsonPlace::at(std::string_view name) const {
    if (!has(name)) fail(fmt::format("the member \"{}\" is missing", name));
    return child(std::string(name), *value_->find(name));
}

void JsonPlace::allow(const std::vector<std::string_view>& names) const {
    for (const auto& [name, place] : members()) {
        if (std::find(names.begin(), names.end(), name) == names.end()) {
            place.fail(unknown_name("member", name, names));
        }
    }
}

std::vector<JsonPlace> JsonPlace::elements() const {
    require_type(value_->is_array(), "an array");
    std::vector<JsonPlace> list;
    std::size_t index = 0;
    for (const Json& element : *value_) list.push_back(child(std::to_string(index++), element));
    return list;
}

std::vector<std::pair<std::string, JsonPlace>> JsonPlace::members() const {
    require_type(value_->is_object(), "an object");
    std::vector<std::pair<std::string, JsonPlace>> list;
    for (auto item = value_->begin(); item != value_->end(); ++item) {
        list.emplace_back(item.key(), child(item.key(), *item));
    }
    return list;
}

std::string JsonPlace::text() const {
    require_type(value_->is_string(), "a string");
    return value_->get<std::string>();
}

bool JsonPlace::boolean() const {
    require_type(value_->is_boolean(), "true or false");
    return value_->get<bool>();
}

int JsonPlace::number() const {
    require_type(value_->is_number_integer(), "a whole number");
    constexpr int most = std::numeric_limits<int>::max();
    if (value_->is_number_unsigned() ? value_->get<std::uint64_t>() > std::uint64_t{most}
                                     : value_->get<std::int64_t>() < -std::int64_t{most}) {
        fail("is too large a number");
    }
    return value_->get<int>();
}

}  // namespace vmemcheck::cli
