// SPDX-License-Identifier: MIT
/// \file
/// The driver's worker: virtio_mem_run_wq() and all it calls outside core MM (drivers/virtio/virtio_mem.c).
#pragma once

#include "model/fake_offline.hpp"
#include "model/run.hpp"

namespace vmemcheck::bbm {

template <class D, class Context>
struct Worker : FakeOffline<D, Context> {
    using Base = FakeOffline<D, Context>;
    using Value = typename D::Value;
    using Base::c;
    using Base::next;
    using Base::s;
    using Base::x;
    static constexpr int self = task::worker;

    explicit Worker(const Run<D, Context>& run) : Base{run} {}

    /// One step of the worker outside core MM; the caller has made sure that no operation of its own is in progress.
    void step(StepId pc) {
        this->at(pc);
        switch (pc) {
            case StepId::wk_idle:
                return idle();
            case StepId::wk_run:
                return run();
            case StepId::wk_config:
                return config();
            case StepId::wk_requested:
                return requested();
            case StepId::wk_send_enter:
                return send_enter();
            case StepId::wk_send:
                return send();
            case StepId::wk_kick:
                return kick();
            case StepId::wk_wait:
                return wait();
            case StepId::wk_response:
                return response();
            case StepId::wk_response_all:
                return response_all();
            case StepId::wk_could_add:
                return could_add();
            case StepId::wk_prepare:
                return prepare();
            case StepId::wk_prepare_lock:
                return prepare_lock();
            case StepId::wk_prepare_unlock:
                return prepare_unlock();
            case StepId::wk_add_enter:
                return add_enter();
            case StepId::wk_add_account:
                return add_account();
            case StepId::wk_add_call:
                return add_call();
            case StepId::wk_add_lock:
                return add_lock();
            case StepId::wk_add_return:
                return add_return();
            case StepId::wk_add_done:
                return add_done();
            case StepId::wk_pass:
                return pass();
            case StepId::wk_unplug_enter:
                return unplug_enter();
            case StepId::wk_oar_enter:
                return oar_enter();
            case StepId::wk_oar_lock:
                return oar_lock();
            case StepId::wk_oar_return:
                return oar_return();
            case StepId::wk_oar_retry:
                return oar_retry();
            case StepId::wk_oar_done:
                return oar_done();
            case StepId::wk_finish:
                return finish_step();
            case StepId::wk_finish_active:
                return finish_active();
            case StepId::wk_finish_recheck:
                return finish_recheck();
            case StepId::wk_exit:
                return exit();
            default:
                break;
        }
        const auto result = Base::step(pc);
        if (result == Base::Outcome::fake_offlined) return next(StepId::wk_oar_enter);
        if (result == Base::Outcome::rolled_back) return unplugged(s.wk_rc);
    }

 private:
    // --- virtio_mem_run_wq() ---

    void idle() {
        if (s.queued == 0) return this->blocked("work not queued");
        s.queued = 0;
        next(StepId::wk_run);
    }

    void run() {
        if (this->driver_freed())
            return this->fail(assertion::no_use_after_free, "virtio_mem_run_wq() of a freed device");
        this->show(EventKind::run_wq, self);
        s.timer = 0;
        if (s.broken != broken::no) return next(StepId::wk_exit);
        s.wq_active = 1;
        again();
    }

    /// The label `retry`.
    void again() {
        forget_locals();
        if (s.unplug_all_required == 1) {
            s.wk_why = purpose::leftovers;
            return next(StepId::wk_kick);
        }
        next(StepId::wk_config);
    }

    void config() {
        if (s.config_changed == 0) return after_config();
        s.config_changed = 0;
        const Value plugged = plugged_in_device(c, s);
        if (plugged != s.plugged) {
            this->fail(assertion::no_warn, "WARN_ON_ONCE(new_plugged_size != vm->plugged_size)");
            s.plugged = plugged;
        }
        s.last_usable = s.device_usable;
        next(StepId::wk_requested);
    }

