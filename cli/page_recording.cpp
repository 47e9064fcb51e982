// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cli/page.hpp"
#include "cli/text.hpp"

namespace vmemcheck::cli {

namespace {

using bbm::EventKind;
using conformance::Seen;

/// What is known of the driver and of pages so far, by the names that the model has for it.
class Known {
 public:
    explicit Known(const conformance::Recording& recording) : recording_(recording) {
        const int blocks = recording.config.scope.big_blocks;
        for (int i = 0; i < blocks; ++i) fields_[fmt::format("bb[{}].state", i)] = "UNUSED";
        fields_["hotplug_mutex"] = "none";
        fields_["device_hotplug_lock"] = "none";
    }

    [[nodiscard]] const Json& fields() const { return fields_; }

    /// What an event shows to have changed.
    Json see(const Seen& seen) {
        changes_ = Json::object();
        if (seen.driver) see_driver(*seen.driver);
        if (seen.pages) see_pages(*seen.pages);
        switch (seen.kind) {
            case EventKind::bbset:
                if (seen.value) set(fmt::format("bb[{}].state", seen.block), state_name(*seen.value));
                break;
            case EventKind::mtxgot:
                set("hotplug_mutex", seen.task);
                break;
            case EventKind::mtxunlock:
                set("hotplug_mutex", "none");
                break;
            case EventKind::dev_hotplug_lock_ret:
                set("device_hotplug_lock", seen.task);
                break;
            case EventKind::dev_hotplug_lock_sysfs_ret:
                if (seen.value == 0) set("device_hotplug_lock", seen.task);
                break;
            case EventKind::offline_and_remove_memory_ret:
            case EventKind::add_memory_driver_managed_ret:
                set("device_hotplug_lock", "none");
                break;
            default:
                break;
        }
        return changes_;
    }

 private:
    static std::string state_name(std::int64_t state) {
        const bool known = state >= 0 && state < bbm::big_block::count;
        return known ? std::string(bbm::big_block::names.at(static_cast<std::size_t>(state))) : std::to_string(state);
    }
    void set(const std::string& field, const Json& value) {
        const auto was = fields_.find(field);
        if (was != fields_.end() && *was == value) return;
        changes_[field] = Json::array({was == fields_.end() ? Json("?") : *was, value});
        fields_[field] = value;
    }
    void see_driver(const conformance::DriverSeen& driver) {
        for (std::size_t i = 0; i < driver.bb_states.size(); ++i) {
            set(fmt::format("bb[{}].state", i), state_name(driver.bb_states[i]));
        }
        const auto number = [&](const char* name, const std::optional<std::int64_t>& value) {
            if (value) set(name, *value);
        };
        number("plugged_size", driver.plugged);
        number("requested_size", driver.requested);
        number("offline_size", driver.offline_size);
        number("hotplug_active", driver.hotplug_active);
        number("config_changed", driver.config_changed);
        number("wq_active", driver.wq_active);
        number("broken", driver.broken);
        number("removing", driver.removing);
        number("managed[Normal]", driver.managed[0]);
        number("managed[Movable]", driver.managed[1]);
    }
    void see_pages(const std::vector<conformance::PagesSeen>& pages) {
        for (std::size_t i = 0; i < pages.size(); ++i) {
            set(fmt::format("mb[{}] first page refcount", i), pages[i].memmap ? Json(pages[i].ref_first) : Json("-"));
            set(fmt::format("mb[{}] last page refcount", i), pages[i].memmap ? Json(pages[i].ref_last) : Json("-"));
        }
    }

    const conformance::Recording& recording_;
    Json fields_ = Json::object();
    Json changes_ = Json::object();
};

}  // namespace

Json page_recording(const conformance::Recording& recording, const conformance::TraceVerdict& verdict) {
    using Status = conformance::TraceVerdict::Status;
    std::map<std::string, int> lane_of;
    Json lanes = Json::array();
    Json owners = Json::object();
    Known known(recording);
    const Json initial = known.fields();
    Json steps = Json::array();
    Json decided = nullptr;
    for (const Seen& seen : recording.events) {
        const auto [lane, is_new] = lane_of.try_emplace(seen.task, static_cast<int>(lanes.size()));
        if (is_new) lanes.push_back({{"name", printable(seen.task)}, {"kind", "process"}});
        std::string label = seen.name;
        if (seen.block >= 0) label += fmt::format(" {}", seen.block);
        if (seen.value) label += fmt::format(" = {}", *seen.value);
        if (verdict.status != Status::accepted && seen.seq == verdict.stuck_at) decided = steps.size() + 1;
        steps.push_back({{"lane", lane->second},
                         {"name", fmt::format("line {}", seen.line)},
                         {"label", label},
                         {"function", seen.name},
                         {"answers", Json::object()},
                         {"changes", known.see(seen)}});
    }
    const std::string word = verdict.status == Status::accepted   ? "accepted"
                             : verdict.status == Status::rejected ? "rejected"
                                                                  : "undecided";
    std::string message = fmt::format("{} of {} events are explained by {} of the model", verdict.explained,
                                      verdict.events, counted(verdict.steps.size(), "step"));
    if (verdict.status != Status::accepted) message += "; no run of the model shows: " + verdict.stuck_event;
    Json object;
    object["name"] = word;
    object["sentence"] = "";
    object["message"] = printable(message);
    object["reached"] = verdict.status == Status::accepted;
    object["lanes"] = std::move(lanes);
    object["locks"] = {"device_hotplug_lock", "hotplug_mutex"};
    object["owners"] = std::move(owners);
    object["initial"] = initial;
    object["steps"] = std::move(steps);
    object["loop"] = nullptr;
    object["decided"] = std::move(decided);
    object["goal"] = "Go to the event that no run shows";
    object["blocked"] = verdict.alternatives;
    object["memory"] = {{"big_blocks", recording.config.scope.big_blocks},
                        {"memory_blocks", recording.config.scope.memory_blocks},
                        {"sections", 1},
                        {"page_blocks", 1},
                        {"pages", 1}};
    return object;
}

}  // namespace vmemcheck::cli
