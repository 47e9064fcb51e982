// SPDX-License-Identifier: MIT
/// \file
/// Everyone around the driver and core MM: the device, interrupts and the timer, the host, user space, the users of
/// pages, and virtio_mem_remove().
#pragma once

#include "model/run.hpp"

namespace vmemcheck::bbm {

/// Values of choice::page_action.
namespace page_action {
enum Action : int { allocate_movable, allocate_kernel, free, to_pcp_list, pin, unpin, pin_for_ever, walker, count };
}

template <class D, class Context>
struct Environment : Run<D, Context> {
    using Base = Run<D, Context>;
    using Value = typename D::Value;
    using Bool = typename D::Bool;
    using Base::c;
    using Base::s;
    using Base::x;

    explicit Environment(const Run<D, Context>& run) : Base{run} {}

    // --- device (QEMU hw/virtio/virtio-mem.c, virtio_mem_state_change_request(): tests in its order) ---

    void device() {
        this->at(StepId::device_answer);
        if (s.request_type == request::none) return this->blocked("request of the driver", actor::worker);
        const int type = D::index(s.request_type);
        const int i = type == request::unplug_all ? 0 : this->worker_bb();
        int answer = type == request::unplug_all ? response::ack : by_the_rules(type == request::plug, i);
        if (answer == response::error) {
            this->fail(assertion::requests_keep_rules,
                       "the device must answer ERROR: outside the usable region, or already (un)plugged");
        }
        if (answer == response::ack) {
            // Of the misbehaviours only those that are switched on are offered.
            const int n = c.faults.device_nack ? 4 : c.faults.device_error ? 3 : c.faults.device_busy ? 2 : 1;
            switch (this->choose(choice::device, n)) {
                case 1:
                    if (!c.faults.device_busy) return this->blocked("BUSY is off");
                    answer = response::busy;
                    break;
                case 2:
                    if (!c.faults.device_error) return this->blocked("ERROR is off");
                    answer = response::error;
                    break;
                case 3:
                    answer = response::nack;
                    break;
                default:
                    break;
            }
        }
        if (answer == response::ack) {
            if (type == request::unplug_all) {
                for (int b = 0; b < c.scope.big_blocks; ++b) unplug(b);
                s.others.device = 0;
                s.device_usable = usable(s.device_requested);
            } else if (type == request::plug) {
                this->bb(i).device = 1;
            } else {
                unplug(i);
            }
        }
        s.request_type = request::none;
        s.response_type = answer;
    }

    // --- interrupts and the timer ---

    void config_interrupt() {
        this->at(StepId::irq_config);
        if (s.config_interrupt == 0) return this->blocked("config change notification");
        if (removal_started() && s.rm != static_cast<int>(StepId::rm_eject_lock))
            return this->blocked("config interrupts (virtio core defers them while the driver is removed)");
        if (c.is(Mutant::reset_forgets_blocks)) forget_blocks_at_rest();
        this->show(EventKind::config_changed, 0);
        s.config_interrupt = 0;
        s.config_changed = 1;
        this->retry();
    }

    void timer() {
        this->at(StepId::timer_expires);
        if (s.timer == 0) return this->blocked("retry timer not armed");
        s.timer = 0;
        this->retry();
    }

    // --- host ---

    void host() {
        this->at(StepId::host_resize);
        if (removal_started()) return this->blocked("the driver is being removed");
        if (c.scope.resizes >= 0) {
            if (s.resizes_left == 0) return this->blocked("no more resizes in this scope");
            s.resizes_left = s.resizes_left - 1;
        }
        const Value size = any_size();
        if (s.device_requested == size && s.config_interrupt == 1) return this->blocked("nothing would change");
        const Bool shrinks = c.is(Mutant::device_shrinks_usable);
        s.device_usable = D::select(usable(size) > s.device_usable || shrinks, usable(size), s.device_usable);
        s.device_requested = size;
        s.config_interrupt = 1;
    }

