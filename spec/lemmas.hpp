// SPDX-License-Identifier: MIT
/// \file
/// Lemmas: what else holds of every reachable state, and makes the properties inductive.
///
/// Each is a predicate over any domain, checked by the search like a property and assumed (and proved) by `prove`.
/// They hold under the assumptions of proof_assumptions(): no other notifier stops the chain, and nobody takes a
/// speculative reference on a page that is not in use.
#pragma once

#include "spec/predicates.hpp"

namespace vmemcheck::bbm::spec {

template <class D>
struct Lemmas : Predicates<D> {
    using Base = Predicates<D>;
    using Base::bb;
    using Base::c;
    using Base::mb;
    using Base::page;
    using Base::s;
    using Base::worker_at;
    using typename Base::Bool;
    using typename Base::S;
    using typename Base::Value;

    Lemmas(const Config& config, const S& state) : Base{config, state} {}

    // --- where everybody is ---

    [[nodiscard]] static Bool within(const Value& pc, StepId first, StepId last) {
        return pc >= static_cast<int>(first) && pc <= static_cast<int>(last);
    }
    [[nodiscard]] Bool wk(StepId pc) const { return s.wk == static_cast<int>(pc); }
    [[nodiscard]] Bool wk(StepId first, StepId last) const { return within(s.wk, first, last); }
    [[nodiscard]] Bool op(StepId pc) const { return s.op == static_cast<int>(pc); }
    [[nodiscard]] Bool op(StepId first, StepId last) const { return within(s.op, first, last); }
    [[nodiscard]] Bool onlining() const { return op(StepId::op_online_enter, StepId::op_online_fail); }
    [[nodiscard]] Bool offlining() const { return op(StepId::op_offline_enter, StepId::op_offline_fail); }
    [[nodiscard]] static Bool implies(const Bool& a, const Bool& b) { return !a || b; }

    /// The driver's callback has not been called for the operation at hand.
    [[nodiscard]] Bool before_callback() const {
        return op(StepId::op_none, StepId::op_online_cb_lock) ||
               op(StepId::op_offline_enter, StepId::op_offline_cb_lock) || op(StepId::op_remove, StepId::op_unlock);
    }
    /// From the driver's GOING_* to its completion or cancellation.
    [[nodiscard]] Bool in_notification() const {
        return op(StepId::op_online_cb_return, StepId::op_online_unlock) || op(StepId::op_online_veto) ||
               op(StepId::op_offline_cb_drop, StepId::op_offline_unlock) ||
               op(StepId::op_offline_undo, StepId::op_offline_cancel_unlock);
    }
    /// Within the driver's GOING_* callback, which holds hotplug_mutex whatever it answers.
    [[nodiscard]] Bool in_going_callback() const {
        return op(StepId::op_online_cb_return) || op(StepId::op_offline_cb_drop, StepId::op_offline_cb_return);
    }
    [[nodiscard]] Bool operation_holds_mutex() const {
        return in_going_callback() || (s.op_notified == 1 && in_notification());
    }
    [[nodiscard]] Bool worker_holds_mutex() const {
        return wk(StepId::wk_prepare_unlock) || wk(StepId::wk_fo_mark_bb, StepId::wk_fo_unlock) ||
               wk(StepId::wk_rb_section, StepId::wk_rb_unlock);
    }
    [[nodiscard]] Bool requesting() const { return wk(StepId::wk_send, StepId::wk_response); }

    // --- locks and the operation of core MM ---

    [[nodiscard]] Bool operation_has_owner() const {
        const Bool sysfs = s.op_caller == caller::sysfs;
        const Bool add = s.op_caller == caller::add_memory;
        const Bool remove = s.op_caller == caller::offline_and_remove || s.op_caller == caller::rollback;
        // acpi_device_hotplug() holds it without any operation of core MM.
        const Bool ejecting = Bool(c.eject != Eject::off) && s.device_hotplug_lock == task::remover;
        Bool ok = (s.device_hotplug_lock == task::none || ejecting) == op(StepId::op_none);
        ok = ok &&
             implies(ejecting, s.rm >= static_cast<int>(StepId::rm_lock) && s.rm <= static_cast<int>(StepId::rm_free));
        ok = ok && (s.device_hotplug_lock != task::remover || ejecting);
        ok = ok && (s.device_hotplug_lock == task::user) == sysfs;
        ok = ok && (s.device_hotplug_lock == task::worker) == (add || remove);
        ok = ok && implies(add, wk(StepId::wk_add_return));
        ok = ok && implies(remove, wk(StepId::wk_oar_return));
        ok = ok && implies(op(StepId::op_add), add);
        ok = ok && implies(op(StepId::op_remove), s.op_caller == caller::offline_and_remove);
        ok = ok && implies(onlining(), s.op_caller != caller::offline_and_remove);
        ok = ok && implies(offlining(), !add && s.op_caller != caller::rollback);
        return ok;
    }

