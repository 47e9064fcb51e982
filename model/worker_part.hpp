// SPDX-License-Identifier: MIT
/// \file
/// What the parts of the worker share: its program counter and locals, loops over big blocks, and the end of a run.
#pragma once

#include "model/run.hpp"

namespace vmemcheck::bbm {

template <class D, class Context>
struct WorkerPart : Run<D, Context> {
    using Base = Run<D, Context>;
    using Value = typename D::Value;
    using Base::c;
    using Base::s;
    static constexpr int self = task::worker;

    explicit WorkerPart(const Run<D, Context>& run) : Base{run} {}

 protected:
    void next(StepId pc) { s.wk = static_cast<int>(pc); }

    /// The label `retry`.
    void again() {
        forget_locals();
        if (s.unplug_all_required == 1) {
            s.wk_why = purpose::leftovers;
            return next(StepId::wk_kick);
        }
        next(StepId::wk_config);
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

    /// Core MM begins an operation with the first memory block of the big block; device_hotplug_lock is held.
    /// \param who goes on with its result, of caller
    void begin_operation(StepId op, int who) {
        s.op = static_cast<int>(op);
        s.op_caller = who;
        s.op_mb = s.numbering.first_memory_block(c.scope, this->worker_bb());
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
};

}  // namespace vmemcheck::bbm
