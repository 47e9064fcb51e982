// SPDX-License-Identifier: MIT
/// \file
/// What every step function works on, and the small helpers they share.
#pragma once

#include "model/domain.hpp"
#include "model/event.hpp"
#include "model/state.hpp"

namespace vmemcheck::bbm {

/// Step assertions, by number for checker::Property::assertion.
namespace assertion {
enum Id : unsigned {
    no_warn,
    lock_discipline,
    refcount_released,
    refcount_restored,
    rollback_restores,
    never_touch_unplugged,
    legal_transitions,
    no_use_after_free,
    no_self_retrigger,
    offlines_fake_offline_only,
    config_change_stops_fake_offline,
    drained_lists_stay_empty,
    allocated_after_online,
    busy_device_ends_run,
    callbacks_see_added_memory,
    requests_keep_rules,
    count
};
}  // namespace assertion

/// Answers of the environment; values in choice_infos() (choices.cpp).
namespace choice {
enum Id : unsigned {
    allocation,   ///< a kernel allocation succeeds or not
    veto_before,  ///< a notifier called before the driver's
    veto_after,   ///< a notifier called after the driver's
    stop,         ///< a notifier called before the driver's returns OK|STOP
    add_memory,   ///< how add_memory_resource() ends
    auto_online,  ///< memhp_default_online_type at that moment
    migrate,      ///< __alloc_contig_migrate_range()
    signal,       ///< signal_pending() of a user task
    device,       ///< how the device answers a request it could grant
    size,         ///< requested size the host sets, in big blocks
    user_block,   ///< memory block a user writes to
    user_action,  ///< what is written
    page_number,  ///< page that changes hands
    page_action,  ///< how
    removal,      ///< the driver is unbound, or its device ejected
    count
};
}  // namespace choice
[[nodiscard]] std::span<const checker::ChoiceInfo> choice_infos();

/// Actors, in the order the checker sees them.
namespace actor {
enum Id : unsigned {
    worker,
    user,
    remover,
    device,
    interrupt,
    timer,
    host,
    user_space,
    memory_users,
    administrator,
    count
};
}  // namespace actor

/// Everything a step function needs: the configuration, the state it changes and the engine's context.
template <class D, class Context>
struct Run {
    using Value = typename D::Value;
    using Bool = typename D::Bool;
    using Block = MemoryBlock<typename D::Int>;
    using Frame = Page<typename D::Int>;

    const Config& c;
    State<D>& s;
    Context& x;

    void at(StepId step) const { x.at(static_cast<checker::StepId>(step)); }
    int choose(choice::Id which, int n) const { return n > 1 ? x.choose(which, n) : 0; }
    void blocked(std::string_view what, int holder = -1) const { x.blocked(checker::Guard{what, holder}); }
    void fail(assertion::Id which, const char* message) const { x.fail(which, message); }
    void show(EventKind kind, int task, int block = -1, int value = 0, int other = 0) const {
        x.emit(s, Event{kind, task, block, value, other});
    }

    /// The kernel's number for a result, to be shown.
    [[nodiscard]] static int kernel(const Value& rc) { return result::kernel[static_cast<std::size_t>(D::shown(rc))]; }

    // --- numbering ---
    [[nodiscard]] auto& bb(int i) const { return s.bb[static_cast<std::size_t>(i)]; }
    [[nodiscard]] Block& mb(int i) const { return s.mb[static_cast<std::size_t>(i)]; }
    [[nodiscard]] Frame& page(int i) const { return s.page[static_cast<std::size_t>(i)]; }
    [[nodiscard]] auto& isolated(int i) const { return s.isolated[static_cast<std::size_t>(i)]; }
    [[nodiscard]] int bb_of(int mb) const { return mb / c.scope.memory_blocks; }
    [[nodiscard]] int first_page_of_mb(int mb) const { return mb * c.scope.pages_per_memory_block(); }
    [[nodiscard]] int first_page_of_section(int section) const { return section * c.scope.pages_per_section(); }
    [[nodiscard]] int first_block_of_section(int section) const { return section * c.scope.page_blocks; }
    [[nodiscard]] int mb_of_section(int section) const { return section / c.scope.sections; }
    [[nodiscard]] int mb_of_page(int page) const { return page / c.scope.pages_per_memory_block(); }

    // --- positions and sizes; see ExactNumbering ---
    [[nodiscard]] Value bb_position(int slot) const { return s.numbering.big_block(c.scope, slot); }
    [[nodiscard]] Value mb_position(int slot) const { return s.numbering.memory_block(c.scope, slot); }
    /// The big block at the worker's hand, the memory block of the operation in progress.
    [[nodiscard]] int worker_bb() const { return s.numbering.big_block_at(c.scope, s.wk_bb); }
    [[nodiscard]] int operation_mb() const { return s.numbering.memory_block_at(c.scope, s.op_mb); }
    [[nodiscard]] Value memory_blocks() const { return s.numbering.memory_blocks(c.scope); }
    [[nodiscard]] Value sections_per_big_block() const { return s.numbering.sections_per_big_block(c.scope); }
    [[nodiscard]] Value offline_threshold() const { return s.numbering.offline_threshold(c.scope); }
    /// Whether something is so of an entity that the state does not have: a choice in proofs beyond a scope.
    [[nodiscard]] bool elsewhere() const { return s.numbering.elsewhere(); }

