// SPDX-License-Identifier: MIT
#include "conformance/guest/recorded_json.hpp"

#include <algorithm>

#include "conformance/guest/json_limits.hpp"

namespace vmemcheck::conformance::reading {

std::string printable(std::string text) {
    constexpr std::size_t most = 100;
    if (text.size() > most) text = text.substr(0, most) + "...";
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, '?');
    return text;
}

Json parse_line(const std::string& text) {
    constexpr JsonLimits limits{8, 10'000, 1000};
    if (!exceeded<Json>(text, limits).empty()) return Json(Json::value_t::discarded);
    return Json::parse(text, nullptr, false);
}

bool has(const Json& object, const char* key) { return object.is_object() && object.contains(key); }

std::optional<std::int64_t> integer(const Json& object, const char* key) {
    if (!has(object, key)) return std::nullopt;
    const Json& v = object[key];
    if (v.is_number_unsigned()) return static_cast<std::int64_t>(v.get<std::uint64_t>());
    if (v.is_number_integer()) return v.get<std::int64_t>();
    return std::nullopt;
}

}  // namespace vmemcheck::conformance::reading