    [[nodiscard]] Bool operation_is_clear() const {
        Bool clear = s.op_mb == 0 && s.op_outer_rc == result::ok && s.op_reonline_failed == 0;
        for (int i = 0; i < c.scope.memory_blocks; ++i) clear = clear && remembered(i) == online_type::offline;
        Bool ok = implies(op(StepId::op_none), clear && s.op_type == online_type::offline);
        ok = ok && implies(op(StepId::op_none) || op(StepId::op_add) || op(StepId::op_remove, StepId::op_unlock) ||
                               op(StepId::op_online_enter, StepId::op_online_cb_lock) ||
                               op(StepId::op_online_pages, StepId::op_online_end) ||
                               op(StepId::op_offline_enter, StepId::op_offline_cb_drop) ||
                               op(StepId::op_offline_loop, StepId::op_offline_end),
                           s.op_rc == result::ok);
        ok = ok && implies(op(StepId::op_online_veto, StepId::op_online_fail) ||
                               op(StepId::op_offline_undo, StepId::op_offline_fail),
                           s.op_rc != result::ok && s.op_rc != result::already);
        ok = ok && implies(in_going_callback(), s.op_rc == result::ok || s.op_rc == result::ebusy);
        ok = ok && implies(s.op_caller != caller::offline_and_remove && s.op_caller != caller::rollback,
                           s.op_reonline_failed == 0);
        ok = ok && implies(s.op_caller == caller::offline_and_remove,
                           s.op_reonline_failed == 0 && s.op_outer_rc == result::ok);
        ok = ok && implies(s.op_caller == caller::rollback, s.op_outer_rc != result::ok);
        ok = ok && implies(s.op_caller == caller::sysfs, s.op_outer_rc == result::ok);
        ok = ok && implies(s.op_caller == caller::add_memory && !op(StepId::op_unlock), s.op_outer_rc == result::ok);
        const Bool loop = op(StepId::op_online_undo) || op(StepId::op_offline_isolate) ||
                          op(StepId::op_offline_isolate_undo) || op(StepId::op_offline_undo);
        ok = ok && implies(!loop, s.op_block == 0);
        ok = ok && implies(op(StepId::op_offline_isolate_undo), s.op_block >= 1);
        ok = ok && implies(loop, s.op_block < s.numbering.page_blocks_per_memory_block(c.scope));
        return ok;
    }

    [[nodiscard]] Bool operation_works_on_its_block() const {
        const Bool worker = s.device_hotplug_lock == task::worker;
        Bool ok = s.numbering.memory_block_exists(c.scope, s.op_mb) && implies(worker, s.wk_bb < s.next_bb);
        for (int i = 0; i < c.scope.big_blocks; ++i) {
            const Value first = s.numbering.first_memory_block(c.scope, i);
            const Value end = first + s.numbering.memory_blocks(c.scope);
            const Bool here = worker_at(i);
            ok = ok && implies(worker, here == (s.op_mb >= first && s.op_mb < end));
            ok = ok && implies(here && op(StepId::op_add), s.op_mb == first);
            ok = ok && implies(here && op(StepId::op_remove), s.op_mb == end - 1);
        }
        return ok;
    }

    [[nodiscard]] Bool mem_hotplug_lock_follows() const {
        const Bool held = op(StepId::op_online_going, StepId::op_online_fail) ||
                          op(StepId::op_offline_isolate, StepId::op_offline_fail);
        // Success turns the per-cpu lists on before MEM_OFFLINE, failure after MEM_CANCEL_OFFLINE.
        const Bool pcp_disabled = op(StepId::op_offline_isolate, StepId::op_offline_done) ||
                                  op(StepId::op_offline_undo, StepId::op_offline_fail);
        return s.mem_hotplug_lock == D::select(held, s.device_hotplug_lock, task::none) &&
               (s.pcp_disabled == 1) == pcp_disabled;
    }

    [[nodiscard]] Bool hotplug_mutex_has_its_owner() const {
        const Bool worker = worker_holds_mutex();
        const Bool operation = operation_holds_mutex();
        return !(worker && operation) &&
               s.hotplug_mutex ==
                   D::select(worker, task::worker, D::select(operation, s.device_hotplug_lock, task::none));
    }