    /// Adds to the managed count of a zone (adjust_managed_page_count()).
    /// \param pages how many
    /// \param others how many of them are not in the state
    void adjust_managed(const Value& zone, const Value& pages, const Value& others) const {
        for (int i = 0; i < zone::count; ++i) {
            const auto at = static_cast<std::size_t>(i);
            s.managed[at] = s.managed[at] + D::select(zone == i, pages, 0);
            s.others.managed[at] = s.others.managed[at] + D::select(zone == i, others, 0);
        }
    }
    /// The same for all pages of a section or of a memory block, one way (1) or the other (-1).
    void adjust_managed_section(const Value& zone, int sign) const {
        const Value all = s.numbering.pages_per_section(c.scope);
        adjust_managed(zone, sign * all, sign * (all - c.scope.pages_per_section()));
    }
    void adjust_managed_memory_block(const Value& zone, int sign) const {
        const Value all = s.numbering.pages_per_memory_block(c.scope);
        adjust_managed(zone, sign * all, sign * (all - c.scope.pages_per_memory_block()));
    }
    /// Memory blocks of a big block that are not in the state become offline (1) or are no more (-1).
    void adjust_other_memory_blocks(int sign) const {
        s.others.offline = s.others.offline + sign * (memory_blocks() - c.scope.memory_blocks);
    }

    /// queue_work() unless the driver is being removed (virtio_mem_retry()).
    void retry() const {
        if (driver_freed()) return fail(assertion::no_use_after_free, "virtio_mem_retry() of a freed device");
        if (c.is(Mutant::retry_after_removal)) {
            s.queued = 1;
        } else {
            s.queued = D::select(s.removing == 0, 1, s.queued);
        }
    }

    // --- registration, by how far virtio_mem_remove() has come ---
    [[nodiscard]] Bool online_page_callback_registered() const {
        return s.rm <= static_cast<int>(StepId::rm_unregister_pages);
    }
    [[nodiscard]] Bool notifier_registered() const { return s.rm <= static_cast<int>(StepId::rm_unregister_notifier); }
    [[nodiscard]] Bool driver_freed() const { return s.rm == static_cast<int>(StepId::rm_done); }

    // --- locks; the owner is a task::Id ---
    [[nodiscard]] static int actor_of(int task) { return task == task::none ? -1 : task - 1; }

    /// Takes hotplug_mutex or blocks; true if taken.
    [[nodiscard]] bool lock_hotplug_mutex(int self) const {
        if (s.hotplug_mutex != task::none) {
            blocked("hotplug_mutex", actor_of(D::index(s.hotplug_mutex)));
            return false;
        }
        s.hotplug_mutex = self;
        return true;
    }
    void unlock_hotplug_mutex(int self) const {
        if (s.hotplug_mutex != self)
            fail(assertion::lock_discipline, "hotplug_mutex unlocked by a task that does not hold it");
        s.hotplug_mutex = task::none;
    }
    /// Takes device_hotplug_lock or blocks; true if taken. hotplug_mutex must not be held (lock order).
    [[nodiscard]] bool lock_device_hotplug(int self) const {
        if (s.hotplug_mutex == self) {
            fail(assertion::lock_discipline,
                 "device_hotplug_lock taken while holding hotplug_mutex: the documented order is the reverse");
        }
        if (s.device_hotplug_lock != task::none) {
            blocked("device_hotplug_lock", actor_of(D::index(s.device_hotplug_lock)));
            return false;
        }
        s.device_hotplug_lock = self;
        return true;
    }

    // --- big block states ---

    /// virtio_mem_bbm_set_bb_state(): the only writer of big block states.
    void set_bb_state(int i, int state) const {
        const Value old = bb(i).state;
        show(EventKind::bbset, task::worker, i, state, D::shown(old));
        if (!legal_transition(old, state)) {
            fail(assertion::legal_transitions, "a big block changes its state in a way the driver does not allow");
        }
        const bool guarded = state == big_block::fake_offline;
        if ((guarded || old == big_block::fake_offline) && state != big_block::unused && state != big_block::plugged &&
            s.hotplug_mutex != task::worker) {
            fail(assertion::lock_discipline, "FAKE_OFFLINE set or cleared without hotplug_mutex");
        }
        bb(i).state = state;
        if (c.is(Mutant::set_state_forgets_count) && state == big_block::unused) return;
        auto& count = s.bb_count;
        if (count[static_cast<std::size_t>(D::index(old))] == 0)
            fail(assertion::no_warn, "BUG_ON(bb_count[old_state] == 0)");
        count[static_cast<std::size_t>(D::index(old))] = count[static_cast<std::size_t>(D::index(old))] - 1;
        count[static_cast<std::size_t>(state)] = count[static_cast<std::size_t>(state)] + 1;
    }

    /// The moves that the comments of enum virtio_mem_bbm_bb_state and its users allow.
    [[nodiscard]] static Bool legal_transition(Value from, int to) {
        using namespace big_block;
        switch (to) {
            case unused:
                return from != unused;
            case plugged:
                return from == added || from == fake_offline;
            case added:
                return from == unused || from == fake_offline;
            case fake_offline:
                return from == added;
            default:
                return Bool(false);
        }
    }
};

}  // namespace vmemcheck::bbm
