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
     "lock-discipline", "linux-6.12"},
    {Mutant::raw_offline_errors, "raw-offline-errors",
     "errors of offline_and_remove_memory() reach the worker unconverted (6.1's code)", "protocol F4", "not-broken",
     "linux-6.12"},
    {Mutant::free_without_unregister, "free-without-unregister",
     "virtio_mem_remove() frees the device without waiting for the work and without unregistering", "protocol F7",
     "no-use-after-free", "linux-6.12"},
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
