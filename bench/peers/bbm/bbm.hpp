// SPDX-License-Identifier: MIT
/// \file
/// The core of virtio-mem's Big Block Mode, much coarser than the model in model/: plugging and unplugging big blocks
/// with fake-offlining, notifiers, a user who onlines and offlines, and a device that may be busy.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "checker/model.hpp"

namespace vmemcheck::peers {

/// N big blocks, each one memory block of one page. With the fault, the driver's MEM_CANCEL_OFFLINE callback forgets to
/// take the reference again that it had dropped in MEM_GOING_OFFLINE.
template <unsigned N>
struct Bbm {
    static constexpr const char* property = "memory in Linux is plugged, and a fake-offline page has its reference";

    enum : std::int8_t { unused, plugged, added, fake_offline };  // of a big block
    enum : std::int8_t { nobody, worker, user };                  // who holds a lock
    enum : std::int8_t {                                          // where the worker is
        w_idle,
        w_refresh,
        w_plug,
        w_add_lock,
        w_add,
        w_pick,
        w_mark,
        w_isolate,
        w_offline_lock,
        w_going,
        w_offline,
        w_cancel,
        w_remove,
        w_roll_back,
        w_unmark,
        w_unplug,
    };
    enum : std::int8_t {  // where the user is
        u_idle,
        u_going,
        u_offline,
        u_cancel,
        u_done_offline,
        u_unlock,
        u_going_online,
        u_online,
        u_done_online,
    };
    static constexpr std::array<std::string_view, 4> states{"unused", "plugged", "added", "fake-offline"};
    static constexpr std::array<std::string_view, 3> holders{"nobody", "worker", "user"};
    static constexpr std::array<std::string_view, 16> worker_places{
        "idle",         "refresh", "plug",    "add_lock", "add",    "pick",      "mark",   "isolate",
        "offline_lock", "going",   "offline", "cancel",   "remove", "roll_back", "unmark", "unplug"};
    static constexpr std::array<std::string_view, 9> user_places{
        "idle", "going", "offline", "cancel", "done_offline", "unlock", "going_online", "online", "done_online"};

    struct State {
        std::array<std::int8_t, N> state;
        std::array<std::int8_t, N> at_device;  ///< 1: plugged, as the device sees it
        std::array<std::int8_t, N> present;    ///< 1: Linux has the memory block
        std::array<std::int8_t, N> online;
        std::array<std::int8_t, N> in_use;     ///< 1: somebody has allocated the page
        std::array<std::int8_t, N> reference;  ///< 1: the driver's, of a fake-offline page
        std::int8_t worker_pc;
        std::int8_t worker_block;  ///< N: none
        std::int8_t user_pc;
        std::int8_t user_block;      ///< N: none
        std::int8_t hotplug_lock;    ///< device_hotplug_lock and mem_hotplug_lock
        std::int8_t mutex;           ///< the driver's hotplug_mutex
        std::int8_t requested;       ///< big blocks that the host wants plugged
        std::int8_t queued;          ///< 1: the work item is queued
        std::int8_t config_changed;  ///< 1: the worker has not read `requested` since it changed
        std::int8_t retry;           ///< 1: the retry timer runs
    };
    bool bug = false;

