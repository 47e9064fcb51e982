// SPDX-License-Identifier: MIT
#include "conformance/guest/write.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "conformance/guest/notifier_actions.hpp"
#include "conformance/guest/observe.hpp"

namespace vmemcheck::conformance {

using bbm::EventKind;
using Object = nlohmann::ordered_json;

namespace {

// Tasks that have addresses.
constexpr std::uint64_t mutex_pointer = 0xffff888001000000;
constexpr std::array<std::string_view, bbm::task::count> tasks{"<idle>-0", "kworker/0:1-7", "sh-100", "unbind-101"};
constexpr std::array<std::uint64_t, bbm::task::count> task_pointers{0, 0xffff888002000000, 0xffff888002001000,
                                                                    0xffff888002002000};

Object state_of(const DriverSeen& seen) {
    Object state;
    const auto put = [&state](const char* key, const auto& value) {
        if (value) state[key] = *value;
    };
    state["bb_states"] = seen.bb_states;
    state["bb_count"] = seen.bb_count;
    put("next_bb", seen.next_bb);
    put("plugged", seen.plugged);
    put("requested", seen.requested);
    put("offline_size", seen.offline_size);
    put("hotplug_active", seen.hotplug_active);
    put("config_changed", seen.config_changed);
    put("wq_active", seen.wq_active);
    put("mutex_owner", seen.mutex_owner);
    put("broken", seen.broken);
    put("removing", seen.removing);
    put("managed_normal", seen.managed[bbm::zone::normal]);
    put("present_normal", seen.present[bbm::zone::normal]);
    put("managed_movable", seen.managed[bbm::zone::movable]);
    put("present_movable", seen.present[bbm::zone::movable]);
    return state;
}

Object looks_of(const std::vector<PagesSeen>& pages) {
    Object looks = Object::array();
    for (const PagesSeen& seen : pages) {
        if (!seen.memmap) {
            looks.push_back(nullptr);
        } else {
            looks.push_back({{"ref_first", seen.ref_first},
                             {"type", seen.type},
                             {"flags", seen.flags},
                             {"ref_last", seen.ref_last}});
        }
    }
    return looks;
}

/// The members of `now` that are not the same in `before`, which becomes `now`.
Object changed(const Object& now, Object& before) {
    Object delta = Object::object();
    for (const auto& [key, value] : now.items()) {
        if (!before.contains(key) || before[key] != value) delta[key] = value;
    }
    before = now;
    return delta;
}

}  // namespace

std::string_view recorded_task(int task) { return tasks.at(static_cast<std::size_t>(task)); }
std::uint64_t recorded_task_pointer(int task) { return task_pointers.at(static_cast<std::size_t>(task)); }

struct RecordingWriter::Json {
    const RecordedDevice& device;
    std::string text;
    std::int64_t seq = 0;
    double now = 0;  ///< seconds
    Object seen_state = Object::object();
    Object seen_pages;

    [[nodiscard]] std::int64_t pages() const { return device.memory_block_bytes / page_bytes; }
    [[nodiscard]] std::int64_t first_pfn(int memory_block) const {
        return device.first_big_block * device.big_block_bytes / page_bytes + memory_block * pages();
    }

    void line(std::string_view task, std::string_view event, Object args, const Object& more = Object::object()) {
        Object object{{"seq", seq++}, {"ts", now},      {"task", task},
                      {"cpu", 0},     {"event", event}, {"args", std::move(args)}};
        now += 0.00001;
        object.update(more);
        text += object.dump() + '\n';
    }

    [[nodiscard]] Object collapsed(const Seen& seen) const {
        Object calls = Object::object();
        const std::int64_t first = first_pfn(seen.block);
        for (const auto& [kind, count] : seen.calls) {
            calls[std::string(bbm::event_names[static_cast<std::size_t>(kind)])] = {
                {"calls", 1}, {"pages", count}, {"first_pfn", first}, {"last_pfn", first + pages() - 1}};
        }
        return calls;
    }

