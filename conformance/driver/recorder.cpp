// SPDX-License-Identifier: MIT
#include "conformance/driver/recorder.hpp"

#include <algorithm>
#include <cstdlib>

#include "conformance/guest/observe.hpp"
#include "conformance/guest/recorded_scope.hpp"
#include "conformance/guest/write.hpp"

namespace vmemcheck::conformance {

using bbm::EventKind;

namespace {

/// Tasks of the machine as tasks of the model.
int model_task(int task) {
    switch (task) {
        case driver_actor::worker:
            return bbm::task::worker;
        case driver_actor::user:
            return bbm::task::user;
        case driver_actor::admin:
            return bbm::task::remover;
        default:
            return bbm::task::none;
    }
}

bool names_action(EventKind kind) { return kind == EventKind::memory_notify || kind == EventKind::notifier_cb; }

}  // namespace

std::optional<std::string> not_in_model(const DriverSetup& setup) {
    if (setup.mode != DriverMode::bbm) return "the model is of Big Block Mode";
    if (setup.page_blocks != 1) return "a run is held against a model of one page block a memory block";
    if (setup.prepare_vetoes) return "the model has no veto of MEM_PREPARE_ONLINE";
    const auto scope = recorded_scope(setup.big_blocks, static_cast<std::int64_t>(setup.big_block_bytes()),
                                      static_cast<std::int64_t>(setup.memory_block_bytes()));
    return bbm::problem(scope);
}

std::optional<std::string> not_recordable(const DriverSetup& setup) {
    if (auto what = not_in_model(setup)) return what;
    if (!setup.unplug_online) return "a recording does not tell that only offline memory is to be unplugged";
    const bbm::Faults usual;
    for (const bbm::FaultInfo& fault : bbm::fault_infos()) {
        if (setup.kinds.*fault.member && !(usual.*fault.member))
            return "runs with " + std::string(fault.name) + " are not looked for in recordings";
    }
    return std::nullopt;
}

void RunRecorder::clear() {
    events_.clear();
    outside_.clear();
    holder_ = 0;
}

std::int64_t RunRecorder::first_big_block() const {
    shim_observed seen{};
    return machine_.observe(seen) ? static_cast<std::int64_t>(seen.first_id) : 0;
}

std::int64_t RunRecorder::real_pages(std::int64_t pages) const {
    return pages * static_cast<std::int64_t>(machine_.setup().page_bytes()) / page_bytes;
}

std::optional<Seen> seen_of(const bbm::Release& release, const DriverEvent& event) {
    if (!probed(release, event.kind)) return std::nullopt;
    const int task = model_task(event.task);
    Seen seen;
    seen.kind = event.kind;
    seen.name = bbm::event_names[static_cast<std::size_t>(event.kind)];
    seen.task = recorded_task(task);
    seen.kworker = task == bbm::task::worker;
    seen.block = event.block;
    if (names_action(event.kind) || recorded_value(bbm::Event{event.kind, 0, 0, 0, 0})) seen.value = event.value;
    if (event.kind == EventKind::bbset) seen.other = event.other;
    return seen;
}

void RunRecorder::event(const DriverEvent& event) {
    std::optional<Seen> found = seen_of(machine_.setup().release, event);
    if (!found) return;
    if (is_page_function(event.kind)) return page_function(event);
    Seen& seen = *found;
    if (event.kind == EventKind::mtxgot) holder_ = recorded_task_pointer(model_task(event.task));
    seen.mutex_holder = holder_;
    // A store to a big block's state is seen after it was made, and the recorder looks before.
    if (event.kind != EventKind::bbset) look(seen);
    events_.push_back(std::move(seen));
}

/// What a task does to the pages of a memory block, between two other events of its own, is summed up; it stands where
/// its last piece does.
void RunRecorder::page_function(const DriverEvent& event) {
    const int task = model_task(event.task);
    const std::string_view name = recorded_task(task);
    Seen seen;
    const auto last = std::find_if(events_.rbegin(), events_.rend(), [&](const Seen& s) {
        return s.task == name && s.kind != EventKind::config_changed;
    });
    if (last != events_.rend() && last->collapsed() && last->block == event.block) {
        const auto at = static_cast<std::size_t>(events_.rend() - last) - 1;
        seen = std::move(*last);
        events_.erase(events_.begin() + static_cast<std::ptrdiff_t>(at));
        for (OutsideAct& act : outside_) act.event -= act.event > at ? 1 : 0;
    } else {
        seen.task = name;
        seen.kworker = task == bbm::task::worker;
        seen.block = event.block;
        seen.kind = event.kind;
        seen.mutex_holder = holder_;
    }
    // A guest's recorder counts the pages of a call, whether they are added or subtracted.
    const std::int64_t pages = real_pages(std::abs(event.value));
    const auto same =
        std::find_if(seen.calls.begin(), seen.calls.end(), [&](const auto& call) { return call.first == event.kind; });
    if (same != seen.calls.end()) {
        same->second += pages;
    } else {
        seen.calls.emplace_back(event.kind, pages);
    }
    events_.push_back(std::move(seen));
}

void RunRecorder::resized(std::uint64_t bytes) {
    outside_.push_back({events_.size(), static_cast<std::int64_t>(bytes), 0, 0});
}

void RunRecorder::page_used(int block, unsigned action) {
    outside_.push_back({events_.size(), -1, block, static_cast<int>(action)});
}

void RunRecorder::look(Seen& seen) {
    shim_observed observed{};
    if (!machine_.observe(observed)) return;
    // virtio_mem_remove() has freed the states: what is left of the driver's says nothing any more.
    if (observed.states == nullptr && observed.next_id != observed.first_id) return;
    seen.driver = driver_state();
    seen.pages = page_looks();
}

DriverSeen RunRecorder::driver_state() const {
    const DriverSetup& setup = machine_.setup();
    const World& world = machine_.world();
    shim_observed seen{};
    static_cast<void>(machine_.observe(seen));
    DriverSeen state;
    const std::uint64_t known = seen.states != nullptr ? seen.next_id - seen.first_id : 0;
    for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(setup.big_blocks); ++i)
        state.bb_states.push_back(i < known ? seen.states[i] : 0);
    for (std::size_t i = 0; i < bbm::big_block::count; ++i)
        state.bb_count.push_back(static_cast<std::int64_t>(seen.counts[i]));
    state.next_bb = static_cast<std::int64_t>(seen.next_id);
    state.plugged = static_cast<std::int64_t>(seen.plugged_size);
    state.requested = static_cast<std::int64_t>(seen.requested_size);
    state.offline_size = static_cast<std::int64_t>(seen.offline_size);
    state.hotplug_active = seen.hotplug_active;
    state.config_changed = seen.config_changed;
    state.wq_active = seen.wq_active;
    const unsigned owner = seen.hotplug_mutex->owner;
    state.mutex_owner = owner == 0 ? 0 : recorded_task_pointer(model_task(static_cast<int>(owner) - 1));
    state.broken = seen.broken;
    state.removing = seen.removing;
    for (std::size_t z = 0; z < state.managed.size(); ++z) {
        state.managed[z] = real_pages(world.managed[z]);
        state.present[z] = real_pages(world.present[z]);
    }
    return state;
}

