// SPDX-License-Identifier: MIT
/// \file
/// Small changes to recordings, none of which a run of the model should explain. Lines are those of a recording, in
/// order; `at` the indices of those of the protocol, `i` an index into it. Each returns whether it changed anything.
#pragma once

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vmemcheck::conformance {

using Json = nlohmann::ordered_json;

/// As text, numbered anew and with times that do not run backwards: what is left to find is the change itself.
inline std::string text_of(std::vector<Json> lines) {
    std::string text;
    int seq = 0;
    double now = 0;
    for (Json& line : lines) {
        line["seq"] = seq++;
        now = std::max(now, line["ts"].get<double>());
        line["ts"] = now;
        text += line.dump() + "\n";
    }
    return text;
}

inline bool of_the_protocol(const Json& line) { return line["event"] != "mark" && line["event"] != "printk"; }

inline std::vector<std::size_t> protocol_lines(const std::vector<Json>& lines) {
    std::vector<std::size_t> at;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (of_the_protocol(lines[i])) at.push_back(i);
    }
    return at;
}

/// A removed config interrupt looks like one whose probe was missed, as happens; everything else must be missed.
inline bool may_be_missed(const Json& line) { return line["event"] == "config_changed"; }

inline bool remove_event(std::vector<Json>& lines, const std::vector<std::size_t>& at, std::size_t i) {
    if (may_be_missed(lines[at[i]])) return false;
    lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(at[i]));
    return true;
}

inline bool swap_events(std::vector<Json>& lines, const std::vector<std::size_t>& at, std::size_t i) {
    if (i + 1 >= at.size() || lines[at[i]]["task"] != lines[at[i + 1]]["task"]) return false;
    if (may_be_missed(lines[at[i]]) || may_be_missed(lines[at[i + 1]]))
        return false;  // an interrupt may come a moment later
    // Two repetitions of one call, or an event and its twin, look the same the other way round.
    if (lines[at[i]]["event"] == lines[at[i + 1]]["event"]) return false;
    std::swap(lines[at[i]], lines[at[i + 1]]);
    return true;
}

inline bool change_driver_state(std::vector<Json>& lines, const std::vector<std::size_t>& at, std::size_t i) {
    Json& line = lines[at[i]];
    if (!line.contains("state")) return false;
    const std::vector<std::pair<const char*, std::int64_t>> units{{"offline_size", 134217728},
                                                                  {"plugged", 268435456},
                                                                  {"hotplug_active", 0},
                                                                  {"wq_active", 0},
                                                                  {"broken", 0},
                                                                  {"next_bb", 1}};
    for (const auto& [field, unit] : units) {
        if (!line["state"].contains(field)) continue;
        // Another task may as well see it a moment before the worker sets it.
        if (std::string_view(field) == "wq_active" && line["task"].get<std::string>().rfind("kworker", 0) != 0)
            continue;
        const auto value = line["state"][field].get<std::int64_t>();
        line["state"][field] = unit == 0 ? 1 - value : value + unit;
        return true;
    }
    for (const char* list : {"bb_states", "bb_count"}) {
        if (!line["state"].contains(list)) continue;
        const int value = line["state"][list][0];
        line["state"][list][0] = value == 0 ? 1 : value - 1;
        return true;
    }
    return false;
}

/// The refcount of a page that is the driver's: no user of pages can explain another one.
inline bool change_refcount(std::vector<Json>& lines, const std::vector<std::size_t>& at, std::size_t i) {
    Json& line = lines[at[i]];
    if (!line.contains("pages")) return false;
    for (Json& block : line["pages"]) {
        if (block.is_null() || !block.contains("type") || !block.contains("ref_first")) continue;
        const auto type = block["type"].get<std::uint32_t>();
        if (type != 0xfffffeff && type != 0xf1000000) continue;
        block["ref_first"] = 1 - block["ref_first"].get<int>();
        return true;
    }
    return false;
}

inline bool change_action(std::vector<Json>& lines, const std::vector<std::size_t>& at, std::size_t i) {
    Json& args = lines[at[i]]["args"];
    if (!args.contains("action")) return false;
    const std::string name = args["action_name"];
    for (const auto& [one, other] :
         {std::pair{"GOING_OFFLINE", "GOING_ONLINE"}, std::pair{"OFFLINE", "ONLINE"},
          std::pair{"CANCEL_OFFLINE", "OFFLINE"}, std::pair{"PREPARE_ONLINE", "FINISH_OFFLINE"}}) {
        if (name != one && name != other) continue;
        const std::string wanted = name == one ? other : one;
        for (const std::size_t k : at) {  // the release's number for it
            if (lines[k]["args"].contains("action_name") && lines[k]["args"]["action_name"] == wanted) {
                args["action"] = lines[k]["args"]["action"];
                args["action_name"] = wanted;
                return true;
            }
        }
    }
    return false;
}

}  // namespace vmemcheck::conformance