    [[nodiscard]] Object arguments(const Seen& seen) const {
        Object args = Object::object();
        switch (seen.kind) {
            case EventKind::memory_notify:
            case EventKind::notifier_cb: {
                const auto action = static_cast<bbm::NotifierAction>(seen.value.value_or(0));
                args["action"] = action_number(device.release, action).value_or(-1);
                args["action_name"] = bbm::action_names[static_cast<std::size_t>(action)];
                break;
            }
            case EventKind::send_request:
                args["type"] = seen.value.value_or(0);
                if (seen.block >= 0) args["raddr"] = (device.first_big_block + seen.block) * device.big_block_bytes;
                return args;
            case EventKind::handle_response:
                args["resp"] = seen.value.value_or(0);
                return args;
            case EventKind::bbset: {
                const std::int64_t from = seen.other.value_or(0);
                const std::int64_t to = seen.value.value_or(0);
                return {{"old", from},
                        {"new", to},
                        {"idx", seen.block},
                        {"old_name", bbm::big_block::names.at(static_cast<std::size_t>(from))},
                        {"new_name", bbm::big_block::names.at(static_cast<std::size_t>(to))}};
            }
            case EventKind::bbm_plug_and_add_bb:
                return {{"bb", device.first_big_block + seen.block}};
            case EventKind::mtxgot:
                return {{"owner", seen.mutex_holder}};
            case EventKind::mtxtry:
            case EventKind::mtxunlock:
                return {{"lock", mutex_pointer}};
            default:
                if (seen.value) args["ret"] = *seen.value;
                break;
        }
        if (seen.block < 0) return args;
        if (names_big_block(seen.kind)) {
            args["addr"] = (device.first_big_block + seen.block) * device.big_block_bytes;
            args["size"] = device.big_block_bytes;
        } else {
            args["pfn"] = first_pfn(seen.block);
            args["nr"] = pages();
            args["pfn_mb"] = seen.block;
        }
        return args;
    }
};

RecordingWriter::RecordingWriter(const RecordedDevice& device)
    : device_(device), json_(std::make_unique<Json>(Json{device_, {}, 0, 0, Object::object(), {}})) {}
RecordingWriter::~RecordingWriter() = default;

void RecordingWriter::bind() {
    mark("bind virtio0 mode=bbm safe=" + std::string(device_.safe_unplug ? "1" : "0") +
         " bbs=" + std::to_string(device_.big_block_bytes) + " mbs=" + std::to_string(device_.memory_block_bytes) +
         (device_.outside_known ? " outside=known" : "") + " release=" + std::string(device_.release.name));
}

void RecordingWriter::mark(const std::string& text, double later) {
    json_->now += later;
    json_->line(tasks.front(), "mark", {{"text", text}});
}

void RecordingWriter::outside(const OutsideAct& act) {
    if (act.requested >= 0) return mark("host-size " + std::to_string(act.requested));
    mark("page-user mb=" + std::to_string(act.page_block) + " action=" + std::to_string(act.page_action));
}

void RecordingWriter::event(const Seen& seen) {
    if (seen.collapsed()) return json_->line(seen.task, "collapsed", json_->collapsed(seen));
    Object more = Object::object();
    if (seen.driver) {
        if (Object state = changed(state_of(*seen.driver), json_->seen_state); !state.empty())
            more["state"] = std::move(state);
    }
    if (seen.pages) {
        if (Object looks = looks_of(*seen.pages); looks != json_->seen_pages)
            more["pages"] = json_->seen_pages = std::move(looks);
    }
    json_->line(seen.task, bbm::event_names[static_cast<std::size_t>(seen.kind)], json_->arguments(seen), more);
}

std::string RecordingWriter::take() { return std::exchange(json_->text, {}); }

}  // namespace vmemcheck::conformance
