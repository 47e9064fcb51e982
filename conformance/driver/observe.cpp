// SPDX-License-Identifier: MIT
// What an observer sees of a run: events, the kernel's log, and the words for points of choice.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "conformance/driver/machine.hpp"

namespace vmemcheck::conformance {

using bbm::EventKind;

namespace {

/// A function of the driver that the recorder of a guest has a probe at.
struct Probe {
    std::string_view function;
    EventKind enters;
    EventKind returns;  ///< count: no probe
    /// Which argument tells the block, counted from 0: an address, a page frame, a big block; -1: none.
    int argument = -1;
    enum class Tells : std::uint8_t { nothing, address, frame, big_block, notification } tells = Tells::nothing;
};
constexpr std::array<Probe, 12> probes{{
    {"virtio_mem_run_wq", EventKind::run_wq, EventKind::run_wq_ret},
    {"virtio_mem_config_changed", EventKind::config_changed, EventKind::count},
    {"virtio_mem_bbm_plug_and_add_bb", EventKind::bbm_plug_and_add_bb, EventKind::bbm_plug_and_add_bb_ret, 1,
     Probe::Tells::big_block},
    {"virtio_mem_send_plug_request", EventKind::send_plug, EventKind::send_plug_ret, 1, Probe::Tells::address},
    {"virtio_mem_send_unplug_request", EventKind::send_unplug, EventKind::send_unplug_ret, 1, Probe::Tells::address},
    {"virtio_mem_add_memory", EventKind::add_memory, EventKind::add_memory_ret, 1, Probe::Tells::address},
    {"virtio_mem_fake_offline", EventKind::fake_offline, EventKind::fake_offline_ret, 1, Probe::Tells::frame},
    {"virtio_mem_fake_online", EventKind::fake_online, EventKind::fake_online_ret, 0, Probe::Tells::frame},
    {"virtio_mem_fake_offline_going_offline", EventKind::fake_offline_going_offline,
     EventKind::fake_offline_going_offline_ret, 0, Probe::Tells::frame},
    {"virtio_mem_fake_offline_cancel_offline", EventKind::fake_offline_cancel_offline,
     EventKind::fake_offline_cancel_offline_ret, 0, Probe::Tells::frame},
    {"virtio_mem_offline_and_remove_memory", EventKind::vm_offline_and_remove, EventKind::vm_offline_and_remove_ret, 1,
     Probe::Tells::address},
    {"virtio_mem_memory_notifier_cb", EventKind::notifier_cb, EventKind::notifier_cb_ret, 1,
     Probe::Tells::notification},
}};

constexpr Probe request_probe{"virtio_mem_send_request", EventKind::count, EventKind::send_request_ret};

const Probe* probe_of(std::string_view function) {
    const auto* const found =
        std::find_if(probes.begin(), probes.end(), [&](const Probe& p) { return p.function == function; });
    if (found != probes.end()) return found;
    return function == request_probe.function ? &request_probe : nullptr;
}

struct OpText {
    Op op;
    const char* text;
};
constexpr std::array<OpText, 41> op_texts{{
    {Op::begin, "begins"},
    {Op::enter, "enters "},
    {Op::lock, "mutex_lock"},
    {Op::unlock, "mutex_unlock"},
    {Op::spin_lock, "spin_lock"},
    {Op::hotplug_lock, "lock_device_hotplug"},
    {Op::hotplug_unlock, "unlock_device_hotplug"},
    {Op::mem_hotplug_lock, "mem_hotplug_begin"},
    {Op::atomic_read, "atomic read"},
    {Op::atomic_write, "atomic write"},
    {Op::cond_resched, "cond_resched"},
    {Op::rcu, "rcu_read_lock"},
    {Op::page_offline, "page_offline_begin/end"},
    {Op::send_request, "sends a request"},
    {Op::wait_response, "wait_event(host_resp)"},
    {Op::queue_work, "queue_work"},
    {Op::grab_work, "cancel_work_sync"},
    {Op::cancel_work, "cancel_work_sync, until its function has returned"},
    {Op::flush_work, "flush_work"},
    {Op::free_irq, "del_vqs: free_irq"},
    {Op::config_disable, "virtio_config_disable"},
    {Op::cancel_timer, "hrtimer_cancel"},
    {Op::synchronize_rcu, "synchronize_rcu"},
    {Op::unregister, "unregister_memory_notifier"},
    {Op::allocate, "allocates memory"},
    {Op::add_memory, "add_memory_resource"},
    {Op::remove_memory, "try_remove_memory"},
    {Op::online, "device_online"},
    {Op::offline, "device_offline"},
    {Op::notify, "memory_notify"},
    {Op::notify_after, "memory_notify, after the driver"},
    {Op::callback, "the driver's callback returns"},
    {Op::isolate, "isolates a page block"},
    {Op::undo_isolation, "undoes the isolation of a page block"},
    {Op::migrate, "migrates pages"},
    {Op::test_isolated, "test_pages_isolated"},
    {Op::grab, "isolate_freepages_range"},
    {Op::scan, "offline_pages: scan_movable_pages"},
    {Op::offline_done, "offline_pages: pages go offline"},
    {Op::online_pages, "online_pages_range"},
    {Op::read_block, "pfn_to_online_page"},
}};

constexpr std::array<const char*, 5> veto_texts{"", "refuses with -EBUSY", "refuses with NOTIFY_BAD",
                                                "refuses with -ENOMEM", "refuses with -EAGAIN"};

}  // namespace

std::string Machine::op_text(const Task& task, unsigned answer) const {
    const auto* const found =
        std::find_if(op_texts.begin(), op_texts.end(), [&](const OpText& t) { return t.op == task.op; });
    std::string text = found != op_texts.end() ? found->text
                       : task.op == Op::sleep  ? "sleeps"
                                               : "reads the configuration";
    if (task.op == Op::enter) {
        // NOLINTNEXTLINE(performance-no-int-to-ptr): the function that is entered
        text += std::string(plugin_.function_at(reinterpret_cast<const void*>(task.object))) + "()";
    }
    if (task.block >= 0) text += " (memory block " + std::to_string(task.block) + ")";
    shim_observed seen{};
    if ((task.op == Op::lock || task.op == Op::unlock) && observe(seen)) {
        text += reinterpret_cast<std::uintptr_t>(seen.hotplug_mutex) == task.object ? "(hotplug_mutex)"
                                                                                    : "(virtio_mem_mutex)";
    }
    if (answer == 0) return text;
    switch (task.op) {
        case Op::notify:
            if (!setup_.kinds.veto || answer >= veto_texts.size())
                return text + ": a callback before the driver's stops the chain";
            return text + ": a callback before the driver's " + veto_texts.at(answer);
        case Op::notify_after:
            return text + ": a callback " + veto_texts.at(answer % veto_texts.size());
        case Op::scan:
            return text + ": a signal is pending, -EINTR";
        case Op::add_memory:
            return text + (answer == 1 ? " fails: -ENOMEM" : " fails: -EEXIST");
        default:
            return text + " fails: -ENOMEM";
    }
}

std::string Machine::describe(const checker::Alternative& alternative) const {
    const int actor = alternative.actor;
    if (actor >= driver_actor::tasks) return surroundings_text(actor, alternative.answer);
    const Task& task = world_->task[static_cast<std::size_t>(actor)];
    if (task.running != 0) return op_text(task, alternative.answer);
    switch (actor) {
        case driver_actor::worker:
            return "virtio_mem_run_wq() begins";
        case driver_actor::config_irq:
            return "config change interrupt";
        case driver_actor::vq_irq: {
            constexpr std::array<const char*, 4> answers{"by the rules", "BUSY", "ERROR", "NACK"};
            return std::string("answers the request: ") + answers.at(alternative.answer % answers.size());
        }
        case driver_actor::timer:
            return "the retry timer expires";
        case driver_actor::user:
            return surroundings_text(actor, alternative.answer);
        default:
            return "unbinds the driver: virtio_mem_remove()";
    }
}

bool Machine::fault_allowed(int task, unsigned answer) const {
    const Task& t = world_->task[static_cast<std::size_t>(task)];
    // -ENOMEM of add_memory() may be off while -EEXIST is on.
    return t.op != Op::add_memory || answer != 1 || setup_.kinds.allocation;
}

void Machine::show(EventKind kind, int block, std::int64_t value, std::int64_t other) {
    if (observer_ == nullptr || binding_) return;
    if (!flushing_ && kind != EventKind::bbset) {
        flushing_ = true;
        watch_states();
        flushing_ = false;
    }
    observer_->event({kind, std::max(current_, 0), block, value, other});
}

void Machine::print(const char* text) {
    if (observer_ != nullptr) observer_->printed(text);
}

void Machine::warn(const char* condition, const char* function, int line) {
    const bool foreign = world_->foreign_error != 0 && current_ == driver_actor::worker && !setup_.strict_warnings;
    print(condition);
    if (foreign) return;
    bug(condition, function, line);
}

void Machine::bug(const char* condition, const char* function, int line) {
    violation("no-warn", text_ = std::string("WARN or BUG in ") + function + "(), line " + std::to_string(line) + ": " +
                                 condition);
}

void Machine::enter(void* function, const unsigned long* registers, void** return_address) {
    // The kernel's stack has 16 KiB. Some of what is on this one is the machine's.
    constexpr std::size_t most = std::size_t{32} * 1024;
    if (current_ >= 0 && fibers_.room_below(current_, return_address) + most < Fibers::stack_bytes)
        oops("the stack overflows: a recursion without end", nullptr);
    if (current_ < 0 || binding_ || (observer_ == nullptr && !setup_.entry_points)) return;
    const Probe* const probe = probe_of(plugin_.function_at(function));
    if (probe == nullptr) return;
    if (setup_.entry_points && probe->enters != EventKind::count)
        point(Op::enter, reinterpret_cast<std::uintptr_t>(function));
    if (observer_ == nullptr) return;
    int block = -1;
    std::int64_t value = 0;
    if (probe->argument >= 0) {
        const unsigned long argument = registers[probe->argument];
        shim_observed seen{};
        switch (probe->tells) {
            case Probe::Tells::address:
                block = big_block_of(block_of_address(argument));
                break;
            case Probe::Tells::frame:
                block = block_of_page(static_cast<int>(argument - first_pfn()));
                break;
            case Probe::Tells::big_block:
                if (observe(seen)) block = static_cast<int>(argument - seen.first_id);
                break;
            default: {
                shim_memory_notify notified{};
                // NOLINTNEXTLINE(performance-no-int-to-ptr): what a register held
                std::memcpy(&notified, reinterpret_cast<const void*>(registers[2]), sizeof(notified));
                block = block_of_page(static_cast<int>(notified.start_pfn - first_pfn()));
                for (int action = 0; action <= static_cast<int>(bbm::NotifierAction::finish_offline); ++action) {
                    if (notifier_number(static_cast<bbm::NotifierAction>(action)) == static_cast<int>(argument))
                        value = action;
                }
                break;
            }
        }
    }
    if (probe->enters != EventKind::count) show(probe->enters, block, value);
    if (probe->returns == EventKind::count) return;
    frames_[static_cast<std::size_t>(current_)].push_back({*return_address, probe->returns});
    *return_address = plugin_.functions().trampoline;
}

void* Machine::leave(unsigned long result) {
    auto& frames = frames_[static_cast<std::size_t>(current_)];
    const Frame frame = frames.back();
    frames.pop_back();
    show(frame.returns, -1, static_cast<std::int32_t>(result));
    return frame.return_address;
}

bool Machine::on_other_stack(const void* address) const {
    for (int task = 0; task < driver_actor::tasks; ++task) {
        if (fibers_.on_stack(task, address)) return true;
    }
    return false;
}

}  // namespace vmemcheck::conformance
