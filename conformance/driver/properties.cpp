// SPDX-License-Identifier: MIT
#include "conformance/driver/properties.hpp"

#include <array>

namespace vmemcheck::conformance {

std::span<const DriverProperty> driver_properties() {
    static constexpr std::array<DriverProperty, 22> list{{
        {"no-oops", false,
         "the driver touches only memory that is its own or its device's, and does not loop without a scheduling point",
         "every load and store of the driver"},
        {"no-use-after-free", false, "no object is used, called, locked or freed once it was freed",
         "kfree(), virtio_mem_remove()"},
        {"no-leak", false, "once the driver is gone and none of its memory is added, all that it allocated is freed",
         "virtio_mem_remove()"},
        {"no-warn", false, "no WARN or BUG is reached, in the driver or in core MM's checks of a page that is freed",
         "WARN_ON(), BUG_ON(), bad_page()"},
        {"lock-discipline", false,
         "no deadlock, no unlock by a task that does not hold the lock, no sleeping in atomic context, hotplug_mutex "
         "free around add, offline and remove, and every lock released at the end of a task",
         "comments at virtio_mem_add_memory() and virtio_mem_memory_notifier_cb()"},
        {"refcount-released-on-offline", false,
         "a memory block goes offline with refcount 0 on each fake-offline page, dropped once",
         "virtio_mem_fake_offline_going_offline(), __offline_isolated_pages()"},
        {"refcount-restored-on-cancel", false,
         "while nobody holds hotplug_mutex each fake-offline page has exactly the driver's reference",
         "virtio_mem_fake_offline_cancel_offline()"},
        {"rollback-restores-added", false,
         "after a failed unplug attempt the big block is ADDED, and no online page of it is the driver's",
         "virtio_mem_bbm_offline_remove_and_unplug_bb(), offline_and_remove_memory()"},
        {"keep-fake-offline", false, "memory onlined while its big block is FAKE_OFFLINE reaches no user",
         "virtio_mem_online_page()"},
        {"never-touch-unplugged", false,
         "no page is in the buddy or in use while the device has it unplugged; UNPLUG is sent for no memory that Linux "
         "still uses",
         "virtio 1.3, memory device, DR-O6"},
        {"allocated-after-online", false, "no page is handed out before its memory block has been onlined",
         "online_pages(), undo_isolate_page_range(); b30c59279d68"},
        {"legal-transitions", false, "block states move as the driver's comments allow, and say at rest what is so",
         "virtio_mem_bbm_set_bb_state()"},
        {"counts-consistent", false, "at rest the counts of states agree with the states",
         "virtio_mem_bbm_set_bb_state(), virtio_mem_sbm_set_mb_state()"},
        {"managed-count-conserved", false, "at rest the managed pages of a zone are those with the buddy or a user",
         "adjust_managed_page_count()"},
        {"offline-size-exact", false, "at rest offline_size is the size of the memory blocks added and offline",
         "virtio_mem_memory_notifier_cb()"},
        {"plugged-size-exact", false, "at rest plugged_size is what the device has plugged",
         "virtio_mem_send_plug_request()"},
        {"requests-keep-rules", false,
         "no request that the device must answer with ERROR; one at a time, while the "
         "device is ready",
         "virtio 1.3, DV-P3, DV-P4, DV-U3, DV-U4"},
        {"not-broken", false, "a recoverable failure (a veto, -EINTR, no memory) never marks the device broken",
         "virtio_mem_run_wq(); ddf409851461"},
        {"offlining-ends", true, "every offlining ends", "offline_pages()"},
        {"target-reached", true, "once requests, faults and pins stop, the device gets to the requested size",
         "virtio_mem_run_wq(), virtio_mem_memory_notifier_cb()"},
        {"backs-off", true, "a failing attempt waits for its timer or an event: no busy loop", "virtio_mem_run_wq()"},
        {"removal-ends", true, "unbinding the driver ends", "virtio_mem_remove()"},
    }};
    return list;
}

}  // namespace vmemcheck::conformance
