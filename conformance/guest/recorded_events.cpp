// SPDX-License-Identifier: MIT
#include "conformance/guest/recorded_events.hpp"

#include <utility>

namespace vmemcheck::conformance::reading {

namespace {

using bbm::EventKind;

/// Reads one event after the other, and what state and pages have become by then.
class EventReader {
 public:
    EventReader(Recording& recording, ActionNumbers numbers) : recording_(recording), numbers_(numbers) {}

    std::optional<Defect> add(const RawEvent& raw) {
        Seen seen;
        seen.seq = *integer(raw.object, "seq");
        seen.line = raw.line;
        seen.name = raw.event;
        seen.task = printable(raw.object["task"].get<std::string>());
        seen.kworker = seen.task.rfind("kworker", 0) == 0;
        seen.after_gap = raw.gap;
        seen.unanswered_resize = raw.unanswered_resize;
        if (raw.event == "collapsed") {
            for (const auto& [name, call] : raw.args.items()) {
                const auto kind = kind_of(name);
                if (!kind) continue;
                const auto first = integer(call, "first_pfn");
                if (!call.is_object() || !first) return Defect{"\"" + name + "\" has no \"first_pfn\""};
                const std::int64_t pages = integer(call, "pages").value_or(0);
                if (pages < 0 || pages > std::int64_t{1} << 40)
                    return Defect{"\"" + name + "\" has no sensible number of \"pages\""};
                seen.calls.emplace_back(*kind, pages);
                constexpr std::size_t most = 16;  // the page functions are fewer
                if (seen.calls.size() > most) return Defect{"it sums up more kinds of calls than there are for pages"};
                if (auto defect = memory_block(*first, seen.block)) return defect;
            }
            if (seen.calls.empty()) return std::nullopt;
            seen.kind = seen.calls.front().first;
        } else {
            seen.kind = *kind_of(raw.event);
            if (auto defect = arguments(raw.args, seen)) return defect;
        }
        if (has(raw.object, "state")) {
            if (auto defect = state(raw.object["state"])) return defect;
            seen.driver = driver_;
        }
        if (has(raw.object, "pages")) {
            if (auto defect = pages(raw.object["pages"])) return defect;
            seen.pages = pages_;
        }
        if (seen.kind == EventKind::mtxgot && !seen.collapsed()) {
            if (!integer(raw.args, "owner")) return Defect{"mtxgot without an owner"};
            holder_ = static_cast<std::uint64_t>(*integer(raw.args, "owner")) & ~7ULL;
        }
        seen.mutex_holder = holder_;
        const bool begins = seen.kind == EventKind::run_wq || seen.kind == EventKind::dev_hotplug_lock_sysfs;
        const bool ends =
            seen.kind == EventKind::run_wq_ret || (seen.kind == EventKind::dev_hotplug_unlock && !seen.kworker);
        seen.in_run = running_ > 0;
        running_ += begins ? 1 : ends ? -1 : 0;
        recording_.events.push_back(std::move(seen));
        return std::nullopt;
    }

 private:
    /// A block's number from its distance to the first block.
    static std::optional<Defect> block_number(std::int64_t distance, int& block) {
        constexpr std::int64_t most = std::int64_t{1} << 30;
        if (distance < -most || distance > most) return Defect{"it names a block that is far from the device's first"};
        block = static_cast<int>(distance);
        return std::nullopt;
    }
    /// The memory block of a page.
    [[nodiscard]] std::optional<Defect> memory_block(std::int64_t pfn, int& block) const {
        if (!sensible(pfn)) return Defect{"it names a page beyond any machine's memory"};
        const std::int64_t first = recording_.first_big_block * recording_.big_block_bytes / page_bytes;
        return block_number((pfn - first) / recording_.pages_per_memory_block, block);
    }

