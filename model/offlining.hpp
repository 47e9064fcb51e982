// SPDX-License-Identifier: MIT
/// \file
/// device_offline() of one memory block: offline_pages() with its loop, and the driver's part in it.
#pragma once

#include "model/isolation.hpp"
#include "model/notifier.hpp"

namespace vmemcheck::bbm {

template <class D, class Context>
struct Offlining : Notifier<D, Context> {
    using Base = Notifier<D, Context>;
    using Value = typename D::Value;
    using Bool = typename D::Bool;
    using Base::c;
    using Base::next;
    using Base::s;
    using Base::x;

    explicit Offlining(const Run<D, Context>& run) : Base{run} {}

    /// True when device_offline() returns; its result is in op_rc.
    bool step(StepId pc) {
        done_ = false;
        switch (pc) {
            case StepId::op_offline_enter:
                enter();
                break;
            case StepId::op_offline_begin:
                begin();
                break;
            case StepId::op_offline_isolate:
                isolate();
                break;
            case StepId::op_offline_isolate_undo:
                isolate_undo();
                break;
            case StepId::op_offline_going:
                going();
                break;
            case StepId::op_offline_cb_lock:
                callback_lock();
                break;
            case StepId::op_offline_cb_drop:
                drop_references();
                break;
            case StepId::op_offline_cb_return:
                callback_return();
                break;
            case StepId::op_offline_loop:
                loop();
                break;
            case StepId::op_offline_scan:
                scan();
                break;
            case StepId::op_offline_test:
                test();
                break;
            case StepId::op_offline_done:
                offlined();
                break;
            case StepId::op_offline_account:
                account();
                break;
            case StepId::op_offline_retry:
                retry_always();
                break;
            case StepId::op_offline_unlock:
                unlock();
                break;
            case StepId::op_offline_end:
                end();
                break;
            case StepId::op_offline_undo:
                undo();
                break;
            case StepId::op_offline_cancel:
                cancel();
                break;
            case StepId::op_offline_cancel_unlock:
                cancel_unlock();
                break;
            default:
                fail_end();
                break;
        }
        return done_;
    }

 private:
    bool done_ = false;

    [[nodiscard]] int first_page() const { return this->first_page_of_mb(this->mb_id()); }
    [[nodiscard]] int end_page() const { return first_page() + c.scope.pages_per_memory_block(); }
    [[nodiscard]] int blocks() const { return c.scope.page_blocks_per_memory_block(); }
    [[nodiscard]] Value all_blocks() const { return s.numbering.page_blocks_per_memory_block(c.scope); }
    /// The page block that is isolated as the position-th.
    [[nodiscard]] int block_at(const Value& position) const {
        return s.numbering.block_of_memory_block_at(
            c.scope, this->mb_id(), isolation_order<D>(c.release.isolates_ends_first, position, all_blocks()));
    }
    [[nodiscard]] static Bool is_offline(const Page<typename D::Int>& p) {
        return p.kind == page::fake || p.kind == page::fake_dirty;
    }

    void returns(const Value& rc) {
        this->show(EventKind::device_offline_ret, this->self(), -1, this->kernel(rc));
        s.op_rc = rc;
        done_ = true;
    }

    void enter() {
        this->show(EventKind::device_offline, this->self());
        if (this->mb(this->mb_id()).state == memory_block::offline) return returns(result::already);
        next(StepId::op_offline_begin);
    }

    /// mem_hotplug_begin(), zone_pcp_disable().
    void begin() {
        const int mb = this->mb_id();
        if (c.safe_unplug && s.op_caller == caller::offline_and_remove) expect_all_fake_offline();
        s.mem_hotplug_lock = s.device_hotplug_lock;
        this->show(EventKind::offline_pages, this->self(), mb);
        this->show(EventKind::start_isolate, this->self(), mb);
        // offline_and_remove_memory() senses the online type by the zone, and remembers it once offlining succeeded.
        s.op_type = D::select(this->mb(mb).zone == zone::movable, online_type::movable, online_type::kernel);
        this->mb(mb).state = memory_block::going_offline;
        s.pcp_disabled = 1;
        for (int i = 0; i < c.scope.total_pages(); ++i) {
            auto& p = this->page(i);
            p.kind = D::select(p.kind == page::pcp && this->mb(this->mb_of_page(i)).zone == this->mb(mb).zone,
                               page::buddy, p.kind);
        }
        s.op_block = 0;
        next(StepId::op_offline_isolate);
    }