    [[nodiscard]] Bool hotplug_active_follows() const {
        Bool ok = (s.hotplug_active == 1) == (s.op_notified == 1 && in_notification());
        ok = ok && implies(before_callback(), s.op_notified == 0);
        ok = ok && implies(in_going_callback(), (s.op_notified == 1) == (s.op_rc == result::ok));
        ok = ok && implies(op(StepId::op_offline_cb_drop), s.op_notified == 1);
        ok = ok && implies(op(StepId::op_online_account, StepId::op_online_unlock) ||
                               op(StepId::op_offline_account, StepId::op_offline_unlock) ||
                               op(StepId::op_offline_cancel_unlock),
                           s.op_notified == 1);
        return ok;
    }

    // --- virtio_mem_remove() ---

    [[nodiscard]] Bool unregistered() const { return s.rm > static_cast<int>(StepId::rm_unregister_notifier); }

    [[nodiscard]] Bool removal_waits() const {
        Bool ok = (s.removing == 1) == (s.rm > static_cast<int>(StepId::rm_lock));
        ok = ok && (Bool(c.eject != Eject::off) || s.rm != static_cast<int>(StepId::rm_eject_lock));
        ok = ok && implies(s.rm > static_cast<int>(StepId::rm_cancel_work), wk(StepId::wk_idle) && s.queued == 0);
        ok = ok && implies(s.rm > static_cast<int>(StepId::rm_cancel_timer), s.timer == 0);
        const Bool despite =
            Bool(c.what_if(WhatIf::reonline_despite_removal)) && s.device_hotplug_lock == task::worker && onlining();
        ok = ok && implies(s.hotplug_active == 1, s.removing == 0 || despite);
        const Bool driver_called = op(StepId::op_online_cb_lock, StepId::op_online_cb_return) ||
                                   op(StepId::op_online_account, StepId::op_online_unlock) ||
                                   op(StepId::op_offline_cb_lock, StepId::op_offline_cb_return) ||
                                   op(StepId::op_offline_account, StepId::op_offline_unlock) ||
                                   op(StepId::op_offline_cancel, StepId::op_offline_cancel_unlock);
        ok = ok && implies(driver_called, !unregistered());
        // Whoever goes on without the driver's callback does so because there is none.
        const Bool goes_on =
            op(StepId::op_online_pages, StepId::op_online_end) || op(StepId::op_offline_loop, StepId::op_offline_end);
        ok = ok && implies(goes_on && s.op_notified == 0, unregistered());
        return ok;
    }

    // --- memory blocks ---

    [[nodiscard]] Bool acting(int i) const { return !op(StepId::op_none) && this->operation_at(i); }
    /// online_pages() has set the sections up and online_pages_range() has not run.
    [[nodiscard]] Bool prepared(int i) const {
        return acting(i) && (op(StepId::op_online_going, StepId::op_online_pages) ||
                             op(StepId::op_online_veto, StepId::op_online_fail));
    }
    [[nodiscard]] Bool handed_out(int i) const {
        return acting(i) && op(StepId::op_online_undo, StepId::op_online_end);
    }
    [[nodiscard]] Bool going_offline(int i) const {
        return acting(i) && op(StepId::op_offline_isolate, StepId::op_offline_fail);
    }
    [[nodiscard]] Bool offlined(int i) const {
        return acting(i) && op(StepId::op_offline_account, StepId::op_offline_end);
    }

    [[nodiscard]] Bool memory_block_follows() const {
        Bool ok = true;
        for (int i = 0; i < c.scope.total_memory_blocks(); ++i) {
            const auto& block = mb(i);
            const Bool online = block.state == memory_block::online || handed_out(i) ||
                                (block.state == memory_block::going_offline && !offlined(i));
            ok = ok && (block.online == 1) == online;
            ok = ok && implies(prepared(i) || handed_out(i), block.state == memory_block::offline);
            ok = ok && (block.state == memory_block::going_offline) == going_offline(i);
            ok = ok && implies(acting(i) && !op(StepId::op_add) && !op(StepId::op_unlock),
                               block.state != memory_block::absent);
            ok = ok && implies(acting(i) && op(StepId::op_online_init), block.state == memory_block::offline);
            ok = ok && implies(acting(i) && op(StepId::op_offline_begin), block.state == memory_block::online);
            const Bool in_zone = online || prepared(i) || offlined(i);
            ok = ok && implies(!in_zone, block.zone == 0);
        }
        return ok;
    }

