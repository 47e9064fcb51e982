// SPDX-License-Identifier: MIT
/// \file
/// A configuration in words and as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/model.hpp"

namespace vmemcheck::cli {

using Json = nlohmann::ordered_json;

/// One bound of a scope as data.
struct BoundInfo {
    std::string_view name;  ///< the flag without its dashes; in files with '_' for '-'
    std::string_view sentence;
    int bbm::Scope::*member;
    bool any = false;  ///< -1 means any number
};
[[nodiscard]] std::span<const BoundInfo> bound_infos();
/// The name of a bound or fault in files: '_' for '-'.
[[nodiscard]] std::string key_of(std::string_view name);

/// "any" or the number.
[[nodiscard]] std::string bound_text(const BoundInfo& bound, const bbm::Scope& scope);
/// "1 big block of 2 memory blocks, ..."
[[nodiscard]] std::string scope_text(const bbm::Scope& scope);
/// "safe unplug, unplug_online on, auto-online any"
[[nodiscard]] std::string mode_text(const Config& config);
[[nodiscard]] std::string_view auto_online_name(bbm::AutoOnline value);
[[nodiscard]] std::span<const std::string_view> auto_online_names();

/// The answers of the environment by which a fault strikes: (choice, value).
using Answer = std::pair<std::string_view, std::string_view>;
[[nodiscard]] std::span<const Answer> strikes_of(std::string_view fault);

/// What a verdict rests on: faults that are off, and bounds. One sentence each.
[[nodiscard]] std::vector<std::string> assumptions(const Config& config);

/// The members "release" to "mutant", and "eject" and "what_if" if there is any, of result and counterexample files.
void put_config(Json& object, const Config& config);

}  // namespace vmemcheck::cli
