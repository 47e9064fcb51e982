// SPDX-License-Identifier: MIT
/// \file
/// The safe way of virtio_mem_bbm_offline_remove_and_unplug_bb(): fake-offlining a big block section by section with
/// alloc_contig_range() (mm/page_alloc.c, mm/page_isolation.c), and rolling that back.
#pragma once

#include "model/isolation.hpp"
#include "model/worker_part.hpp"

namespace vmemcheck::bbm {

template <class D, class Context>
struct FakeOffline : WorkerPart<D, Context> {
    using Base = WorkerPart<D, Context>;
    using Value = typename D::Value;
    using Base::c;
    using Base::next;
    using Base::s;
    using Base::self;

    enum class Outcome : std::uint8_t { going_on, fake_offlined, rolled_back };

    explicit FakeOffline(const Run<D, Context>& run) : Base{run} {}

    Outcome step(StepId pc) {
        outcome_ = Outcome::going_on;
        switch (pc) {
            case StepId::wk_fo_lock:
                lock();
                break;
            case StepId::wk_fo_mark_bb:
                mark_bb();
                break;
            case StepId::wk_fo_section:
                section();
                break;
            case StepId::wk_fo_config:
                check_config();
                break;
            case StepId::wk_ac_enter:
                contig_enter();
                break;
            case StepId::wk_ac_isolate:
                isolate();
                break;
            case StepId::wk_ac_isolate_undo:
                isolate_undo();
                break;
            case StepId::wk_ac_migrate:
                migrate();
                break;
            case StepId::wk_ac_test:
                test();
                break;
            case StepId::wk_ac_grab:
                grab();
                break;
            case StepId::wk_ac_undo:
                undo();
                break;
            case StepId::wk_ac_return:
                contig_return();
                break;
            case StepId::wk_fo_set:
                set_fake_offline();
                break;
            case StepId::wk_fo_unlock:
                unlock();
                break;
            case StepId::wk_rb_lock:
                rollback_lock();
                break;
            case StepId::wk_rb_section:
                rollback_section();
                break;
            case StepId::wk_rb_online:
                fake_online();
                break;
            case StepId::wk_rb_mark_bb:
                rollback_mark_bb();
                break;
            default:
                rollback_unlock();
                break;
        }
        return outcome_;
    }

 private:
    Outcome outcome_ = Outcome::going_on;

    /// The section of the device that is at hand.
    [[nodiscard]] int section_id() const {
        return s.numbering.section_of_big_block_at(c.scope, this->worker_bb(), s.wk_item);
    }
    [[nodiscard]] int block_id() const { return this->mb_of_section(section_id()); }

    void lock() {
        if (!this->lock_hotplug_mutex(self)) return;
        this->show(EventKind::mtxgot, self);
        next(StepId::wk_fo_mark_bb);
    }

    void mark_bb() {
        this->set_bb_state(this->worker_bb(), big_block::fake_offline);
        s.wk_item = 0;
        next(StepId::wk_fo_section);
    }

    void section() {
        if (s.wk_item == this->sections_per_big_block()) return next(StepId::wk_fo_unlock);
        if (this->mb(block_id()).online == 0) {
            s.wk_item = s.wk_item + 1;
            return;
        }
        this->show(EventKind::fake_offline, self, block_id());
        s.wk_try = 0;
        try_contig();
    }

    void try_contig() {
        const bool checks = c.release.checks_config_before_fake_offline && !c.is(Mutant::ignore_config_change);
        if (checks) return next(StepId::wk_fo_config);
        begin_contig();
    }

    void check_config() {
        if (s.config_changed == 1) return give_up(result::eagain);
        begin_contig();
    }

    /// The next try of alloc_contig_range() is decided on.
    void begin_contig() {
        if (c.release.checks_config_before_fake_offline && s.config_changed == 1) {
            this->fail(assertion::config_change_stops_fake_offline,
                       "alloc_contig_range() is tried although the host has withdrawn or changed its request");
        }
        next(StepId::wk_ac_enter);
    }

    // --- alloc_contig_range() of one section ---

    void contig_enter() {
        this->show(EventKind::alloc_contig_range, self, block_id());
        this->show(EventKind::start_isolate, self, block_id());
        s.wk_block = 0;
        next(StepId::wk_ac_isolate);
    }

