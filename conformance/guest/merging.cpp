// SPDX-License-Identifier: MIT
#include "conformance/guest/merging.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <utility>

namespace vmemcheck::conformance::reading {

namespace {

void merge(Seen& into, const Seen& from) {
    for (const auto& [kind, pages] : from.calls) {
        const auto same =
            std::find_if(into.calls.begin(), into.calls.end(), [k = kind](const auto& c) { return c.first == k; });
        if (same == into.calls.end()) {
            into.calls.emplace_back(kind, pages);
        } else {
            same->second += pages;
        }
    }
}

}  // namespace

void forget_tries(std::vector<RawEvent>& events) {
    std::map<std::string, std::size_t> last;  // by task, in kept
    std::vector<RawEvent> kept;
    std::vector<bool> forgotten;
    for (RawEvent& raw : events) {
        const std::string task = raw.object["task"];
        const auto before = last.find(task);
        if (raw.event == "dev_hotplug_lock_sysfs_ret" && integer(raw.args, "ret").value_or(0) != 0 &&
            before != last.end() && kept[before->second].event == "dev_hotplug_lock_sysfs") {
            forgotten[before->second] = true;
            forgotten.push_back(true);
        } else {
            forgotten.push_back(false);
        }
        last[task] = kept.size();
        kept.push_back(std::move(raw));
    }
    events.clear();
    bool gap = false;
    for (std::size_t i = 0; i < kept.size(); ++i) {
        gap = gap || kept[i].gap;
        if (forgotten[i]) continue;
        kept[i].gap = gap;
        gap = false;
        events.push_back(std::move(kept[i]));
    }
}

void join_collapsed(std::vector<Seen>& events) {
    std::vector<Seen> joined;
    for (Seen& seen : events) {
        if (seen.collapsed()) {
            for (std::size_t back = joined.size(); back-- > 0;) {
                if (joined[back].task != seen.task || joined[back].kind == bbm::EventKind::config_changed) continue;
                if (joined[back].collapsed() && joined[back].block == seen.block) {
                    merge(seen, joined[back]);
                    joined.erase(joined.begin() + static_cast<std::ptrdiff_t>(back));
                }
                break;
            }
        }
        joined.push_back(std::move(seen));
    }
    events = std::move(joined);
}

}  // namespace vmemcheck::conformance::reading
