// SPDX-License-Identifier: MIT
/// \file
/// Plugging and adding big blocks: virtio_mem_bbm_plug_request(), but for what is sent to the device.
#pragma once

#include "model/worker_part.hpp"

namespace vmemcheck::bbm {

template <class D, class Context>
struct PlugRequest : WorkerPart<D, Context> {
    using Base = WorkerPart<D, Context>;
    using Base::begin_operation;
    using Base::c;
    using Base::find_bb;
    using Base::finish;
    using Base::forget_locals;
    using Base::next;
    using Base::s;
    using Base::self;

    explicit PlugRequest(const Run<D, Context>& run) : Base{run} {}

    void step(StepId pc) {
        switch (pc) {
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
            default:
                break;
        }
    }

    /// could_add_memory() of one big block.
    [[nodiscard]] bool could_add_memory() const {
        return static_cast<bool>(s.offline_size + this->memory_blocks() <= this->offline_threshold());
    }

 private:
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
        begin_operation(StepId::op_add, caller::add_memory);
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
};

}  // namespace vmemcheck::bbm
