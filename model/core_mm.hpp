// SPDX-License-Identifier: MIT
/// \file
/// Core MM: add_memory(), offline_and_remove_memory() and sysfs requests, on the task that called them. One operation
/// at a time: device_hotplug_lock is held throughout (mm/memory_hotplug.c, drivers/base/memory.c).
#pragma once

#include "model/offlining.hpp"
#include "model/onlining.hpp"
#include "model/run.hpp"

namespace vmemcheck::bbm {

template <class D, class Context>
struct CoreMm : Run<D, Context> {
    using Base = Run<D, Context>;
    using Base::c;
    using Base::s;
    using Base::x;

    explicit CoreMm(const Run<D, Context>& run) : Base{run} {}

    /// One step of the operation in progress, by the task that owns device_hotplug_lock.
    void step(StepId pc) {
        this->at(pc);
        switch (pc) {
            case StepId::op_add:
                return add();
            case StepId::op_remove:
                return remove();
            case StepId::op_unlock:
                return unlock();
            default:
                break;
        }
        const bool done = pc < StepId::op_offline_enter ? Onlining<D, Context>{*this}.step(pc)
                                                        : Offlining<D, Context>{*this}.step(pc);
        if (done) block_done();
    }

 private:
    void next(StepId pc) { s.op = static_cast<int>(pc); }
    [[nodiscard]] int self() const { return D::index(s.device_hotplug_lock); }
    using Value = typename D::Value;
    /// The big block of the operation, the first of its memory blocks in the state, and where its first one is.
    [[nodiscard]] int bb_id() const { return this->bb_of(this->operation_mb()); }
    [[nodiscard]] int first_mb() const { return bb_id() * c.scope.memory_blocks; }
    [[nodiscard]] Value begin_of_bb() const { return s.numbering.first_memory_block(c.scope, bb_id()); }
    [[nodiscard]] Value end_of_bb() const { return begin_of_bb() + this->memory_blocks(); }
    [[nodiscard]] auto& remembered(int i) const { return s.op_types[static_cast<std::size_t>(i)]; }

    /// add_memory_resource(): the blocks appear, offline; then memhp_default_online_type decides.
    void add() {
        const int first = first_mb();
        const int failure = this->choose(choice::add_memory, c.faults.add_eexist ? 3 : c.faults.allocation ? 2 : 1);
        if (failure != 0) {
            s.op_outer_rc = failure == 1 ? result::enomem : result::eexist;
            return next(StepId::op_unlock);
        }
        for (int i = first; i < first + c.scope.memory_blocks; ++i) {
            if (this->bb(this->bb_of(i)).device == 0) {
                this->fail(assertion::never_touch_unplugged, "memory added while the device has it unplugged");
            }
            this->mb(i).state = memory_block::offline;
        }
        this->adjust_other_memory_blocks(1);
        s.op_type = auto_online_type();
        next(s.op_type == online_type::offline ? StepId::op_unlock : StepId::op_online_enter);
    }

    [[nodiscard]] int auto_online_type() {
        switch (c.auto_online) {
            case AutoOnline::off:
                return online_type::offline;
            case AutoOnline::kernel:
                return online_type::kernel;
            case AutoOnline::movable:
                return online_type::movable;
            default:
                return this->choose(choice::auto_online, online_type::count);
        }
    }

    /// device_online() or device_offline() of one block has returned op_rc: what its caller does next.
    void block_done() {
        const Value rc = s.op_rc;
        const Value mb = s.op_mb;
        const bool last = static_cast<bool>(mb + 1 == end_of_bb());
        s.op_rc = result::ok;
        s.op_notified = 0;
        switch (D::index(s.op_caller)) {
            case caller::add_memory:
                // The result is ignored, but walk_memory_blocks() stops at the first block that could not be onlined.
                if (last || rc != result::ok) return next(StepId::op_unlock);
                s.op_mb = mb + 1;
                return next(StepId::op_online_enter);
            case caller::offline_and_remove:
                if (rc != result::ok && rc != result::already) {
                    s.op_outer_rc = rc;
                    return rollback(begin_of_bb());
                }
                if (last) return next(c.is(Mutant::lock_dropped_before_remove) ? StepId::op_unlock : StepId::op_remove);
                s.op_mb = mb + 1;
                return next(StepId::op_offline_enter);
            case caller::rollback:
                if (rc != result::ok && rc != result::already) s.op_reonline_failed = 1;
                return rollback(mb + 1);
            default:
                return next(StepId::op_unlock);
        }
    }

