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
    list.reserve(32);

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
    reachable("odd-offline-error",
              "offline_and_remove_memory() fails with an error other than -ENOMEM and -EBUSY (a WARN_ON_ONCE in v6.6+)",
              "virtio_mem_offline_and_remove_memory(), ddf409851461", config.faults.veto)
        ->holds = on<M, &P::odd_offline_error>;
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
