// SPDX-License-Identifier: MIT
/// \file
/// The words of the system: block states, errors, tasks, page kinds. Values are stored in states and named in files.
#pragma once

#include <array>
#include <string_view>

namespace vmemcheck::bbm {

/// enum virtio_mem_bbm_bb_state of drivers/virtio/virtio_mem.c.
namespace big_block {
enum State : int { unused, plugged, added, fake_offline, count };
inline constexpr std::array<std::string_view, count> names{"UNUSED", "PLUGGED", "ADDED", "FAKE_OFFLINE"};
}  // namespace big_block

/// A Linux memory block (struct memory_block::state, and whether it exists at all).
namespace memory_block {
enum State : int { absent, offline, going_offline, online, count };
inline constexpr std::array<std::string_view, count> names{"absent", "offline", "going-offline", "online"};
}  // namespace memory_block

namespace zone {
enum Zone : int { normal, movable, count };
inline constexpr std::array<std::string_view, count> names{"Normal", "Movable"};
}  // namespace zone

/// What a page is to the page allocator and to the driver.
namespace page {
enum Kind : int {
    none,        ///< memory block absent or offline: nobody may touch it
    init,        ///< memmap initialised by online_pages(), not yet handed out; refcount 1
    buddy,       ///< free, with the buddy allocator; refcount 0
    pcp,         ///< free, on a per-cpu list; refcount 0
    movable,     ///< allocated, on the LRU: can be migrated unless pinned
    unmovable,   ///< allocated by the kernel: cannot be migrated
    contig,      ///< taken by alloc_contig_range(), not yet marked
    fake,        ///< PageOffline, taken from the buddy by virtio_mem_fake_offline()
    fake_dirty,  ///< PageOffline and PageDirty: kept back when its memory block was onlined
    count
};
inline constexpr std::array<std::string_view, count> names{
    "none", "init", "buddy", "pcp", "movable", "unmovable", "contig", "fake-offline", "fake-offline-dirty"};
}  // namespace page

/// An extra reference that somebody holds on a page.
namespace pin {
enum Kind : int { none, temporary, eternal, walker, count };
inline constexpr std::array<std::string_view, count> names{"none", "temporary", "eternal", "walker"};
}  // namespace pin

/// Tasks that can own a lock.
namespace task {
enum Id : int { none, worker, user, remover, count };
inline constexpr std::array<std::string_view, count> names{"none", "worker", "user", "remover"};
}  // namespace task

/// Results of kernel functions: 0, 1 ("already so") and the errors that matter.
namespace result {
enum Code : int { ok, already, enomem, ebusy, eagain, enospc, etxtbsy, einval, eperm, eintr, eexist, count };
inline constexpr std::array<std::string_view, count> names{
    "0", "1", "-ENOMEM", "-EBUSY", "-EAGAIN", "-ENOSPC", "-ETXTBSY", "-EINVAL", "-EPERM", "-EINTR", "-EEXIST"};
/// The kernel's number (include/uapi/asm-generic/errno-base.h).
inline constexpr std::array<int, count> kernel{0, 1, -12, -16, -11, -28, -26, -22, -1, -4, -17};
}  // namespace result

/// Request and response types of the virtio memory device (include/uapi/linux/virtio_mem.h).
namespace request {
enum Type : int { none, plug, unplug, unplug_all, count };
inline constexpr std::array<std::string_view, count> names{"none", "PLUG", "UNPLUG", "UNPLUG_ALL"};
}  // namespace request
namespace response {
enum Type : int { none, ack, nack, busy, error, count };
inline constexpr std::array<std::string_view, count> names{"none", "ACK", "NACK", "BUSY", "ERROR"};
}  // namespace response

/// What the driver's worker sends a request for.
namespace purpose {
enum Why : int { none, leftovers, pending, plug, undo_plug, unplug, count };
inline constexpr std::array<std::string_view, count> names{"none", "leftovers", "pending",
                                                           "plug", "undo-plug", "unplug"};
}  // namespace purpose

/// Who called the core MM operation in progress.
namespace caller {
enum Kind : int { none, sysfs, add_memory, offline_and_remove, rollback, count };
inline constexpr std::array<std::string_view, count> names{"none", "sysfs", "add_memory", "offline_and_remove_memory",
                                                           "offline_and_remove_memory (rollback)"};
}  // namespace caller

/// MMOP_* (include/linux/memory_hotplug.h); MMOP_ONLINE is resolved to a zone by the caller's choice.
namespace online_type {
enum Type : int { offline, kernel, movable, count };
inline constexpr std::array<std::string_view, count> names{"offline", "online_kernel", "online_movable"};
}  // namespace online_type

/// Why the device is broken, if it is.
namespace broken {
enum Cause : int { no, recoverable, device, count };
inline constexpr std::array<std::string_view, count> names{"no", "after-recoverable-error", "after-device-error"};
}  // namespace broken

inline constexpr std::array<std::string_view, 2> no_yes{"no", "yes"};

}  // namespace vmemcheck::bbm