    [[nodiscard]] Value blocks() const { return s.numbering.page_blocks(c.scope); }
    /// The page block that is isolated as the position-th.
    [[nodiscard]] int block_at(const Value& position) const {
        return s.numbering.block_of_section_at(c.scope, section_id(),
                                               isolation_order<D>(c.release.isolates_ends_first, position, blocks()));
    }

    void isolate() {
        const int block = block_at(s.wk_block);
        if (!can_isolate(*this, block, block_id(), false)) return next_isolate_undo();
        this->isolated(block) = 1;
        if (s.wk_block + 1 < blocks()) {
            s.wk_block = s.wk_block + 1;
            return;
        }
        this->show(EventKind::start_isolate_ret, self, -1, 0);
        s.wk_block = 0;
        next(StepId::wk_ac_migrate);
    }

    /// start_isolate_page_range() takes back what it isolated itself: wk_block page blocks.
    void isolate_undo() {
        s.wk_block = s.wk_block - 1;
        this->isolated(block_at(s.wk_block)) = 0;
        next_isolate_undo();
    }
    void next_isolate_undo() {
        if (s.wk_block > 0) return next(StepId::wk_ac_isolate_undo);
        this->show(EventKind::start_isolate_ret, self, -1, result::kernel[result::ebusy]);
        s.wk_rc = result::ebusy;
        if (!c.undoes_foreign_isolation()) return next(StepId::wk_ac_return);
        this->show(EventKind::undo_isolate, self, block_id());
        next(StepId::wk_ac_undo);
    }

    void migrate() {
        const bool no_memory = this->choose(choice::migrate, c.faults.allocation ? 2 : 1) == 1;
        const int zone_block = block_id();
        for (int i = 0; i < c.scope.total_pages(); ++i) {  // drain_all_pages()
            auto& p = this->page(i);
            p.kind = D::select(p.kind == page::pcp && this->mb(this->mb_of_page(i)).zone == this->mb(zone_block).zone,
                               page::buddy, p.kind);
        }
        if (!no_memory) {
            const int first = this->first_page_of_section(section_id());
            for (int i = first; i < first + c.scope.pages_per_section(); ++i) migrate_page(*this, i);
            this->show(EventKind::test_isolated, self, block_id());
            return next(StepId::wk_ac_test);
        }
        contig_done(result::enomem);
    }

    void contig_done(int rc) {
        s.wk_rc = rc;
        s.wk_block = 0;
        this->show(EventKind::undo_isolate, self, block_id());
        next(StepId::wk_ac_undo);
    }

    void test() {
        const int first_block = this->first_block_of_section(section_id());
        const int first = this->first_page_of_section(section_id());
        const bool free =
            static_cast<bool>(range_isolated(*this, first_block, c.scope.page_blocks) && range_free(first));
        this->show(EventKind::test_isolated_ret, self, -1, free ? 0 : result::kernel[result::ebusy]);
        if (!free) return contig_done(result::ebusy);
        next(StepId::wk_ac_grab);
    }

    [[nodiscard]] typename D::Bool range_free(int first) const {
        typename D::Bool free = true;
        for (int i = first; i < first + c.scope.pages_per_section(); ++i)
            free = free && this->page(i).kind == page::buddy;
        if (this->elsewhere()) free = false;
        return free;
    }

    void grab() {
        const int first = this->first_page_of_section(section_id());
        if (!range_free(first)) return contig_done(result::ebusy);
        for (int i = first; i < first + c.scope.pages_per_section(); ++i) {
            this->page(i).kind = page::contig;
            this->page(i).ref = 1;
        }
        contig_done(result::ok);
    }

    /// undo_isolate_page_range(): every isolated page block of the range, whoever isolated it.
    void undo() {
        this->isolated(s.numbering.block_of_section_at(c.scope, section_id(), s.wk_block)) = 0;
        if (s.wk_block + 1 < blocks()) {
            s.wk_block = s.wk_block + 1;
            return;
        }
        s.wk_block = 0;
        next(StepId::wk_ac_return);
    }

