// SPDX-License-Identifier: MIT
/// \file
/// What is checked: release, scope, faults, mutant, what-ifs. All of it is data; the step functions read it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "model/what_if.hpp"

namespace vmemcheck::bbm {

/// How a Linux release behaves where releases differ (docs/releases.md; protocol facts in the comments).
struct Release {
    std::string_view name;
    std::string_view sentence;

    /// The module parameter bbm_safe_unplug exists (until v6.5); later releases are always safe.
    bool has_unsafe_unplug = false;
    /// virtio_mem_offline_and_remove_memory() maps every error but -ENOMEM to -EBUSY (ddf409851461, v6.6).
    bool converts_offline_errors = false;
    /// virtio_mem_fake_offline() gives up with -EAGAIN when the config has changed (f55484fd7be9, v6.6).
    bool checks_config_before_fake_offline = false;
    /// GOING_OFFLINE/CANCEL_OFFLINE of the driver adjust the managed page count, and offline_pages() subtracts every
    /// page of the block (until v6.10; 50625744220c changed both).
    bool notifier_adjusts_managed = false;
    /// The memmap of hotplugged memory starts PageOffline instead of PageReserved (39068094990, v6.11).
    bool memmap_starts_offline = false;
    /// alloc_contig_range() undoes isolation even when start_isolate_page_range() failed, so it may undo another
    /// task's (after v5.17; protocol F31).
    bool contig_undoes_foreign_isolation = false;
    /// start_isolate_page_range() isolates the first and the last page block before those between (v5.19).
    bool isolates_ends_first = false;
    /// MEM_PREPARE_ONLINE and MEM_FINISH_OFFLINE are sent (v6.7).
    bool notifies_prepare_and_finish = false;
};

/// Known releases, oldest first.
[[nodiscard]] std::span<const Release> releases();
[[nodiscard]] const Release* find_release(std::string_view name);

/// How much of the system is in the model. Sizes are counts; the limits are those of the states (Capacity).
struct Scope {
    std::string_view name = "custom";
    int big_blocks = 1;      ///< of the device, 1..Capacity::big_blocks
    int memory_blocks = 2;   ///< a big block
    int sections = 1;        ///< a memory block
    int page_blocks = 1;     ///< a section (unit of isolation)
    int pages = 1;           ///< a page block
    int allocations = 1;     ///< pages in use or on pcp lists at the same time, at most
    int pins = 1;            ///< pinned pages at the same time, at most
    int resizes = -1;        ///< by the host over a run; -1: any number
    int user_requests = -1;  ///< writes to sysfs over a run; -1: any number
    int removals = 1;        ///< the driver is unbound so often: 0 or 1
    int contig_tries = 5;    ///< of alloc_contig_range() in ZONE_MOVABLE (virtio_mem_fake_offline(): 5)
    int threshold = 0;       ///< offline_threshold in memory blocks; 0: two big blocks (the driver's minimum)
    int usable_slack = 1;    ///< big blocks of the usable region beyond requested_size (QEMU: two extents)

