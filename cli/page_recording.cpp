// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <string_view>
#include <variant>

#include "cli/error.hpp"
#include "cli/page.hpp"
#include "cli/text.hpp"
#include "conformance/guest/validator.hpp"
#include "model/names.hpp"

namespace vmemcheck::cli {

namespace {

using conformance::Recording;
using conformance::TraceVerdict;

/// States of the validator's search for a page: some seconds. `vmemcheck trace` has a flag for more.
constexpr std::size_t page_states = 100'000;

/// The kind of the page by its page_type, as far as the recorder tells it.
std::string kind_of(const Json& page) {
    // PageBuddy and PageOffline: a bit that is clear before v6.12, a number in the top byte since.
    const auto type = page.value("type", std::uint64_t{0xffffffff});
    if (type == 0xffffff7f || type >> 24U == 0xf0) return "buddy";
    if (type == 0xfffffeff || type >> 24U == 0xf1) return "fake-offline";
    return "in use";
}

/// A recording tells what is new; this remembers the rest.
class Fields {
 public:
    /// Sets a field; a change if it has had another value, or none.
    void set(const std::string& name, const Json& value, Json& changes) {
        const auto [field, added] = now_.try_emplace(name, nullptr);
        if (!added && field->second == value) return;
        changes[name] = Json::array({field->second, value});
        field->second = value;
    }

    void driver(const Json& state, Json& changes) {
        for (const auto& [name, value] : state.items()) {
            const bool blocks = name == "bb_states";
            if (!value.is_array()) {
                set(name, value, changes);
                continue;
            }
            for (std::size_t i = 0; i < value.size(); ++i) {
                set(blocks ? fmt::format("bb[{}].state", i) : fmt::format("{}[{}]", name, i),
                    blocks ? word(value[i]) : value[i], changes);
            }
            if (blocks) big_blocks_ = std::max(big_blocks_, value.size());
        }
    }

    void pages(const Json& list, Json& changes) {
        for (std::size_t i = 0; i < list.size(); ++i) {
            const Json& page = list[i];
            const std::string mb = "mb[" + std::to_string(i) + "].";
            set(mb + "state", page.is_null() ? "no memmap" : "memmap", changes);
            const Json kind = page.is_null() ? Json("none") : Json(kind_of(page));
            for (std::size_t n = 0; n < 2; ++n) {
                const std::string name = "page[" + std::to_string(2 * i + n) + "].";
                // Only the first page's type is recorded.
                set(name + "kind", kind, changes);
                set(name + "refcount",
                    page.is_null() ? Json(0) : page.value(n == 0 ? "ref_first" : "ref_last", Json(0)), changes);
            }
        }
    }

    [[nodiscard]] std::size_t big_blocks() const { return big_blocks_; }

 private:
    static Json word(const Json& state) {
        const bool known = state.is_number_unsigned() && state < bbm::big_block::names.size();
        return known ? Json(bbm::big_block::names[state.get<std::size_t>()]) : state;
    }

    std::map<std::string, Json> now_;
    std::size_t big_blocks_ = 0;
};

/// "name" for the lock that an event takes (true) or gives back.
Json lock_of(const std::string& event) {
    if (event == "mtxgot") return {{"lock", "hotplug_mutex"}, {"held", true}};
    if (event == "mtxunlock") return {{"lock", "hotplug_mutex"}, {"held", false}};
    if (event == "dev_hotplug_lock") return {{"lock", "device_hotplug_lock"}, {"held", true}};
    if (event == "dev_hotplug_unlock") return {{"lock", "device_hotplug_lock"}, {"held", false}};
    return nullptr;
}

Json answers_of(const Json& event) {
    Json answers = Json::array();
    if (!event.contains("args") || !event["args"].is_object()) return answers;
    for (const auto& [name, value] : event["args"].items()) {
        answers.push_back(
            {{"name", name},
             {"value", value.is_string() ? value : Json(value.dump(-1, ' ', true, Json::error_handler_t::replace))},
             {"fault", false}});
    }
    return answers;
}

void put_events(Json& data, const std::string& content, const std::map<std::int64_t, std::string>& explained) {
    Json steps = Json::array();
    Json lanes = Json::array();
    Fields fields;
    std::istringstream lines(content);
    for (std::string line; std::getline(lines, line);) {
        const Json event = Json::parse(line, nullptr, false);
        if (!event.is_object()) continue;
        Json step;
        step["actor"] = event.value("task", std::string("?"));
        if (std::find(lanes.begin(), lanes.end(), step["actor"]) == lanes.end()) lanes.push_back(step["actor"]);
        step["function"] = event.value("event", std::string("?"));
        step["step"] = fmt::format("{:.6f} s", event.value("ts", 0.0));
        step["answers"] = answers_of(event);
        Json changes = Json::object();
        if (event.contains("state") && event["state"].is_object()) fields.driver(event["state"], changes);
        if (event.contains("pages") && event["pages"].is_array()) fields.pages(event["pages"], changes);
        step["changes"] = std::move(changes);
        if (const Json lock = lock_of(step["function"]); !lock.is_null()) step["lock"] = lock;
        const auto seq = event.value("seq", std::int64_t{-1});
        step["seq"] = seq;
        if (const auto found = explained.find(seq); found != explained.end()) step["model"] = found->second;
        steps.push_back(std::move(step));
    }
    data["lanes"] = std::move(lanes);
    data["memory"] = {{"big_blocks", fields.big_blocks()}, {"recorded", true}};
    data["steps"] = std::move(steps);
}

const char* word(TraceVerdict::Status status) {
    switch (status) {
        case TraceVerdict::Status::accepted:
            return "accepted";
        case TraceVerdict::Status::rejected:
            return "rejected";
        default:
            return "undecided";
    }
}

}  // namespace

Json page_recording(const std::string& path, const std::string& content) {
    const auto read = conformance::parse_recording(path, content, nullptr);
    if (const auto* bad = std::get_if<conformance::BadInput>(&read)) throw UserError(printable(bad->message));
    const auto& recording = std::get<Recording>(read);
    const TraceVerdict verdict = conformance::validate(recording, {page_states});
    std::map<std::int64_t, std::string> explained;
    for (const conformance::ExplainedStep& step : verdict.steps) {
        for (const std::int64_t seq : step.events) {
            explained[seq] = fmt::format("{}: {} [{}]", step.actor, step.function, step.step);
        }
    }
    Json data;
    data["kind"] = "recording";
    data["file"] = path;
    data["command"] = "vmemcheck trace " + path;
    data["release"] = recording.config.release.name;
    data["mode"] = recording.config.safe_unplug ? "safe unplug" : "unsafe unplug";
    data["verdict"] = word(verdict.status);
    std::string message = fmt::format("{} of {} events of the protocol are explained by {} of the model",
                                      verdict.explained, verdict.events, counted(verdict.steps.size(), "step"));
    if (verdict.status != TraceVerdict::Status::accepted) message += "; not explained: " + verdict.stuck_event;
    data["message"] = message;
    data["notes"] = recording.notes;
    if (verdict.stuck_at >= 0) data["stuck_at"] = verdict.stuck_at;
    put_events(data, content, explained);
    data["initial"] = Json::object();
    data["owners"] = Json::object();
    data["loop"] = nullptr;
    data["waits"] = Json::array();
    return data;
}

}  // namespace vmemcheck::cli
