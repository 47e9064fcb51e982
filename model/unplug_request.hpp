// SPDX-License-Identifier: MIT
/// \file
/// Offlining, removing and unplugging big blocks: virtio_mem_bbm_unplug_request(), but for what is sent to the device.
#pragma once

#include "model/fake_offline.hpp"
#include "model/worker_part.hpp"

namespace vmemcheck::bbm {

template <class D, class Context>
struct UnplugRequest : WorkerPart<D, Context> {
    using Base = WorkerPart<D, Context>;
    using Value = typename D::Value;
    using Base::begin_operation;
    using Base::c;
    using Base::find_bb;
    using Base::finish;
    using Base::next;
    using Base::s;
    using Base::self;

    explicit UnplugRequest(const Run<D, Context>& run) : Base{run} {}

    void step(StepId pc) {
        switch (pc) {
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
            default:
                break;
        }
        using Fake = FakeOffline<D, Context>;
        const auto result = Fake{*this}.step(pc);
        if (result == Fake::Outcome::fake_offlined) return next(StepId::wk_oar_enter);
        if (result == Fake::Outcome::rolled_back) return unplugged(s.wk_rc);
    }

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

 private:
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
        begin_operation(StepId::op_offline_enter, caller::offline_and_remove);
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
        begin_operation(StepId::op_remove, caller::offline_and_remove);
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