    /// The worker, the user, the host, the timer, and who allocates the page of block i: 4 + i.
    unsigned actor_count() const { return 4 + N; }
    std::string actor_name(checker::ActorId a) const {
        static constexpr std::array<const char*, 4> names{"worker", "user", "host", "timer"};
        return a < 4 ? names[a] : "page" + std::to_string(a - 4);
    }
    checker::ActorKind actor_kind(checker::ActorId a) const {
        return a == 0 ? checker::ActorKind::process : checker::ActorKind::environment;
    }
    std::span<const checker::StepInfo> steps() const {
        static constexpr std::array<checker::StepInfo, 5> all{
            {{"work", "", ""}, {"user", "", ""}, {"resize", "", ""}, {"timer", "", ""}, {"page", "", ""}}};
        return all;
    }
    std::span<const checker::ChoiceInfo> choices() const {
        static constexpr std::array<checker::ChoiceInfo, 3> all{{{"answer", {}}, {"block", {}}, {"size", {}}}};
        return all;
    }
    bool at_rest(const State&) const { return true; }
    void describe(const State& s, checker::FieldSink& sink) const {
        for (unsigned i = 0; i < N; ++i) {
            const std::string index = "[" + std::to_string(i) + "]";
            sink("state" + index, s.state[i], unused, fake_offline, states);
            sink("at_device" + index, s.at_device[i], 0, 1);
            sink("present" + index, s.present[i], 0, 1);
            sink("online" + index, s.online[i], 0, 1);
            sink("in_use" + index, s.in_use[i], 0, 1);
            sink("reference" + index, s.reference[i], 0, 1);
        }
        sink("worker_pc", s.worker_pc, w_idle, w_unplug, worker_places);
        sink("worker_block", s.worker_block, 0, N);
        sink("user_pc", s.user_pc, u_idle, u_done_online, user_places);
        sink("user_block", s.user_block, 0, N);
        sink("hotplug_lock", s.hotplug_lock, nobody, user, holders);
        sink("mutex", s.mutex, nobody, user, holders);
        sink("requested", s.requested, 0, N);
        sink("queued", s.queued, 0, 1);
        sink("config_changed", s.config_changed, 0, 1);
        sink("retry", s.retry, 0, 1);
    }
    template <class F>
    void initial_states(F&& found) const {
        State s{};
        s.worker_block = s.user_block = none;
        found(s);
    }
    static bool holds(const Bbm&, const State& s) {
        for (unsigned i = 0; i < N; ++i) {
            if (s.present[i] > s.at_device[i]) return false;
            // Whoever holds the mutex may be about to give or take it.
            const bool needed = s.state[i] == fake_offline && s.online[i] == 1;
            if (s.mutex == nobody && (s.reference[i] == 1) != needed) return false;
        }
        return true;
    }
    template <class Context>
    void step(State& s, checker::ActorId a, Context& x) const {
        x.at(a < 4 ? a : 4);
        switch (a) {
            case 0:
                return work(s, x);
            case 1:
                return act(s, x);
            case 2: {
                const int other = x.choose(2, N);  // one of the sizes that are not requested now
                s.requested = static_cast<std::int8_t>(other < s.requested ? other : other + 1);
                s.config_changed = s.queued = 1;
                return;
            }
            case 3:
                if (s.retry == 0) return x.blocked({"retry timer"});
                s.retry = 0;
                s.queued = 1;
                return;
            default:
                return use(s, a - 4, x);
        }
    }

    template <class Fields>
    void depends_on(const State& s, checker::ActorId a, Fields& on) const {
        switch (a) {
            case 0:
                return worker_depends_on(s, on);
            case 1:
                return user_depends_on(s, on);
            case 2:
                return on(s.requested, s.config_changed, s.queued);
            case 3:
                return on(s.retry, s.queued);
            default:
                return on(s.in_use[a - 4], s.online[a - 4], s.state[a - 4]);
        }
    }

 private:
    static constexpr std::int8_t none = N;

    template <class Fields>
    void worker_depends_on(const State& s, Fields& on) const {
        const auto b = static_cast<unsigned>(s.worker_block);
        on(s.worker_pc);
        switch (s.worker_pc) {
            case w_idle:
                return on(s.queued);
            case w_refresh:
                return on(s.worker_block, s.state, s.config_changed, s.requested);
            case w_plug:
            case w_unplug:
                return on(s.worker_block, s.state[b], s.at_device[b], s.config_changed, s.retry);
            case w_add_lock:
            case w_roll_back:
                return on(s.hotplug_lock);
            case w_add:
                return on(s.worker_block, s.present[b], s.online[b], s.hotplug_lock);
            case w_pick:
                return on(s.worker_block, s.state, s.retry);
            case w_isolate:
                return on(s.worker_block, s.state[b], s.in_use[b], s.online[b], s.reference[b], s.mutex,
                          s.config_changed);
            case w_offline_lock:
                return on(s.worker_block, s.online[b], s.hotplug_lock);
            case w_offline:
                return on(s.worker_block, s.online[b], s.mutex);
            case w_remove:
                return on(s.worker_block, s.present[b], s.hotplug_lock);
            default:
                return on(s.worker_block, s.state[b], s.reference[b], s.mutex);
        }
    }
    template <class Fields>
    void user_depends_on(const State& s, Fields& on) const {
        const auto b = static_cast<unsigned>(s.user_block);
        on(s.user_pc);
        switch (s.user_pc) {
            case u_idle:
                return on(s.user_block, s.present, s.online, s.hotplug_lock);
            case u_offline:
                return on(s.user_block, s.in_use[b], s.online[b]);
            case u_unlock:
                return on(s.user_block, s.hotplug_lock);
            case u_online:
                return on(s.user_block, s.state[b], s.online[b], s.reference[b]);
            case u_going:
            case u_cancel:
                return on(s.user_block, s.state[b], s.reference[b], s.mutex);
            case u_going_online:
            case u_done_offline:
                return on(s.mutex);
            default:
                return on(s.mutex, s.worker_pc, s.queued);
        }
    }