    // --- user space: memoryX/state ---

    void user_space() {
        this->at(StepId::user_request);
        if (s.device_hotplug_lock != task::none) {
            return this->blocked("device_hotplug_lock", this->actor_of(D::index(s.device_hotplug_lock)));
        }
        if (c.scope.user_requests >= 0) {
            if (s.user_requests_left == 0) return this->blocked("no more user requests in this scope");
            s.user_requests_left = s.user_requests_left - 1;
        }
        const int mb = this->choose(choice::user_block, c.scope.total_memory_blocks());
        const int type = this->choose(choice::user_action, online_type::count);
        if (this->mb(mb).state == memory_block::absent) return this->blocked("no such memory block");
        this->show(EventKind::dev_hotplug_lock_sysfs, task::user);
        this->show(EventKind::dev_hotplug_lock_sysfs_ret, task::user, -1, 0);
        s.device_hotplug_lock = task::user;
        s.op_caller = caller::sysfs;
        s.op_mb = this->mb_position(mb);
        s.op_type = type;
        s.op = static_cast<int>(type == online_type::offline ? StepId::op_offline_enter : StepId::op_online_enter);
    }

    // --- users of pages ---

    void memory_users() {
        this->at(StepId::user_page);
        const int i = this->choose(choice::page_number, c.scope.total_pages());
        auto& p = this->page(i);
        const auto& mb = this->mb(this->mb_of_page(i));
        if (p.kind == page::none || p.kind == page::init || mb.online == 0) return this->blocked("no such page");
        const int action = this->choose(choice::page_action, c.faults.speculative_refs ? page_action::count
                                                             : c.faults.eternal_pins   ? page_action::walker
                                                             : c.faults.pins           ? page_action::pin_for_ever
                                                                                       : page_action::pin);
        const Bool isolated = this->isolated(i / c.scope.pages) == 1;
        const Bool free = p.kind == page::buddy || p.kind == page::pcp;
        const Bool available = (p.kind == page::buddy && !isolated) || p.kind == page::pcp;
        const Bool used = (p.kind == page::movable || p.kind == page::unmovable) && p.pin == pin::none;
        const Bool pcp_works = !pcp_disabled_in(mb.zone);
        switch (action) {
            case page_action::allocate_movable:
            case page_action::allocate_kernel:
                if (!available) return this->blocked("page is not free");
                if (action == page_action::allocate_kernel && mb.zone == zone::movable) {
                    return this->blocked("kernel allocations do not come from ZONE_MOVABLE");
                }
                if (p.kind == page::buddy && all_in_use()) return this->blocked("no more allocations in this scope");
                expect_onlined(i);
                p.kind = action == page_action::allocate_movable ? page::movable : page::unmovable;
                p.ref = 1;
                return;
            case page_action::free:
                if (!(used || p.kind == page::pcp)) return this->blocked("page is not in use");
                p.kind = page::buddy;
                p.ref = 0;
                return;
            case page_action::to_pcp_list:
                // A page of an isolated block is freed to the buddy, never to a list.
                if (isolated || !pcp_works) return this->blocked("per-cpu lists are off");
                if (!(used || p.kind == page::buddy)) return this->blocked("page is not free");
                if (free && all_in_use()) return this->blocked("no more allocations in this scope");
                p.kind = page::pcp;
                p.ref = 0;
                return;
            case page_action::pin:
            case page_action::pin_for_ever:
                if (p.kind != page::movable || p.pin != pin::none || all_pinned()) {
                    return this->blocked("page cannot be pinned");
                }
                p.pin = action == page_action::pin ? pin::temporary : pin::eternal;
                p.ref = p.ref + 1;
                return;
            case page_action::unpin:
                if (p.pin != pin::temporary && p.pin != pin::walker) return this->blocked("page is not pinned");
                return put(i);
            default:  // get_page_unless_zero() of a pfn walker
                if (p.ref <= 0 || p.pin != pin::none || p.kind == page::contig || all_pinned()) {
                    return this->blocked("no reference to be had");
                }
                p.pin = pin::walker;
                p.ref = p.ref + 1;
                return;
        }
    }

