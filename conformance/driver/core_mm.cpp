// SPDX-License-Identifier: MIT
// Memory hotplug on the task that called it: add, online, offline, remove (mm/memory_hotplug.c, drivers/base/memory.c).
#include <algorithm>
#include <cerrno>
#include <optional>

#include "conformance/driver/machine.hpp"
#include "conformance/driver/objects.hpp"

namespace vmemcheck::conformance {

using bbm::EventKind;
using bbm::NotifierAction;

namespace {

constexpr unsigned notify_stop = 0x8000;

/// notifier_to_errno()
int to_errno(int value) {
    return (static_cast<unsigned>(value) & notify_stop) != 0 ? 1 - (value & ~static_cast<int>(notify_stop)) : 0;
}

/// What another callback of the chain answers GOING_*: values, as choices.
constexpr std::array<int, 5> vetoes{0, -EBUSY, -EPERM, -ENOMEM, -EAGAIN};

}  // namespace

int Machine::notifier_number(NotifierAction action) const {
    // Single bits until v6.12's enum, which is in the same order as NotifierAction's names are asked for.
    const bool as_enum = setup_.release.notifies_prepare_and_finish;
    switch (action) {
        case NotifierAction::online:
            return as_enum ? 0 : 1;
        case NotifierAction::going_offline:
            return as_enum ? 1 : 2;
        case NotifierAction::offline:
            return as_enum ? 2 : 4;
        case NotifierAction::going_online:
            return as_enum ? 3 : 8;
        case NotifierAction::cancel_online:
            return as_enum ? 4 : 16;
        case NotifierAction::cancel_offline:
            return as_enum ? 5 : 32;
        case NotifierAction::prepare_online:
            return 6;
        default:
            return 7;
    }
}

void Machine::lock_device_hotplug() {
    show(EventKind::dev_hotplug_lock);
    point(Op::hotplug_lock);
    touch(&world_->device_hotplug_lock, true);
    world_->device_hotplug_lock = static_cast<std::uint8_t>(current_ + 1);
    show(EventKind::dev_hotplug_lock_ret);
}

void Machine::unlock_device_hotplug() {
    point(Op::hotplug_unlock);
    touch(&world_->device_hotplug_lock, true);
    show(EventKind::dev_hotplug_unlock);
    world_->device_hotplug_lock = 0;
    // Its caller's return is seen on its own.
    point(Op::hotplug_unlock);
}

int Machine::call_driver(NotifierAction action, int block) {
    shim_memory_notify arg{};
    // struct memory_notify is longer; the driver reads what all releases have.
    struct Padded {
        shim_memory_notify notify;
        int more[4];
    } padded{};
    arg.start_pfn = first_pfn() + static_cast<unsigned long>(first_page_of(block));
    arg.nr_pages = static_cast<unsigned long>(setup_.pages);
    padded.notify = arg;
    shim_notifier* const nb = world_->notifier;
    check_live(nb, "the memory notifier of a freed device is called", sizeof(*nb));
    const int value = nb->notifier_call(nb, static_cast<unsigned long>(notifier_number(action)), &padded);
    site_ = nullptr;
    return value;
}

/// blocking_notifier_call_chain() of the memory chain. Another callback before the driver's and one after it may refuse
/// GOING_*; what ONLINE, OFFLINE and CANCEL_* return is ignored.
int Machine::memory_notify(NotifierAction action, int block) {
    const bool prepare = action == NotifierAction::prepare_online;
    const bool going = action == NotifierAction::going_online || action == NotifierAction::going_offline || prepare;
    // (PREPARE_ONLINE and FINISH_OFFLINE go to the chain directly.)
    const bool shown = !prepare && action != NotifierAction::finish_offline;
    const bool vetoed = setup_.kinds.veto && (!prepare || setup_.prepare_vetoes);
    if (shown) show(EventKind::memory_notify, block, static_cast<int>(action));
    touch(&world_->notifier, false);
    int value = 1;
    if (going) {
        const unsigned n =
            (vetoed ? static_cast<unsigned>(vetoes.size()) : 1U) + (setup_.kinds.stop_callbacks ? 1U : 0U);
        const Answer before = fault_point(Op::notify, true, n, block);
        if (before >= vetoes.size() || (!vetoed && before > 0)) {
            // OK|STOP: the driver's callback is not called (protocol F29).
            if (shown) show(EventKind::memory_notify_ret, -1, 1);
            return 0;
        }
        if (before != 0) value = static_cast<int>(notify_stop | static_cast<unsigned>(1 - vetoes.at(before)));
    } else {
        point(Op::notify, 0, 1, block);
    }
    if (value == 1 && world_->notifier != nullptr) {
        touch(&world_->chain_readers, true);
        world_->chain_readers++;
        value = call_driver(action, block);
        point(Op::callback, 0, 1, block);
        world_->chain_readers--;
        touch(&world_->chain_readers, true);
        if (value == 0) value = 1;
    }
    if (going && (static_cast<unsigned>(value) & notify_stop) == 0) {
        const Answer after = fault_point(Op::notify_after, vetoed, static_cast<unsigned>(vetoes.size()), block);
        if (after != 0) value = static_cast<int>(notify_stop | static_cast<unsigned>(1 - vetoes.at(after)));
    }
    if (shown) show(EventKind::memory_notify_ret, -1, value);
    return going ? to_errno(value) : 0;
}

/// check_hotplug_memory_range(), for memory of the device: others may have memory elsewhere.
std::optional<Machine::BlockRange> Machine::memory_blocks(std::uint64_t start, std::uint64_t size) const {
    const std::uint64_t bytes = setup_.memory_block_bytes();
    const int first = block_of_address(start);
    if (first < 0 || size == 0 || start % bytes != 0 || size % bytes != 0) return std::nullopt;
    const std::uint64_t count = size / bytes;
    if (count > static_cast<unsigned>(setup_.total_memory_blocks() - first)) return std::nullopt;
    return BlockRange{first, static_cast<int>(count)};
}

int Machine::add_memory(std::uint64_t start, std::uint64_t size) {
    forbid_hotplug_mutex("add_memory_driver_managed()");
    const auto range = memory_blocks(start, size);
    if (!range) violation("never-touch-unplugged", "add_memory_driver_managed() of memory that is not the device's");
    const auto [first, count] = *range;
    show(EventKind::add_memory_driver_managed, big_block_of(first));
    lock_device_hotplug();
    int rc = 0;
    const Answer failed = fault_point(Op::add_memory, setup_.kinds.allocation || setup_.kinds.add_eexist,
                                      setup_.kinds.add_eexist ? 3 : 2, first);
    if (failed != 0) rc = failed == 1 ? -ENOMEM : -EEXIST;
    for (int b = first; rc == 0 && b < first + count; ++b) {
        touch(block_object + static_cast<unsigned>(b), true);
        BlockInfo& block = world_->block[static_cast<std::size_t>(b)];
        if (block.state != BlockState::absent) rc = -EEXIST;
    }
    for (int b = first; rc == 0 && b < first + count; ++b) {
        for (int i = first_page_of(b); setup_.mode == DriverMode::bbm && i < first_page_of(b + 1); ++i) {
            if (!device_has(i)) violation("never-touch-unplugged", "memory is added that the device has unplugged");
        }
        world_->block[static_cast<std::size_t>(b)].state = BlockState::offline;
    }
    if (rc == 0 && setup_.auto_online != bbm::AutoOnline::off) {
        const unsigned zone = setup_.auto_online == bbm::AutoOnline::kernel ? SHIM_ZONE_NORMAL : SHIM_ZONE_MOVABLE;
        // The result is ignored, but walk_memory_blocks() stops at the first block that could not be onlined.
        for (int b = first; b < first + count; ++b) {
            if (device_online(b, zone) != 0) break;
        }
    }
    unlock_device_hotplug();
    show(EventKind::add_memory_driver_managed_ret, -1, rc);
    return rc;
}

int Machine::try_remove_memory(int first, int count) {
    show(EventKind::try_remove_memory, big_block_of(first));
    point(Op::remove_memory, 0, 1, first);
    for (int b = first; b < first + count; ++b) {
        touch(block_object + static_cast<unsigned>(b), true);
        const BlockState state = world_->block[static_cast<std::size_t>(b)].state;
        if (state == BlockState::absent) {
            // walk_memory_blocks() passes it over
            violation("no-warn", "WARN in remove_memory_block_devices(): memory is removed that was never added");
        }
        if (state != BlockState::offline) {
            show(EventKind::try_remove_memory_ret, -1, -EBUSY);
            return -EBUSY;
        }
    }
    for (int b = first; b < first + count; ++b) {
        BlockInfo& block = world_->block[static_cast<std::size_t>(b)];
        block.state = BlockState::absent;
        block.zone = 0;
        block.stale = 0;
        // The memmap is given back; the next one is a new one.
        for (int i = first_page_of(b); i < first_page_of(b + 1); ++i)
            world_->memmap[static_cast<std::size_t>(i)] = page{};
    }
    show(EventKind::try_remove_memory_ret, -1, 0);
    return 0;
}

int Machine::remove_memory(std::uint64_t start, std::uint64_t size) {
    forbid_hotplug_mutex("remove_memory()");
    const auto range = memory_blocks(start, size);
    if (!range)
        violation("no-warn", "BUG_ON(check_hotplug_memory_range()): remove_memory() of what is not the device's");
    const auto [first, count] = *range;
    lock_device_hotplug();
    const int rc = try_remove_memory(first, count);
    unlock_device_hotplug();
    return rc;
}

int Machine::offline_and_remove_memory(std::uint64_t start, std::uint64_t size) {
    forbid_hotplug_mutex("offline_and_remove_memory()");
    const auto range = memory_blocks(start, size);
    show(EventKind::offline_and_remove_memory, range ? big_block_of(range->first) : 0);
    const auto returns = [&](int rc) {
        world_->foreign_error = rc != 0 && rc != -ENOMEM && rc != -EBUSY ? 1 : 0;
        show(EventKind::offline_and_remove_memory_ret, -1, rc);
        return rc;
    };
    if (!range) {
        returns(-EINVAL);
        world_->foreign_error = 0;  // it is the driver's own
        return -EINVAL;
    }
    const auto [first, count] = *range;
    if (fault_point(Op::allocate, setup_.kinds.allocation, 2, first) != 0) return returns(-ENOMEM);
    std::array<std::uint8_t, max_driver_memory_blocks> online_types{};  // zones; 0: not to be onlined again
    lock_device_hotplug();
    int rc = 0;
    for (int b = first; b < first + count; ++b) {
        const BlockInfo& block = world_->block[static_cast<std::size_t>(b)];
        if (block.state == BlockState::absent) continue;  // walk_memory_blocks() finds none there
        const auto zone = static_cast<std::uint8_t>(
            block.online != 0 && block.zone == SHIM_ZONE_MOVABLE ? SHIM_ZONE_MOVABLE : SHIM_ZONE_NORMAL);
        const int one = device_offline(b);
        if (one == 0) online_types[static_cast<std::size_t>(b)] = zone;
        if (one < 0) {
            rc = one;
            break;
        }
    }
    if (rc == 0) rc = try_remove_memory(first, count);
    if (rc != 0) {
        bool failed = false;
        for (int b = first; b < first + count; ++b) {
            const unsigned zone = online_types[static_cast<std::size_t>(b)];
            if (zone != 0 && device_online(b, zone) < 0) failed = true;
        }
        for (int b = first; b < first + count && !failed; ++b) {
            const BlockInfo& block = world_->block[static_cast<std::size_t>(b)];
            const unsigned zone = online_types[static_cast<std::size_t>(b)];
            if (zone != 0 && (block.state != BlockState::online || block.zone != zone)) {
                violation("rollback-restores-added",
                          "offline_and_remove_memory() failed and did not bring back a memory block as it was");
            }
        }
    }
    unlock_device_hotplug();
    return returns(rc);
}

int Machine::device_online(int b, unsigned zone) {
    show(EventKind::device_online);
    point(Op::online, 0, 1, b);
    touch(block_object + static_cast<unsigned>(b), true);
    BlockInfo& block = world_->block[static_cast<std::size_t>(b)];
    if (block.state == BlockState::online) {
        show(EventKind::device_online_ret, -1, 1);
        return 1;
    }
    point(Op::mem_hotplug_lock);
    touch(&world_->mem_hotplug_lock, true);
    world_->mem_hotplug_lock = static_cast<std::uint8_t>(current_ + 1);
    block.state = BlockState::going_online;
    // memory_block_online()
    int rc = 0;
    if (setup_.release.notifies_prepare_and_finish) rc = memory_notify(NotifierAction::prepare_online, b);
    if (rc == 0) {
        self().onlining = 1;
        rc = online_pages(b, zone);
        self().onlining = 0;
        show(EventKind::online_pages_ret, -1, rc);
        if (rc != 0 && setup_.release.notifies_prepare_and_finish) memory_notify(NotifierAction::finish_offline, b);
    }
    block.state = rc == 0 ? BlockState::online : BlockState::offline;
    world_->mem_hotplug_lock = 0;
    touch(&world_->mem_hotplug_lock, true);
    touch(block_object + static_cast<unsigned>(b), true);
    show(EventKind::device_online_ret, -1, rc);
    return rc;
}

int Machine::online_pages(int b, unsigned zone) {
    World& w = *world_;
    BlockInfo& block = w.block[static_cast<std::size_t>(b)];
    const int first = first_page_of(b);
    const int page_blocks = setup_.page_blocks;
    show(EventKind::online_pages, b);
    block.zone = static_cast<std::uint8_t>(zone);
    block.stale = 0;
    block.opened = 0;
    for (int i = first; i < first + setup_.pages; ++i) {
        touch(page_object + static_cast<unsigned>(i), true);
        page& p = w.memmap[static_cast<std::size_t>(i)];
        p.refcount = 1;
        p.type = setup_.release.memmap_starts_offline ? SHIM_PAGE_OFFLINE : SHIM_PAGE_PLAIN;
        p.reserved = setup_.release.memmap_starts_offline ? 0 : 1;
        p.dirty = 0;
        p.zone = static_cast<std::uint8_t>(zone);
        w.info[static_cast<std::size_t>(i)].use = PageUse::init;
        w.info[static_cast<std::size_t>(i)].pin = PinKind::none;
    }
    for (int i = b * page_blocks; i < (b + 1) * page_blocks; ++i) {
        touch(page_block_object + static_cast<unsigned>(i), true);
        w.isolated[static_cast<std::size_t>(i)] = 1;
    }
    if (const int rc = memory_notify(NotifierAction::going_online, b); rc != 0) {
        memory_notify(NotifierAction::cancel_online, b);
        for (int i = first; i < first + setup_.pages; ++i) w.info[static_cast<std::size_t>(i)].use = PageUse::none;
        for (int i = b * page_blocks; i < (b + 1) * page_blocks; ++i) w.isolated[static_cast<std::size_t>(i)] = 0;
        block.zone = 0;
        block.stale = 1;
        return rc;
    }
    point(Op::online_pages, 0, 1, b);
    // online_pages_range(): chunks of the largest order that fits, then the sections are online
    unsigned order = host_.max_order;
    while ((1 << order) > setup_.pages) --order;
    for (int i = first; i < first + setup_.pages; i += 1 << order) {
        if (w.online_page_callback != nullptr) {
            show(EventKind::online_page_cb, b, 1 << order);
            w.online_page_callback(&w.memmap[static_cast<std::size_t>(i)], order);
        } else {
            generic_online_page(&w.memmap[static_cast<std::size_t>(i)], order);
        }
    }
    block.online = 1;
    touch(&w.present, true);
    w.present[zone_index(zone)] += setup_.pages;
    touch(block_object + static_cast<unsigned>(b), true);
    block.opened = 1;
    undo_isolate(b * page_blocks, page_blocks, b);
    memory_notify(NotifierAction::online, b);
    return 0;
}

int Machine::device_offline(int b) {
    show(EventKind::device_offline);
    point(Op::offline, 0, 1, b);
    touch(block_object + static_cast<unsigned>(b), true);
    BlockInfo& block = world_->block[static_cast<std::size_t>(b)];
    if (block.state == BlockState::offline) {
        show(EventKind::device_offline_ret, -1, 1);
        return 1;
    }
    point(Op::mem_hotplug_lock);
    touch(&world_->mem_hotplug_lock, true);
    world_->mem_hotplug_lock = static_cast<std::uint8_t>(current_ + 1);
    block.state = BlockState::going_offline;
    const unsigned zone = block.zone;
    touch(&world_->pcp_disabled, true);
    world_->pcp_disabled = static_cast<std::uint8_t>(zone);
    drain_pcp_lists(zone);
    self().offlining = 1;
    const int rc = offline_pages(b);
    self().offlining = 0;
    touch(&world_->pcp_disabled, true);
    world_->pcp_disabled = 0;
    if (rc == 0) block.zone = 0;
    show(EventKind::offline_pages_ret, -1, rc);
    if (rc == 0 && setup_.release.notifies_prepare_and_finish) memory_notify(NotifierAction::finish_offline, b);
    block.state = rc == 0 ? BlockState::offline : BlockState::online;
    world_->mem_hotplug_lock = 0;
    touch(&world_->mem_hotplug_lock, true);
    touch(block_object + static_cast<unsigned>(b), true);
    show(EventKind::device_offline_ret, -1, rc);
    return rc;
}

int Machine::offline_pages(int b) {
    World& w = *world_;
    BlockInfo& block = w.block[static_cast<std::size_t>(b)];
    const int first = first_page_of(b);
    const int end = first + setup_.pages;
    const int first_block = b * setup_.page_blocks;
    const auto abort = [&](int rc) {
        // failed_removal_isolated: isolation is undone before CANCEL_OFFLINE is sent
        undo_isolate(first_block, setup_.page_blocks, b);
        memory_notify(NotifierAction::cancel_offline, b);
        return rc;
    };
    show(EventKind::offline_pages, b);
    if (start_isolate(first_block, setup_.page_blocks, true, b) != 0) return -EBUSY;
    if (const int rc = memory_notify(NotifierAction::going_offline, b); rc != 0) return abort(rc);
    for (bool round = false;; round = true) {
        // A kworker has no signals.
        if (round) self().yielding = 1;
        const Answer signal = fault_point(Op::scan, current_ == driver_actor::user && setup_.kinds.signal, 2, b);
        if (signal != 0) return abort(-EINTR);
        // scan_movable_pages(), do_migrate_range(): the first page found, in address order, decides
        bool found = false;
        for (int i = first; i < end && !found; ++i) {
            touch(page_object + static_cast<unsigned>(i), false);
            const page& p = w.memmap[static_cast<std::size_t>(i)];
            if (w.info[static_cast<std::size_t>(i)].use == PageUse::movable) {
                migrate(i, end - i);
                found = true;
            } else if (p.type == SHIM_PAGE_OFFLINE && p.refcount != 0) {
                return abort(-EBUSY);
            }
        }
        if (found) continue;
        show(EventKind::test_isolated, b);
        point(Op::test_isolated, 0, 1, b);
        bool free = all_isolated(first_block, setup_.page_blocks);
        for (int i = first_block; i < first_block + setup_.page_blocks; ++i)
            touch(page_block_object + static_cast<unsigned>(i), false);
        for (int i = first; i < end; ++i) {
            touch(page_object + static_cast<unsigned>(i), false);
            const page& p = w.memmap[static_cast<std::size_t>(i)];
            free = free && (w.info[static_cast<std::size_t>(i)].use == PageUse::buddy ||
                            (p.type == SHIM_PAGE_OFFLINE && p.refcount == 0));
        }
        show(EventKind::test_isolated_ret, -1, free ? 0 : -EBUSY);
        if (free) break;
    }
    point(Op::offline_done, 0, 1, b);
    // __offline_isolated_pages() and the counts
    int kept = 0;
    for (int i = first; i < end; ++i) {
        touch(page_object + static_cast<unsigned>(i), true);
        page& p = w.memmap[static_cast<std::size_t>(i)];
        PageInfo& info = w.info[static_cast<std::size_t>(i)];
        if (p.type == SHIM_PAGE_OFFLINE) {
            ++kept;
            if (p.refcount != 0) {
                violation("refcount-released-on-offline",
                          "BUG_ON(page_count(page)): a PageOffline page goes offline with a reference still held");
            }
        } else if (info.use != PageUse::buddy) {
            violation("no-warn", "BUG_ON(!PageBuddy(page)): a page goes offline while in use");
        }
        p.refcount = 0;
        p.type = SHIM_PAGE_PLAIN;
        p.dirty = 0;
        info.use = PageUse::none;
        info.pin = PinKind::none;
    }
    for (int i = first_block; i < first_block + setup_.page_blocks; ++i) w.isolated[static_cast<std::size_t>(i)] = 0;
    block.online = 0;
    touch(&w.pcp_disabled, true);
    w.pcp_disabled = 0;  // zone_pcp_enable(): before the counts
    const std::size_t zone = zone_index(block.zone);
    touch(&w.managed[zone], true);
    w.managed[zone] -= setup_.release.notifier_adjusts_managed ? setup_.pages : setup_.pages - kept;
    w.present[zone] -= setup_.pages;
    show(EventKind::adjust_managed, b, setup_.release.notifier_adjusts_managed ? setup_.pages : setup_.pages - kept);
    memory_notify(NotifierAction::offline, b);
    return 0;
}

}  // namespace vmemcheck::conformance