    [[nodiscard]] Bool acting_block_is_in_its_zone() const {
        Bool ok = true;
        for (int i = 0; i < c.scope.total_memory_blocks(); ++i) {
            const Bool wanted =
                s.op_type == D::select(mb(i).zone == zone::movable, online_type::movable, online_type::kernel);
            ok = ok && implies(prepared(i) || handed_out(i), wanted);
            ok = ok && implies(going_offline(i), wanted);
        }
        ok = ok && implies(onlining(), s.op_type != online_type::offline);
        return ok;
    }

    [[nodiscard]] const auto& remembered(int i) const { return s.op_types[static_cast<std::size_t>(i)]; }

    /// offline_and_remove_memory() and its rollback go through the memory blocks in order.
    [[nodiscard]] Bool whole_operation_progresses() const {
        const Bool forth = s.op_caller == caller::offline_and_remove;
        const Bool back = s.op_caller == caller::rollback;
        Bool ok = true;
        for (int i = 0; i < c.scope.total_memory_blocks(); ++i) {
            const auto& type = remembered(i % c.scope.memory_blocks);
            const Bool here = (forth || back) && worker_at(i / c.scope.memory_blocks);
            const Bool before = this->mb_position(i) < s.op_mb;
            const Bool at = this->operation_at(i);
            const Bool after = this->mb_position(i) > s.op_mb;
            const Bool kept = type != online_type::offline;
            const Bool done = op(StepId::op_remove);
            const Bool gone = op(StepId::op_unlock) && forth;
            ok = ok && implies(here && forth && !gone && (before || done), mb(i).state == memory_block::offline);
            ok = ok && implies(here && forth && !gone && after, !kept);
            ok = ok && implies(here && forth && !gone && at && !done, !kept);
            const Bool finished = op(StepId::op_unlock);
            ok = ok && implies(here && back && !finished && at, kept && s.op_type == type);
            ok = ok && implies(here && back && !finished && kept && after, mb(i).state == memory_block::offline);
            const Bool as_it_was =
                mb(i).state == memory_block::online &&
                type == D::select(mb(i).zone == zone::movable, online_type::movable, online_type::kernel);
            ok = ok && implies(here && back && !finished && kept && before && s.op_reonline_failed == 0, as_it_was);
            ok = ok && implies(here && back && !finished && at && op(StepId::op_online_enter),
                               mb(i).state == memory_block::offline);
        }
        ok = ok && implies(!forth && !back, no_types_remembered());
        ok = ok && implies(back, op(StepId::op_unlock) || onlining());
        return ok;
    }
    [[nodiscard]] Bool no_types_remembered() const {
        Bool none = true;
        for (int i = 0; i < c.scope.memory_blocks; ++i) none = none && remembered(i) == online_type::offline;
        return none;
    }

    // --- the worker ---

    [[nodiscard]] Bool removed_memory() const {
        const Bool unlocking =
            op(StepId::op_unlock) && s.op_caller == caller::offline_and_remove && s.op_outer_rc == result::ok;
        const Bool returned =
            op(StepId::op_none) || s.device_hotplug_lock != task::worker;  // no operation of the worker's
        return (wk(StepId::wk_oar_return) && (unlocking || (returned && s.wk_rc == result::ok))) ||
               wk(StepId::wk_oar_retry) || (wk(StepId::wk_oar_done) && s.wk_rc == result::ok);
    }
    /// The worker has added nothing yet, or adding failed.
    [[nodiscard]] Bool nothing_added() const {
        const Bool own = s.device_hotplug_lock == task::worker;
        const Bool calling = own && (op(StepId::op_add) || (op(StepId::op_unlock) && s.op_outer_rc != result::ok));
        return wk(StepId::wk_add_enter, StepId::wk_add_lock) ||
               (wk(StepId::wk_add_return) && (calling || (!own && s.wk_rc != result::ok))) ||
               (wk(StepId::wk_add_done) && s.wk_rc != result::ok);
    }
    [[nodiscard]] Bool unplugging() const {
        return requesting() && (s.wk_why == purpose::unplug || s.wk_why == purpose::undo_plug);
    }
    /// A big block is ADDED or FAKE_OFFLINE while it has no memory blocks: right before and after.
    [[nodiscard]] Bool in_transit(int i) const {
        return worker_at(i) && (nothing_added() || removed_memory() || unplugging());
    }

    [[nodiscard]] Bool big_block_has_its_memory_blocks() const {
        Bool ok = true;
        for (int i = 0; i < c.scope.total_memory_blocks(); ++i) {
            const int b = i / c.scope.memory_blocks;
            const Bool added = bb(b).state == big_block::added || bb(b).state == big_block::fake_offline;
            ok = ok && (mb(i).state == memory_block::absent) == (!added || in_transit(b));
        }
        return ok;
    }