    void requested() {
        s.requested = s.device_requested;
        after_config();
    }

    void after_config() {
        if (s.wk_rc != result::ok) return finish();
        if (c.what_if(WhatIf::stop_when_removing) && s.removing == 1) return finish(result::ok);
        s.wk_bb = 0;
        pending();
    }

    /// virtio_mem_unplug_pending_mb(), virtio_mem_cleanup_pending_mb(): the next big block in state PLUGGED.
    void pending() {
        if (s.bb_count[big_block::plugged] > 0) {
            if (find_bb(big_block::plugged, false)) {
                s.wk_why = purpose::pending;
                return next(StepId::wk_send_enter);
            }
        }
        s.wk_bb = 0;
        s.wk_why = purpose::none;
        if (s.requested > s.plugged) {
            s.wk_left = s.requested - s.plugged;
            return next(StepId::wk_could_add);
        }
        if (s.requested < s.plugged) {
            s.wk_left = s.plugged - s.requested;
            s.wk_bb = s.next_bb;
            return candidate();
        }
        finish();
    }

    /// for_each_bb() from wk_bb on, or for_each_bb_rev() below it: the first big block in this state becomes wk_bb.
    [[nodiscard]] bool find_bb(int state, bool reverse) {
        const Value from = s.wk_bb;
        const auto in_loop = [&](const Value& at) ->
            typename D::Bool { return (reverse ? at < from : at >= from) && at < s.next_bb; };
        const auto fits = [&](int i) ->
            typename D::Bool { return in_loop(this->bb_position(i)) && this->bb(i).state == state; };
        // One that the state does not have may come before those it has.
        if (this->elsewhere()) {
            const Value found = s.numbering.any_number();
            typename D::Bool passed = !in_loop(found) || s.numbering.has_big_block(c.scope, found);
            for (int i = 0; i < c.scope.big_blocks; ++i) {
                const Value at = this->bb_position(i);
                passed = passed || (fits(i) && (reverse ? at > found : at < found));
            }
            if (passed) this->blocked("no such big block");
            s.wk_bb = found;
            return true;
        }
        for (int n = 0; n < c.scope.big_blocks; ++n) {
            const int i = reverse ? c.scope.big_blocks - 1 - n : n;
            if (!fits(i)) continue;
            s.wk_bb = this->bb_position(i);
            return true;
        }
        return false;
    }

    /// The end of the loop: what `rc` makes of the run.
    void finish() {
        switch (D::index(s.wk_rc)) {
            case result::eagain:
                return again();
            case result::ok:
            case result::enospc:
                forget_locals();
                return next(StepId::wk_finish_active);
            default:
                return next(StepId::wk_finish);
        }
    }
    void finish(const Value& rc) {
        s.wk_rc = rc;
        finish();
    }

    void finish_step() {
        switch (D::index(s.wk_rc)) {
            case result::etxtbsy:
            case result::ebusy:
            case result::enomem:
                s.timer = 1;
                break;
            case result::einval:
                s.broken = broken::device;
                break;
            default:
                s.broken = broken::recoverable;
                break;
        }
        forget_locals();
        next(StepId::wk_finish_active);
    }

    void finish_active() {
        s.wq_active = 0;
        const bool recheck = c.what_if(WhatIf::recheck_after_idle) && static_cast<bool>(s.wk_rc == result::enospc);
        s.wk_rc = result::ok;
        next(recheck ? StepId::wk_finish_recheck : StepId::wk_exit);
    }

    /// What-if recheck-after-idle: memory may have been onlined since could_add_memory() said no, by a task that still
    /// saw wq_active set and so did not queue the work.
    void finish_recheck() {
        if (could_add_memory()) this->retry();
        next(StepId::wk_exit);
    }

    void exit() {
        this->show(EventKind::run_wq_ret, self, -1, 0);
        next(StepId::wk_idle);
    }