    /// The page of a block is allocated, or freed.
    template <class Context>
    void use(State& s, unsigned b, Context& x) const {
        if (s.in_use[b] == 0 && (s.online[b] == 0 || s.state[b] != added)) return x.blocked({"a free page"});
        s.in_use[b] = static_cast<std::int8_t>(1 - s.in_use[b]);
    }

    template <class Context>
    void work(State& s, Context& x) const {
        const auto b = static_cast<unsigned>(s.worker_block);  // of the places that have a block
        switch (s.worker_pc) {
            case w_idle:
                if (s.queued == 0) return x.blocked({"work not queued"});
                s.queued = 0;
                s.worker_pc = w_refresh;
                return;
            case w_refresh:
                return refresh(s);
            case w_plug:
                if (s.config_changed == 1) return next_round(s);
                if (x.choose(0, 2) == 1) return try_later(s);  // VIRTIO_MEM_RESP_BUSY
                s.at_device[b] = 1;
                s.state[b] = added;
                s.worker_pc = w_add_lock;
                return;
            case w_add_lock:
                if (!take(s.hotplug_lock, worker, x)) return;
                s.worker_pc = w_add;
                return;
            case w_add:
                return add(s, b, x);
            case w_pick:
                return pick(s);
            case w_mark:
                if (!take(s.mutex, worker, x)) return;
                s.state[b] = fake_offline;
                s.worker_pc = w_isolate;
                return;
            case w_isolate:
                return isolate(s, b, x);
            case w_offline_lock:
                if (!take(s.hotplug_lock, worker, x)) return;
                s.worker_pc = s.online[b] == 1 ? w_going : w_remove;
                return;
            case w_going:
                if (s.mutex != nobody) return x.blocked({"hotplug_mutex", s.mutex - 1});
                if (x.choose(0, 2) == 1) {  // another callback says no before the driver's is called
                    s.worker_pc = w_roll_back;
                    return;
                }
                s.mutex = worker;
                s.reference[b] = 0;
                s.worker_pc = w_offline;
                return;
            case w_offline:
                if (x.choose(0, 2) == 1) {  // another callback says no after the driver's
                    s.worker_pc = w_cancel;
                    return;
                }
                s.online[b] = 0;
                s.mutex = nobody;
                s.worker_pc = w_remove;
                return;
            case w_cancel:
                if (!bug) s.reference[b] = 1;
                s.mutex = nobody;
                s.worker_pc = w_roll_back;
                return;
            case w_remove:
                s.present[b] = 0;
                s.hotplug_lock = nobody;
                s.worker_pc = w_unplug;
                return;
            case w_roll_back:
                s.hotplug_lock = nobody;
                s.worker_pc = w_unmark;
                return;
            case w_unmark:
                if (s.mutex != nobody) return x.blocked({"hotplug_mutex", s.mutex - 1});
                s.reference[b] = 0;
                s.state[b] = added;
                s.worker_pc = w_pick;
                return;
            default:
                return unplug(s, b, x);
        }
    }
    /// Reads what the host wants, and decides what to do: first what is left of an earlier unplugging.
    void refresh(State& s) const {
        s.config_changed = 0;
        int count = 0;
        for (unsigned i = N; i-- > 0;) {
            if (s.state[i] == plugged) s.worker_block = static_cast<std::int8_t>(i);
            count += s.state[i] != unused ? 1 : 0;
        }
        if (s.worker_block != none) {
            s.worker_pc = w_unplug;
        } else if (count < s.requested) {
            for (unsigned i = N; i-- > 0;) {
                if (s.state[i] == unused) s.worker_block = static_cast<std::int8_t>(i);
            }
            s.worker_pc = w_plug;
        } else {
            s.worker_pc = count > s.requested ? w_pick : w_idle;
        }
    }
    void next_round(State& s) const {
        s.worker_block = none;
        s.worker_pc = w_refresh;
    }
    void try_later(State& s) const {
        s.worker_block = none;
        s.worker_pc = w_idle;
        s.retry = 1;
    }
    template <class Context>
    void add(State& s, unsigned b, Context& x) const {
        const int answer = x.choose(0, 3);
        s.hotplug_lock = nobody;
        if (answer == 2) {  // no memory for the memmap
            s.worker_pc = w_unplug;
            return;
        }
        s.present[b] = 1;
        s.online[b] = static_cast<std::int8_t>(answer);  // auto-onlined, or left to the user
        next_round(s);
    }
    /// The next block to unplug, downwards; none is left: later.
    void pick(State& s) const {
        for (auto i = static_cast<unsigned>(s.worker_block); i-- > 0;) {
            if (s.state[i] != added) continue;
            s.worker_block = static_cast<std::int8_t>(i);
            s.worker_pc = w_mark;
            return;
        }
        try_later(s);
    }
    /// alloc_contig_range(): may migrate a page that is in use.
    template <class Context>
    void isolate(State& s, unsigned b, Context& x) const {
        const bool late = s.config_changed == 1;
        if (late || (s.in_use[b] == 1 && x.choose(0, 2) == 1)) {
            s.state[b] = added;
            s.mutex = nobody;
            if (late) return next_round(s);
            s.worker_pc = w_pick;
            return;
        }
        s.in_use[b] = 0;
        s.reference[b] = s.online[b];
        s.mutex = nobody;
        s.worker_pc = w_offline_lock;
    }
    template <class Context>
    void unplug(State& s, unsigned b, Context& x) const {
        s.state[b] = plugged;
        if (s.config_changed == 1) return next_round(s);
        if (x.choose(0, 2) == 1) return try_later(s);
        s.at_device[b] = 0;
        s.state[b] = unused;
        next_round(s);
    }