    void expect_all_fake_offline() {
        Bool all = true;
        for (int i = first_page(); i < end_page(); ++i) all = all && is_offline(this->page(i));
        if (!all) {
            this->fail(assertion::offlines_fake_offline_only,
                       "the worker offlines a memory block of which a page may still be in use");
        }
    }

    void isolate() {
        const int block = block_at(s.op_block);
        if (!can_isolate(*this, block, this->mb_id(), true)) return next_isolate_undo();
        this->isolated(block) = 1;
        if (s.op_block + 1 < all_blocks()) {
            s.op_block = s.op_block + 1;
            return;
        }
        s.op_block = 0;
        this->show(EventKind::start_isolate_ret, this->self(), -1, 0);
        next(StepId::op_offline_going);
    }

    void isolate_undo() {
        s.op_block = s.op_block - 1;
        this->isolated(block_at(s.op_block)) = 0;
        next_isolate_undo();
    }
    /// An isolation failure sends no notification at all.
    void next_isolate_undo() {
        if (s.op_block > 0) return next(StepId::op_offline_isolate_undo);
        this->show(EventKind::start_isolate_ret, this->self(), -1, result::kernel[result::ebusy]);
        s.op_rc = result::ebusy;
        next(StepId::op_offline_fail);
    }

    void going() {
        if (c.is(Mutant::going_reads_state_early)) {
            s.op_block = D::select(this->bb(this->bb_id()).state == big_block::fake_offline, 1, 0);
        }
        const int rc =
            this->send_going(NotifierAction::going_offline, StepId::op_offline_cb_lock, StepId::op_offline_loop);
        if (rc != result::ok) refuse(rc);
    }

    /// MEM_GOING_OFFLINE of virtio_mem_memory_notifier_cb().
    void callback_lock() {
        if (!this->enter_going_callback()) return;
        if (s.op_notified == 0) return next(StepId::op_offline_cb_return);
        const Value state = this->bb(this->bb_id()).state;
        bool drops = static_cast<bool>(state == big_block::fake_offline) ||
                     (c.is(Mutant::going_drops_added) && static_cast<bool>(state == big_block::added));
        if (c.is(Mutant::going_reads_state_early)) drops = static_cast<bool>(s.op_block == 1);
        if (!drops) return next(StepId::op_offline_cb_return);
        this->show(EventKind::fake_offline_going_offline, this->self(), this->mb_id());
        next(StepId::op_offline_cb_drop);
    }

    [[nodiscard]] bool adjusts_managed() const {
        return c.release.notifier_adjusts_managed != c.is(Mutant::managed_adjust_swapped);
    }

    /// virtio_mem_fake_offline_going_offline(): the driver gives up its reference on each page.
    void drop_references() {
        const int mb = this->mb_id();
        if (adjusts_managed() && !c.is(Mutant::going_forgets_managed)) {
            this->adjust_managed_memory_block(this->mb(mb).zone, 1);
            this->show(EventKind::adjust_managed, this->self(), mb);
        }
        if (!c.is(Mutant::going_keeps_reference)) {
            const bool whole = c.is(Mutant::going_drops_whole_big_block);
            const int first = whole ? this->first_page_of_mb(this->bb_id() * c.scope.memory_blocks) : first_page();
            const int mbs = whole ? c.scope.memory_blocks : 1;
            for (int i = first; i < first + mbs * c.scope.pages_per_memory_block(); ++i) {
                auto& p = this->page(i);
                p.ref = D::select(p.ref > 0, p.ref - 1, -1);
                if (p.ref != 0)
                    this->fail(assertion::no_warn,
                               "WARN_ON(!page_ref_dec_and_test(page)): fake-offline page referenced");
            }
        }
        this->show(EventKind::fake_offline_going_offline_ret, this->self());
        next(StepId::op_offline_cb_return);
    }

    void callback_return() {
        const Value rc = this->leave_going_callback(StepId::op_offline_loop);
        if (rc != result::ok) refuse(rc);
    }

    void refuse(const Value& rc) {
        this->show_refusal(rc);
        abort(rc);
    }