    [[nodiscard]] Bool worker_at_its_big_block() const {
        Bool ok = true;
        const int safe_state = c.safe_unplug ? big_block::fake_offline : big_block::added;
        const Bool request = wk(StepId::wk_send_enter, StepId::wk_response);
        const Bool unplug = wk(StepId::wk_oar_enter, StepId::wk_oar_done);
        for (int i = 0; i < c.scope.big_blocks; ++i) {
            const auto is = [&](int state) -> Bool { return bb(i).state == state; };
            const Bool here = worker_at(i);
            ok = ok && implies(here && request && s.wk_why == purpose::pending, is(big_block::plugged));
            ok = ok && implies(here && request && s.wk_why == purpose::plug, is(big_block::unused));
            ok = ok && implies(here && request && s.wk_why == purpose::undo_plug, is(big_block::added));
            ok = ok && implies(here && request && s.wk_why == purpose::unplug, is(safe_state));
            ok = ok && implies(here && wk(StepId::wk_add_enter, StepId::wk_add_done), is(big_block::added));
            ok = ok && implies(here && wk(StepId::wk_pass, StepId::wk_fo_mark_bb), is(big_block::added));
            ok = ok && implies(here && unplug, is(safe_state));
            const Bool hidden = wk(StepId::wk_fo_section, StepId::wk_oar_done) ||
                                wk(StepId::wk_rb_lock, StepId::wk_rb_mark_bb) ||
                                (requesting() && s.wk_why == purpose::unplug);
            ok = ok && is(big_block::fake_offline) == (here && hidden && c.safe_unplug);
            ok = ok && implies(here && wk(StepId::wk_rb_unlock), is(big_block::added));
            ok = ok && implies(this->bb_position(i) >= s.next_bb, is(big_block::unused));
        }
        const Bool busy = (request && s.wk_why != purpose::leftovers) ||
                          wk(StepId::wk_add_enter, StepId::wk_add_done) || wk(StepId::wk_pass, StepId::wk_rb_unlock);
        ok = ok && implies(busy, s.wk_bb < s.next_bb);
        if (!c.safe_unplug) {
            ok = ok && !wk(StepId::wk_fo_lock, StepId::wk_fo_unlock) && !wk(StepId::wk_rb_lock, StepId::wk_rb_unlock);
        }
        return ok;
    }

    [[nodiscard]] Bool worker_requests() const {
        const Bool kicked = wk(StepId::wk_wait, StepId::wk_response_all);
        Bool ok = implies(!wk(StepId::wk_wait), s.request_type == request::none);
        ok = ok && implies(!kicked, s.response_type == response::none);
        ok = ok &&
             implies(wk(StepId::wk_wait), (s.request_type == request::none) != (s.response_type == response::none));
        ok = ok && implies(wk(StepId::wk_response, StepId::wk_response_all), s.response_type != response::none);
        ok = ok && implies(s.request_type != request::none,
                           s.request_type == D::select(s.wk_why == purpose::plug, request::plug,
                                                       D::select(s.wk_why == purpose::leftovers, request::unplug_all,
                                                                 request::unplug)));
        ok = ok && implies(!wk(StepId::wk_send_enter, StepId::wk_response_all), s.wk_why == purpose::none);
        ok = ok && implies(wk(StepId::wk_send_enter, StepId::wk_response_all), s.wk_why != purpose::none);
        ok = ok && implies(wk(StepId::wk_send_enter), s.wk_why == purpose::pending || s.wk_why == purpose::plug);
        ok = ok && implies(wk(StepId::wk_send) || wk(StepId::wk_response), s.wk_why != purpose::leftovers);
        ok = ok && implies(wk(StepId::wk_response_all), s.wk_why == purpose::leftovers);
        ok = ok && implies(s.wk_why == purpose::leftovers, s.unplug_all_required == 1);
        // Until the leftovers are gone the worker does nothing else.
        ok = ok && implies(s.unplug_all_required == 1,
                           s.next_bb == 0 && (wk(StepId::wk_idle) || wk(StepId::wk_run) ||
                                              s.wk_why == purpose::leftovers || wk(StepId::wk_config) ||
                                              wk(StepId::wk_requested) || wk(StepId::wk_finish, StepId::wk_exit)));
        ok = ok && implies(s.unplug_all_required == 1 && wk(StepId::wk_config, StepId::wk_requested),
                           s.wk_rc == result::etxtbsy || s.wk_rc == result::enomem);
        return ok;
    }

