// SPDX-License-Identifier: MIT
/// \file
/// device_online() of one memory block: online_pages() and the driver's part in it.
#pragma once

#include "model/isolation.hpp"
#include "model/notifier.hpp"

namespace vmemcheck::bbm {

template <class D, class Context>
struct Onlining : Notifier<D, Context> {
    using Base = Notifier<D, Context>;
    using Base::c;
    using Base::next;
    using Base::s;
    using Base::x;

    explicit Onlining(const Run<D, Context>& run) : Base{run} {}

    /// True when device_online() returns; its result is in op_rc.
    bool step(StepId pc) {
        done_ = false;
        switch (pc) {
            case StepId::op_online_enter:
                enter();
                break;
            case StepId::op_online_init:
                init();
                break;
            case StepId::op_online_going:
                going();
                break;
            case StepId::op_online_cb_lock:
                callback_lock();
                break;
            case StepId::op_online_cb_return:
                callback_return();
                break;
            case StepId::op_online_pages:
                pages();
                break;
            case StepId::op_online_undo:
                undo();
                break;
            case StepId::op_online_account:
                account();
                break;
            case StepId::op_online_active:
                active();
                break;
            case StepId::op_online_retry:
                retry_if_room();
                break;
            case StepId::op_online_unlock:
                unlock();
                break;
            case StepId::op_online_end:
                end();
                break;
            case StepId::op_online_veto:
                vetoed();
                break;
            default:
                fail_end();
                break;
        }
        return done_;
    }

 private:
    bool done_ = false;

    void returns(const typename D::Value& rc) {
        this->show(EventKind::device_online_ret, this->self(), -1, this->kernel(rc));
        s.op_rc = rc;
        done_ = true;
    }

    void enter() {
        this->show(EventKind::device_online, this->self());
        const int mb = this->mb_id();
        if (s.op_caller == caller::rollback &&
            s.op_types[static_cast<std::size_t>(mb % c.scope.memory_blocks)] == online_type::offline) {
            this->fail(assertion::rollback_restores,
                       "the rollback onlines a memory block that offline_and_remove_memory() did not offline");
        }
        if (this->mb(mb).state == memory_block::online) return returns(result::already);
        next(StepId::op_online_init);
    }

    /// mem_hotplug_begin(), move_pfn_range_to_zone(): memmap initialised, page blocks isolated.
    void init() {
        const int mb = this->mb_id();
        s.mem_hotplug_lock = s.device_hotplug_lock;
        if (c.release.notifies_prepare_and_finish && this->notifier_registered()) {
            this->notify(EventKind::notifier_cb, NotifierAction::prepare_online);
            this->show(EventKind::notifier_cb_ret, this->self(), -1, 1);
        }
        this->show(EventKind::online_pages, this->self(), mb);
        this->mb(mb).zone = D::select(s.op_type == online_type::movable, zone::movable, zone::normal);
        const int first = this->first_page_of_mb(mb);
        for (int i = first; i < first + c.scope.pages_per_memory_block(); ++i) {
            this->page(i).kind = page::init;
            this->page(i).ref = 1;
        }
        const int blocks = c.scope.page_blocks_per_memory_block();
        const int isolated = c.is(Mutant::online_without_isolation) ? 0 : 1;
        for (int i = mb * blocks; i < (mb + 1) * blocks; ++i) this->isolated(i) = isolated;
        next(StepId::op_online_going);
    }

    void going() {
        const int rc =
            this->send_going(NotifierAction::going_online, StepId::op_online_cb_lock, StepId::op_online_pages);
        if (rc != result::ok) refuse(rc);
    }

    /// MEM_GOING_ONLINE of virtio_mem_memory_notifier_cb().
    void callback_lock() {
        if (this->enter_going_callback()) next(StepId::op_online_cb_return);
    }

    void callback_return() {
        const typename D::Value rc = this->leave_going_callback(StepId::op_online_pages);
        if (rc != result::ok) refuse(rc);
    }

    void refuse(const typename D::Value& rc) {
        this->show_refusal(rc);
        s.op_rc = rc;
        next(StepId::op_online_veto);
    }