    /// The user onlines and offlines memory blocks.
    template <class Context>
    void act(State& s, Context& x) const {
        const auto b = static_cast<unsigned>(s.user_block);
        switch (s.user_pc) {
            case u_idle:
                return begin(s, x);
            case u_going:
                if (s.mutex != nobody) return x.blocked({"hotplug_mutex", s.mutex - 1});
                if (x.choose(0, 2) == 1) {
                    s.user_pc = u_unlock;
                    return;
                }
                s.mutex = user;
                s.reference[b] = 0;
                s.user_pc = u_offline;
                return;
            case u_offline:  // migrates the page, if it is in use, or does not manage to
                if (x.choose(0, 2) == 1) {
                    s.user_pc = u_cancel;
                    return;
                }
                s.in_use[b] = 0;
                s.online[b] = 0;
                s.user_pc = u_done_offline;
                return;
            case u_cancel:
                if (s.state[b] == fake_offline && !bug) s.reference[b] = 1;
                s.mutex = nobody;
                s.user_pc = u_unlock;
                return;
            case u_done_offline:
                s.mutex = nobody;
                s.user_pc = u_unlock;
                return;
            case u_unlock:
                s.hotplug_lock = nobody;
                s.user_block = none;
                s.user_pc = u_idle;
                return;
            case u_going_online:
                if (s.mutex != nobody) return x.blocked({"hotplug_mutex", s.mutex - 1});
                if (x.choose(0, 2) == 1) {
                    s.user_pc = u_unlock;
                    return;
                }
                s.mutex = user;
                s.user_pc = u_online;
                return;
            case u_online:  // the driver keeps a fake-offline page from the buddy
                s.online[b] = 1;
                s.reference[b] = s.state[b] == fake_offline ? 1 : 0;
                s.user_pc = u_done_online;
                return;
            default:
                s.mutex = nobody;
                if (s.worker_pc == w_idle) s.queued = 1;
                s.user_pc = u_unlock;
        }
    }
    /// Begins with one of the memory blocks there are: offlines it if it is online, onlines it if not.
    template <class Context>
    void begin(State& s, Context& x) const {
        if (s.hotplug_lock != nobody) return x.blocked({"device_hotplug_lock", s.hotplug_lock - 1});
        std::array<std::int8_t, N> block{};
        int count = 0;
        for (unsigned i = 0; i < N; ++i) {
            if (s.present[i] == 1) block[static_cast<unsigned>(count++)] = static_cast<std::int8_t>(i);
        }
        if (count == 0) return x.blocked({"a memory block"});
        s.user_block = block[count > 1 ? static_cast<unsigned>(x.choose(1, count)) : 0U];
        s.hotplug_lock = user;
        s.user_pc = s.online[static_cast<unsigned>(s.user_block)] == 1 ? u_going : u_going_online;
    }

    /// Takes a lock, or says that the actor waits for it.
    template <class Context>
    static bool take(std::int8_t& lock, std::int8_t who, Context& x) {
        if (lock != nobody) {
            x.blocked({"a lock", lock - 1});
            return false;
        }
        lock = who;
        return true;
    }
};

}  // namespace vmemcheck::peers