    [[nodiscard]] Bool acknowledged(int i) const {
        return wk(StepId::wk_wait, StepId::wk_response) && worker_at(i) && s.response_type == response::ack &&
               s.wk_why != purpose::leftovers;
    }

    [[nodiscard]] Bool device_has_it_plugged() const {
        Bool ok = true;
        for (int i = 0; i < c.scope.big_blocks; ++i) {
            const Bool driver = (bb(i).state != big_block::unused) != acknowledged(i);
            ok = ok && implies(s.unplug_all_required == 0, (bb(i).device == 1) == driver);
        }
        return ok;
    }

    [[nodiscard]] Bool plugged_size_follows() const {
        const Value device = plugged_in_device(c, s);
        const Bool ack = wk(StepId::wk_wait, StepId::wk_response) && s.response_type == response::ack;
        const Value answered =
            D::select(ack && s.wk_why != purpose::leftovers, D::select(s.wk_why == purpose::plug, -1, 1), 0);
        const Bool leftovers_gone = wk(StepId::wk_wait, StepId::wk_response_all) && s.response_type == response::ack &&
                                    s.wk_why == purpose::leftovers;
        return D::select(leftovers_gone, 0, s.plugged) == D::select(leftovers_gone, device, device + answered);
    }

    /// Results: which the worker may carry where; loops and counts in their ranges.
    [[nodiscard]] Bool worker_locals() const {
        const auto rc = [&](int code) -> Bool { return s.wk_rc == code; };
        Bool ok = true;
        const Value sections_in_bb = s.numbering.sections_per_big_block(c.scope);
        const Bool carries =
            wk(StepId::wk_config, StepId::wk_requested) || requesting() ||
            wk(StepId::wk_add_return, StepId::wk_add_done) || wk(StepId::wk_ac_migrate, StepId::wk_ac_return) ||
            wk(StepId::wk_oar_return, StepId::wk_oar_done) || wk(StepId::wk_rb_lock, StepId::wk_finish) ||
            (Bool(c.what_if(WhatIf::recheck_after_idle)) && wk(StepId::wk_finish_active));
        ok = ok && implies(wk(StepId::wk_finish_active), rc(result::ok) || rc(result::enospc));
        ok = ok && implies(!carries, rc(result::ok));
        ok = ok && implies(requesting() && s.wk_why != purpose::undo_plug, rc(result::ok));
        ok = ok && implies(requesting() && s.wk_why == purpose::undo_plug, !rc(result::ok));
        ok = ok && implies(wk(StepId::wk_ac_migrate, StepId::wk_ac_grab), rc(result::ok));
        ok = ok && implies(wk(StepId::wk_ac_isolate_undo), rc(result::ok));
        ok = ok && implies(wk(StepId::wk_ac_undo, StepId::wk_ac_return),
                           rc(result::ok) || rc(result::ebusy) || rc(result::enomem));
        ok = ok && implies(wk(StepId::wk_oar_retry), rc(result::ok));
        ok = ok && implies(wk(StepId::wk_rb_lock, StepId::wk_rb_unlock), !rc(result::ok));
        ok = ok && implies(wk(StepId::wk_finish), !rc(result::ok) && !rc(result::eagain) && !rc(result::enospc));
        const Bool sections = wk(StepId::wk_fo_section, StepId::wk_fo_unlock);
        const Bool rollback = wk(StepId::wk_rb_lock, StepId::wk_rb_online);
        ok = ok && implies(!sections && !rollback && !wk(StepId::wk_pass), s.wk_item == 0);
        ok = ok && implies(wk(StepId::wk_pass), s.wk_item < s.numbering.memory_blocks(c.scope));
        ok = ok && implies(wk(StepId::wk_fo_config, StepId::wk_fo_set), s.wk_item < sections_in_bb);
        ok = ok && implies(sections, s.wk_item <= sections_in_bb);
        ok = ok && implies(wk(StepId::wk_fo_unlock), s.wk_item == sections_in_bb);
        ok = ok && implies(!rollback, s.wk_end == 0);
        ok = ok && implies(wk(StepId::wk_rb_lock), s.wk_item == 0 && s.wk_end == sections_in_bb);
        ok = ok && implies(wk(StepId::wk_rb_section), s.wk_item <= s.wk_end);
        ok = ok && implies(wk(StepId::wk_rb_online), s.wk_item < s.wk_end);
        ok = ok && s.wk_end <= sections_in_bb;
        ok = ok && s.wk_try < c.scope.contig_tries && s.wk_block < s.numbering.page_blocks(c.scope);
        ok = ok && implies(wk(StepId::wk_ac_isolate_undo), s.wk_block >= 1);
        ok = ok && implies(!wk(StepId::wk_ac_isolate, StepId::wk_ac_isolate_undo) && !wk(StepId::wk_ac_undo),
                           s.wk_block == 0);
        const Bool asking = (requesting() || wk(StepId::wk_send_enter)) && s.wk_why != purpose::pending &&
                            s.wk_why != purpose::leftovers;
        const Bool counting = wk(StepId::wk_could_add, StepId::wk_rb_unlock) || asking;
        ok = ok && implies(counting, s.wk_left >= 1);
        ok = ok && s.next_bb <= s.numbering.big_blocks(c.scope) && s.last_usable <= s.numbering.big_blocks(c.scope) &&
             s.device_usable <= s.numbering.big_blocks(c.scope);
        ok = ok && implies(wk(StepId::wk_prepare_lock, StepId::wk_prepare_unlock), s.next_bb < s.last_usable);
        return ok;
    }