    /// failed_removal_isolated: isolation is undone before CANCEL_OFFLINE is sent.
    void abort(const Value& rc) {
        s.op_rc = rc;
        s.op_block = 0;
        this->show(EventKind::undo_isolate, this->self(), this->mb_id());
        next(StepId::op_offline_undo);
    }

    // --- the loop of offline_pages() ---

    /// signal_pending(): a kworker has no signals.
    void loop() {
        const bool user = static_cast<bool>(s.device_hotplug_lock == task::user);
        if (this->choose(choice::signal, user && c.faults.signal ? 2 : 1) == 1) return abort(result::eintr);
        next(StepId::op_offline_scan);
    }

    /// scan_movable_pages() and do_migrate_range(): the first page found, in address order, decides.
    void scan() {
        for (int i = first_page(); i <= end_page(); ++i) {
            // A page that the state does not have comes before this one.
            if (this->elsewhere()) return migrate_from(i);
            if (this->elsewhere()) return abort(result::ebusy);
            if (i == end_page()) break;
            const auto& p = this->page(i);
            if (p.kind == page::movable) return migrate_from(i);
            if (is_offline(p) && p.ref != 0) return abort(result::ebusy);
        }
        this->show(EventKind::test_isolated, this->self(), this->mb_id());
        next(StepId::op_offline_test);
    }

    void migrate_from(int page) {
        for (int i = page; i < end_page(); ++i) migrate_page(*this, i);
        next(StepId::op_offline_loop);
    }

    /// test_pages_isolated(MEMORY_OFFLINE): PageOffline pages without a reference may stay.
    void test() {
        Bool ok = range_isolated(*this, this->mb_id() * blocks(), blocks());
        Bool drained = true;
        for (int i = first_page(); i < end_page(); ++i) {
            const auto& p = this->page(i);
            ok = ok && (p.kind == page::buddy || (is_offline(p) && p.ref == 0));
            drained = drained && p.kind != page::pcp;
        }
        if (!drained) {
            this->fail(assertion::drained_lists_stay_empty,
                       "a page waits on a per-cpu list, where test_pages_isolated() never accepts it");
        }
        const bool free = static_cast<bool>(ok);
        this->show(EventKind::test_isolated_ret, this->self(), -1, free ? 0 : result::kernel[result::ebusy]);
        next(free ? StepId::op_offline_done : StepId::op_offline_loop);
    }

    /// __offline_isolated_pages(), zone_pcp_enable(), the counts and MEM_OFFLINE.
    void offlined() {
        const int mb = this->mb_id();
        Bool none_offline = true;
        Value managed = 0;
        for (int i = first_page(); i < end_page(); ++i) {
            auto& p = this->page(i);
            none_offline = none_offline && !is_offline(p);
            if (is_offline(p)) {
                if (p.ref != 0) {
                    this->fail(assertion::refcount_released,
                               "BUG_ON(page_count(page)): offlined with the driver's reference still held");
                }
            } else if (p.kind != page::buddy) {
                this->fail(assertion::no_warn, "BUG_ON(!PageBuddy(page)): offlined while in use");
            }
            managed = managed + D::select(is_offline(p), 0, 1);
            p.kind = page::none;
            p.ref = 0;
            p.pin = pin::none;
        }
        for (int i = mb * blocks(); i < (mb + 1) * blocks(); ++i) this->isolated(i) = 0;
        this->mb(mb).online = 0;
        s.pcp_disabled = 0;  // zone_pcp_enable(): before the counts and MEM_OFFLINE, not after them
        if (c.release.notifier_adjusts_managed || c.is(Mutant::offline_subtracts_all) || none_offline) {
            this->adjust_managed_memory_block(this->mb(mb).zone, -1);
        } else {
            const Value others = this->elsewhere() ? s.numbering.any_number() : 0;
            this->adjust_managed(this->mb(mb).zone, 0 - managed - others, 0 - others);
        }
        this->show(EventKind::adjust_managed, this->self(), mb);
        this->notify(EventKind::memory_notify, NotifierAction::offline);
        if (!this->notifier_registered()) {
            this->show(EventKind::memory_notify_ret, this->self(), -1, 1);
            return next(StepId::op_offline_end);
        }
        this->notify(EventKind::notifier_cb, NotifierAction::offline);
        next(StepId::op_offline_account);
    }