    /// try_reonline_memory_block() for the next block from mb on that offline_and_remove_memory() itself offlined.
    void rollback(const Value& from) {
        const int first = first_mb();
        const Value begin = begin_of_bb();
        s.op_caller = caller::rollback;
        s.op_type = online_type::offline;
        const auto type_of = [&](int i) -> auto& {
            return remembered(c.is(Mutant::rollback_shifts_online_types) ? (i - first + 1) % c.scope.memory_blocks
                                                                         : i - first);
        };
        const auto is_due = [&](int i) -> typename D::Bool {
            typename D::Bool due = type_of(i) != online_type::offline;
            if (c.is(Mutant::rollback_onlines_all)) due = due || this->mb(i).state == memory_block::offline;
            return due && this->mb_position(i) >= from;
        };
        // One that the state does not have may come before those it has.
        if (this->elsewhere()) {
            const Value found = s.numbering.any_number();
            typename D::Bool passed =
                found < from || found >= begin + this->memory_blocks() || s.numbering.has_memory_block(c.scope, found);
            for (int i = first; i < first + c.scope.memory_blocks; ++i)
                passed = passed || (is_due(i) && this->mb_position(i) < found);
            if (passed) this->blocked("no such memory block");
            return reonline(found, this->elsewhere() ? online_type::movable : online_type::kernel);
        }
        for (int i = first; i < first + c.scope.memory_blocks; ++i) {
            if (!is_due(i)) continue;
            const Value type = type_of(i);
            return reonline(this->mb_position(i), D::select(type == online_type::offline, online_type::kernel, type));
        }
        s.op_mb = begin;
        rollback_done(first);
    }

    void reonline(const Value& mb, const Value& type) {
        s.op_mb = mb;
        s.op_type = type;
        if (c.is(Mutant::rollback_forgets_online_types)) s.op_type = online_type::kernel;
        next(StepId::op_online_enter);
    }

    /// \param first of the big block in the state; the one that is the first of all may not be there
    void rollback_done(int first) {
        for (int i = 0; i < c.scope.memory_blocks; ++i) {
            const auto& block = this->mb(first + i);
            const auto wanted = D::select(block.zone == zone::movable, online_type::movable, online_type::kernel);
            if (remembered(i) != online_type::offline && s.op_reonline_failed == 0 &&
                (block.state != memory_block::online || wanted != remembered(i))) {
                this->fail(assertion::rollback_restores,
                           "offline_and_remove_memory() failed and did not bring back a memory block as it was");
            }
        }
        next(StepId::op_unlock);
    }

    /// try_remove_memory(): cannot fail, for nothing can have been onlined since.
    void remove() {
        const int first = first_mb();
        this->show(EventKind::try_remove_memory, self(), this->bb_of(first));
        for (int i = first; i < first + c.scope.memory_blocks; ++i) {
            if (this->mb(i).state != memory_block::offline) {
                this->fail(assertion::no_warn, "try_remove_memory() of a memory block that is not offline");
            }
            this->mb(i).state = memory_block::absent;
            this->mb(i).zone = 0;
        }
        this->adjust_other_memory_blocks(-1);
        this->show(EventKind::try_remove_memory_ret, self(), -1, 0);
        next(StepId::op_unlock);
    }

    void unlock() {
        this->show(EventKind::dev_hotplug_unlock, self());
        if (s.device_hotplug_lock == task::worker) s.wk_rc = s.op_outer_rc;
        s.device_hotplug_lock = task::none;
        s.op = static_cast<int>(StepId::op_none);
        s.op_caller = caller::none;
        s.op_mb = 0;
        s.op_type = online_type::offline;
        s.op_rc = result::ok;
        s.op_outer_rc = result::ok;
        s.op_block = 0;
        s.op_reonline_failed = 0;
        for (int i = 0; i < c.scope.memory_blocks; ++i) remembered(i) = online_type::offline;
    }
};

}  // namespace vmemcheck::bbm
