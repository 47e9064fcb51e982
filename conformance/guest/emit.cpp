// SPDX-License-Identifier: MIT
#include "conformance/guest/emit.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "checker/context.hpp"
#include "conformance/guest/observe.hpp"
#include "conformance/guest/recording.hpp"

namespace vmemcheck::conformance {

namespace {

using bbm::Event;
using bbm::EventKind;
using State = bbm::Bbm::State;
using Json = nlohmann::ordered_json;

/// Sizes that a guest can have, in bytes.
struct Sizes {
    std::int64_t memory_block;
    std::int64_t big_block;
};

/// Sizes for which the driver and QEMU have the numbers of a scope, if there are any.
std::optional<Sizes> sizes_of(const bbm::Scope& scope) {
    constexpr std::int64_t mib = 1 << 20;
    for (const std::int64_t memory_block : {128 * mib, 256 * mib, 512 * mib, 1024 * mib, 2048 * mib}) {
        const Sizes sizes{memory_block, memory_block * scope.memory_blocks};
        const bbm::Scope recorded = recorded_scope(scope.big_blocks, sizes.big_block, sizes.memory_block);
        // Beyond the device's last big block nothing is usable.
        const int beyond = scope.big_blocks - 1;
        if (recorded.offline_threshold() == scope.offline_threshold() &&
            std::min(recorded.usable_slack, beyond) == std::min(scope.usable_slack, beyond)) {
            return sizes;
        }
    }
    return std::nullopt;
}

/// Writes one run.
class Recorder {
 public:
    Recorder(const bbm::Bbm& model, const State& initial)
        : model_(model), config_(model.config()), sizes_(sizes_of(config_.scope).value_or(Sizes{1, 1})) {
        mark("bind virtio0 mode=bbm safe=" + std::string(config_.safe_unplug ? "1" : "0") +
             " bbs=" + std::to_string(sizes_.big_block) + " mbs=" + std::to_string(sizes_.memory_block));
        state_ = initial;
    }

    void step(const checker::RecordedStep& recorded) {
        std::vector<std::pair<Event, State>> shown;
        const auto observer = [&](const State& s, const Event& event) {
            if (probed(config_.release, event.kind)) shown.emplace_back(event, s);
        };
        checker::RecordingContext context(recorded.choices, observer);
        model_.step(state_, recorded.actor, context);
        if (recorded.actor == bbm::actor::host) {
            mark("host-size " + std::to_string(state_.device_requested * sizes_.big_block));
        }
        stale_ = stale_memmaps(stale_, context.step(), state_, config_.scope);
        for (const auto& [event, s] : shown) write(event, s);
        close_collapsed();
    }

    /// The end: the recorder goes on for a while after the last event, if nobody would have shown another one.
    std::string finish() {
        if (model_.at_rest(state_) && state_.config_interrupt == 0 && state_.timer == 0) {
            now_ += 1;
            mark("end");
        }
        return std::move(text_);
    }

 private:
    // A device far up in memory, and tasks that have addresses.
    static constexpr std::int64_t first_big_block = 20;
    static constexpr std::uint64_t mutex = 0xffff888001000000;
    static constexpr std::array<const char*, bbm::task::count> tasks{"<idle>-0", "kworker/0:1-7", "sh-100",
                                                                     "unbind-101"};
    static constexpr std::array<std::uint64_t, bbm::task::count> task_pointers{0, 0xffff888002000000,
                                                                               0xffff888002001000, 0xffff888002002000};

    [[nodiscard]] std::int64_t pages() const { return sizes_.memory_block / page_bytes; }
    [[nodiscard]] std::int64_t first_pfn(int memory_block) const {
        return first_big_block * sizes_.big_block / page_bytes + memory_block * pages();
    }

    void line(int task, std::string_view event, Json args, Json more = Json::object()) {
        Json object{{"seq", seq_++}, {"ts", now_},     {"task", tasks.at(static_cast<std::size_t>(task))},
                    {"cpu", 0},      {"event", event}, {"args", std::move(args)}};
        now_ += 0.00001;
        object.update(more);
        text_ += object.dump() + '\n';
    }
    void mark(const std::string& text) {
        close_collapsed();
        line(0, "mark", {{"text", text}});
    }