    std::optional<Defect> arguments(const Json& args, Seen& seen) {
        const std::int64_t bb_bytes = recording_.big_block_bytes;
        if (const auto pfn = integer(args, "pfn")) {
            if (auto defect = memory_block(*pfn, seen.block)) return defect;
            if (has(args, "pfn_mb") && args["pfn_mb"].is_number() &&
                args["pfn_mb"].get<double>() != static_cast<double>(seen.block)) {
                return Defect{"\"pfn\" and \"pfn_mb\" name different memory blocks"};
            }
        }
        for (const char* key : {"addr", "raddr"}) {
            if (const auto addr = integer(args, key)) {
                if (!sensible(*addr)) return Defect{"it names an address beyond any machine's memory"};
                if (*addr % bb_bytes != 0)
                    return Defect{std::string("\"") + key + "\" is not the start of a big block"};
                if (auto defect = block_number(*addr / bb_bytes - recording_.first_big_block, seen.block))
                    return defect;
            }
        }
        if (const auto bb = integer(args, "bb")) {
            if (!sensible(*bb)) return Defect{"\"bb\" is beyond any machine's memory"};
            if (auto defect = block_number(*bb - recording_.first_big_block, seen.block)) return defect;
        }
        if (const auto size = integer(args, "size"); size && *size != bb_bytes)
            return Defect{"\"size\" is not one big block"};
        if (const auto nb = integer(args, "nb")) {
            if (!device_blocks_) device_blocks_ = nb;
            if (*nb != *device_blocks_) return Defect{"\"nb\" is not the number of device blocks of a big block"};
        }
        for (const char* key : {"ret", "type", "resp", "new"}) {
            if (const auto value = integer(args, key)) seen.value = value;
        }
        seen.other = integer(args, "old");
        if (seen.kind == EventKind::bbset) {
            const auto index = integer(args, "idx");
            if (!index || !seen.value || !seen.other) return Defect{"bbset without \"idx\", \"old\" or \"new\""};
            if (auto defect = block_number(sensible(*index) ? *index : beyond, seen.block)) return defect;
            for (const auto& [key, value] : {std::pair{"new_name", *seen.value}, std::pair{"old_name", *seen.other}}) {
                if (!has(args, key)) continue;
                if (value < 0 || value >= bbm::big_block::count ||
                    args[key] != bbm::big_block::names[static_cast<std::size_t>(value)]) {
                    return Defect{std::string("\"") + key + "\" does not go with its number"};
                }
            }
        }
        if (const auto number = integer(args, "action")) {
            const auto action = action_of(numbers_, *number);
            if (!action) return Defect{"no notifier action of this release has number " + std::to_string(*number)};
            if (has(args, "action_name") &&
                args["action_name"] != bbm::action_names[static_cast<std::size_t>(*action)]) {
                return Defect{"\"action_name\" does not go with \"action\""};
            }
            seen.value = static_cast<std::int64_t>(*action);
        }
        return std::nullopt;
    }

    std::optional<Defect> state(const Json& s) {
        if (!s.is_object()) return Defect{"\"state\" is not an object"};
        const auto list = [&](const char* key, std::vector<std::int64_t>& out) {
            if (!has(s, key)) return true;
            if (!s[key].is_array() || s[key].size() > max_blocks) return false;
            out.clear();
            for (const Json& item : s[key]) {
                if (!item.is_number_integer()) return false;
                out.push_back(item.get<std::int64_t>());
            }
            return true;
        };
        if (!list("bb_states", driver_.bb_states)) return Defect{"\"bb_states\" is not a list of numbers"};
        if (!list("bb_count", driver_.bb_count)) return Defect{"\"bb_count\" is not a list of numbers"};
        const auto take = [&](const char* key, std::optional<std::int64_t>& out) {
            if (const auto value = integer(s, key)) out = value;
        };
        take("next_bb", driver_.next_bb);
        take("plugged", driver_.plugged);
        take("requested", driver_.requested);
        take("offline_size", driver_.offline_size);
        take("hotplug_active", driver_.hotplug_active);
        take("config_changed", driver_.config_changed);
        take("wq_active", driver_.wq_active);
        take("broken", driver_.broken);
        take("removing", driver_.removing);
        take("managed_normal", driver_.managed[0]);
        take("managed_movable", driver_.managed[1]);
        take("present_normal", driver_.present[0]);
        take("present_movable", driver_.present[1]);
        if (const auto owner = integer(s, "mutex_owner"))
            driver_.mutex_owner = static_cast<std::uint64_t>(*owner) & ~7ULL;
        return std::nullopt;
    }

    std::optional<Defect> pages(const Json& list) {
        if (!list.is_array()) return Defect{"\"pages\" is not a list"};
        if (list.size() > max_blocks) return Defect{"\"pages\" has more than " + std::to_string(max_blocks)};
        if (pages_.size() < list.size()) pages_.resize(list.size());
        for (std::size_t i = 0; i < list.size(); ++i) {
            const Json& item = list[i];
            PagesSeen& seen = pages_[i];
            if (item.is_null()) {
                seen = PagesSeen{};
                continue;
            }
            if (!item.is_object()) return Defect{"\"pages\"[" + std::to_string(i) + "] is neither null nor an object"};
            seen.memmap = true;
            seen.ref_first = integer(item, "ref_first").value_or(seen.ref_first);
            seen.ref_last = integer(item, "ref_last").value_or(seen.ref_last);
            seen.type = static_cast<std::uint32_t>(integer(item, "type").value_or(seen.type));
            seen.flags =
                static_cast<std::uint64_t>(integer(item, "flags").value_or(static_cast<std::int64_t>(seen.flags)));
        }
        return std::nullopt;
    }

    Recording& recording_;
    ActionNumbers numbers_;
    int running_ = 0;
    std::optional<std::int64_t> device_blocks_;
    DriverSeen driver_;
    std::vector<PagesSeen> pages_;
    std::uint64_t holder_ = 0;
};

}  // namespace

std::optional<Defect> read_events(const std::vector<RawEvent>& raw_events, ActionNumbers numbers,
                                  Recording& recording) {
    EventReader reader(recording, numbers);
    for (const RawEvent& raw : raw_events) {
        if (auto defect = reader.add(raw)) return Defect{"line " + std::to_string(raw.line) + ": " + defect->message};
    }
    return std::nullopt;
}

}  // namespace vmemcheck::conformance::reading