    /// MEM_OFFLINE of virtio_mem_memory_notifier_cb().
    void account() {
        s.offline_size = s.offline_size + 1;
        const bool retries = !c.unplug_online || c.is(Mutant::retry_on_every_offline);
        next(retries ? StepId::op_offline_retry : StepId::op_offline_unlock);
    }
    void retry_always() {
        this->retry_from_callback(!c.unplug_online);
        next(StepId::op_offline_unlock);
    }
    void unlock() {
        this->completed_unlock();
        this->show(EventKind::memory_notify_ret, this->self(), -1, 1);
        next(StepId::op_offline_end);
    }

    void end() {
        const int mb = this->mb_id();
        this->mb(mb).state = memory_block::offline;
        this->mb(mb).zone = 0;
        s.mem_hotplug_lock = task::none;
        if (s.op_caller == caller::offline_and_remove) {
            s.op_types[static_cast<std::size_t>(mb % c.scope.memory_blocks)] = s.op_type;
        }
        s.op_type = online_type::offline;
        this->show(EventKind::offline_pages_ret, this->self(), -1, 0);
        if (c.release.notifies_prepare_and_finish && this->notifier_registered()) {
            this->notify(EventKind::notifier_cb, NotifierAction::finish_offline);
            this->show(EventKind::notifier_cb_ret, this->self(), -1, 1);
        }
        returns(result::ok);
    }

    // --- failure ---

    void undo() {
        this->isolated(s.numbering.block_of_memory_block_at(c.scope, this->mb_id(), s.op_block)) = 0;
        if (s.op_block + 1 < all_blocks()) {
            s.op_block = s.op_block + 1;
            return;
        }
        s.op_block = 0;
        this->notify(EventKind::memory_notify, NotifierAction::cancel_offline);
        if (!this->notifier_registered()) {
            this->show(EventKind::memory_notify_ret, this->self(), -1, 1);
            return next(StepId::op_offline_fail);
        }
        this->notify(EventKind::notifier_cb, NotifierAction::cancel_offline);
        next(StepId::op_offline_cancel);
    }

    /// MEM_CANCEL_OFFLINE of virtio_mem_memory_notifier_cb(): sent to the whole chain, so hotplug_active decides.
    void cancel() {
        if (s.hotplug_active == 0) {
            this->show(EventKind::notifier_cb_ret, this->self(), -1, 1);
            this->show(EventKind::memory_notify_ret, this->self(), -1, 1);
            return next(StepId::op_offline_fail);
        }
        if (this->bb(this->bb_id()).state == big_block::fake_offline) take_references();
        next(StepId::op_offline_cancel_unlock);
    }

    /// virtio_mem_fake_offline_cancel_offline(): the driver takes its references again.
    void take_references() {
        const int mb = this->mb_id();
        this->show(EventKind::fake_offline_cancel_offline, this->self(), mb);
        if (adjusts_managed() && !c.is(Mutant::cancel_keeps_managed)) {
            this->adjust_managed_memory_block(this->mb(mb).zone, -1);
            this->show(EventKind::adjust_managed, this->self(), mb);
        }
        const int taken = c.is(Mutant::cancel_forgets_reference)      ? 0
                          : c.is(Mutant::cancel_takes_two_references) ? 2
                                                                      : 1;
        for (int i = first_page(); i < end_page(); ++i) this->page(i).ref = this->page(i).ref + taken;
        this->show(EventKind::fake_offline_cancel_offline_ret, this->self());
    }

    void cancel_unlock() {
        s.hotplug_active = 0;
        this->show(EventKind::mtxunlock, this->self());
        this->unlock_hotplug_mutex(this->self());
        this->show(EventKind::notifier_cb_ret, this->self(), -1, 1);
        this->show(EventKind::memory_notify_ret, this->self(), -1, 1);
        next(StepId::op_offline_fail);
    }

    void fail_end() {
        const typename D::Value rc = s.op_rc;
        this->mb(this->mb_id()).state = memory_block::online;
        s.pcp_disabled = 0;
        s.mem_hotplug_lock = task::none;
        s.op_type = online_type::offline;
        this->show(EventKind::offline_pages_ret, this->self(), -1, this->kernel(rc));
        returns(rc);
    }
};

}  // namespace vmemcheck::bbm
