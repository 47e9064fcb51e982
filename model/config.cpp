// SPDX-License-Identifier: MIT
#include "model/config.hpp"

#include <algorithm>
#include <array>

namespace vmemcheck::bbm {

namespace {

constexpr std::array<Release, 3> known_releases{{
    {.name = "linux-5.11",
     .sentence = "Big Block Mode as first merged (3711387a7543)",
     .has_unsafe_unplug = true,
     .notifier_adjusts_managed = true},
    {.name = "linux-6.1",
     .sentence = "Debian 12; errors of offlining reach the worker as they are",
     .has_unsafe_unplug = true,
     .notifier_adjusts_managed = true,
     .contig_undoes_foreign_isolation = true,
     .isolates_ends_first = true},
    {.name = "linux-6.12",
     .sentence = "Debian 13; safe unplug only, errors converted, memmap starts PageOffline",
     .converts_offline_errors = true,
     .checks_config_before_fake_offline = true,
     .memmap_starts_offline = true,
     .contig_undoes_foreign_isolation = true,
     .isolates_ends_first = true,
     .notifies_prepare_and_finish = true},
}};

constexpr std::array<Scope, 3> known_scopes{{
    {.name = "small", .big_blocks = 1, .memory_blocks = 2, .contig_tries = 2},
    {.name = "medium",
     .big_blocks = 2,
     .memory_blocks = 2,
     .pins = 0,
     .resizes = 2,
     .user_requests = 1,
     .removals = 0,
     .contig_tries = 2,
     .threshold = 3},
    {.name = "large", .big_blocks = 2, .memory_blocks = 2, .page_blocks = 2, .allocations = 2, .contig_tries = 5},
}};

constexpr std::array<FaultInfo, 12> known_faults{{
    {"vetoes", "another memory notifier refuses GOING_ONLINE or GOING_OFFLINE, with any error", &Faults::veto},
    {"device-busy", "the device answers BUSY", &Faults::device_busy},
    {"allocation-failures", "memory allocations of the driver and of core MM fail", &Faults::allocation},
    {"pins", "pages are pinned for a while", &Faults::pins},
    {"signals", "a user task gets a signal while it offlines memory", &Faults::signal},
    {"leftovers", "probe finds memory still plugged by an earlier driver", &Faults::leftovers},
    {"eternal-pins", "pages are pinned for ever", &Faults::eternal_pins},
    {"speculative-references", "pfn walkers take a reference on any page that has one", &Faults::speculative_refs},
    {"add-eexist", "add_memory() fails with -EEXIST", &Faults::add_eexist},
    {"stop-callbacks", "another notifier returns OK|STOP and so hides an event from the driver",
     &Faults::stop_callbacks},
    {"device-error", "the device answers ERROR against its own rules", &Faults::device_error},
    {"device-nack", "the device answers NACK against its own rules", &Faults::device_nack},
}};

constexpr std::array<MutantInfo, static_cast<std::size_t>(Mutant::count) - 1> known_mutants{{
    {Mutant::going_keeps_reference, "going-keeps-reference",
     "GOING_OFFLINE does not drop the driver's references, so offlining fails with -EBUSY", "protocol F16",
     "refcount-released-on-offline", "linux-6.12"},
    {Mutant::going_drops_added, "going-drops-added",
     "GOING_OFFLINE drops a reference on each page although the big block is only ADDED", "protocol F16, S8", "no-warn",
     "linux-6.12"},
    {Mutant::cancel_forgets_reference, "cancel-forgets-reference",
     "CANCEL_OFFLINE does not take the driver's references again", "protocol F16", "refcount-restored-on-cancel",
     "linux-6.12"},
    {Mutant::cancel_takes_two_references, "cancel-takes-two-references",
     "CANCEL_OFFLINE takes two references on each page", "protocol F16", "refcount-restored-on-cancel", "linux-6.12"},
    {Mutant::rollback_leaves_fake_offline, "rollback-leaves-fake-offline",
     "the rollback sets ADDED without giving the pages back", "plausible", "rollback-restores-added", "linux-6.12"},
    {Mutant::rollback_shifts_online_types, "rollback-shifts-online-types",
     "the rollback of offline_and_remove_memory() reads the remembered online types one block off", "protocol F20",
     "rollback-restores-added", "linux-6.12"},
    {Mutant::unplug_despite_offline_failure, "unplug-despite-offline-failure",
     "UNPLUG is sent although offlining failed", "virtio DR-O6", "never-touch-unplugged", "linux-6.12"},
    {Mutant::online_ignores_fake_offline, "online-ignores-fake-offline",
     "the online_page callback hands pages of a FAKE_OFFLINE big block to the buddy", "protocol F11, S8",
     "keep-fake-offline", "linux-6.12"},
    {Mutant::pending_becomes_added, "pending-becomes-added",
     "a PLUGGED big block that was unplugged at last is marked ADDED", "plausible", "legal-transitions", "linux-6.12"},
    {Mutant::set_state_forgets_count, "set-state-forgets-count",
     "bb_count is not adjusted when a big block becomes UNUSED", "plausible", "counts-consistent", "linux-6.12"},
    {Mutant::managed_adjust_swapped, "managed-adjust-swapped",
     "GOING/CANCEL_OFFLINE adjust the managed count in releases that must not, and do not in those that must",
     "protocol F15", "managed-count-conserved", "linux-6.12"},
    {Mutant::offline_size_after_add, "offline-size-after-add",
     "offline_size is added to after add_memory(), when auto-onlining has already subtracted", "protocol F2 (a)",
     "offline-size-exact", "linux-6.12"},
    {Mutant::offline_size_kept_on_add_failure, "offline-size-kept-on-add-failure",
     "offline_size is not taken back when add_memory() fails", "protocol F2 (b)", "offline-size-exact", "linux-6.12"},
    {Mutant::offline_size_kept_on_remove, "offline-size-kept-on-remove",
     "offline_size is not reduced when memory is removed", "protocol F2 (c)", "offline-size-exact", "linux-6.12"},
    {Mutant::plugged_size_forgotten, "plugged-size-forgotten", "plugged_size is not reduced by a successful UNPLUG",
     "plausible; DV-U7", "plugged-size-exact", "linux-6.12"},
    {Mutant::mutex_held_across_offline, "mutex-held-across-offline",
     "hotplug_mutex is not released around offline_and_remove_memory()",
     "comment of virtio_mem_offline_and_remove_memory()", "lock-discipline", "linux-6.12"},
    {Mutant::hotplug_active_before_removing, "hotplug-active-before-removing",
     "hotplug_active is set before `removing` is tested, so CANCEL_* unlocks a mutex that is not held", "protocol S21",
     "lock-discipline", "linux-6.12", true},
    {Mutant::raw_offline_errors, "raw-offline-errors",
     "errors of offline_and_remove_memory() reach the worker unconverted (6.1's code)", "protocol F4", "not-broken",
     "linux-6.12"},
    {Mutant::free_without_unregister, "free-without-unregister",
     "virtio_mem_remove() frees the device without waiting for the work and without unregistering", "protocol F7",
     "no-use-after-free", "linux-6.12", true},
    {Mutant::retry_on_every_offline, "retry-on-every-offline",
     "MEM_OFFLINE queues the work although unplug_online is on: a failed unplug attempt starts itself again",
     "protocol F1; 1d33c2caa8cb", "no-self-retrigger", "linux-6.12"},
    {Mutant::online_ignores_wq_active, "online-ignores-wq-active",
     "MEM_ONLINE queues the work also when the worker itself is onlining memory", "protocol F2 (d); 98ff9f941186",
     "no-self-retrigger", "linux-6.12"},
    {Mutant::skip_fake_offline, "skip-fake-offline",
     "a big block is offlined without fake-offlining it first, as with bbm_safe_unplug off",
     "protocol F3; f504e15b94eb", "offlines-fake-offline-only", "linux-6.12"},
    {Mutant::ignore_config_change, "ignore-config-change",
     "virtio_mem_fake_offline() does not look at config_changed before it tries (6.1's code)",
     "protocol F6; f55484fd7be9", "config-change-stops-fake-offline", "linux-6.12", true},
    {Mutant::removing_without_mutex, "removing-without-mutex",
     "virtio_mem_remove() sets `removing` without taking hotplug_mutex, in the middle of an onlining or offlining",
     "protocol F7; 425bec0032f5", "lock-discipline", "linux-6.12", true},
    {Mutant::reset_forgets_blocks, "reset-forgets-blocks",
     "the device unplugs all blocks when the driver resets it, to resume after a suspend say",
     "protocol F14, F28 (b); virtio DV-I2", "never-touch-unplugged", "linux-6.12", true},
    {Mutant::going_forgets_managed, "going-forgets-managed",
     "GOING_OFFLINE does not add to the managed count what offline_pages() will subtract a second time", "protocol F15",
     "managed-count-conserved", "linux-6.1"},
    {Mutant::cancel_keeps_managed, "cancel-keeps-managed",
     "CANCEL_OFFLINE does not take back what GOING_OFFLINE added to the managed count", "protocol F15",
     "managed-count-conserved", "linux-6.1"},
    {Mutant::offline_subtracts_all, "offline-subtracts-all",
     "offline_pages() subtracts PageOffline pages from the managed count, too (6.10's code)",
     "protocol F15; 50625744220c", "managed-count-conserved", "linux-6.12"},
    {Mutant::pcp_list_after_drain, "pcp-list-after-drain",
     "pages go to per-cpu lists after offline_pages() has drained them", "protocol F17; 968318261221, ec6e8c7e0314",
     "drained-lists-stay-empty", "linux-6.12"},
    {Mutant::online_without_isolation, "online-without-isolation",
     "memory is onlined without isolating its page blocks first", "protocol F18; b30c59279d68",
     "allocated-after-online", "linux-6.12"},
    {Mutant::rollback_onlines_all, "rollback-onlines-all",
     "the rollback of offline_and_remove_memory() onlines memory blocks that were offline before, too", "protocol F20",
     "rollback-restores-added", "linux-6.12"},
    {Mutant::lock_dropped_before_remove, "lock-dropped-before-remove",
     "device_hotplug_lock is dropped between offlining and removing", "protocol F20", "no-warn", "linux-6.12"},
    {Mutant::busy_device_as_busy_memory, "busy-device-as-busy-memory",
     "BUSY of the device becomes -EBUSY, as if memory were busy", "protocol F21; 35474358877e", "busy-device-ends-run",
     "linux-6.12"},
    {Mutant::going_drops_whole_big_block, "going-drops-whole-big-block",
     "GOING_OFFLINE of a memory block drops the references of the whole big block", "review of v1 28/29",
     "refcount-restored-on-cancel", "linux-6.12"},
    {Mutant::fake_offline_stays_managed, "fake-offline-stays-managed",
     "virtio_mem_set_fake_offline() leaves the pages in the managed count", "review of v1 13/29",
     "managed-count-conserved", "linux-6.12"},
    {Mutant::added_after_add_memory, "added-after-add-memory",
     "a big block becomes ADDED after add_memory(), when its memory may be online already", "protocol S6",
     "callbacks-see-added-memory", "linux-6.12", true},
    {Mutant::going_reads_state_early, "going-reads-state-early",
     "GOING_OFFLINE reads the state of the big block before it takes hotplug_mutex", "protocol S8", "no-warn",
     "linux-6.12", true},
    {Mutant::unplugged_stays_plugged, "unplugged-stays-plugged",
     "a PLUGGED big block stays so when it was unplugged at last, and is unplugged again", "virtio DV-U4",
     "requests-keep-rules", "linux-6.12"},
    {Mutant::device_shrinks_usable, "device-shrinks-usable",
     "the device shrinks its usable region when the host asks for less", "virtio DV-C8", "requests-keep-rules",
     "linux-6.12"},
    {Mutant::prepare_keeps_mutex, "prepare-keeps-mutex",
     "hotplug_mutex is not released when the array of big block states has grown", "comment of virtio_mem_add_memory()",
     "lock-discipline", "linux-6.12"},
    {Mutant::rollback_without_mutex, "rollback-without-mutex",
     "the rollback after a failed offlining does not take hotplug_mutex", "plausible", "lock-discipline", "linux-6.12",
     true},
    {Mutant::retry_after_removal, "retry-after-removal",
     "virtio_mem_retry() queues the work although the driver is being removed",
     "plausible; comment of virtio_mem_retry()", "no-use-after-free", "linux-6.12", true},
    {Mutant::timer_survives_removal, "timer-survives-removal", "virtio_mem_remove() does not cancel the retry timer",
     "plausible; virtio_mem_deinit_hotplug()", "no-use-after-free", "linux-6.12"},
    {Mutant::rollback_forgets_online_types, "rollback-forgets-online-types",
     "the rollback of offline_and_remove_memory() onlines every memory block to a kernel zone, whatever it was in",
     "review of v1 27/29", "rollback-restores-added", "linux-6.12"},
}};

template <class List>
auto find_by_name(const List& list, std::string_view name) -> decltype(list.data()) {
    const auto found = std::find_if(list.begin(), list.end(), [&](const auto& item) { return item.name == name; });
    return found == list.end() ? nullptr : &*found;
}

}  // namespace

std::span<const Release> releases() { return known_releases; }
const Release* find_release(std::string_view name) { return find_by_name(known_releases, name); }
std::span<const Scope> scopes() { return known_scopes; }
const Scope* find_scope(std::string_view name) { return find_by_name(known_scopes, name); }
std::span<const FaultInfo> fault_infos() { return known_faults; }
std::span<const MutantInfo> mutants() { return known_mutants; }
const MutantInfo* find_mutant(std::string_view name) { return find_by_name(known_mutants, name); }

std::optional<std::string> problem(const Scope& scope, const Capacity& capacity) {
    struct Bound {
        std::string_view what;
        int value, low, high;
    };
    const std::array<Bound, 12> bounds{{
        {"big blocks", scope.big_blocks, 1, capacity.big_blocks},
        {"memory blocks a big block", scope.memory_blocks, 1, capacity.memory_blocks_per_big_block},
        {"sections a memory block", scope.sections, 1, 16},
        {"page blocks a section", scope.page_blocks, 1, 16},
        {"pages a page block", scope.pages, 1, 16},
        {"allocations", scope.allocations, 0, capacity.pages},
        {"pins", scope.pins, 0, capacity.pages},
        {"resizes", scope.resizes, -1, 100},
        {"user requests", scope.user_requests, -1, 100},
        {"removals", scope.removals, 0, 1},
        {"alloc_contig_range() tries", scope.contig_tries, 1, 5},
        {"usable slack", scope.usable_slack, 0, capacity.big_blocks},
    }};
    for (const Bound& b : bounds) {
        if (b.value < b.low || b.value > b.high) {
            return std::string(b.what) + " must be " + std::to_string(b.low) + " to " + std::to_string(b.high) +
                   ", not " + std::to_string(b.value);
        }
    }
    const std::array<Bound, 3> totals{{
        {"memory blocks of the device", scope.total_memory_blocks(), 1, capacity.memory_blocks},
        {"page blocks of the device", scope.total_page_blocks(), 1, capacity.page_blocks},
        {"pages of the device", scope.total_pages(), 1, capacity.pages},
    }};
    for (const Bound& t : totals) {
        if (t.value > t.high) {
            return std::string(t.what) + " come to " + std::to_string(t.value) + ", at most " + std::to_string(t.high) +
                   " fit";
        }
    }
    if (scope.threshold != 0 && (scope.threshold < scope.memory_blocks || scope.threshold > capacity.memory_blocks)) {
        return "the offline threshold must be at least one big block (" + std::to_string(scope.memory_blocks) +
               " memory blocks) and at most " + std::to_string(capacity.memory_blocks);
    }
    return std::nullopt;
}

}  // namespace vmemcheck::bbm