    void forget_locals() {
        s.wk_bb = 0;
        s.wk_left = 0;
        s.wk_pass = 0;
        s.wk_rc = result::ok;
        s.wk_item = 0;
        s.wk_end = 0;
        s.wk_try = 0;
        s.wk_block = 0;
        s.wk_why = purpose::none;
    }

    // --- requests to the device ---

    void send_enter() {
        const int i = this->worker_bb();
        if (s.wk_why == purpose::plug) {
            this->show(EventKind::bbm_plug_and_add_bb, self, i);
            if (this->bb(i).state != big_block::unused) this->fail(assertion::no_warn, "WARN_ON_ONCE(state != UNUSED)");
        }
        next(StepId::wk_send);
    }

    void send() {
        const int i = this->worker_bb();
        this->show(s.wk_why == purpose::plug ? EventKind::send_plug : EventKind::send_unplug, self, i);
        if (s.config_changed == 1) return answered(result::eagain);
        next(StepId::wk_kick);
    }

    void kick() {
        const bool leftovers = static_cast<bool>(s.wk_why == purpose::leftovers);
        const int i = leftovers ? 0 : this->worker_bb();
        const int type = leftovers ? request::unplug_all : s.wk_why == purpose::plug ? request::plug : request::unplug;
        if (type == request::unplug) {
            for (int m = 0; m < c.scope.memory_blocks; ++m) {
                if (this->mb(i * c.scope.memory_blocks + m).state != memory_block::absent) {
                    this->fail(assertion::never_touch_unplugged, "UNPLUG sent for memory that is still added to Linux");
                }
            }
        }
        this->show(EventKind::send_request, self, type == request::unplug_all ? -1 : i, type);
        s.request_type = type;
        next(StepId::wk_wait);
    }

    void wait() {
        if (s.response_type == response::none) return this->blocked("response of the device", actor::device);
        this->show(EventKind::handle_response, 0, -1, D::index(s.response_type));
        next(s.wk_why == purpose::leftovers ? StepId::wk_response_all : StepId::wk_response);
    }

    void response_all() {
        const int type = D::index(s.response_type);
        this->show(EventKind::send_request_ret, self, -1, type);
        s.response_type = response::none;
        s.wk_why = purpose::none;
        if (type == response::ack) {
            s.unplug_all_required = 0;
            s.plugged = 0;
            s.config_changed = 1;
        }
        s.wk_rc = type == response::ack ? result::ok : type == response::busy ? result::etxtbsy : result::enomem;
        next(StepId::wk_config);
    }

    void response() {
        const int type = D::index(s.response_type);
        this->show(EventKind::send_request_ret, self, -1, type);
        s.response_type = response::none;
        const bool plug = static_cast<bool>(s.wk_why == purpose::plug);
        switch (type) {
            case response::ack:
                if (plug) {
                    s.plugged = s.plugged + 1;
                } else if (!c.is(Mutant::plugged_size_forgotten)) {
                    s.plugged = s.plugged - 1;
                }
                return answered(result::ok);
            case response::nack:
                return answered(plug ? result::eagain : result::enomem);
            case response::busy:
                return answered(c.is(Mutant::busy_device_as_busy_memory) ? result::ebusy : result::etxtbsy);
            default:
                return answered(result::einval);
        }
    }

