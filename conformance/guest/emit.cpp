// SPDX-License-Identifier: MIT
#include "conformance/guest/emit.hpp"

#include <algorithm>

#include "checker/context.hpp"
#include "conformance/guest/observe.hpp"
#include "conformance/guest/recorded_scope.hpp"
#include "conformance/guest/recording.hpp"
#include "conformance/guest/write.hpp"

namespace vmemcheck::conformance {

namespace {

using bbm::Event;
using bbm::EventKind;
using State = bbm::Bbm::State;

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
        : model_(model),
          config_(model.config()),
          sizes_(sizes_of(config_.scope).value_or(Sizes{1, 1})),
          writer_(
              {config_.release, config_.safe_unplug, sizes_.memory_block, sizes_.big_block, first_big_block, false}),
          state_(initial) {
        writer_.bind();
    }

    void step(const checker::RecordedStep& recorded) {
        std::vector<std::pair<Event, State>> shown;
        const auto observer = [&](const State& s, const Event& event) {
            if (probed(config_.release, event.kind)) shown.emplace_back(event, s);
        };
        checker::RecordingContext context(recorded.choices, observer);
        model_.step(state_, recorded.actor, context);
        if (recorded.actor == bbm::actor::host) {
            close_collapsed();
            writer_.mark("host-size " + std::to_string(state_.device_requested * sizes_.big_block));
        }
        for (const auto& [event, s] : shown) write(event, s);
        stale_ = stale_memmaps(stale_, context.step(), state_, config_.scope);
        close_collapsed();
    }

    /// The end: the recorder goes on for a while after the last event, if nobody would have shown another one.
    std::string finish() {
        if (model_.at_rest(state_) && state_.config_interrupt == 0 && state_.timer == 0) writer_.mark("end", 1);
        return writer_.take();
    }

 private:
    static constexpr std::int64_t first_big_block = 20;  ///< a device far up in memory

    [[nodiscard]] std::int64_t pages() const { return sizes_.memory_block / page_bytes; }

    void write(const Event& event, const State& s) {
        if (is_page_function(event.kind)) {
            if (collapsed_.collapsed() && collapsed_.block != event.block) close_collapsed();
            collapsed_.task = recorded_task(event.task);
            collapsed_.block = event.block;
            const auto same = std::find_if(collapsed_.calls.begin(), collapsed_.calls.end(),
                                           [&](const auto& call) { return call.first == event.kind; });
            if (same == collapsed_.calls.end()) collapsed_.calls.emplace_back(event.kind, pages());
            return;
        }
        close_collapsed();
        Seen seen;
        seen.kind = event.kind;
        seen.task = recorded_task(event.task);
        seen.block = event.block;
        const bool is_action = event.kind == EventKind::memory_notify || event.kind == EventKind::notifier_cb;
        seen.value = is_action ? event.value : recorded_value(event);
        if (event.kind == EventKind::bbset) seen.other = event.other;
        if (event.kind == EventKind::mtxgot) seen.mutex_holder = recorded_task_pointer(event.task);
        seen.driver = driver_state(s);
        seen.pages = page_looks(s);
        writer_.event(seen);
    }

    /// The recorder sums up calls of page functions.
    void close_collapsed() {
        if (!collapsed_.collapsed()) return;
        writer_.event(collapsed_);
        collapsed_ = Seen{};
    }

    [[nodiscard]] DriverSeen driver_state(const State& s) const {
        DriverSeen state;
        for (int i = 0; i < config_.scope.big_blocks; ++i)
            state.bb_states.push_back(int{s.bb[static_cast<std::size_t>(i)].state});
        for (const auto& count : s.bb_count) state.bb_count.push_back(int{count});
        state.next_bb = first_big_block + s.next_bb;
        state.plugged = s.plugged * sizes_.big_block;
        state.requested = s.requested * sizes_.big_block;
        state.offline_size = s.offline_size * sizes_.memory_block;
        state.hotplug_active = int{s.hotplug_active};
        state.config_changed = int{s.config_changed};
        state.wq_active = int{s.wq_active};
        state.mutex_owner = recorded_task_pointer(int{s.hotplug_mutex});
        state.broken = s.broken == bbm::broken::no ? 0 : 1;
        state.removing = int{s.removing};
        for (std::size_t z = 0; z < bbm::zone::count; ++z) {
            std::int64_t present = 0;
            for (int i = 0; i < config_.scope.total_memory_blocks(); ++i) {
                const auto& block = s.mb[static_cast<std::size_t>(i)];
                if (block.online == 1 && block.zone == static_cast<int>(z)) present += pages();
            }
            state.managed[z] = in_real_pages(config_.scope, pages(), s.managed[z]);
            state.present[z] = present;
        }
        return state;
    }

    [[nodiscard]] std::vector<PagesSeen> page_looks(const State& s) const {
        std::vector<PagesSeen> looks;
        const int per_block = config_.scope.pages_per_memory_block();
        for (int i = 0; i < std::min(recorded_blocks, config_.scope.total_memory_blocks()); ++i) {
            const auto first = static_cast<std::size_t>(i) * static_cast<std::size_t>(per_block);
            looks.push_back(look_of(config_.release, s.mb[static_cast<std::size_t>(i)], s.page[first],
                                    s.page[first + static_cast<std::size_t>(per_block) - 1], (stale_ >> i & 1U) != 0));
        }
        return looks;
    }

    const bbm::Bbm& model_;
    const bbm::Config& config_;
    Sizes sizes_;
    RecordingWriter writer_;
    State state_{};
    unsigned stale_ = 0;  ///< memory blocks whose memmap a failed onlining left, as bits
    Seen collapsed_;      ///< page functions that are not written yet
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
