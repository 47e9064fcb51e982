// SPDX-License-Identifier: MIT
// What each task does.
#include <algorithm>

#include "conformance/driver/machine.hpp"
#include "conformance/driver/objects.hpp"

namespace vmemcheck::conformance {

using bbm::EventKind;

void Machine::task_body(int task) {
    current_ = task;
    Task& me = self();
    const unsigned answer = me.begun_as;
    me.op = Op::none;
    switch (task) {
        case driver_actor::worker:
            run_worker();
            break;
        case driver_actor::config_irq:
            run_config_interrupt();
            break;
        case driver_actor::vq_irq:
            run_vq_interrupt(answer);
            break;
        case driver_actor::timer:
            run_timer();
            break;
        case driver_actor::user:
            run_user(answer);
            break;
        default:
            run_admin(answer);
            break;
    }
    site_ = nullptr;
    check_locks_released();
    touch(running_object + static_cast<unsigned>(task), true);
    touch_beginning(task);
    me = Task{};
    me.answers = 1;
    me.block = -1;
}

/// process_one_work(): the work may be queued again from here on, and is then run again.
void Machine::run_worker() {
    shim_work* const work = world_->work;
    check_live(work, "the work of a freed device is run", sizeof(*work));
    touch(work_object, true);
    work->pending = 0;
    world_->work = nullptr;
    work->func(work);
}

/// virtio_config_changed()
void Machine::run_config_interrupt() {
    world_->config_pending = 0;
    touch(device_object, true);
    driver_.config_changed(&world_->vdev);
}

/// The device answers the request, and vring_interrupt() calls the queue's callback.
void Machine::run_vq_interrupt(unsigned answer) {
    device_answers_request(answer);
    world_->vq.callback(&world_->vq);
}

void Machine::run_timer() {
    shim_hrtimer* const timer = world_->armed;
    check_live(timer, "the timer of a freed device expires", sizeof(*timer));
    touch(timer_object, true);
    timer->armed = 0;
    world_->armed = nullptr;
    if (timer->function(timer) == 0) return;
    // HRTIMER_RESTART, __run_hrtimer()
    check_live(timer, "the timer of a freed device is started again", sizeof(*timer));
    timer->armed = 1;
    world_->armed = timer;
}

/// A write to memoryX/state: lock_device_hotplug_sysfs(), then device_online() or device_offline().
void Machine::run_user(unsigned answer) {
    show(EventKind::dev_hotplug_lock_sysfs);
    show(EventKind::dev_hotplug_lock_sysfs_ret, -1, 0);
    touch(&world_->device_hotplug_lock, true);
    world_->device_hotplug_lock = static_cast<std::uint8_t>(current_ + 1);
    const int block = static_cast<int>(answer / 3);
    if (answer % 3 == 0) {
        device_offline(block);
    } else {
        device_online(block, answer % 3 == 1 ? SHIM_ZONE_NORMAL : SHIM_ZONE_MOVABLE);
    }
    unlock_device_hotplug();
}

/// virtio_dev_probe() and virtio_dev_remove().
void Machine::run_admin(unsigned answer) {
    static_cast<void>(answer);
    World& w = *world_;
    if (binding_) {
        if (driver_.probe(&w.vdev) == 0) w.bound = w.observable = 1;
        return;
    }
    // virtio_config_disable(), under config_lock: from here on a config change is remembered, and never told.
    point(Op::config_disable);
    w.removal_begun = 1;
    w.bound = 0;
    touch(device_object, true);
    driver_.remove(&w.vdev);
    site_ = nullptr;
    if (w.notifier != nullptr || w.online_page_callback != nullptr) {
        violation("no-use-after-free", "the driver is gone, and its callbacks are still registered");
    }
    check_nothing_left();
    w.observable = 0;
}

}  // namespace vmemcheck::conformance
