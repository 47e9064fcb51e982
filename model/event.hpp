// SPDX-License-Identifier: MIT
/// \file
/// What an observer of the real system would see: the vocabulary of the recordings (docs/traces.md).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace vmemcheck::bbm {

/// One kind of observation. Those with a twin "..._ret" are the entry of a function.
enum class EventKind : std::uint8_t {
    run_wq,
    run_wq_ret,
    config_changed,
    bbm_plug_and_add_bb,
    bbm_plug_and_add_bb_ret,
    send_plug,
    send_plug_ret,
    send_unplug,
    send_unplug_ret,
    send_request,
    send_request_ret,
    handle_response,
    bbset,
    add_memory,
    add_memory_ret,
    add_memory_driver_managed,
    add_memory_driver_managed_ret,
    dev_hotplug_lock,
    dev_hotplug_lock_ret,
    dev_hotplug_lock_sysfs,
    dev_hotplug_lock_sysfs_ret,
    dev_hotplug_unlock,
    device_online,
    device_online_ret,
    online_pages,
    online_pages_ret,
    device_offline,
    device_offline_ret,
    offline_pages,
    offline_pages_ret,
    memory_notify,
    memory_notify_ret,
    notifier_cb,
    notifier_cb_ret,
    mtxtry,
    mtxgot,
    mtxunlock,
    start_isolate,
    start_isolate_ret,
    undo_isolate,
    test_isolated,
    test_isolated_ret,
    alloc_contig_range,
    alloc_contig_range_ret,
    fake_offline,
    fake_offline_ret,
    fake_online,
    fake_online_ret,
    fake_offline_going_offline,
    fake_offline_going_offline_ret,
    fake_offline_cancel_offline,
    fake_offline_cancel_offline_ret,
    vm_offline_and_remove,
    vm_offline_and_remove_ret,
    offline_and_remove_memory,
    offline_and_remove_memory_ret,
    try_remove_memory,
    try_remove_memory_ret,
    online_page_cb,
    generic_online_page,
    set_fake_offline,
    clear_fake_offline,
    free_contig_range,
    adjust_managed,
    count
};

inline constexpr std::array<std::string_view, static_cast<std::size_t>(EventKind::count)> event_names{
    "run_wq",
    "run_wq_ret",
    "config_changed",
    "bbm_plug_and_add_bb",
    "bbm_plug_and_add_bb_ret",
    "send_plug",
    "send_plug_ret",
    "send_unplug",
    "send_unplug_ret",
    "send_request",
    "send_request_ret",
    "handle_response",
    "bbset",
    "add_memory",
    "add_memory_ret",
    "add_memory_driver_managed",
    "add_memory_driver_managed_ret",
    "dev_hotplug_lock",
    "dev_hotplug_lock_ret",
    "dev_hotplug_lock_sysfs",
    "dev_hotplug_lock_sysfs_ret",
    "dev_hotplug_unlock",
    "device_online",
    "device_online_ret",
    "online_pages",
    "online_pages_ret",
    "device_offline",
    "device_offline_ret",
    "offline_pages",
    "offline_pages_ret",
    "memory_notify",
    "memory_notify_ret",
    "notifier_cb",
    "notifier_cb_ret",
    "mtxtry",
    "mtxgot",
    "mtxunlock",
    "start_isolate",
    "start_isolate_ret",
    "undo_isolate",
    "test_isolated",
    "test_isolated_ret",
    "alloc_contig_range",
    "alloc_contig_range_ret",
    "fake_offline",
    "fake_offline_ret",
    "fake_online",
    "fake_online_ret",
    "fake_offline_going_offline",
    "fake_offline_going_offline_ret",
    "fake_offline_cancel_offline",
    "fake_offline_cancel_offline_ret",
    "vm_offline_and_remove",
    "vm_offline_and_remove_ret",
    "offline_and_remove_memory",
    "offline_and_remove_memory_ret",
    "try_remove_memory",
    "try_remove_memory_ret",
    "online_page_cb",
    "generic_online_page",
    "set_fake_offline",
    "clear_fake_offline",
    "free_contig_range",
    "adjust_managed"};

/// MEM_* actions of include/linux/memory.h, as named in recordings.
enum class NotifierAction : std::uint8_t {
    going_online,
    cancel_online,
    online,
    going_offline,
    cancel_offline,
    offline,
    prepare_online,
    finish_offline,
    count
};
inline constexpr std::array<std::string_view, static_cast<std::size_t>(NotifierAction::count)> action_names{
    "GOING_ONLINE",   "CANCEL_ONLINE", "ONLINE",         "GOING_OFFLINE",
    "CANCEL_OFFLINE", "OFFLINE",       "PREPARE_ONLINE", "FINISH_OFFLINE"};

/// Who shows the event: a task::Id, or 0 for an interrupt (any task).
struct Event {
    EventKind kind{};
    int task = 0;
    int block = -1;  ///< memory block, or big block for events of the driver that name one; -1: none
    int value = 0;   ///< return value (the kernel's number), request type, NotifierAction, or new big block state
    int other = 0;   ///< old big block state
};

}  // namespace vmemcheck::bbm