    void write(const Event& event, const State& s) {
        const std::string_view name = bbm::event_names[static_cast<std::size_t>(event.kind)];
        if (is_page_function(event.kind)) {
            if (!collapsed_.empty() && collapsed_block_ != event.block) close_collapsed();
            collapsed_task_ = event.task;
            collapsed_block_ = event.block;
            const std::int64_t first = first_pfn(event.block);
            collapsed_[std::string(name)] = {
                {"calls", 1}, {"pages", pages()}, {"first_pfn", first}, {"last_pfn", first + pages() - 1}};
            return;
        }
        close_collapsed();
        Json more = Json::object();
        if (Json state = changed(driver_state(s), seen_state_); !state.empty()) more["state"] = std::move(state);
        if (Json seen = page_looks(s); seen != seen_pages_) more["pages"] = seen_pages_ = std::move(seen);
        line(event.task, name, arguments(event), std::move(more));
    }

    static bool is_page_function(EventKind kind) { return kind >= EventKind::online_page_cb; }

    /// The recorder sums up calls of page functions.
    void close_collapsed() {
        if (collapsed_.empty()) return;
        line(collapsed_task_, "collapsed", std::exchange(collapsed_, Json::object()));
    }

    [[nodiscard]] Json arguments(const Event& event) const {
        Json args = Json::object();
        const auto value = recorded_value(event);
        switch (event.kind) {
            case EventKind::memory_notify:
            case EventKind::notifier_cb: {
                const auto action = static_cast<bbm::NotifierAction>(event.value);
                args["action"] = action_number(config_.release, action).value_or(-1);
                args["action_name"] = bbm::action_names[static_cast<std::size_t>(action)];
                break;
            }
            case EventKind::send_request:
                args["type"] = *value;
                if (event.block >= 0) args["raddr"] = (first_big_block + event.block) * sizes_.big_block;
                return args;
            case EventKind::handle_response:
                args["resp"] = *value;
                return args;
            case EventKind::bbset:
                return {{"old", event.other},
                        {"new", event.value},
                        {"idx", event.block},
                        {"old_name", bbm::big_block::names.at(static_cast<std::size_t>(event.other))},
                        {"new_name", bbm::big_block::names.at(static_cast<std::size_t>(event.value))}};
            case EventKind::bbm_plug_and_add_bb:
                return {{"bb", first_big_block + event.block}};
            case EventKind::mtxgot:
                return {{"owner", task_pointers.at(static_cast<std::size_t>(event.task))}};
            case EventKind::mtxtry:
            case EventKind::mtxunlock:
                return {{"lock", mutex}};
            default:
                if (value) args["ret"] = *value;
                break;
        }
        if (event.block < 0) return args;
        if (names_big_block(event.kind)) {
            args["addr"] = (first_big_block + event.block) * sizes_.big_block;
            args["size"] = sizes_.big_block;
        } else {
            args["pfn"] = first_pfn(event.block);
            args["nr"] = pages();
            args["pfn_mb"] = event.block;
        }
        return args;
    }

    [[nodiscard]] Json driver_state(const State& s) const {
        Json state;
        state["bb_states"] = Json::array();
        for (int i = 0; i < config_.scope.big_blocks; ++i) {
            state["bb_states"].push_back(int{s.bb[static_cast<std::size_t>(i)].state});
        }
        for (const auto& count : s.bb_count) state["bb_count"].push_back(int{count});
        state["next_bb"] = first_big_block + s.next_bb;
        state["plugged"] = s.plugged * sizes_.big_block;
        state["requested"] = s.requested * sizes_.big_block;
        state["offline_size"] = s.offline_size * sizes_.memory_block;
        state["hotplug_active"] = int{s.hotplug_active};
        state["config_changed"] = int{s.config_changed};
        state["wq_active"] = int{s.wq_active};
        state["mutex_owner"] = task_pointers.at(static_cast<std::size_t>(int{s.hotplug_mutex}));
        state["broken"] = s.broken == bbm::broken::no ? 0 : 1;
        state["removing"] = int{s.removing};
        constexpr std::array<const char*, bbm::zone::count> zones{"normal", "movable"};
        for (std::size_t z = 0; z < zones.size(); ++z) {
            std::int64_t present = 0;
            for (int i = 0; i < config_.scope.total_memory_blocks(); ++i) {
                const auto& block = s.mb[static_cast<std::size_t>(i)];
                if (block.online == 1 && block.zone == static_cast<int>(z)) present += pages();
            }
            state["managed_" + std::string(zones[z])] = in_real_pages(config_.scope, pages(), s.managed[z]);
            state["present_" + std::string(zones[z])] = present;
        }
        return state;
    }

