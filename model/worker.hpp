// SPDX-License-Identifier: MIT
/// \file
/// The driver's worker: virtio_mem_run_wq() and all it calls outside core MM (drivers/virtio/virtio_mem.c).
#pragma once

#include "model/plug_request.hpp"
#include "model/send_request.hpp"
#include "model/unplug_request.hpp"
#include "model/worker_part.hpp"

namespace vmemcheck::bbm {

template <class D, class Context>
struct Worker : WorkerPart<D, Context> {
    using Base = WorkerPart<D, Context>;
    using Value = typename D::Value;
    using Base::again;
    using Base::c;
    using Base::find_bb;
    using Base::finish;
    using Base::forget_locals;
    using Base::next;
    using Base::s;
    using Base::self;

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
        // Steps that are left are numbered in this order (steps.inc).
        if (pc <= StepId::wk_response_all) {
            if (const auto rc = SendRequest<D, Context>{*this}.step(pc)) answered(*rc);
        } else if (pc <= StepId::wk_add_done) {
            PlugRequest<D, Context>{*this}.step(pc);
        } else {
            UnplugRequest<D, Context>{*this}.step(pc);
        }
    }

 private:
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
            return UnplugRequest<D, Context>{*this}.candidate();
        }
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
        if (PlugRequest<D, Context>{*this}.could_add_memory()) this->retry();
        next(StepId::wk_exit);
    }

    void exit() {
        this->show(EventKind::run_wq_ret, self, -1, 0);
        next(StepId::wk_idle);
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
                return UnplugRequest<D, Context>{*this}.unplugged(rc);
        }
    }
};

}  // namespace vmemcheck::bbm