    // --- unbinding: the request, then virtio_mem_remove() ---

    void administrator() {
        this->at(StepId::rm_idle);
        if (removal_started()) return this->blocked("the driver is being removed");
        if (c.scope.removals == 0) return this->blocked("the driver stays bound in this scope");
        if (this->choose(choice::removal, c.eject == Eject::off ? 1 : 2) == 1) {
            if (c.eject == Eject::by_the_rules && (plugged_in_device(c, s) != 0 || s.device_requested != 0)) {
                return this->blocked("the device refuses to be ejected: memory is plugged or requested");
            }
            return remover_next(StepId::rm_eject_lock);
        }
        begin_removal();
    }

    void remover() {
        const auto pc = static_cast<StepId>(D::index(s.rm));
        this->at(pc);
        switch (pc) {
            case StepId::rm_idle:
                return this->blocked("no request to unbind the driver");
            case StepId::rm_eject_lock:
                // acpi_device_hotplug() holds it until the device is gone, and so while virtio_mem_remove() runs.
                if (!this->lock_device_hotplug(task::remover)) return;
                return begin_removal();
            case StepId::rm_lock:
                if (s.hotplug_mutex != task::none && !c.is(Mutant::removing_without_mutex)) {
                    return this->blocked("hotplug_mutex", this->actor_of(D::index(s.hotplug_mutex)));
                }
                this->show(EventKind::mtxgot, task::remover);
                if (s.hotplug_active == 1) {
                    this->fail(assertion::lock_discipline,
                               "`removing` is set while memory is being onlined or offlined, under hotplug_mutex");
                }
                s.removing = 1;
                this->show(EventKind::mtxunlock, task::remover);
                return remover_next(c.is(Mutant::free_without_unregister) ? StepId::rm_free : StepId::rm_cancel_work);
            case StepId::rm_cancel_work:
                if (s.wk != static_cast<int>(StepId::wk_idle)) return this->blocked("end of the work", actor::worker);
                s.queued = 0;
                return remover_next(StepId::rm_cancel_timer);
            case StepId::rm_cancel_timer:
                if (!c.is(Mutant::timer_survives_removal)) s.timer = 0;
                return remover_next(StepId::rm_unregister_pages);
            case StepId::rm_unregister_pages:
                if (s.mem_hotplug_lock != task::none) {
                    return this->blocked("mem_hotplug_lock", this->actor_of(D::index(s.mem_hotplug_lock)));
                }
                return remover_next(StepId::rm_unregister_notifier);
            case StepId::rm_unregister_notifier:
                if (callback_running()) {
                    return this->blocked("memory_chain rwsem", this->actor_of(D::index(s.device_hotplug_lock)));
                }
                return remover_next(StepId::rm_free);
            case StepId::rm_free:
                s.config_interrupt = 0;
                s.config_changed = 0;
                if (s.device_hotplug_lock == task::remover) s.device_hotplug_lock = task::none;
                return remover_next(StepId::rm_done);
            default:
                return this->blocked("nothing: the driver is unbound");
        }
    }

 private:
    [[nodiscard]] Bool removal_started() const { return s.rm != static_cast<int>(StepId::rm_idle); }
    /// virtio_mem_remove() begins.
    void begin_removal() {
        this->show(EventKind::mtxtry, task::remover);
        remover_next(StepId::rm_lock);
    }
    void remover_next(StepId pc) { s.rm = static_cast<int>(pc); }