    /// What ends a run for good comes from the device only. Not so where errors of offlining reach the worker as they
    /// are, or add_memory() fails with -EEXIST.
    [[nodiscard]] Bool results_are_recoverable() const {
        if (!c.converts_offline_errors()) return Bool(true);
        if (c.faults.add_eexist && !c.what_if(WhatIf::convert_add_errors)) return Bool(true);
        const auto rc = [&](int code) -> Bool { return s.wk_rc == code; };
        const Bool passes = rc(result::enomem) || rc(result::ebusy) || rc(result::etxtbsy);
        const Bool exists = Bool(c.faults.add_eexist);
        Bool ok =
            implies(wk(StepId::wk_config, StepId::wk_requested) || wk(StepId::wk_add_done), rc(result::ok) || passes);
        ok = ok && implies(wk(StepId::wk_add_return), rc(result::ok) || passes || (exists && rc(result::eexist)));
        ok = ok && implies(requesting() && s.wk_why == purpose::undo_plug, passes);
        ok = ok && implies(wk(StepId::wk_rb_lock, StepId::wk_rb_unlock), passes || rc(result::eagain));
        ok = ok && implies(wk(StepId::wk_finish), passes || rc(result::einval));
        ok = ok && implies(s.op_caller == caller::add_memory, s.op_outer_rc == result::ok ||
                                                                  s.op_outer_rc == result::enomem ||
                                                                  (exists && s.op_outer_rc == result::eexist));
        return ok;
    }

    /// wq_active, and what it keeps the worker's own callbacks from.
    [[nodiscard]] Bool wq_active_follows() const {
        const Bool own = s.device_hotplug_lock == task::worker;
        Bool ok = (s.wq_active == 1) == wk(StepId::wk_config, StepId::wk_finish_active);
        ok = ok && implies(own, !op(StepId::op_online_retry));
        ok = ok && implies(op(StepId::op_offline_retry), !Bool(c.unplug_online));
        return ok;
    }

    /// The usable region shrinks by UNPLUG_ALL only, after which the driver reads it again.
    [[nodiscard]] Bool usable_region_follows() const {
        const Bool stale = (wk(StepId::wk_wait, StepId::wk_response_all) && s.wk_why == purpose::leftovers &&
                            s.response_type == response::ack) ||
                           (wk(StepId::wk_config) && s.config_changed == 1);
        return s.next_bb <= s.device_usable && implies(!stale, s.last_usable <= s.device_usable);
    }

    // --- pages ---

    /// online_pages() has handed the pages to the allocator and not released the first page block.
    [[nodiscard]] Bool nothing_released() const { return op(StepId::op_online_undo) && s.op_block == 0; }

    [[nodiscard]] Bool onlining_is_isolated() const {
        Bool ok = true;
        const int blocks = c.scope.page_blocks_per_memory_block();
        const Bool before = op(StepId::op_online_going, StepId::op_online_pages) || nothing_released();
        for (int i = 0; i < c.scope.total_page_blocks(); ++i) {
            ok = ok && implies(acting(i / blocks) && before, s.isolated[static_cast<std::size_t>(i)] == 1);
        }
        return ok;
    }

