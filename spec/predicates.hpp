// SPDX-License-Identifier: MIT
/// \file
/// What must hold of a state, in templated C++: the checker and the prover read one text.
///
/// Each predicate is a function of the configuration and a state over any domain. See properties.cpp for sentences,
/// sources and the mutants that break them.
#pragma once

#include "model/run.hpp"

namespace vmemcheck::bbm::spec {

template <class D>
struct Predicates {
    using Value = typename D::Value;
    using Bool = typename D::Bool;
    using S = State<D>;

    const Config& c;
    const S& s;

    [[nodiscard]] const auto& bb(int i) const { return s.bb[static_cast<std::size_t>(i)]; }
    [[nodiscard]] const auto& mb(int i) const { return s.mb[static_cast<std::size_t>(i)]; }
    [[nodiscard]] const auto& page(int i) const { return s.page[static_cast<std::size_t>(i)]; }
    [[nodiscard]] int mb_of_page(int i) const { return i / c.scope.pages_per_memory_block(); }
    // Where entities are, and how many there are; see ExactNumbering.
    [[nodiscard]] Value bb_position(int i) const { return s.numbering.big_block(c.scope, i); }
    [[nodiscard]] Value mb_position(int i) const { return s.numbering.memory_block(c.scope, i); }
    [[nodiscard]] Bool worker_at(int bb_id) const { return s.wk_bb == bb_position(bb_id); }
    [[nodiscard]] Bool operation_at(int mb_id) const { return s.op_mb == mb_position(mb_id); }
    [[nodiscard]] int bb_of_page(int i) const { return mb_of_page(i) / c.scope.memory_blocks; }

    [[nodiscard]] static Bool is_fake(const Page<typename D::Int>& p) {
        return p.kind == page::fake || p.kind == page::fake_dirty;
    }
    [[nodiscard]] static Bool with_allocator_or_user(const Page<typename D::Int>& p) {
        return p.kind == page::buddy || p.kind == page::pcp || p.kind == page::movable || p.kind == page::unmovable;
    }

    /// An offlining of this memory block is between the driver's GOING_OFFLINE and its completion or CANCEL_OFFLINE,
    /// and the driver has already done its part.
    [[nodiscard]] Bool references_dropped(int mb_id) const {
        const Value op = s.op;
        const Bool after_drop =
            op >= static_cast<int>(StepId::op_offline_cb_return) && op <= static_cast<int>(StepId::op_offline_cancel);
        return operation_at(mb_id) && after_drop && s.op_notified == 1 && s.hotplug_active == 1 &&
               mb(mb_id).state == memory_block::going_offline;
    }

    /// A speculative reference of a pfn walker (or a pin) does not count.
    [[nodiscard]] static Value own_references(const Page<typename D::Int>& p) {
        return p.ref - D::select(p.pin == pin::none, 0, 1);
    }

    [[nodiscard]] Bool refcount_released() const {
        Bool ok = true;
        for (int i = 0; i < c.scope.total_pages(); ++i) {
            ok = ok && (!(is_fake(page(i)) && references_dropped(mb_of_page(i))) || own_references(page(i)) == 0);
        }
        return ok;
    }

    [[nodiscard]] Bool refcount_restored() const {
        Bool ok = true;
        for (int i = 0; i < c.scope.total_pages(); ++i) {
            // After the callback took them again, and whenever no notification is in progress.
            const Bool waits = operation_at(mb_of_page(i)) && s.op >= static_cast<int>(StepId::op_offline_cb_drop) &&
                               s.op <= static_cast<int>(StepId::op_offline_cancel) && s.op_notified == 1;
            ok = ok && (!is_fake(page(i)) || waits || own_references(page(i)) == 1);
        }
        return ok;
    }

    [[nodiscard]] Bool rollback_restores() const {
        Bool ok = true;
        for (int i = 0; i < c.scope.total_pages(); ++i) {
            const Bool added = bb(bb_of_page(i)).state == big_block::added;
            ok = ok && (!(added && mb(mb_of_page(i)).online == 1) || with_allocator_or_user(page(i)));
        }
        return ok;
    }

    [[nodiscard]] Bool untouched_when_unplugged() const {
        Bool ok = true;
        for (int i = 0; i < c.scope.total_memory_blocks(); ++i) {
            const Bool plugged = bb(i / c.scope.memory_blocks).device == 1;
            ok = ok && (plugged || mb(i).state == memory_block::absent);
        }
        for (int i = 0; i < c.scope.total_pages(); ++i) {
            ok = ok && (bb(bb_of_page(i)).device == 1 || page(i).kind == page::none);
        }
        return ok;
    }

    /// The worker has fake-offlined all that was online of this big block and has not begun to give it back.
    [[nodiscard]] Bool all_fake_offline(int bb_id) const {
        const Value wk = s.wk;
        const Bool after_loop =
            wk >= static_cast<int>(StepId::wk_oar_enter) && wk <= static_cast<int>(StepId::wk_rb_lock);
        return after_loop && worker_at(bb_id) && bb(bb_id).state == big_block::fake_offline;
    }

    [[nodiscard]] Bool keeps_fake_offline() const {
        Bool ok = true;
        for (int i = 0; i < c.scope.total_pages(); ++i) {
            ok = ok && (!all_fake_offline(bb_of_page(i)) || !with_allocator_or_user(page(i)));
        }
        return ok;
    }