    /// What each caller makes of the answer to its request.
    void answered(int rc) {
        const int i = this->worker_bb();
        const int why = D::index(s.wk_why);
        s.wk_why = purpose::none;
        this->show(why == purpose::plug ? EventKind::send_plug_ret : EventKind::send_unplug_ret, self, -1,
                   result::kernel[static_cast<std::size_t>(rc)]);
        switch (why) {
            case purpose::pending:
                if (rc != result::ok) return finish(rc);
                if (!c.is(Mutant::unplugged_stays_plugged)) {
                    this->set_bb_state(i, c.is(Mutant::pending_becomes_added) ? big_block::added : big_block::unused);
                }
                s.wk_bb = s.wk_bb + 1;
                return pending();
            case purpose::plug:
                if (rc != result::ok) {
                    this->show(EventKind::bbm_plug_and_add_bb_ret, self, -1,
                               result::kernel[static_cast<std::size_t>(rc)]);
                    return finish(rc);
                }
                if (!c.is(Mutant::added_after_add_memory)) this->set_bb_state(i, big_block::added);
                return next(StepId::wk_add_enter);
            case purpose::undo_plug:
                this->set_bb_state(i, rc == result::ok ? big_block::unused : big_block::plugged);
                this->show(EventKind::bbm_plug_and_add_bb_ret, self, -1, this->kernel(s.wk_rc));
                return finish();
            default:  // purpose::unplug
                this->set_bb_state(i, rc == result::ok ? big_block::unused : big_block::plugged);
                return unplugged(rc);
        }
    }

    // --- virtio_mem_bbm_plug_request() ---

    /// could_add_memory() of one big block.
    [[nodiscard]] bool could_add_memory() const {
        return static_cast<bool>(s.offline_size + this->memory_blocks() <= this->offline_threshold());
    }

    /// Too much memory is offline: the work is over until some of it has been onlined.
    void wait_for_onlining() {
        if (!c.what_if(WhatIf::recheck_after_idle)) return finish(result::enospc);
        // -ENOSPC for want of usable big blocks is another matter: onlining does not help, a recheck would spin.
        forget_locals();
        s.wk_rc = result::enospc;
        next(StepId::wk_finish_active);
    }

    /// could_add_memory(), before each big block: an unused one if there is any, else a new one.
    void could_add() {
        if (!could_add_memory()) return wait_for_onlining();
        if (s.bb_count[big_block::unused] > 0) {
            if (find_bb(big_block::unused, false)) {
                s.wk_why = purpose::plug;
                return next(StepId::wk_send_enter);
            }
        }
        next(StepId::wk_prepare);
    }

    void prepare() {
        if (s.next_bb >= s.last_usable) return finish(result::enospc);
        // The array of states grows by a page at a time: within a scope, once.
        if (s.next_bb != 0 && !this->elsewhere()) return prepared();
        if (this->choose(choice::allocation, c.faults.allocation ? 2 : 1) == 1) return finish(result::enomem);
        this->show(EventKind::mtxtry, self);
        next(StepId::wk_prepare_lock);
    }

    void prepare_lock() {
        if (!this->lock_hotplug_mutex(self)) return;
        this->show(EventKind::mtxgot, self);
        next(StepId::wk_prepare_unlock);
    }

    void prepare_unlock() {
        this->show(EventKind::mtxunlock, self);
        if (!c.is(Mutant::prepare_keeps_mutex)) this->unlock_hotplug_mutex(self);
        prepared();
    }

    void prepared() {
        s.bb_count[big_block::unused] = s.bb_count[big_block::unused] + 1;
        s.wk_bb = s.next_bb;
        static_cast<void>(this->worker_bb());  // it is looked at from now on
        s.next_bb = s.next_bb + 1;
        s.wk_why = purpose::plug;
        next(StepId::wk_send_enter);
    }

    // --- virtio_mem_add_memory() and what bbm_plug_and_add_bb() does with its result ---

    void add_enter() {
        this->show(EventKind::add_memory, self, this->worker_bb());
        if (s.resource_name == 0) {
            if (this->choose(choice::allocation, c.faults.allocation ? 2 : 1) == 1) {
                s.wk_rc = result::enomem;
                return next(StepId::wk_add_done);
            }
            s.resource_name = 1;
        }
        next(c.is(Mutant::offline_size_after_add) ? StepId::wk_add_call : StepId::wk_add_account);
    }

    void add_account() {
        s.offline_size = s.offline_size + this->memory_blocks();
        next(StepId::wk_add_call);
    }

    void add_call() {
        this->show(EventKind::add_memory_driver_managed, self, this->worker_bb());
        this->show(EventKind::dev_hotplug_lock, self);
        next(StepId::wk_add_lock);
    }

