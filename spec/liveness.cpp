// SPDX-License-Identifier: MIT
#include "spec/liveness.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "model/fairness.hpp"
#include "spec/properties.hpp"

namespace vmemcheck::bbm::spec {

namespace {

using checker::PropertyKind;

/// What a liveness predicate looks at.
template <class M>
class View {
 public:
    using State = typename M::State;

    View(const M& model, const State& state) : c_(model.config()), s_(state) {}

    /// offline_pages() is at work.
    [[nodiscard]] bool offlining() const { return op_within(StepId::op_offline_begin, StepId::op_offline_fail); }

    /// offline_pages() goes on for ever, unless somebody sends its task a signal: scan_movable_pages() finds a page
    /// that is pinned for ever, or test_pages_isolated() a page block that is isolated no more.
    [[nodiscard]] bool offlining_endless() const {
        return op_within(StepId::op_offline_going, StepId::op_offline_test) &&
               (page_pinned_for_ever() || isolation_lost());
    }
    /// The same by a user who asked for it: offlining memory with a page that is pinned for ever goes on until it is
    /// interrupted, as Documentation/admin-guide/mm/memory-hotplug.rst says.
    [[nodiscard]] bool user_waits_for_pin() const {
        return offlining() && s_.device_hotplug_lock == task::user && page_pinned_for_ever();
    }

    /// virtio_mem_bbm_offline_remove_and_unplug_bb() is at work.
    [[nodiscard]] bool unplugging() const {
        return s_.wk >= static_cast<int>(StepId::wk_unplug_enter) && s_.wk <= static_cast<int>(StepId::wk_rb_unlock);
    }

    [[nodiscard]] bool worker_idle() const { return s_.wk == static_cast<int>(StepId::wk_idle) && s_.queued == 0; }
    [[nodiscard]] bool mutex_free() const { return s_.hotplug_mutex == task::none; }
    [[nodiscard]] bool removal_started() const { return s_.rm != static_cast<int>(StepId::rm_idle); }
    [[nodiscard]] bool removed() const { return s_.rm == static_cast<int>(StepId::rm_done); }
    [[nodiscard]] bool broken() const { return s_.broken != broken::no; }

    [[nodiscard]] bool target_reached() const { return s_.plugged == s_.device_requested; }
    /// Memory that user space leaves offline stands in the way of more: virtio_mem_could_add_memory() says no to a big
    /// block, or MEM_ONLINE waits for more to be onlined (to half of the threshold).
    [[nodiscard]] bool too_much_offline() const {
        const int threshold = c_.scope.offline_threshold();
        return s_.device_requested > s_.plugged &&
               (s_.offline_size + c_.scope.memory_blocks > threshold || 2 * s_.offline_size > threshold);
    }
    /// Fewer big blocks can be given back than the host wants: in the others pages are in use for good.
    [[nodiscard]] bool too_much_in_use() const {
        int free = 0;
        for (int i = 0; i < c_.scope.big_blocks; ++i) {
            const auto state = s_.bb[static_cast<std::size_t>(i)].state;
            if (state == big_block::plugged || (state == big_block::added && !in_use(i))) ++free;
        }
        return s_.plugged - s_.device_requested > free;
    }

 private:
    [[nodiscard]] bool op_within(StepId first, StepId last) const {
        return s_.op >= static_cast<int>(first) && s_.op <= static_cast<int>(last);
    }
    [[nodiscard]] bool page_pinned_for_ever() const {
        const int pages = c_.scope.pages_per_memory_block();
        for (int i = s_.op_mb * pages; i < (s_.op_mb + 1) * pages; ++i) {
            if (s_.page[static_cast<std::size_t>(i)].pin == pin::eternal) return true;
        }
        return false;
    }
    [[nodiscard]] bool isolation_lost() const {
        const int blocks = c_.scope.page_blocks_per_memory_block();
        for (int i = s_.op_mb * blocks; i < (s_.op_mb + 1) * blocks; ++i) {
            if (s_.isolated[static_cast<std::size_t>(i)] == 0) return true;
        }
        return false;
    }
    /// The big block has a page that can neither be taken nor moved, or is online and unplug_online is off.
    [[nodiscard]] bool in_use(int bb) const {
        const int blocks = c_.scope.memory_blocks;
        for (int i = bb * blocks; i < (bb + 1) * blocks; ++i) {
            if (s_.mb[static_cast<std::size_t>(i)].online == 1 && !c_.unplug_online) return true;
        }
        const int pages = blocks * c_.scope.pages_per_memory_block();
        for (int i = bb * pages; i < (bb + 1) * pages; ++i) {
            const auto& page = s_.page[static_cast<std::size_t>(i)];
            if (page.kind == page::unmovable || page.pin == pin::eternal) return true;
        }
        return false;
    }