std::vector<PagesSeen> RunRecorder::page_looks() const {
    const DriverSetup& setup = machine_.setup();
    const World& world = machine_.world();
    const PageLook& look = page_look(setup.release);
    std::vector<PagesSeen> looks;
    for (int b = 0; b < std::min(recorded_blocks, setup.total_memory_blocks()); ++b) {
        PagesSeen seen;
        if (world.block[static_cast<std::size_t>(b)].state != BlockState::absent) {
            const page& first = world.memmap[static_cast<std::size_t>(b) * static_cast<std::size_t>(setup.pages)];
            const page& last = world.memmap[static_cast<std::size_t>((b + 1) * setup.pages - 1)];
            seen.memmap = true;
            seen.ref_first = first.refcount;
            seen.ref_last = last.refcount;
            seen.type = first.type == SHIM_PAGE_BUDDY     ? look.buddy
                        : first.type == SHIM_PAGE_OFFLINE ? look.offline
                                                          : look.plain;
            seen.flags = first.dirty != 0 ? look.dirty : 0;
        }
        looks.push_back(seen);
    }
    return looks;
}

Recording RunRecorder::recording() const {
    const DriverSetup& setup = machine_.setup();
    const World& world = machine_.world();
    Recording recording;
    recording.file = "a run of the driver";
    recording.events = events_;
    for (std::size_t i = 0; i < events_.size(); ++i) {
        recording.events[i].seq = static_cast<std::int64_t>(i);
        recording.events[i].line = i + 1;
    }
    recording.big_block_bytes = static_cast<std::int64_t>(setup.big_block_bytes());
    recording.memory_block_bytes = static_cast<std::int64_t>(setup.memory_block_bytes());
    recording.pages_per_memory_block = recording.memory_block_bytes / page_bytes;
    recording.first_big_block = first_big_block();
    for (const Seen& seen : events_) {
        if (!seen.driver) continue;
        recording.initially_plugged = seen.driver->plugged.value_or(0);
        // The device may be gone by now; its first event tells where it was.
        recording.first_big_block = seen.driver->next_bb.value_or(0);
        break;
    }
    bbm::Config& config = recording.config;
    config.release = setup.release;
    config.scope = recorded_scope(setup.big_blocks, recording.big_block_bytes, recording.memory_block_bytes);
    config.faults = setup.kinds;
    config.safe_unplug = setup.safe_unplug;
    config.unplug_online = setup.unplug_online;
    config.auto_online = setup.auto_online == bbm::AutoOnline::any ? bbm::AutoOnline::movable : setup.auto_online;
    recording.outside = outside_;
    const bool nobody =
        std::none_of(world.task.begin(), world.task.end(), [](const Task& task) { return task.running != 0; });
    recording.quiet_at_end = machine_.alternatives().empty() &&
                             machine_.end().kind == checker::ProgramEnd::Kind::finished && nobody &&
                             world.work == nullptr && world.armed == nullptr;
    return recording;
}

std::string RunRecorder::text() const {
    const Recording recording = this->recording();
    RecordingWriter writer({recording.config.release, recording.config.safe_unplug, recording.memory_block_bytes,
                            recording.big_block_bytes, recording.first_big_block, true});
    writer.bind();
    auto act = outside_.begin();
    const auto marks_before = [&](std::size_t event) {
        for (; act != outside_.end() && act->event <= event; ++act) writer.outside(*act);
    };
    for (std::size_t i = 0; i < recording.events.size(); ++i) {
        marks_before(i);
        writer.event(recording.events[i]);
    }
    marks_before(recording.events.size());
    if (recording.quiet_at_end) writer.mark("end", 1);
    return writer.take();
}

std::optional<std::string> record_run(Machine& machine, const checker::Choices& schedule, RunRecorder& recorder) {
    recorder.clear();
    machine.record(&recorder);
    const checker::Replayed run = checker::replay_strictly(machine, schedule);
    machine.record(nullptr);
    if (run.missing_at) return run.error;
    return std::nullopt;
}

std::optional<std::string> recording_text(Machine& machine, const checker::Choices& schedule) {
    RunRecorder recorder(machine);
    if (record_run(machine, schedule, recorder)) return std::nullopt;
    return recorder.text();
}

}  // namespace vmemcheck::conformance
