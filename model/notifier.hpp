// SPDX-License-Identifier: MIT
/// \file
/// The memory notifier chain: other callbacks around the driver's, and how a veto is told (kernel/notifier.c).
#pragma once

#include "model/run.hpp"

namespace vmemcheck::bbm {

/// Answers of another notifier: values of choice::veto_before and choice::veto_after.
namespace veto {
enum Answer : int { ok, ebusy, notify_bad, enomem, eagain, count };
}

/// The other callbacks of the chain, and the events of a notification.
template <class D, class Context>
struct Notifier : Run<D, Context> {
    using Base = Run<D, Context>;
    using Base::c;
    using Base::s;
    using Base::x;

    explicit Notifier(const Run<D, Context>& run) : Base{run} {}

 protected:
    void next(StepId pc) { s.op = static_cast<int>(pc); }
    [[nodiscard]] int self() const { return D::index(s.device_hotplug_lock); }
    [[nodiscard]] int mb_id() const { return this->operation_mb(); }
    [[nodiscard]] int bb_id() const { return this->bb_of(mb_id()); }

    void notify(EventKind kind, NotifierAction action) { this->show(kind, self(), mb_id(), static_cast<int>(action)); }

    /// The error with which another notifier refuses GOING_*, or 0.
    [[nodiscard]] int other_callback(choice::Id which) {
        return error_of(this->choose(which, c.faults.veto ? veto::count : 1));
    }
    /// Another notifier, called before the driver's, stops the chain without an error (protocol F29).
    [[nodiscard]] bool stopped() { return this->choose(choice::stop, c.faults.stop_callbacks ? 2 : 1) == 1; }

    /// notifier_to_errno() of an answer.
    [[nodiscard]] static int error_of(int answer) {
        switch (answer) {
            case veto::ebusy:
                return result::ebusy;
            case veto::notify_bad:
                return result::eperm;
            case veto::enomem:
                return result::enomem;
            case veto::eagain:
                return result::eagain;
            default:
                return result::ok;
        }
    }

    /// What blocking_notifier_call_chain() returns: NOTIFY_OK, or NOTIFY_STOP_MASK | (NOTIFY_OK - errno).
    [[nodiscard]] static int chain_value(const typename D::Value& rc) {
        return D::shown(rc) == result::ok ? 1 : 0x8000 | (1 - Base::kernel(rc));
    }

    /// The chain has accepted GOING_*.
    void accept(StepId accepted) {
        this->show(EventKind::memory_notify_ret, self(), -1, chain_value(result::ok));
        next(accepted);
    }
    /// The chain has refused it.
    void show_refusal(const typename D::Value& rc) {
        this->show(EventKind::memory_notify_ret, self(), -1, chain_value(rc));
    }

    /// GOING_*: callbacks before the driver's, then on to the driver's, or, where there is none, to `accepted`.
    /// \return with what another callback refuses
    [[nodiscard]] int send_going(NotifierAction action, StepId callback, StepId accepted) {
        notify(EventKind::memory_notify, action);
        const int rc = other_callback(choice::veto_before);
        if (rc != result::ok) return rc;
        if (stopped() || !this->notifier_registered()) {
            accept(accepted);
            return result::ok;
        }
        notify(EventKind::notifier_cb, action);
        this->show(EventKind::mtxtry, self());
        next(callback);
        return result::ok;
    }

    /// The driver is being removed, and the callback refuses for that.
    [[nodiscard]] bool refuses_for_removal() const {
        const bool own_onlining = c.what_if(WhatIf::reonline_despite_removal) &&
                                  static_cast<bool>(s.op == static_cast<int>(StepId::op_online_cb_lock) &&
                                                    s.device_hotplug_lock == task::worker);
        return !own_onlining && static_cast<bool>(s.removing == 1);
    }

    /// The driver's callback takes hotplug_mutex, or blocks; refuses if the driver is being removed.
    [[nodiscard]] bool enter_going_callback() {
        if (!this->lock_hotplug_mutex(self())) return false;
        this->show(EventKind::mtxgot, self());
        if (this->driver_freed()) this->fail(assertion::no_use_after_free, "notifier callback of a freed device");
        const typename D::Value state = this->bb(bb_id()).state;
        if (state != big_block::added && state != big_block::fake_offline) {
            this->fail(assertion::callbacks_see_added_memory,
                       "the driver's callback is called for a big block that is neither ADDED nor FAKE_OFFLINE");
        }
        if (refuses_for_removal()) {
            if (c.is(Mutant::hotplug_active_before_removing)) s.hotplug_active = 1;
            s.op_rc = result::ebusy;
        } else {
            s.hotplug_active = 1;
            s.op_notified = 1;
        }
        return true;
    }

    /// virtio_mem_retry() from the driver's ONLINE or OFFLINE callback.
    /// \param even_worker it is meant also when the worker itself onlines or offlines: its work then runs again at once
    void retry_from_callback(bool even_worker = false) {
        if (!even_worker && s.device_hotplug_lock == task::worker) {
            this->fail(assertion::no_self_retrigger, "the worker's own onlining or offlining queues its work again");
        }
        this->retry();
    }

    /// The driver's callback returns, then those after it.
    /// \return with what one of them refuses
    [[nodiscard]] typename D::Value leave_going_callback(StepId accepted) {
        if (s.op_rc != result::ok) {
            this->show(EventKind::mtxunlock, self());
            this->unlock_hotplug_mutex(self());
            this->show(EventKind::notifier_cb_ret, self(), -1, chain_value(s.op_rc));
            return s.op_rc;
        }
        this->show(EventKind::notifier_cb_ret, self(), -1, 1);
        const int rc = other_callback(choice::veto_after);
        if (rc == result::ok) accept(accepted);
        return rc;
    }

    /// ONLINE, OFFLINE: the driver's callback gives up hotplug_mutex.
    void completed_unlock() {
        if (s.hotplug_active == 0 || s.op_notified == 0) {
            this->fail(assertion::lock_discipline,
                       "completion without GOING_*: the driver's callback unlocks a mutex it did not lock");
        }
        s.hotplug_active = 0;
        this->show(EventKind::mtxunlock, self());
        this->unlock_hotplug_mutex(self());
        this->show(EventKind::notifier_cb_ret, self(), -1, 1);
    }
};

}  // namespace vmemcheck::bbm
