// SPDX-License-Identifier: MIT
#include "spec/properties.hpp"

#include "spec/catalogue.hpp"

namespace vmemcheck::bbm::spec {

namespace {

using checker::PropertyKind;

template <class M>
using StateOf = typename M::State;
template <class M>
using PredicatesOf = Predicates<typename M::Domain>;

/// Makes a plain function of a member predicate.
template <class M, bool (PredicatesOf<M>::*Predicate)() const>
bool on(const M& model, const StateOf<M>& s) {
    return (PredicatesOf<M>{model.config(), s}.*Predicate)();
}
template <class M, int BigBlockState>
bool some_bb(const M& model, const StateOf<M>& s) {
    return PredicatesOf<M>{model.config(), s}.any_bb(BigBlockState);
}

/// The predicates of the catalogue as plain functions, in its order.
template <class M>
using StatePredicate = bool (*)(const M&, const StateOf<M>&);
template <class M, std::size_t I>
bool invariant_holds(const M& model, const StateOf<M>& s) {
    return invariants<typename M::Domain>[I](model.config(), s);
}
template <class M, std::size_t I>
bool lemma_holds(const M& model, const StateOf<M>& s) {
    return lemmas<typename M::Domain>[I](model.config(), s);
}
template <class M, std::size_t... I>
constexpr std::array<StatePredicate<M>, sizeof...(I)> invariant_functions(std::index_sequence<I...>) {
    return {invariant_holds<M, I>...};
}
template <class M, std::size_t... I>
constexpr std::array<StatePredicate<M>, sizeof...(I)> lemma_functions(std::index_sequence<I...>) {
    return {lemma_holds<M, I>...};
}

/// The state predicate of a property, or null if it has none.
template <class M>
StatePredicate<M> predicate_of(std::string_view id) {
    constexpr auto functions =
        invariant_functions<M>(std::make_index_sequence<std::tuple_size_v<decltype(invariants<typename M::Domain>)>>{});
    for (std::size_t i = 0; i < functions.size(); ++i) {
        if (invariants<typename M::Domain>[i].id == id) return functions[i];
    }
    return nullptr;
}

template <class State>
constexpr bool at(const State& s, StepId op) {
    return s.op == static_cast<int>(op);
}

/// The driver's callback runs for a big block that is FAKE_OFFLINE, seen from the step that does its work.
template <class M>
bool going_offline_sees(const M& model, const StateOf<M>& before, const StateOf<M>& after) {
    const int bb = before.op_mb / model.config().scope.memory_blocks;
    return at(before, StepId::op_offline_cb_lock) && !at(after, StepId::op_offline_cb_lock) && after.op_notified == 1 &&
           before.bb[static_cast<std::size_t>(bb)].state == big_block::fake_offline;
}
template <class M>
bool cancel_offline_sees(const M& model, const StateOf<M>& before, const StateOf<M>& after) {
    const int bb = before.op_mb / model.config().scope.memory_blocks;
    return at(before, StepId::op_offline_cancel) && at(after, StepId::op_offline_cancel_unlock) &&
           before.bb[static_cast<std::size_t>(bb)].state == big_block::fake_offline;
}
template <class M>
bool unplug_completes(const M&, const StateOf<M>& before, const StateOf<M>& after) {
    return before.plugged == after.plugged + 1 && before.wk_why == purpose::unplug;
}
template <class M>
bool offlining(const M&, const StateOf<M>& s) {
    return s.op >= static_cast<int>(StepId::op_offline_begin) && s.op <= static_cast<int>(StepId::op_offline_fail);
}
/// The worker itself onlines memory.
template <class M>
bool online_by_worker(const M&, const StateOf<M>& s) {
    return s.device_hotplug_lock == task::worker && s.op >= static_cast<int>(StepId::op_online_enter) &&
           s.op <= static_cast<int>(StepId::op_online_end);
}
template <class M>
bool config_changes_before_try(const M&, const StateOf<M>& s) {
    return s.wk == static_cast<int>(StepId::wk_fo_config) && s.config_changed == 1;
}
template <class M>
bool tries_after_config_change(const M&, const StateOf<M>& before, const StateOf<M>& after) {
    constexpr int enter = static_cast<int>(StepId::wk_ac_enter);
    return after.wk == enter && before.wk != enter && before.config_changed == 1;
}
/// offline_pages() has isolated its pages and not undone that, and a page block of it is isolated no more.
template <class M>
bool undoes_foreign_isolation(const M& model, const StateOf<M>& before, const StateOf<M>& after) {
    if (before.wk != static_cast<int>(StepId::wk_ac_undo) || before.op != after.op) return false;
    if (before.op < static_cast<int>(StepId::op_offline_going) || before.op > static_cast<int>(StepId::op_offline_done))
        return false;
    const int blocks = model.config().scope.page_blocks_per_memory_block();
    for (int i = before.op_mb * blocks; i < (before.op_mb + 1) * blocks; ++i) {
        const auto at = static_cast<std::size_t>(i);
        if (before.isolated[at] == 1 && after.isolated[at] == 0) return true;
    }
    return false;
}
/// The worker is about to offline a memory block with a page in use.
template <class M>
bool offlines_in_use(const M& model, const StateOf<M>& s) {
    if (!at(s, StepId::op_offline_begin) || s.op_caller != caller::offline_and_remove) return false;
    const int pages = model.config().scope.pages_per_memory_block();
    for (int i = s.op_mb * pages; i < (s.op_mb + 1) * pages; ++i) {
        const auto& kind = s.page[static_cast<std::size_t>(i)].kind;
        if (kind == page::movable || kind == page::unmovable) return true;
    }
    return false;
}
/// offline_and_remove_memory() has failed and lets go of device_hotplug_lock, and a memory block that it had offlined
/// itself is still offline.
template <class M>
bool loses_online_set(const M& model, const StateOf<M>& before, const StateOf<M>& after) {
    if (!at(before, StepId::op_unlock) || at(after, StepId::op_unlock) || before.op_caller != caller::rollback)
        return false;
    const Scope& scope = model.config().scope;
    const int first = before.op_mb / scope.memory_blocks * scope.memory_blocks;
    for (int i = 0; i < scope.memory_blocks; ++i) {
        if (before.op_types[static_cast<std::size_t>(i)] != online_type::offline &&
            after.mb[static_cast<std::size_t>(first) + static_cast<std::size_t>(i)].state == memory_block::offline) {
            return true;
        }
    }
    return false;
}
/// Whether a memory block that the rollback onlines again can be refused that: by another notifier, or by the driver
/// since it is being removed.
bool reonlining_can_fail(const Config& config) {
    const bool refused_for_removal = config.scope.removals > 0 && !config.what_if(WhatIf::reonline_despite_removal);
    return config.faults.veto || refused_for_removal;
}
/// Whether the worker can find memory online that it is to offline.
bool offlines_online_memory(const Config& config) {
    const bool user = config.scope.user_requests != 0;
    return user || (config.unplug_online && config.auto_online != AutoOnline::off);
}
template <class M>
bool driver_unbound(const M&, const StateOf<M>& s) {
    return s.rm == static_cast<int>(StepId::rm_done);
}

}  // namespace

std::string_view group_of(std::string_view id) { return id.substr(0, id.find('/')); }

template <class M>
std::vector<checker::Property<M>> properties(const Config& config) {
    using Property = checker::Property<M>;
    using P = PredicatesOf<M>;
    const bool safe = config.safe_unplug;
    std::vector<Property> list;
    const auto invariant = [&](const char* id, const char* sentence, const char* source, const char* broken_by,
                               bool (*trigger)(const M&, const StateOf<M>&)) {
        Property p;
        p.id = id;
        p.kind = PropertyKind::invariant;
        p.sentence = sentence;
        p.source = source;
        p.broken_by = broken_by;
        p.holds = predicate_of<M>(id);
        p.trigger = trigger;
        list.push_back(std::move(p));
        return &list.back();
    };
    const auto asserted = [&](const char* id, const char* sentence, const char* source, const char* broken_by,
                              assertion::Id which, bool (*trigger)(const M&, const StateOf<M>&)) {
        auto* p = invariant(id, sentence, source, broken_by, trigger);
        p->kind = PropertyKind::assertion;
        p->assertion = which;
        p->has_assertion = true;
        return p;
    };
    const auto also_asserted = [](Property* p, assertion::Id which) {
        p->assertion = which;
        p->has_assertion = true;
    };
    const auto reachable = [&](const char* id, const char* sentence, const char* source, bool expected) {
        auto* p = invariant(id, sentence, source, "", nullptr);
        p->kind = PropertyKind::reachability;
        p->expected = expected;
        return p;
    };
    list.reserve(64);

    also_asserted(
        invariant("refcount-released-on-offline",
                  "when a memory block goes offline every page of it has refcount 0: the driver's reference on each "
                  "fake-offline page is dropped exactly once, in GOING_OFFLINE",
                  "virtio_mem_fake_offline_going_offline(), __offline_isolated_pages()", "going-keeps-reference",
                  safe ? on<M, &P::any_references_dropped> : nullptr),
        assertion::refcount_released);
    also_asserted(
        invariant("refcount-restored-on-cancel",
                  "whenever no offlining is in progress, and after CANCEL_OFFLINE, each fake-offline page holds "
                  "exactly the driver's reference",
                  "virtio_mem_fake_offline_cancel_offline()", "cancel-forgets-reference",
                  safe ? on<M, &P::any_fake> : nullptr),
        assertion::refcount_restored);
    also_asserted(
        invariant("rollback-restores-added",
                  "after a failed unplug attempt the big block is ADDED, no page of it is PageOffline, and every "
                  "page that was online is with the buddy or its user again, in its zone",
                  "virtio_mem_bbm_offline_remove_and_unplug_bb(), offline_and_remove_memory()",
                  "rollback-leaves-fake-offline", some_bb<M, big_block::added>),
        assertion::rollback_restores);
    also_asserted(
        invariant("never-touch-unplugged",
                  "no page is in the buddy or in use, and no memory block is added, while the device has its big "
                  "block unplugged; UNPLUG is never sent for memory still added to Linux",
                  "virtio 1.3, memory device, DR-O6", "unplug-despite-offline-failure", some_bb<M, big_block::added>),
        assertion::never_touch_unplugged);
    invariant("keep-fake-offline", "memory onlined while its big block is FAKE_OFFLINE reaches no user",
              "virtio_mem_online_page()", "online-ignores-fake-offline",
              safe ? on<M, &P::any_all_fake_offline> : nullptr);
    asserted("legal-transitions",
             "big block states move only as the driver's comments allow, FAKE_OFFLINE only under hotplug_mutex",
             "enum virtio_mem_bbm_bb_state, virtio_mem_bbm_set_bb_state()", "pending-becomes-added",
             assertion::legal_transitions, some_bb<M, big_block::added>);
    invariant("counts-consistent", "bb_count[] agrees with bb_states[]", "virtio_mem_bbm_set_bb_state()",
              "set-state-forgets-count", some_bb<M, big_block::added>);
    invariant("managed-count-conserved",
              "the managed pages of a zone are the pages with the buddy or a user, give or take what offlining borrows",
              "adjust_managed_page_count(); 50625744220c", "managed-adjust-swapped",
              safe ? on<M, &P::any_fake> : nullptr);
    invariant(
        "offline-size-exact",
        "offline_size is never negative, and is the size of the memory blocks added and offline whenever nothing is in "
        "progress",
        "virtio_mem_add_memory(), virtio_mem_memory_notifier_cb()", "offline-size-after-add",
        some_bb<M, big_block::added>);
    invariant("plugged-size-exact", "plugged_size is what the device has plugged whenever no request is in flight",
              "virtio_mem_send_plug_request(), DV-C3", "plugged-size-forgotten", some_bb<M, big_block::added>);
    {
        auto* p =
            invariant("lock-discipline",
                      "no deadlock, no unlock by a task that does not hold the lock, hotplug_mutex free around add, "
                      "offline and remove",
                      "virtio_mem.c, comments at virtio_mem_add_memory() and virtio_mem_memory_notifier_cb()",
                      "mutex-held-across-offline", nullptr);
        p->kind = PropertyKind::deadlock;
        also_asserted(p, assertion::lock_discipline);
    }
    asserted("no-warn",
             "no WARN_ON or BUG_ON of the driver or of core MM is reached (but the one of odd-offline-error)",
             "drivers/virtio/virtio_mem.c, mm/memory_hotplug.c, mm/page_alloc.c", "going-drops-added",
             assertion::no_warn, offlining<M>);
    invariant("not-broken", "a recoverable failure (a veto, -EINTR, no memory) never marks the device broken",
              "virtio_mem_run_wq(), ddf409851461", "linux-6.1, raw-offline-errors", offlining<M>);
    asserted("no-use-after-free", "nobody uses the device after virtio_mem_remove() has freed it",
             "virtio_mem_deinit_hotplug(), 425bec0032f5", "free-without-unregister", assertion::no_use_after_free,
             config.scope.removals > 0 ? driver_unbound<M> : nullptr);

    asserted(
        "no-self-retrigger",
        "the worker's own onlining and offlining never queues its work again: a failed attempt waits for its timer "
        "or for somebody else (MEM_OFFLINE does so on purpose while unplug_online is off)",
        "virtio_mem_memory_notifier_cb(); 1d33c2caa8cb, 98ff9f941186", "retry-on-every-offline",
        assertion::no_self_retrigger, online_by_worker<M>);
    asserted("offlines-fake-offline-only",
             "in safe mode the worker enters offline_pages() only for a memory block whose pages are all fake-offline",
             "virtio_mem_bbm_offline_remove_and_unplug_bb(); f504e15b94eb", "skip-fake-offline",
             assertion::offlines_fake_offline_only, safe ? offlining<M> : nullptr);
    asserted(
        "config-change-stops-fake-offline",
        "virtio_mem_fake_offline() does not begin a try of alloc_contig_range() while config_changed is set (since "
        "v6.6)",
        "virtio_mem_fake_offline(); f55484fd7be9", "ignore-config-change", assertion::config_change_stops_fake_offline,
        config.release.checks_config_before_fake_offline ? config_changes_before_try<M> : nullptr);
    asserted("drained-lists-stay-empty",
             "no page of a memory block that is going offline is on a per-cpu list once these have been drained",
             "offline_pages(), zone_pcp_disable(); 968318261221, ec6e8c7e0314", "pcp-list-after-drain",
             assertion::drained_lists_stay_empty, offlining<M>);
    asserted("allocated-after-online",
             "no page is allocated before the onlining of its memory block has come to undo_isolate_page_range()",
             "online_pages(); b30c59279d68", "online-without-isolation", assertion::allocated_after_online,
             some_bb<M, big_block::added>);
    asserted("busy-device-ends-run",
             "the worker goes on to another big block when memory was busy, never when the device was",
             "virtio_mem_bbm_unplug_request(); 35474358877e", "busy-device-as-busy-memory",
             assertion::busy_device_ends_run, some_bb<M, big_block::plugged>);
    asserted("callbacks-see-added-memory",
             "the driver's GOING_* callback is called for big blocks ADDED or FAKE_OFFLINE only",
             "virtio_mem_bbm_plug_and_add_bb(), virtio_mem_memory_notifier_cb()", "added-after-add-memory",
             assertion::callbacks_see_added_memory, some_bb<M, big_block::added>);
    asserted(
        "requests-keep-rules",
        "no request is one that the device must answer ERROR: all are within the usable region, PLUG is for what is "
        "unplugged, UNPLUG for what is plugged",
        "virtio 1.3, memory device, DV-P3, DV-P4, DV-U3, DV-U4, DV-C8", "unplugged-stays-plugged",
        assertion::requests_keep_rules, some_bb<M, big_block::added>);

    reachable("notifier-sees-fake-offline/going-offline",
              "GOING_OFFLINE of the driver runs with the big block FAKE_OFFLINE",
              "review of v1 29/29: in which case is the state FAKE_OFFLINE?", safe)
        ->holds_step = going_offline_sees<M>;
    // Without any veto, signal or wrong reference nothing cancels an offlining.
    reachable("notifier-sees-fake-offline/cancel-offline",
              "CANCEL_OFFLINE of the driver runs with the big block FAKE_OFFLINE",
              "review of v1 29/29: in which case is the state FAKE_OFFLINE?",
              safe && (config.faults.veto || config.faults.signal))
        ->holds_step = cancel_offline_sees<M>;
    reachable("unplug-completes", "a big block that was added is unplugged", "virtio_mem_bbm_unplug_request()", true)
        ->holds_step = unplug_completes<M>;
    reachable("onlined-while-fake-offline", "memory is onlined while its big block is FAKE_OFFLINE, and kept back",
              "virtio_mem_online_page()", safe)
        ->holds = on<M, &P::any_kept_back>;
    reachable("in-use-offlined", "the worker enters offline_pages() for memory that is in use (bbm_safe_unplug off)",
              "virtio_mem_bbm_offline_remove_and_unplug_bb(), f504e15b94eb", !safe)
        ->holds = offlines_in_use<M>;
    reachable("tries-after-config-change", "alloc_contig_range() is tried after the config has changed (until v6.5)",
              "virtio_mem_fake_offline(), f55484fd7be9", safe && !config.release.checks_config_before_fake_offline)
        ->holds_step = tries_after_config_change<M>;
    reachable("foreign-isolation-undone",
              "alloc_contig_range() undoes the isolation of another task that is offlining memory (after v5.17)",
              "alloc_contig_range(), undo_isolate_page_range()",
              safe && config.undoes_foreign_isolation() && config.scope.user_requests != 0)
        ->holds_step = undoes_foreign_isolation<M>;
    reachable("odd-offline-error",
              "offline_and_remove_memory() fails with an error other than -ENOMEM and -EBUSY (a WARN_ON_ONCE in v6.6+)",
              "virtio_mem_offline_and_remove_memory(), ddf409851461", config.faults.veto)
        ->holds = on<M, &P::odd_offline_error>;
    // rollback-restores-added asks for the same memory blocks online again where re-onlining did not fail.
    reachable("online-set-lost",
              "offline_and_remove_memory() fails, and a memory block that it had offlined itself stays offline, since "
              "onlining it again was refused (protocol S4)",
              "offline_and_remove_memory(), try_reonline_memory_block()",
              config.scope.memory_blocks > 1 && offlines_online_memory(config) && reonlining_can_fail(config))
        ->holds_step = loses_online_set<M>;
    return list;
}

template <class M>
std::vector<checker::Property<M>> lemma_properties() {
    using Property = checker::Property<M>;
    constexpr auto functions = lemma_functions<M>(std::make_index_sequence<lemma_infos.size()>{});
    std::vector<Property> list;
    for (std::size_t i = 0; i < functions.size(); ++i) {
        Property p;
        p.id = lemma_infos[i].id;
        p.kind = PropertyKind::invariant;
        p.sentence = lemma_infos[i].sentence;
        p.source = "a lemma of the proofs";
        p.holds = functions[i];
        list.push_back(std::move(p));
    }
    return list;
}

template std::vector<Property> properties<Bbm>(const Config& config);
template std::vector<WideProperty> properties<WideBbm>(const Config& config);
template std::vector<Property> lemma_properties<Bbm>();
template std::vector<WideProperty> lemma_properties<WideBbm>();

}  // namespace vmemcheck::bbm::spec
