// SPDX-License-Identifier: MIT
/// \file
/// All that the machine remembers, in one piece of plain memory: it is copied to save a state, and hashed to know it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "conformance/driver/setup.hpp"
#include "conformance/driver/shim/abi.h"

namespace vmemcheck::conformance {

/// Who moves. Those up to `admin` are tasks, each on a stack of its own; the others act at once.
namespace driver_actor {
enum Id : std::uint8_t {
    worker,      ///< the workqueue's kworker
    config_irq,  ///< the interrupt of a config change
    vq_irq,      ///< the device answers a request, and its interrupt
    timer,       ///< the retry timer's
    user,        ///< user space writes to memoryX/state
    admin,       ///< binds the driver at the beginning; unbinds it
    host,        ///< changes requested-size
    pages,       ///< users of pages
    rest,        ///< nothing more happens: the end
    count
};
inline constexpr int tasks = admin + 1;
}  // namespace driver_actor

/// What a page is to core MM. What the driver makes of it stands in struct page.
enum class PageUse : std::uint8_t {
    none,  ///< its memory block is not online
    init,  ///< memmap initialised, not handed out
    buddy,
    pcp,
    movable,
    unmovable,
    contig,  ///< taken by alloc_contig_range()
};

/// What users of pages do with the last page of a memory block; in the model's order.
enum PageAction : unsigned {
    take_page,
    take_for_kernel,
    free_page,
    to_pcp_list,
    pin,
    unpin,
    pin_for_ever,
    walk,
    page_actions
};

enum class PinKind : std::uint8_t { none, temporary, eternal, walker };

struct PageInfo {
    PageUse use = PageUse::none;
    PinKind pin = PinKind::none;
};

enum class BlockState : std::uint8_t { absent, offline, going_online, online, going_offline };

struct BlockInfo {
    BlockState state = BlockState::absent;
    std::uint8_t online = 0;  ///< pfn_to_online_page() knows its sections
    std::uint8_t zone = 0;
    std::uint8_t opened = 0;  ///< being onlined, and onlining undoes the isolation of its pages from here on
    std::uint8_t stale = 0;   ///< a failed onlining has left its memmap initialised
};

/// What a task is about to do at its point of choice.
enum class Op : std::uint8_t {
    none,
    begin,  ///< an idle task starts
    enter,  ///< a function of the driver: DriverSetup::entry_points
    lock,
    unlock,
    spin_lock,
    hotplug_lock,
    hotplug_unlock,
    mem_hotplug_lock,
    atomic_read,
    atomic_write,
    cond_resched,
    rcu,
    page_offline,
    send_request,
    wait_response,
    queue_work,
    grab_work,
    cancel_work,
    flush_work,
    free_irq,
    cancel_timer,
    synchronize_rcu,
    unregister,
    config_disable,
    allocate,
    add_memory,
    remove_memory,
    online,
    offline,
    notify,
    notify_after,
    callback,
    isolate,
    undo_isolation,
    migrate,
    test_isolated,
    grab,
    scan,
    offline_done,
    online_pages,
    sleep,
    read_block,
    read_config,
    count
};

struct Task {
    std::uint8_t running = 0;
    std::uint8_t yielding = 0;
    Op op = Op::none;
    std::uint8_t rcu = 0;
    std::uint8_t onlining = 0, offlining = 0;  ///< it is within online_pages(), offline_pages()
    std::uint8_t spin_locks = 0;               ///< it must not sleep
    std::uint8_t mutexes = 0;                  ///< it holds
    std::uint16_t answers = 1;
    std::uint16_t answer = 0;
    std::uint16_t begun_as = 0;  ///< the answer it began with
    std::int16_t block = -1;     ///< memory block that `op` is about, for people
    std::uintptr_t object = 0;   ///< what it waits for
    std::uint32_t seen = 0;
    std::uint32_t unused = 0;  ///< no byte of a task is padding: it is hashed
};

static_assert(std::has_unique_object_representations_v<Task>);

struct Allocation {
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
    bool live = false;
};

inline constexpr std::size_t heap_bytes = 8192;
inline constexpr std::size_t max_allocations = 64;

struct World {
    // core MM
    std::array<page, static_cast<std::size_t>(max_driver_memory_blocks) * max_driver_pages_per_block> memmap{};
    std::array<PageInfo, static_cast<std::size_t>(max_driver_memory_blocks) * max_driver_pages_per_block> info{};
    std::array<BlockInfo, max_driver_memory_blocks> block{};
    std::array<std::uint8_t, static_cast<std::size_t>(max_driver_memory_blocks) * max_driver_pages_per_block>
        isolated{};  ///< by page block
    std::array<std::int32_t, 2> managed{}, present{};
    std::uint8_t device_hotplug_lock = 0;  ///< task + 1
    std::uint8_t mem_hotplug_lock = 0;
    std::uint8_t pcp_disabled = 0;  ///< zone
    std::uint8_t chain_readers = 0;
    shim_notifier* notifier = nullptr;
    void (*online_page_callback)(struct page*, unsigned) = nullptr;

    // device
    std::array<std::uint8_t, static_cast<std::size_t>(max_driver_memory_blocks) * max_driver_pages_per_block>
        plugged{};                            ///< by page of the machine
    std::uint64_t requested = 0, usable = 0;  ///< bytes
    std::uint8_t config_pending = 0;
    std::uint8_t ready = 0;       ///< DRIVER_OK
    std::uint8_t observable = 0;  ///< the driver has a state of its own to look at
    std::uint8_t bound = 0;       ///< probe has succeeded, and removal has not begun
    std::uint8_t request_pending = 0, response_ready = 0;
    const void* request = nullptr;
    void* response = nullptr;
    void* token = nullptr;
    shim_virtio_device vdev{};
    shim_virtqueue vq{};

    // work and timer
    shim_work* work = nullptr;
    shim_hrtimer* armed = nullptr;
    std::uint8_t removal_begun = 0;

    // what is left of each kind
    std::int16_t script = 0;  ///< requests made
    std::int16_t resizes_left = 0, user_left = 0, removals_left = 0, faults_left = 0;
    std::uint8_t broken_by_device = 0;
    std::uint8_t broken_seen = 0;
    std::uint8_t foreign_error =
        0;  ///< offline_and_remove_memory() has last failed with an error that somebody else's veto or a signal gave
    std::array<std::uint8_t, max_driver_memory_blocks> seen_state{};  ///< of the big blocks, as last looked at

    std::array<Task, driver_actor::tasks> task{};
    std::uint8_t last_actor = 0;

    std::uint32_t heap_used = 0;
    std::uint32_t allocations = 0;
    std::array<Allocation, max_allocations> allocation{};
    alignas(16) std::array<unsigned char, heap_bytes> heap{};
};

}  // namespace vmemcheck::conformance
