// SPDX-License-Identifier: MIT
/// \file
/// The state of the modelled system, and its one description.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <type_traits>

#include "model/config.hpp"
#include "model/names.hpp"
#include "model/steps.hpp"

namespace vmemcheck::bbm {

/// One big block: the driver's view and the device's.
template <class Int>
struct BigBlock {
    Int state;   ///< big_block::State (vm->bbm.bb_states)
    Int device;  ///< 1: plugged in the device's bitmap
};

template <class Int>
struct MemoryBlock {
    Int state;   ///< memory_block::State
    Int online;  ///< its sections are online: pfn_to_online_page() finds them
    Int zone;    ///< zone::Zone, while its pages are associated with one
};

template <class Int>
struct Page {
    Int kind;  ///< page::Kind
    Int ref;   ///< page_ref_count(), 0..3
    Int pin;   ///< pin::Kind: an extra reference contained in ref
};

/// What big blocks, memory blocks and pages that are not in the state add to sums.
template <class Rest>
struct Others {
    Rest device;                                  ///< big blocks plugged in the device
    Rest offline;                                 ///< memory blocks offline
    std::array<Rest, big_block::count> bb_count;  ///< big blocks by state
    std::array<Rest, zone::count> managed;        ///< managed pages
};

/// Everything that can change. Pages, page blocks and memory blocks are numbered through the whole device in address
/// order; counts of Scope tell how many are used.
template <class D>
struct State {  // NOLINT(cppcoreguidelines-pro-type-member-init): zero-initialised where a state is made
    using Domain = D;
    using Int = typename D::Int;

    // struct virtio_mem
    std::array<BigBlock<Int>, D::capacity.big_blocks> bb;
    std::array<Int, big_block::count> bb_count;
    Int next_bb;       ///< bbm.next_bb_id - first_bb_id
    Int last_usable;   ///< big blocks in the usable region, as read last
    Int plugged;       ///< plugged_size in big blocks
    Int requested;     ///< requested_size in big blocks, as read last
    Int offline_size;  ///< in memory blocks
    Int config_changed;
    Int queued;  ///< the work item is pending
    Int wq_active;
    Int timer;   ///< retry_timer is armed
    Int broken;  ///< broken::Cause
    Int removing;
    Int unplug_all_required;
    Int resource_name;  ///< vm->resource_name has been allocated
    Int hotplug_mutex;  ///< task::Id of the owner
    Int hotplug_active;

    // the worker (virtio_mem_run_wq), program counter and locals
    Int wk;        ///< StepId of its next step
    Int wk_bb;     ///< big block at hand
    Int wk_left;   ///< big blocks still to be plugged or unplugged (nb_bb)
    Int wk_pass;   ///< pass of virtio_mem_bbm_unplug_request()
    Int wk_rc;     ///< result::Code
    Int wk_item;   ///< section of the big block, or its memory block while a pass looks at it
    Int wk_end;    ///< sections of the big block to be rolled back
    Int wk_try;    ///< retry_count of virtio_mem_fake_offline()
    Int wk_block;  ///< page block of the section
    Int wk_why;    ///< purpose::Why of the request

    // core MM: the one operation under device_hotplug_lock
    Int device_hotplug_lock;  ///< task::Id of the owner
    Int mem_hotplug_lock;     ///< task::Id of the writer
    Int op;                   ///< StepId of its next step
    Int op_caller;            ///< caller::Kind
    Int op_mb;                ///< memory block at hand
    Int op_type;              ///< online_type::Type asked for
    Int op_rc;                ///< result::Code of the block at hand
    Int op_outer_rc;          ///< result::Code of the whole
    Int op_block;             ///< page block of the memory block
    Int op_notified;          ///< the driver's GOING callback was called and accepted
    Int op_reonline_failed;   ///< offline_and_remove_memory(): a block could not be onlined again
    Int pcp_disabled;         ///< zone_pcp_disable() is in force for the zone of op_mb
    std::array<Int, D::capacity.memory_blocks_per_big_block> op_types;  ///< remembered by offline_and_remove_memory()