    const Config& c_;
    const State& s_;
};

template <class M>
bool offlining(const M& model, const typename M::State& s) {
    return View<M>(model, s).offlining();
}
template <class M>
bool not_offlining(const M& model, const typename M::State& s) {
    const View<M> v(model, s);
    return !v.offlining() || v.user_waits_for_pin();
}
template <class M>
bool unplugging(const M& model, const typename M::State& s) {
    return View<M>(model, s).unplugging();
}
template <class M>
bool not_unplugging(const M& model, const typename M::State& s) {
    const View<M> v(model, s);
    return !v.unplugging() || v.offlining_endless();
}
template <class M>
bool target(const M& model, const typename M::State& s) {
    const View<M> v(model, s);
    return v.target_reached() || v.too_much_offline() || v.too_much_in_use() || v.removal_started() || v.broken() ||
           v.offlining_endless();
}
template <class M>
bool worker_idle(const M& model, const typename M::State& s) {
    const View<M> v(model, s);
    return v.worker_idle() || v.removal_started() || v.offlining_endless();
}
template <class M>
bool mutex_free(const M& model, const typename M::State& s) {
    const View<M> v(model, s);
    return v.mutex_free() || v.offlining_endless();
}
template <class M>
bool removal_started(const M& model, const typename M::State& s) {
    return View<M>(model, s).removal_started();
}
template <class M>
bool removed(const M& model, const typename M::State& s) {
    const View<M> v(model, s);
    return v.removed() || v.offlining_endless();
}

}  // namespace

template <class M>
std::vector<checker::Property<M>> liveness_properties(const Config& config) {
    using namespace fairness;
    using Predicate = bool (*)(const M&, const typename M::State&);
    std::vector<checker::Property<M>> list;
    const auto add = [&](const char* id, PropertyKind kind, const char* sentence, const char* source,
                         const char* broken_by, checker::FairnessSet assumed, Predicate trigger, Predicate holds) {
        checker::Property<M> p;
        p.id = id;
        p.kind = kind;
        p.sentence = sentence;
        p.source = source;
        p.broken_by = broken_by;
        p.fairness = assumed;
        p.trigger = trigger;
        p.holds = holds;
        list.push_back(std::move(p));
    };
    add("offlining-ends", PropertyKind::leads_to,
        "every offlining of a memory block ends (a user's, of memory with a page that is pinned for ever, excepted)",
        "offline_pages(); protocol F3, F31", "linux-6.1, linux-6.12; skip-fake-offline with eternal pins",
        tasks | set({unpin, no_page_use}), offlining<M>, not_offlining<M>);
    add("unplug-attempt-ends", PropertyKind::leads_to,
        "every attempt to unplug a big block ends (unless an offlining does not: offlining-ends)",
        "virtio_mem_bbm_offline_remove_and_unplug_bb()", "mutex-held-across-offline",
        tasks | set({device, unpin, no_page_use}), unplugging<M>, not_unplugging<M>);
    add("target-reached", PropertyKind::always_eventually,
        "once requests and faults have come to an end, the plugged size reaches the requested size, unless user space "
        "leaves too much memory offline or pages in use stand in the way",
        "virtio_mem_run_wq(), virtio_mem_memory_notifier_cb(); protocol S2", "all releases (the lost wake-up)",
        machine | no_faults | set({no_resizes, no_user_requests, no_page_use}), nullptr, target<M>);
    add("backs-off", PropertyKind::eventually_always,
        "the worker does not go on by itself: when nothing is requested any more and the retry timer does not expire, "
        "it "
        "is idle in the end, whatever fails (until the driver is being unbound: removal-ends)",
        "virtio_mem_run_wq(), virtio_mem_memory_notifier_cb(); 1d33c2caa8cb", "retry-on-every-offline; linux-6.1",
        tasks | set({device, config_interrupt, unpin, no_resizes, no_user_requests, no_page_use, no_timer}), nullptr,
        worker_idle<M>);
    add("mutex-released", PropertyKind::always_eventually,
        "hotplug_mutex is free again and again (unless an offlining does not end: offlining-ends)",
        "virtio_mem_memory_notifier_cb(), virtio_mem_bbm_offline_remove_and_unplug_bb()", "prepare-keeps-mutex",
        tasks | set({unpin, no_page_use}), nullptr, mutex_free<M>);
    if (config.scope.removals > 0) {
        add("removal-ends", PropertyKind::leads_to,
            "unbinding the driver, once begun, ends (unless an offlining does not: offlining-ends)",
            "virtio_mem_remove(), virtio_mem_deinit_hotplug()", "prepare-keeps-mutex; linux-6.1",
            tasks | set({device, unpin, no_page_use}), removal_started<M>, removed<M>);
    }
    return list;
}

template <class M>
std::vector<checker::Property<M>> all_properties(const Config& config) {
    std::vector<checker::Property<M>> all = properties<M>(config);
    std::vector<checker::Property<M>> liveness = liveness_properties<M>(config);
    std::move(liveness.begin(), liveness.end(), std::back_inserter(all));
    return all;
}

template std::vector<checker::Property<Bbm>> liveness_properties<Bbm>(const Config& config);
template std::vector<checker::Property<WideBbm>> liveness_properties<WideBbm>(const Config& config);
template std::vector<checker::Property<Bbm>> all_properties<Bbm>(const Config& config);
template std::vector<checker::Property<WideBbm>> all_properties<WideBbm>(const Config& config);

}  // namespace vmemcheck::bbm::spec
