// SPDX-License-Identifier: MIT
// Who can go on, and what that depends on: what an actor waits for it has read, or partial-order reduction would not
// know that the step which lets it go on is one to be tried before and after (checker/program_audit.hpp).
#include <algorithm>

#include "conformance/driver/machine.hpp"
#include "conformance/driver/objects.hpp"

namespace vmemcheck::conformance {

bool Machine::enabled(int id) const {
    const World& w = *world_;
    const Task& task = w.task[static_cast<std::size_t>(id)];
    if (task.running == 0) return false;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of the driver's
    const auto* const mutex = reinterpret_cast<const shim_mutex*>(task.object);
    switch (task.op) {
        case Op::lock:
        case Op::spin_lock:
            return mutex->owner == 0;
        case Op::hotplug_lock:
            return w.device_hotplug_lock == 0;
        case Op::mem_hotplug_lock:
            return w.mem_hotplug_lock == 0;
        case Op::wait_response:
            // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of the driver's
            return reinterpret_cast<const shim_waitqueue*>(task.object)->wakeups != task.seen;
        case Op::cancel_work:
            return w.task[driver_actor::worker].running == 0;
        case Op::flush_work:
            return w.task[driver_actor::worker].running == 0 && w.work == nullptr;
        case Op::cancel_timer:
            return w.task[driver_actor::timer].running == 0;
        case Op::synchronize_rcu:
            return std::none_of(w.task.begin(), w.task.end(), [](const Task& t) { return t.rcu != 0; });
        case Op::unregister:
            return w.chain_readers == 0;
        case Op::free_irq:
            return w.task[driver_actor::config_irq].running == 0 && w.task[driver_actor::vq_irq].running == 0;
        case Op::config_disable:
            return w.task[driver_actor::config_irq].running == 0;
        default:
            return true;
    }
}

unsigned Machine::answers_now(int id) const {
    if (!enabled(id)) return 0;
    const Task& task = world_->task[static_cast<std::size_t>(id)];
    return world_->faults_left > 0 ? task.answers : 1;
}

unsigned Machine::begin_answers(int id) const {
    const World& w = *world_;
    if (w.task[static_cast<std::size_t>(id)].running != 0) return 0;
    switch (id) {
        case driver_actor::worker:
            return w.work != nullptr ? 1 : 0;
        case driver_actor::config_irq:
            return w.config_pending != 0 && w.ready != 0 && w.removal_begun == 0 ? 1 : 0;
        case driver_actor::vq_irq:
            return w.request_pending != 0 ? (w.faults_left > 0 ? device_answers() : 1) : 0;
        case driver_actor::timer:
            return w.armed != nullptr ? 1 : 0;
        case driver_actor::admin:
            return w.removals_left > 0 && w.bound != 0 ? 1 : 0;
        default:
            return 0;
    }
}

void Machine::touch_running(int task) { touch(running_object + static_cast<unsigned>(task), false); }

void Machine::touch_awaited(int id) {
    const Task& task = world_->task[static_cast<std::size_t>(id)];
    if (task.answers > 1) touch(faults_object, false);
    switch (task.op) {
        case Op::lock:
        case Op::spin_lock:
        case Op::wait_response:
            // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of the driver's
            return touch(reinterpret_cast<const void*>(task.object), false);
        case Op::hotplug_lock:
            return touch(&world_->device_hotplug_lock, false);
        case Op::mem_hotplug_lock:
            return touch(&world_->mem_hotplug_lock, false);
        case Op::cancel_work:
            return touch_running(driver_actor::worker);
        case Op::flush_work:
            touch(work_object, false);
            return touch_running(driver_actor::worker);
        case Op::cancel_timer:
            return touch_running(driver_actor::timer);
        case Op::synchronize_rcu:
            return touch(rcu_object, false);
        case Op::unregister:
            return touch(&world_->chain_readers, false);
        case Op::free_irq:
            touch_running(driver_actor::vq_irq);
            return touch_running(driver_actor::config_irq);
        case Op::config_disable:
            return touch_running(driver_actor::config_irq);
        default:
            return;
    }
}

void Machine::touch_beginning(int id) {
    touch(faults_object, false);
    switch (id) {
        case driver_actor::worker:
            return touch(work_object, false);
        case driver_actor::config_irq:
        case driver_actor::vq_irq:
        case driver_actor::admin:
            return touch(device_object, false);
        case driver_actor::timer:
            return touch(timer_object, false);
        default:
            touch(&world_->device_hotplug_lock, false);
            return touch_idleness();
    }
}

void Machine::touch_idleness() {
    for (int task = 0; task < driver_actor::tasks; ++task) touch_running(task);
    for (const std::uint64_t object : {work_object, timer_object, device_object}) touch(object, false);
    touch_memory();
}

void Machine::touch_memory() {
    for (int i = 0; i < setup_.total_pages(); ++i) {
        touch(page_object + static_cast<unsigned>(i), false);
        touch(page_block_object + static_cast<unsigned>(i / pages_per_page_block()), false);
        touch(block_object + static_cast<unsigned>(block_of_page(i)), false);
    }
    touch(&world_->pcp_disabled, false);
}

void Machine::spend_fault() {
    world_->faults_left--;
    touch(faults_object, true);
}

}  // namespace vmemcheck::conformance