    [[nodiscard]] constexpr int total_memory_blocks() const { return big_blocks * memory_blocks; }
    [[nodiscard]] constexpr int page_blocks_per_memory_block() const { return sections * page_blocks; }
    [[nodiscard]] constexpr int pages_per_section() const { return page_blocks * pages; }
    [[nodiscard]] constexpr int pages_per_memory_block() const { return sections * pages_per_section(); }
    [[nodiscard]] constexpr int total_page_blocks() const {
        return total_memory_blocks() * page_blocks_per_memory_block();
    }
    [[nodiscard]] constexpr int total_pages() const { return total_memory_blocks() * pages_per_memory_block(); }
    [[nodiscard]] constexpr int sections_per_big_block() const { return memory_blocks * sections; }
    [[nodiscard]] constexpr int offline_threshold() const { return threshold > 0 ? threshold : 2 * memory_blocks; }
};

/// The largest scope that states of a domain have room for.
struct Capacity {
    int big_blocks;
    int memory_blocks;                ///< of the whole device
    int memory_blocks_per_big_block;  ///< as many as offline_and_remove_memory() remembers online types of
    int page_blocks;                  ///< of the whole device
    int pages;                        ///< of the whole device
};

inline constexpr int max_big_blocks = 8;
inline constexpr int max_memory_blocks = 16;  ///< of the whole device
inline constexpr int max_memory_blocks_per_big_block = 4;
inline constexpr int max_page_blocks = 32;
inline constexpr int max_pages = 64;

/// Of the states that are searched, proved over and saved: small, for millions of them are kept.
inline constexpr Capacity native_capacity{max_big_blocks, max_memory_blocks, max_memory_blocks_per_big_block,
                                          max_page_blocks, max_pages};
/// Of the states of random testing (WideBbm).
inline constexpr Capacity wide_capacity{64, 256, 16, 512, 1024};

/// small, medium, large.
[[nodiscard]] std::span<const Scope> scopes();
[[nodiscard]] const Scope* find_scope(std::string_view name);
/// Says which bound is impossible in states of that capacity, or nothing.
[[nodiscard]] std::optional<std::string> problem(const Scope& scope, const Capacity& capacity = native_capacity);

/// What the environment may do besides what it always may (resize, online and offline, allocate and free).
struct Faults {
    bool veto = true;               ///< another memory notifier refuses GOING_ONLINE or GOING_OFFLINE, with any error
    bool device_busy = true;        ///< the device answers BUSY
    bool allocation = true;         ///< memory allocations of the driver and of core MM fail
    bool pins = true;               ///< pages are pinned for a while
    bool signal = true;             ///< a user task gets a signal while it offlines memory
    bool leftovers = true;          ///< probe finds memory still plugged by an earlier driver
    bool eternal_pins = false;      ///< pages are pinned for ever
    bool speculative_refs = false;  ///< pfn walkers take a reference on any page that has one (protocol S1)
    bool add_eexist = false;        ///< add_memory() fails with -EEXIST
    bool stop_callbacks = false;    ///< another notifier returns OK|STOP and so hides an event (protocol F29)
    bool device_error = false;      ///< the device answers ERROR against its own rules
    bool device_nack = false;       ///< the device answers NACK against its own rules
};

/// One fault as data: flag name, sentence, member, and whether it is on by default.
struct FaultInfo {
    std::string_view name;
    std::string_view sentence;
    bool Faults::*member;
};
[[nodiscard]] std::span<const FaultInfo> fault_infos();

/// A named, one-place wrong behaviour that recreates a real or plausible bug.
enum class Mutant : std::uint8_t {
    none,
    going_keeps_reference,
    going_drops_added,
    cancel_forgets_reference,
    cancel_takes_two_references,
    rollback_leaves_fake_offline,
    rollback_shifts_online_types,
    unplug_despite_offline_failure,
    online_ignores_fake_offline,
    pending_becomes_added,
    set_state_forgets_count,
    managed_adjust_swapped,
    offline_size_after_add,
    offline_size_kept_on_add_failure,
    offline_size_kept_on_remove,
    plugged_size_forgotten,
    mutex_held_across_offline,
    hotplug_active_before_removing,
    raw_offline_errors,
    free_without_unregister,
    retry_on_every_offline,
    online_ignores_wq_active,
    skip_fake_offline,
    ignore_config_change,
    removing_without_mutex,
    reset_forgets_blocks,
    going_forgets_managed,
    cancel_keeps_managed,
    offline_subtracts_all,
    pcp_list_after_drain,
    online_without_isolation,
    rollback_onlines_all,
    lock_dropped_before_remove,
    busy_device_as_busy_memory,
    going_drops_whole_big_block,
    fake_offline_stays_managed,
    added_after_add_memory,
    going_reads_state_early,
    unplugged_stays_plugged,
    device_shrinks_usable,
    prepare_keeps_mutex,
    rollback_without_mutex,
    retry_after_removal,
    timer_survives_removal,
    rollback_forgets_online_types,
    count
};

struct MutantInfo {
    Mutant mutant;
    std::string_view name;
    std::string_view sentence;  ///< what is wrong
    std::string_view source;    ///< the bug it recreates
    std::string_view breaks;    ///< id of the property meant to fail
    std::string_view release;   ///< a release in which it is visible
    /// It breaks what makes steps local (a lock is not held, a callback comes when it should not): none is, then.
    bool breaks_locality = false;
};
[[nodiscard]] std::span<const MutantInfo> mutants();
[[nodiscard]] const MutantInfo* find_mutant(std::string_view name);

/// Which memory is onlined by add_memory() itself.
enum class AutoOnline : std::uint8_t { any, off, kernel, movable };

/// Whether the driver can also go by an ACPI hot-removal of its device, and when the device grants one.
enum class Eject : std::uint8_t {
    off,           ///< the driver is only ever unbound
    by_the_rules,  ///< as QEMU does: only while nothing is plugged and nothing requested
    any_size,      ///< at any time, which the rules of the device forbid
};
inline constexpr std::array<std::string_view, 3> eject_names{"off", "by-the-rules", "any-size"};

/// All that a run is about.
struct Config {
    Release release;
    Scope scope;
    Faults faults;
    Mutant mutant = Mutant::none;
    WhatIfs what_ifs;
    bool safe_unplug = true;    ///< module parameter bbm_safe_unplug
    bool unplug_online = true;  ///< module parameter unplug_online
    AutoOnline auto_online = AutoOnline::any;
    Eject eject = Eject::off;

    [[nodiscard]] constexpr bool is(Mutant m) const { return mutant == m; }
    [[nodiscard]] constexpr bool what_if(WhatIf w) const { return what_ifs.has(w); }
    /// virtio_mem_offline_and_remove_memory() makes -EBUSY of every error but -ENOMEM.
    [[nodiscard]] constexpr bool converts_offline_errors() const {
        return release.converts_offline_errors || what_if(WhatIf::convert_offline_errors);
    }
    /// alloc_contig_range() undoes an isolation that is not its own.
    [[nodiscard]] constexpr bool undoes_foreign_isolation() const {
        return release.contig_undoes_foreign_isolation && !what_if(WhatIf::undo_own_isolation_only);
    }
};

}  // namespace vmemcheck::bbm