    /// online_pages_range(): virtio_mem_online_page_cb() for each page, then the sections are online.
    void pages() {
        const int mb = this->mb_id();
        const bool callback = static_cast<bool>(this->online_page_callback_registered());
        const bool keep = callback && static_cast<bool>(this->bb(this->bb_id()).state == big_block::fake_offline) &&
                          !c.is(Mutant::online_ignores_fake_offline);
        const int first = this->first_page_of_mb(mb);
        for (int i = first; i < first + c.scope.pages_per_memory_block(); ++i) {
            auto& p = this->page(i);
            p.kind = keep ? page::fake_dirty : page::buddy;
            p.ref = keep ? 1 : 0;
        }
        if (callback) this->show(EventKind::online_page_cb, this->self(), mb);
        if (keep) {
            this->show(EventKind::set_fake_offline, this->self(), mb);
        } else {
            this->adjust_managed_memory_block(this->mb(mb).zone, 1);
            // Without the driver's callback, generic_online_page() is the callback.
            this->show(EventKind::generic_online_page, this->self(), mb);
            if (c.release.memmap_starts_offline) this->show(EventKind::adjust_managed, this->self(), mb);
        }
        this->mb(mb).online = 1;
        this->show(EventKind::undo_isolate, this->self(), mb);
        s.op_block = 0;
        next(StepId::op_online_undo);
    }

    void undo() {
        this->isolated(s.numbering.block_of_memory_block_at(c.scope, this->mb_id(), s.op_block)) = 0;
        if (s.op_block + 1 < s.numbering.page_blocks_per_memory_block(c.scope)) {
            s.op_block = s.op_block + 1;
            return;
        }
        s.op_block = 0;
        this->notify(EventKind::memory_notify, NotifierAction::online);
        if (!this->notifier_registered()) {
            this->show(EventKind::memory_notify_ret, this->self(), -1, 1);
            return next(StepId::op_online_end);
        }
        this->notify(EventKind::notifier_cb, NotifierAction::online);
        next(StepId::op_online_account);
    }

    /// MEM_ONLINE of virtio_mem_memory_notifier_cb(), one shared access a step.
    void account() {
        s.offline_size = s.offline_size - 1;
        next(StepId::op_online_active);
    }
    void active() {
        const bool inactive = c.is(Mutant::online_ignores_wq_active) || static_cast<bool>(s.wq_active == 0);
        next(inactive ? StepId::op_online_retry : StepId::op_online_unlock);
    }
    void retry_if_room() {
        // could_add_memory(offline_threshold / 2): half the threshold, in memory blocks, compared without rounding.
        if (2 * s.offline_size + this->offline_threshold() <= 2 * this->offline_threshold())
            this->retry_from_callback();
        next(StepId::op_online_unlock);
    }
    void unlock() {
        this->completed_unlock();
        this->show(EventKind::memory_notify_ret, this->self(), -1, 1);
        next(StepId::op_online_end);
    }

    void end() {
        this->mb(this->mb_id()).state = memory_block::online;
        s.mem_hotplug_lock = task::none;
        this->show(EventKind::online_pages_ret, this->self(), -1, 0);
        returns(result::ok);
    }

    /// MEM_CANCEL_ONLINE, to the whole chain, also to callbacks that never saw GOING_ONLINE.
    void vetoed() {
        this->notify(EventKind::memory_notify, NotifierAction::cancel_online);
        if (this->notifier_registered()) {
            this->notify(EventKind::notifier_cb, NotifierAction::cancel_online);
            if (s.hotplug_active == 1) {
                s.hotplug_active = 0;
                this->show(EventKind::mtxunlock, this->self());
                this->unlock_hotplug_mutex(this->self());
            }
            this->show(EventKind::notifier_cb_ret, this->self(), -1, 1);
        }
        this->show(EventKind::memory_notify_ret, this->self(), -1, 1);
        next(StepId::op_online_fail);
    }

    void fail_end() {
        const int mb = this->mb_id();
        const typename D::Value rc = s.op_rc;
        const int first = this->first_page_of_mb(mb);
        for (int i = first; i < first + c.scope.pages_per_memory_block(); ++i) {
            this->page(i).kind = page::none;
            this->page(i).ref = 0;
        }
        const int blocks = c.scope.page_blocks_per_memory_block();
        for (int i = mb * blocks; i < (mb + 1) * blocks; ++i) this->isolated(i) = 0;
        this->mb(mb).zone = 0;
        s.mem_hotplug_lock = task::none;
        this->show(EventKind::online_pages_ret, this->self(), -1, this->kernel(rc));
        // What MEM_PREPARE_ONLINE began ends here as well (memory_block_online()).
        if (c.release.notifies_prepare_and_finish && this->notifier_registered()) {
            this->notify(EventKind::notifier_cb, NotifierAction::finish_offline);
            this->show(EventKind::notifier_cb_ret, this->self(), -1, 1);
        }
        returns(rc);
    }
};

}  // namespace vmemcheck::bbm