    void add_lock() {
        if (!this->lock_device_hotplug(self)) return;
        this->show(EventKind::dev_hotplug_lock_ret, self);
        s.op = static_cast<int>(StepId::op_add);
        s.op_caller = caller::add_memory;
        s.op_mb = s.numbering.first_memory_block(c.scope, this->worker_bb());
        next(StepId::wk_add_return);
    }

    void add_return() {
        this->show(EventKind::add_memory_driver_managed_ret, self, -1, this->kernel(s.wk_rc));
        if (s.wk_rc != result::ok && c.what_if(WhatIf::convert_add_errors)) {
            s.wk_rc = D::select(s.wk_rc == result::enomem, result::enomem, result::ebusy);
        }
        if (c.is(Mutant::offline_size_after_add)) {
            if (s.wk_rc == result::ok) s.offline_size = s.offline_size + this->memory_blocks();
        } else if (s.wk_rc != result::ok && !c.is(Mutant::offline_size_kept_on_add_failure)) {
            s.offline_size = s.offline_size - this->memory_blocks();
        }
        next(StepId::wk_add_done);
    }

    void add_done() {
        this->show(EventKind::add_memory_ret, self, -1, this->kernel(s.wk_rc));
        if (s.wk_rc != result::ok) {
            s.wk_why = purpose::undo_plug;
            return next(StepId::wk_send);
        }
        if (c.is(Mutant::added_after_add_memory)) this->set_bb_state(this->worker_bb(), big_block::added);
        this->show(EventKind::bbm_plug_and_add_bb_ret, self, -1, 0);
        s.wk_left = s.wk_left - 1;
        if (s.wk_left == 0) return finish(result::ok);
        s.wk_bb = s.wk_bb + 1;
        next(StepId::wk_could_add);
    }

    // --- virtio_mem_bbm_unplug_request() ---

    /// for_each_bb_rev(ADDED): the next candidate below wk_bb in this pass, or the next pass.
    void candidate() {
        for (int pass = 0; pass < 3; ++pass) {
            if (pass < s.wk_pass) continue;
            if (s.bb_count[big_block::added] > 0) {
                if (find_bb(big_block::added, true)) {
                    s.wk_item = 0;
                    return next(pass < 2 ? StepId::wk_pass : StepId::wk_unplug_enter);
                }
            }
            if (pass == 0 && !c.unplug_online) return finish(result::ok);
            if (pass == 2) break;
            s.wk_pass = pass + 1;
            s.wk_bb = s.next_bb;
        }
        finish(result::ebusy);
    }

    /// virtio_mem_bbm_bb_is_offline() in pass 0, ..._is_movable() in pass 1: one memory block at a time.
    void pass() {
        const auto& block = this->mb(s.numbering.memory_block_of_big_block_at(c.scope, this->worker_bb(), s.wk_item));
        const bool skip = s.wk_pass == 0 ? static_cast<bool>(block.online == 1)
                                         : static_cast<bool>(block.online == 1 && block.zone != zone::movable);
        if (skip) {
            s.wk_item = 0;
            return candidate();
        }
        if (s.wk_item + 1 < this->memory_blocks()) {
            s.wk_item = s.wk_item + 1;
            return;
        }
        s.wk_item = 0;
        next(StepId::wk_unplug_enter);
    }

    void unplug_enter() {
        const int i = this->worker_bb();
        if (this->bb(i).state != big_block::added) {
            this->fail(assertion::no_warn, "WARN_ON_ONCE(state != ADDED)");
            return finish(result::einval);
        }
        if (!c.safe_unplug || c.is(Mutant::skip_fake_offline)) return next(StepId::wk_oar_enter);
        this->show(EventKind::mtxtry, self);
        next(StepId::wk_fo_lock);
    }