    /// The driver's callback is running, or waits for hotplug_mutex: inside the chain's rwsem. Between GOING_* and its
    /// completion nobody is.
    [[nodiscard]] Bool callback_running() const {
        const Value op = s.op;
        const auto within = [&op](StepId first, StepId last) -> Bool {
            return op >= static_cast<int>(first) && op <= static_cast<int>(last);
        };
        return within(StepId::op_online_cb_lock, StepId::op_online_cb_return) ||
               within(StepId::op_online_account, StepId::op_online_unlock) ||
               within(StepId::op_offline_cb_lock, StepId::op_offline_cb_return) ||
               within(StepId::op_offline_account, StepId::op_offline_unlock) ||
               within(StepId::op_offline_cancel, StepId::op_offline_cancel_unlock);
    }

    /// A requested size, in big blocks.
    [[nodiscard]] Value any_size() const {
        if (this->elsewhere()) return s.numbering.any_number();
        return this->choose(choice::size, c.scope.big_blocks + 1);
    }

    [[nodiscard]] Value usable(const Value& requested) const {
        const Value all = s.numbering.big_blocks(c.scope);
        const Value some = requested + c.scope.usable_slack;
        return D::select(requested == 0, 0, D::select(some < all, some, all));
    }

    [[nodiscard]] int by_the_rules(bool plug, int i) const {
        if (this->bb_position(i) >= s.device_usable) return response::error;
        if (plug) {
            if (plugged_in_device(c, s) + 1 > s.device_requested) return response::nack;
            return this->bb(i).device == 0 ? response::ack : response::error;
        }
        return this->bb(i).device == 1 ? response::ack : response::error;
    }

    /// The device discards the block: whatever Linux still does with it is lost.
    void unplug(int b) { this->bb(b).device = 0; }

    /// Mutant reset_forgets_blocks. Resuming resets the device while everybody is frozen, and is to the driver what a
    /// config change is (virtio_mem_restore()).
    void forget_blocks_at_rest() {
        if (s.wk != static_cast<int>(StepId::wk_idle) || s.op != static_cast<int>(StepId::op_none)) return;
        for (int b = 0; b < c.scope.big_blocks; ++b) unplug(b);
        s.others.device = 0;
    }

    /// No page is handed out before undo_isolate_page_range() has released the first page block (b30c59279d68).
    void expect_onlined(int page) {
        if (s.op == static_cast<int>(StepId::op_online_undo) && s.op_block == 0 &&
            s.op_mb == this->mb_position(this->mb_of_page(page))) {
            this->fail(assertion::allocated_after_online,
                       "a page is allocated while its memory block is still being onlined");
        }
    }

    /// zone_pcp_disable() is in force for this zone: that of the memory block of the operation in progress.
    [[nodiscard]] Bool pcp_disabled_in(const Value& zone) const {
        if (s.pcp_disabled == 0 || c.is(Mutant::pcp_list_after_drain)) return Bool(false);
        if (!s.numbering.has_memory_block(c.scope, s.op_mb)) return Bool(this->elsewhere());
        return this->mb(this->operation_mb()).zone == zone;
    }

    /// Bounds of the scope: pages in use, and pinned, at the same time.
    [[nodiscard]] Bool all_in_use() const {
        Value n = 0;
        for (int i = 0; i < c.scope.total_pages(); ++i) {
            const auto& p = this->page(i);
            n = n + D::select(p.kind == page::movable || p.kind == page::unmovable || p.kind == page::pcp, 1, 0);
        }
        return n >= c.scope.allocations;
    }
    [[nodiscard]] Bool all_pinned() const {
        Value n = 0;
        for (int i = 0; i < c.scope.total_pages(); ++i) n = n + D::select(this->page(i).pin == pin::none, 0, 1);
        return n >= c.scope.pins;
    }

    /// put_page() of a pin or of a walker: whoever drops the last reference frees the page.
    void put(int i) {
        auto& p = this->page(i);
        p.pin = pin::none;
        p.ref = p.ref - 1;
        if (p.ref == 0) {
            if (p.kind == page::fake || p.kind == page::fake_dirty) {
                this->fail(assertion::no_warn,
                           "a fake-offline page is freed to the buddy by the last put_page() (bad page state)");
            }
            p.kind = page::buddy;
        }
    }
};

}  // namespace vmemcheck::bbm