    void contig_return() {
        const int rc = D::index(s.wk_rc);
        this->show(EventKind::alloc_contig_range_ret, self, -1, result::kernel[static_cast<std::size_t>(rc)]);
        s.wk_rc = result::ok;
        if (rc == result::ok) return next(StepId::wk_fo_set);
        if (rc == result::enomem) return give_up(rc);
        const bool movable = static_cast<bool>(this->mb(block_id()).zone == zone::movable);
        if (!movable || s.wk_try + 1 >= c.scope.contig_tries) return give_up(result::ebusy);
        s.wk_try = s.wk_try + 1;
        try_contig();
    }

    // --- virtio_mem_fake_offline() goes on ---

    void set_fake_offline() {
        const int first = this->first_page_of_section(section_id());
        for (int i = first; i < first + c.scope.pages_per_section(); ++i) {
            auto& p = this->page(i);
            p.kind = D::select(p.kind == page::contig, page::fake, p.kind);
        }
        this->show(EventKind::set_fake_offline, self, block_id());
        if (!c.is(Mutant::fake_offline_stays_managed)) {
            this->adjust_managed_section(this->mb(block_id()).zone, -1);
        }
        this->show(EventKind::adjust_managed, self, block_id());
        this->show(EventKind::fake_offline_ret, self, -1, 0);
        s.wk_try = 0;
        s.wk_item = s.wk_item + 1;
        next(StepId::wk_fo_section);
    }

    /// virtio_mem_fake_offline() failed: roll back the sections before this one.
    void give_up(int rc) {
        this->show(EventKind::fake_offline_ret, self, -1, result::kernel[static_cast<std::size_t>(rc)]);
        s.wk_rc = rc;
        s.wk_try = 0;
        s.wk_end = s.wk_item;
        s.wk_item = 0;
        next(StepId::wk_rb_section);
    }

    void unlock() {
        s.wk_item = 0;
        if (!c.is(Mutant::mutex_held_across_offline)) {
            this->show(EventKind::mtxunlock, self);
            this->unlock_hotplug_mutex(self);
        }
        outcome_ = Outcome::fake_offlined;
    }

    // --- rollback ---

    void rollback_lock() {
        if (!this->lock_hotplug_mutex(self)) return;
        this->show(EventKind::mtxgot, self);
        next(StepId::wk_rb_section);
    }

    void rollback_section() {
        if (s.wk_item == s.wk_end || c.is(Mutant::rollback_leaves_fake_offline)) {
            s.wk_item = 0;
            s.wk_end = 0;
            return next(StepId::wk_rb_mark_bb);
        }
        if (this->mb(block_id()).online == 0) {
            s.wk_item = s.wk_item + 1;
            return;
        }
        this->show(EventKind::fake_online, self, block_id());
        next(StepId::wk_rb_online);
    }

    /// virtio_mem_fake_online() of one section.
    void fake_online() {
        const int first = this->first_page_of_section(section_id());
        const int mb = block_id();
        const bool dirty = static_cast<bool>(this->page(first).kind == page::fake_dirty);
        for (int i = first; i < first + c.scope.pages_per_section(); ++i) {
            auto& p = this->page(i);
            if (p.kind != page::fake && p.kind != page::fake_dirty) {
                this->fail(assertion::no_warn,
                           "virtio_mem_fake_online() of a page that is not fake-offline: it is freed twice");
            }
            // free_contig_range() warns about pages still in use, and drops one reference only.
            if (!dirty && p.ref != 1)
                this->fail(assertion::no_warn, "WARN: free_contig_range(): pages are still in use");
            p.kind = page::buddy;
            p.ref = 0;
            p.pin = pin::none;
        }
        this->show(EventKind::clear_fake_offline, self, mb);
        this->show(dirty ? EventKind::generic_online_page : EventKind::free_contig_range, self, mb);
        this->adjust_managed_section(this->mb(mb).zone, 1);
        if (!dirty || c.release.memmap_starts_offline) this->show(EventKind::adjust_managed, self, mb);
        this->show(EventKind::fake_online_ret, self, -1);
        s.wk_item = s.wk_item + 1;
        next(StepId::wk_rb_section);
    }

    void rollback_mark_bb() {
        this->set_bb_state(this->worker_bb(), big_block::added);
        next(StepId::wk_rb_unlock);
    }

    void rollback_unlock() {
        this->show(EventKind::mtxunlock, self);
        this->unlock_hotplug_mutex(self);
        outcome_ = Outcome::rolled_back;
    }
};

}  // namespace vmemcheck::bbm