    /// What virtio_mem_bbm_unplug_request() does with the result for one big block.
    void unplugged(const Value rc) {
        if (rc != result::ok && c.safe_unplug) {
            const Value state = this->bb(this->worker_bb()).state;
            if (state != big_block::added && state != big_block::plugged) {
                this->fail(assertion::rollback_restores,
                           "a failed unplug attempt leaves the big block neither ADDED nor PLUGGED");
            }
        }
        s.wk_rc = result::ok;
        if (rc == result::ebusy) {
            if (this->bb(this->worker_bb()).state == big_block::plugged) {
                this->fail(assertion::busy_device_ends_run,
                           "the worker goes on to other big blocks although the device still has to unplug this one");
            }
            return candidate();
        }
        if (rc == result::ok) s.wk_left = s.wk_left - 1;
        if (rc != result::ok || s.wk_left == 0) return finish(rc);
        candidate();
    }

    // --- virtio_mem_offline_and_remove_memory() ---

    void oar_enter() {
        this->show(EventKind::vm_offline_and_remove, self, this->worker_bb());
        this->show(EventKind::offline_and_remove_memory, self, this->worker_bb());
        if (this->choose(choice::allocation, c.faults.allocation ? 2 : 1) == 1) {
            s.wk_rc = result::enomem;
            return next(StepId::wk_oar_return);
        }
        this->show(EventKind::dev_hotplug_lock, self);
        next(StepId::wk_oar_lock);
    }

    void oar_lock() {
        if (!this->lock_device_hotplug(self)) return;
        this->show(EventKind::dev_hotplug_lock_ret, self);
        s.op = static_cast<int>(StepId::op_offline_enter);
        s.op_caller = caller::offline_and_remove;
        s.op_mb = s.numbering.first_memory_block(c.scope, this->worker_bb());
        next(StepId::wk_oar_return);
    }

    void oar_return() {
        if (c.is(Mutant::lock_dropped_before_remove) && s.wk_rc == result::ok && still_added()) return remove_later();
        this->show(EventKind::offline_and_remove_memory_ret, self, -1, this->kernel(s.wk_rc));
        if (s.wk_rc != result::ok) return next(StepId::wk_oar_done);
        if (!c.is(Mutant::offline_size_kept_on_remove)) s.offline_size = s.offline_size - this->memory_blocks();
        next(StepId::wk_oar_retry);
    }

    /// Mutant lock_dropped_before_remove: everything is offline, and device_hotplug_lock has been released.
    [[nodiscard]] bool still_added() const {
        return static_cast<bool>(this->mb(this->worker_bb() * c.scope.memory_blocks).state != memory_block::absent);
    }
    void remove_later() {
        if (!this->lock_device_hotplug(self)) return;
        s.op = static_cast<int>(StepId::op_remove);
        s.op_caller = caller::offline_and_remove;
        s.op_mb = s.numbering.first_memory_block(c.scope, this->worker_bb());
    }

    void oar_retry() {
        this->retry();
        next(StepId::wk_oar_done);
    }

    void oar_done() {
        if (s.wk_rc != result::ok && c.converts_offline_errors() && !c.is(Mutant::raw_offline_errors)) {
            s.wk_rc = D::select(s.wk_rc == result::enomem, result::enomem, result::ebusy);
        }
        this->show(EventKind::vm_offline_and_remove_ret, self, -1, this->kernel(s.wk_rc));
        if (s.wk_rc == result::ok || c.is(Mutant::unplug_despite_offline_failure)) {
            s.wk_why = purpose::unplug;
            return next(StepId::wk_send);
        }
        if (!c.safe_unplug) return unplugged(s.wk_rc);
        s.wk_item = 0;
        s.wk_end = this->sections_per_big_block();
        if (c.is(Mutant::mutex_held_across_offline) || c.is(Mutant::rollback_without_mutex)) {
            return next(StepId::wk_rb_section);
        }
        this->show(EventKind::mtxtry, self);
        next(StepId::wk_rb_lock);
    }
};

}  // namespace vmemcheck::bbm