    [[nodiscard]] Bool page_is_what_it_is() const {
        Bool ok = true;
        for (int i = 0; i < c.scope.total_pages(); ++i) {
            const auto& p = page(i);
            const int m = this->mb_of_page(i);
            const auto is = [&](int kind) -> Bool { return p.kind == kind; };
            const Bool pinned = p.pin != pin::none;
            ok = ok && implies(is(page::none) || is(page::buddy) || is(page::pcp), p.ref == 0 && !pinned);
            ok = ok && implies(is(page::init) || is(page::contig) || is(page::unmovable), p.ref == 1 && !pinned);
            ok = ok && implies(is(page::movable), p.ref == D::select(pinned, 2, 1));
            ok = ok && implies(Base::is_fake(p), p.ref >= 0 && p.ref <= 1 && !pinned);
            ok = ok && p.pin != pin::walker;
            ok = ok && is(page::init) == prepared(m);
            ok = ok && implies(acting(m) && s.pcp_disabled == 1, !is(page::pcp));
            ok = ok && implies(acting(m) && nothing_released(), is(page::buddy) || is(page::fake_dirty));
            ok = ok && is(page::none) == (mb(m).online == 0 && !prepared(m));
        }
        return ok;
    }

    [[nodiscard]] Bool driver_has_its_pages() const {
        Bool ok = true;
        const Bool got =
            wk(StepId::wk_fo_set) || (wk(StepId::wk_ac_undo, StepId::wk_ac_return) && s.wk_rc == result::ok);
        const Bool taking = wk(StepId::wk_fo_section, StepId::wk_fo_unlock);
        const Bool has_all = wk(StepId::wk_oar_enter, StepId::wk_oar_done) || wk(StepId::wk_rb_lock);
        const Bool giving = wk(StepId::wk_rb_section, StepId::wk_rb_mark_bb);
        for (int i = 0; i < c.scope.total_pages(); ++i) {
            const auto& p = page(i);
            const Value section = s.numbering.section_of_big_block(c.scope, i / c.scope.pages_per_section());
            const Bool here = worker_at(this->bb_of_page(i));
            const Bool online = mb(this->mb_of_page(i)).online == 1;
            const Bool contig = p.kind == page::contig;
            ok = ok && contig == (here && got && s.wk_item == section);
            const Bool fake_so_far =
                (taking && section < s.wk_item) || has_all || (giving && section >= s.wk_item && section < s.wk_end);
            ok = ok && Base::is_fake(p) == (here && c.safe_unplug && online && fake_so_far);
            const int first = i / c.scope.pages_per_section() * c.scope.pages_per_section();
            if (i != first) ok = ok && (p.kind == page::fake_dirty) == (page(first).kind == page::fake_dirty);
            const Bool looked = wk(StepId::wk_fo_config, StepId::wk_fo_set) || wk(StepId::wk_rb_online);
            ok = ok && implies(here && looked && s.wk_item == section, online);
        }
        return ok;
    }

    [[nodiscard]] Bool going_offline_drops_all() const {
        Bool ok = true;
        for (int i = 0; i < c.scope.total_pages(); ++i) {
            const auto& p = page(i);
            const Bool here = acting(this->mb_of_page(i));
            ok = ok && implies(here && op(StepId::op_offline_cb_drop), Base::is_fake(p) && p.ref == 1);
            const Bool dropped = s.op_notified == 1 && (op(StepId::op_offline_cb_return, StepId::op_offline_done) ||
                                                        op(StepId::op_offline_undo, StepId::op_offline_cancel));
            ok = ok && implies(Base::is_fake(p), p.ref == D::select(here && dropped, 0, 1));
            ok = ok && implies(here && op(StepId::op_offline_done),
                               p.kind == page::buddy || (Base::is_fake(p) && p.ref == 0));
        }
        const int blocks = c.scope.page_blocks_per_memory_block();
        for (int i = 0; i < c.scope.total_page_blocks(); ++i) {
            ok = ok && implies(acting(i / blocks) && op(StepId::op_offline_done),
                               s.isolated[static_cast<std::size_t>(i)] == 1);
        }
        return ok;
    }

    // --- accounts ---

    /// offline_size, whatever is in progress.
    [[nodiscard]] Bool offline_size_follows() const {
        const Value n = this->offline_blocks();
        const Bool announced =
            nothing_added() && !wk(StepId::wk_add_enter) && !wk(StepId::wk_add_account) && !wk(StepId::wk_add_done);
        const Bool gone = removed_memory() && wk(StepId::wk_oar_return);
        const Bool onlined = op(StepId::op_online_active, StepId::op_online_end);
        const Bool offline = op(StepId::op_offline_retry, StepId::op_offline_end);
        const Value ahead = D::select(announced || gone, s.numbering.memory_blocks(c.scope), 0) +
                            D::select(offline, 1, 0) - D::select(onlined, 1, 0);
        return s.offline_size >= 0 && (unregistered() || s.offline_size == n + ahead);
    }
};

}  // namespace vmemcheck::bbm::spec
