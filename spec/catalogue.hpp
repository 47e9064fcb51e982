// SPDX-License-Identifier: MIT
/// \file
/// Every state predicate by name, over any domain: what the checker evaluates and the prover assumes and proves.
#pragma once

#include <array>
#include <string_view>

#include "spec/lemmas.hpp"

namespace vmemcheck::bbm::spec {

/// A predicate of the catalogue in domain D.
template <class D>
struct NamedPredicate {
    std::string_view id;
    typename D::Bool (Lemmas<D>::*holds)() const;

    [[nodiscard]] typename D::Bool operator()(const Config& config, const State<D>& state) const {
        return (Lemmas<D>{config, state}.*holds)();
    }
};

/// The state predicates of safety properties. Ids are those of properties().
template <class D>
inline constexpr std::array<NamedPredicate<D>, 11> invariants{{
    {"refcount-released-on-offline", &Lemmas<D>::refcount_released},
    {"refcount-restored-on-cancel", &Lemmas<D>::refcount_restored},
    {"rollback-restores-added", &Lemmas<D>::rollback_restores},
    {"never-touch-unplugged", &Lemmas<D>::untouched_when_unplugged},
    {"keep-fake-offline", &Lemmas<D>::keeps_fake_offline},
    {"counts-consistent", &Lemmas<D>::counts_consistent},
    {"managed-count-conserved", &Lemmas<D>::managed_conserved},
    {"offline-size-exact", &Lemmas<D>::offline_size_exact},
    {"plugged-size-exact", &Lemmas<D>::plugged_size_exact},
    {"lock-discipline", &Lemmas<D>::mutex_free_around_core_mm},
    {"not-broken", &Lemmas<D>::not_broken},
}};

/// What lemmas say, in the order of lemmas<D>.
struct LemmaInfo {
    std::string_view id;
    std::string_view sentence;
};
inline constexpr std::array<LemmaInfo, 24> lemma_infos{{
    {"operation-has-owner",
     "an operation of core MM is in progress just when device_hotplug_lock is held, by who called it"},
    {"operation-is-clear", "between operations nothing is left of the last; results are carried where they belong"},
    {"operation-works-on-its-block", "the memory block at hand exists, and is of the worker's big block if it called"},
    {"mem-hotplug-lock-follows", "mem_hotplug_lock is held from mem_hotplug_begin() to mem_hotplug_done()"},
    {"hotplug-mutex-has-its-owner", "hotplug_mutex is held by whose program counter says so"},
    {"hotplug-active-follows", "hotplug_active is set from the driver's GOING_* to its completion or cancellation"},
    {"removal-waits", "virtio_mem_remove() has stopped the worker, the timer and the callbacks it has come past"},
    {"memory-block-follows", "state, sections and zone of a memory block agree with the operation in progress"},
    {"acting-block-is-in-its-zone", "the online type at hand is the zone of the block at hand"},
    {"whole-operation-progresses",
     "offline_and_remove_memory() and its rollback have done the blocks before the one at hand and none after"},
    {"big-block-has-its-memory-blocks", "a big block has its memory blocks just when it is ADDED or FAKE_OFFLINE"},
    {"worker-at-its-big-block", "the big block at hand is in the state that the worker's program counter implies"},
    {"worker-requests", "requests, responses and what they are for agree"},
    {"device-has-it-plugged", "the device has plugged just what the driver does not call UNUSED"},
    {"plugged-size-follows", "plugged_size is what is plugged, but for an answer not yet taken"},
    {"worker-locals", "loops, counts and results of the worker are in their ranges"},
    {"page-is-what-it-is", "refcount and pin agree with the kind of a page, the kind with its memory block"},
    {"driver-has-its-pages", "just the pages of the sections done so far are the driver's"},
    {"going-offline-drops-all", "the driver's reference is missing just between GOING_OFFLINE and CANCEL_OFFLINE"},
    {"offline-size-follows", "offline_size is the size of offline memory blocks, but for a change in progress"},
    {"results-are-recoverable", "results that end the work for good come from the device only (since v6.6)"},
    {"wq-active-follows", "wq_active is set while the work runs, so that its own onlining does not queue it"},
    {"usable-region-follows", "big blocks known to the driver are in the usable region, as it read it last"},
    {"onlining-is-isolated", "page blocks are isolated, and no page of them handed out, until onlining releases them"},
}};

template <class D>
inline constexpr std::array<NamedPredicate<D>, lemma_infos.size()> lemmas{{
    {lemma_infos[0].id, &Lemmas<D>::operation_has_owner},
    {lemma_infos[1].id, &Lemmas<D>::operation_is_clear},
    {lemma_infos[2].id, &Lemmas<D>::operation_works_on_its_block},
    {lemma_infos[3].id, &Lemmas<D>::mem_hotplug_lock_follows},
    {lemma_infos[4].id, &Lemmas<D>::hotplug_mutex_has_its_owner},
    {lemma_infos[5].id, &Lemmas<D>::hotplug_active_follows},
    {lemma_infos[6].id, &Lemmas<D>::removal_waits},
    {lemma_infos[7].id, &Lemmas<D>::memory_block_follows},
    {lemma_infos[8].id, &Lemmas<D>::acting_block_is_in_its_zone},
    {lemma_infos[9].id, &Lemmas<D>::whole_operation_progresses},
    {lemma_infos[10].id, &Lemmas<D>::big_block_has_its_memory_blocks},
    {lemma_infos[11].id, &Lemmas<D>::worker_at_its_big_block},
    {lemma_infos[12].id, &Lemmas<D>::worker_requests},
    {lemma_infos[13].id, &Lemmas<D>::device_has_it_plugged},
    {lemma_infos[14].id, &Lemmas<D>::plugged_size_follows},
    {lemma_infos[15].id, &Lemmas<D>::worker_locals},
    {lemma_infos[16].id, &Lemmas<D>::page_is_what_it_is},
    {lemma_infos[17].id, &Lemmas<D>::driver_has_its_pages},
    {lemma_infos[18].id, &Lemmas<D>::going_offline_drops_all},
    {lemma_infos[19].id, &Lemmas<D>::offline_size_follows},
    {lemma_infos[20].id, &Lemmas<D>::results_are_recoverable},
    {lemma_infos[21].id, &Lemmas<D>::wq_active_follows},
    {lemma_infos[22].id, &Lemmas<D>::usable_region_follows},
    {lemma_infos[23].id, &Lemmas<D>::onlining_is_isolated},
}};

}  // namespace vmemcheck::bbm::spec