    // device, interrupts, host
    Int device_requested;  ///< requested_size in big blocks
    Int device_usable;     ///< usable_region_size in big blocks
    Int config_interrupt;  ///< a config change notification is under way
    Int request_type;      ///< request::Type in the virtqueue
    Int response_type;     ///< response::Type, not yet taken by the driver
    Int resizes_left;
    Int user_requests_left;

    Int rm;  ///< StepId of the next step of virtio_mem_remove()

    std::array<MemoryBlock<Int>, D::capacity.memory_blocks> mb;
    std::array<Int, D::capacity.page_blocks> isolated;  ///< page block is MIGRATE_ISOLATE
    std::array<Page<Int>, D::capacity.pages> page;
    std::array<Int, zone::count> managed;  ///< zone_managed_pages(), of this device's memory

    // Not part of the system: which of many entities these are, and what the others add to sums.
    [[no_unique_address]] typename D::Numbering numbering;
    Others<typename D::Rest> others;
};

/// Big blocks that the device has plugged.
template <class D>
[[nodiscard]] typename D::Value plugged_in_device(const Config& config, const State<D>& s) {
    typename D::Value n = s.others.device;
    for (int i = 0; i < config.scope.big_blocks; ++i) n = n + s.bb[static_cast<std::size_t>(i)].device;
    return n;
}

/// Describes every field once, with bounds for the scope: visit(name, field, low, high, names).
/// Counters get room on both sides, so that a mutant that unbalances them is seen as a violation.
template <class S, class Visit>
void describe_state(const Config& config, S& s, Visit&& visit) {
    const Scope& scope = config.scope;
    const int bbs = scope.big_blocks;
    const int mbs = scope.total_memory_blocks();
    const int pages = scope.total_pages();
    constexpr int most_pages = std::remove_const_t<S>::Domain::capacity.pages;
    const std::span<const std::string_view> steps = step_names();
    const auto pc = [&](const char* name, auto& field, StepId low, StepId high) {
        visit(name, field, static_cast<int>(low), static_cast<int>(high),
              steps.subspan(static_cast<std::size_t>(low),
                            static_cast<std::size_t>(high) - static_cast<std::size_t>(low) + 1));
    };

    pc("worker.pc", s.wk, StepId::wk_first, StepId::wk_last);
    visit("worker.bb", s.wk_bb, 0, bbs, {});
    visit("worker.left", s.wk_left, 0, bbs, {});
    visit("worker.pass", s.wk_pass, 0, 2, {});
    visit("worker.rc", s.wk_rc, 0, result::count - 1, result::names);
    visit("worker.item", s.wk_item, 0, scope.sections_per_big_block(), {});
    visit("worker.end", s.wk_end, 0, scope.sections_per_big_block(), {});
    visit("worker.try", s.wk_try, 0, scope.contig_tries, {});
    visit("worker.block", s.wk_block, 0, scope.page_blocks, {});
    visit("worker.purpose", s.wk_why, 0, purpose::count - 1, purpose::names);

    for (int i = 0; i < bbs; ++i) {
        const std::string bb = "bb[" + std::to_string(i) + "].";
        auto& block = s.bb[static_cast<std::size_t>(i)];
        visit(bb + "state", block.state, 0, big_block::count - 1, big_block::names);
        visit(bb + "device", block.device, 0, 1, no_yes);
    }
    for (int i = 0; i < big_block::count; ++i) {
        const auto at = static_cast<std::size_t>(i);
        visit("bb_count[" + std::string(big_block::names[at]) + "]", s.bb_count[at], -1, bbs + 1, {});
    }
    visit("next_bb", s.next_bb, 0, bbs, {});
    visit("last_usable", s.last_usable, 0, bbs, {});
    visit("plugged_size", s.plugged, -1, bbs + 1, {});
    visit("requested_size", s.requested, 0, bbs, {});
    visit("offline_size", s.offline_size, -2 * scope.memory_blocks, mbs + 2 * scope.memory_blocks, {});
    visit("config_changed", s.config_changed, 0, 1, no_yes);
    visit("wq.queued", s.queued, 0, 1, no_yes);
    visit("wq_active", s.wq_active, 0, 1, no_yes);
    visit("retry_timer", s.timer, 0, 1, no_yes);
    visit("broken", s.broken, 0, broken::count - 1, broken::names);
    visit("removing", s.removing, 0, 1, no_yes);
    visit("unplug_all_required", s.unplug_all_required, 0, 1, no_yes);
    visit("resource_name", s.resource_name, 0, 1, no_yes);
    visit("hotplug_mutex", s.hotplug_mutex, 0, task::count - 1, task::names);
    visit("hotplug_active", s.hotplug_active, 0, 1, no_yes);

    visit("device_hotplug_lock", s.device_hotplug_lock, 0, task::count - 1, task::names);
    visit("mem_hotplug_lock", s.mem_hotplug_lock, 0, task::count - 1, task::names);
    pc("op.pc", s.op, StepId::op_first, StepId::op_last);
    visit("op.caller", s.op_caller, 0, caller::count - 1, caller::names);
    visit("op.mb", s.op_mb, 0, mbs, {});
    visit("op.type", s.op_type, 0, online_type::count - 1, online_type::names);
    visit("op.rc", s.op_rc, 0, result::count - 1, result::names);
    visit("op.outer_rc", s.op_outer_rc, 0, result::count - 1, result::names);
    visit("op.block", s.op_block, 0, scope.page_blocks_per_memory_block(), {});
    visit("op.notified", s.op_notified, 0, 1, no_yes);
    visit("op.reonline_failed", s.op_reonline_failed, 0, 1, no_yes);
    visit("pcp_disabled", s.pcp_disabled, 0, 1, no_yes);
    for (int i = 0; i < scope.memory_blocks; ++i) {
        visit("op.online_types[" + std::to_string(i) + "]", s.op_types[static_cast<std::size_t>(i)], 0,
              online_type::count - 1, online_type::names);
    }

    visit("device.requested", s.device_requested, 0, bbs, {});
    visit("device.usable", s.device_usable, 0, bbs, {});
    visit("config_interrupt", s.config_interrupt, 0, 1, no_yes);
    visit("request", s.request_type, 0, request::count - 1, request::names);
    visit("response", s.response_type, 0, response::count - 1, response::names);
    visit("host.resizes_left", s.resizes_left, 0, scope.resizes > 0 ? scope.resizes : 0, {});
    visit("user.requests_left", s.user_requests_left, 0, scope.user_requests > 0 ? scope.user_requests : 0, {});

    pc("remover.pc", s.rm, StepId::rm_first, StepId::rm_last);

    for (int i = 0; i < mbs; ++i) {
        const std::string mb = "mb[" + std::to_string(i) + "].";
        auto& block = s.mb[static_cast<std::size_t>(i)];
        visit(mb + "state", block.state, 0, memory_block::count - 1, memory_block::names);
        visit(mb + "sections_online", block.online, 0, 1, no_yes);
        visit(mb + "zone", block.zone, 0, zone::count - 1, zone::names);
    }
    for (int i = 0; i < scope.total_page_blocks(); ++i) {
        visit("isolated[" + std::to_string(i) + "]", s.isolated[static_cast<std::size_t>(i)], 0, 1, no_yes);
    }
    for (int i = 0; i < pages; ++i) {
        const std::string name = "page[" + std::to_string(i) + "].";
        auto& p = s.page[static_cast<std::size_t>(i)];
        visit(name + "kind", p.kind, 0, page::count - 1, page::names);
        visit(name + "refcount", p.ref, -1, 3, {});
        visit(name + "pin", p.pin, 0, pin::count - 1, pin::names);
    }
    for (int i = 0; i < zone::count; ++i) {
        const auto at = static_cast<std::size_t>(i);
        visit("managed[" + std::string(zone::names[at]) + "]", s.managed[at], -pages - 1,
              std::min(2 * pages + 1, pages + most_pages - 1), {});
    }
}

}  // namespace vmemcheck::bbm