    [[nodiscard]] Bool counts_consistent() const {
        Bool ok = true;
        for (int state = 0; state < big_block::count; ++state) {
            Value n = s.others.bb_count[static_cast<std::size_t>(state)];
            for (int i = 0; i < c.scope.big_blocks; ++i) {
                n = n + D::select(bb_position(i) < s.next_bb && bb(i).state == state, 1, 0);
            }
            ok = ok && s.bb_count[static_cast<std::size_t>(state)] == n;
        }
        return ok;
    }

    /// Managed pages of a zone: free or used, or on their way to the driver (contig), or lent to offline_pages() by
    /// GOING_OFFLINE (until v6.10).
    [[nodiscard]] Bool managed_conserved() const {
        Bool ok = true;
        for (int z = 0; z < zone::count; ++z) {
            Value n = s.others.managed[static_cast<std::size_t>(z)];
            for (int i = 0; i < c.scope.total_pages(); ++i) {
                const auto& p = page(i);
                const Bool here = mb(mb_of_page(i)).zone == z;
                const Bool lent = is_fake(p) && references_dropped(mb_of_page(i)) && c.release.notifier_adjusts_managed;
                n = n + D::select(here && (with_allocator_or_user(p) || p.kind == page::contig || lent), 1, 0);
            }
            ok = ok && s.managed[static_cast<std::size_t>(z)] == n;
        }
        return ok;
    }

    /// The worker is outside the windows in which offline_size and the memory blocks differ: from atomic64_add to
    /// add_memory(), and from the removal or failure to atomic64_sub.
    [[nodiscard]] Bool offline_size_at_rest() const {
        const Value wk = s.wk;
        const Bool adding =
            wk >= static_cast<int>(StepId::wk_add_account) && wk <= static_cast<int>(StepId::wk_add_return);
        const Bool removing =
            wk == static_cast<int>(StepId::wk_oar_lock) || wk == static_cast<int>(StepId::wk_oar_return);
        return !adding && !removing && s.op == static_cast<int>(StepId::op_none);
    }

    /// Memory blocks that are offline.
    [[nodiscard]] Value offline_blocks() const {
        Value n = s.others.offline;
        for (int i = 0; i < c.scope.total_memory_blocks(); ++i) {
            n = n + D::select(mb(i).state == memory_block::offline, 1, 0);
        }
        return n;
    }

    /// Once the driver is unbound nobody counts any more.
    [[nodiscard]] Bool offline_size_exact() const {
        const Value n = offline_blocks();
        const Bool unregistered = s.rm > static_cast<int>(StepId::rm_unregister_notifier);
        return s.offline_size >= 0 && (unregistered || !offline_size_at_rest() || s.offline_size == n);
    }

    [[nodiscard]] Bool request_in_flight() const {
        const Value wk = s.wk;
        return wk >= static_cast<int>(StepId::wk_kick) && wk <= static_cast<int>(StepId::wk_response_all);
    }
    [[nodiscard]] Bool plugged_size_exact() const {
        return request_in_flight() || s.plugged == plugged_in_device(c, s);
    }

    [[nodiscard]] Bool not_broken() const { return s.broken != broken::recoverable; }

    /// hotplug_mutex is free whenever its owner calls into core MM (it would deadlock with the callbacks).
    [[nodiscard]] Bool mutex_free_around_core_mm() const {
        const Value wk = s.wk;
        const Bool calls = wk == static_cast<int>(StepId::wk_add_lock) || wk == static_cast<int>(StepId::wk_oar_lock);
        return !(calls && s.hotplug_mutex == task::worker);
    }

    // --- situations ---

    [[nodiscard]] Bool any_fake() const {
        Bool any = false;
        for (int i = 0; i < c.scope.total_pages(); ++i) any = any || is_fake(page(i));
        return any;
    }
    [[nodiscard]] Bool any_bb(int state) const {
        Bool any = false;
        for (int i = 0; i < c.scope.big_blocks; ++i) any = any || bb(i).state == state;
        return any;
    }
    [[nodiscard]] Bool any_references_dropped() const {
        Bool any = false;
        for (int i = 0; i < c.scope.total_pages(); ++i)
            any = any || (is_fake(page(i)) && references_dropped(mb_of_page(i)));
        return any;
    }
    [[nodiscard]] Bool any_all_fake_offline() const {
        Bool any = false;
        for (int i = 0; i < c.scope.big_blocks; ++i) any = any || all_fake_offline(i);
        return any;
    }
    [[nodiscard]] Bool any_kept_back() const {
        Bool any = false;
        for (int i = 0; i < c.scope.total_pages(); ++i) any = any || page(i).kind == page::fake_dirty;
        return any;
    }
    /// An offlining or removal failed and its raw error is neither -ENOMEM nor -EBUSY (the WARN_ON_ONCE of v6.6+).
    [[nodiscard]] Bool odd_offline_error() const {
        return s.wk == static_cast<int>(StepId::wk_oar_return) && s.op == static_cast<int>(StepId::op_none) &&
               s.wk_rc != result::ok && s.wk_rc != result::ebusy && s.wk_rc != result::enomem;
    }
};

}  // namespace vmemcheck::bbm::spec