    /// The members of `now` that are not the same in `before`, which becomes `now`.
    static Json changed(const Json& now, Json& before) {
        Json delta = Json::object();
        for (const auto& [key, value] : now.items()) {
            if (!before.contains(key) || before[key] != value) delta[key] = value;
        }
        before = now;
        return delta;
    }

    /// The recorder looks at the first four memory blocks.
    [[nodiscard]] Json page_looks(const State& s) const {
        Json looks = Json::array();
        const int per_block = config_.scope.pages_per_memory_block();
        for (int i = 0; i < std::min(4, config_.scope.total_memory_blocks()); ++i) {
            const auto first = static_cast<std::size_t>(i * per_block);
            const PagesSeen seen =
                look_of(config_.release, s.mb[static_cast<std::size_t>(i)], s.page[first],
                        s.page[first + static_cast<std::size_t>(per_block) - 1], (stale_ >> i & 1U) != 0);
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

    const bbm::Bbm& model_;
    const bbm::Config& config_;
    Sizes sizes_;
    State state_{};
    unsigned stale_ = 0;  ///< memory blocks whose memmap a failed onlining left, as bits
    std::string text_;
    std::int64_t seq_ = 0;
    double now_ = 0;  ///< seconds
    Json seen_state_ = Json::object();
    Json seen_pages_;
    Json collapsed_ = Json::object();
    int collapsed_task_ = 0;
    int collapsed_block_ = -1;
};

}  // namespace

std::optional<std::string> not_recordable(const bbm::Config& config) {
    const bbm::Scope& scope = config.scope;
    if (scope.sections != 1 || scope.page_blocks != 1 || scope.pages != 3) {
        return "a recording is of memory blocks of one section, one page block and three pages";
    }
    if (scope.contig_tries != 5) return "a recording is of five tries of alloc_contig_range()";
    if (!sizes_of(scope)) {
        return "no sizes of memory blocks give an offline threshold of " + std::to_string(scope.offline_threshold()) +
               " memory blocks and " + std::to_string(scope.usable_slack) + " usable big blocks beyond those requested";
    }
    if (!config.unplug_online) return "a recording does not tell that only offline memory is to be unplugged";
    if (config.mutant != bbm::Mutant::none) return "a recording is of a release, not of a mutant";
    if (!config.what_ifs.empty()) return "a recording is of a release as it is, not of a what-if";
    if (config.eject != bbm::Eject::off) return "ejecting the device is not looked for in recordings";
    const bbm::Faults usual;
    for (const bbm::FaultInfo& fault : bbm::fault_infos()) {
        if (config.faults.*fault.member && !(usual.*fault.member)) {
            return "runs with " + std::string(fault.name) + " are not looked for in recordings";
        }
    }
    return std::nullopt;
}

bbm::Config recordable_config(const bbm::Release& release, int big_blocks) {
    constexpr std::int64_t memory_block = 128 << 20;
    bbm::Config config;
    config.release = release;
    config.scope = recorded_scope(big_blocks, 2 * memory_block, memory_block);
    return config;
}

std::string recording_text(const bbm::Bbm& model, const State& initial,
                           const std::vector<checker::RecordedStep>& steps) {
    Recorder recorder(model, initial);
    for (const checker::RecordedStep& step : steps) recorder.step(step);
    return recorder.finish();
}

}  // namespace vmemcheck::conformance
