// SPDX-License-Identifier: MIT
// Small systems that have nothing to do with memory, for the tests of the checker.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checker/fairness.hpp"
#include "checker/model.hpp"
#include "checker/property.hpp"

namespace vmemcheck::checker::examples {

/// Raises a flag when models that are told of it have run so many steps.
struct Alarm {
    std::atomic<std::int64_t> left;
    std::atomic<bool> raised{false};

    void count_step() {
        if (left.fetch_sub(1) == 1) raised = true;
    }
};

/// Dining philosophers. All of them take the left fork first, unless `polite`: then the last takes the right one first.
/// With an owner of the house (environment) who may, if `owner`, ring a bell for ever.
struct Philosophers {
    static constexpr unsigned most = 5;
    static constexpr std::array<std::string_view, most> forks{"fork 0", "fork 1", "fork 2", "fork 3", "fork 4"};
    struct State {
        std::array<std::int8_t, most> pc;    ///< 0 hungry, 1 one fork, 2 eats
        std::array<std::int8_t, most> fork;  ///< holder, or -1
        std::int8_t bell;
    };
    unsigned count = 3;
    bool polite = false;
    bool owner = false;
    bool must_ring = false;  ///< the owner is a process
    bool guest = false;      ///< the last philosopher is environment
    std::vector<FairnessInfo> fair{};
    Alarm* alarm = nullptr;

    unsigned actor_count() const { return count + (owner ? 1 : 0); }
    std::string actor_name(ActorId a) const { return a < count ? "philosopher" + std::to_string(a) : "owner"; }
    ActorKind actor_kind(ActorId a) const {
        const bool process = a == count ? must_ring : !(guest && a + 1 == count);
        return process ? ActorKind::process : ActorKind::environment;
    }
    std::span<const FairnessInfo> fairness() const { return fair; }
    std::span<const StepInfo> steps() const {
        static constexpr std::array<StepInfo, 4> all{
            {{"first", "", ""}, {"second", "", ""}, {"put_back", "", ""}, {"ring", "", ""}}};
        return all;
    }
    std::span<const ChoiceInfo> choices() const { return {}; }
    bool at_rest(const State&) const { return false; }
    void describe(const State& s, FieldSink& sink) const {
        for (unsigned i = 0; i < count; ++i) {
            sink("pc[" + std::to_string(i) + "]", s.pc[i], 0, 2);
            sink("fork[" + std::to_string(i) + "]", s.fork[i], -1, static_cast<int>(count) - 1);
        }
        sink("bell", s.bell, 0, 1);
    }
    template <class F>
    void initial_states(F&& found) const {
        State s{};
        s.fork.fill(-1);
        found(s);
    }
    template <class Context>
    void step(State& s, ActorId a, Context& context) const {
        if (alarm != nullptr) alarm->count_step();
        if (a == count) {
            context.at(3);
            s.bell = static_cast<std::int8_t>(1 - s.bell);
            return;
        }
        const bool swap = polite && a + 1 == count;
        const unsigned left = a;
        const unsigned right = (a + 1) % count;
        context.at(static_cast<StepId>(s.pc[a]));
        if (s.pc[a] == 2) {
            s.fork[left] = s.fork[right] = -1;
            s.pc[a] = 0;
            return;
        }
        const unsigned wanted = (s.pc[a] == 0) != swap ? left : right;
        auto& fork = s.fork[wanted];
        if (fork >= 0) return context.blocked({forks[wanted], fork});
        fork = static_cast<std::int8_t>(a);
        ++s.pc[a];
    }
};

/// Peterson's lock for two, right or with one of two mistakes.
struct Peterson {
    enum class Mistake : std::uint8_t { none, no_flag, no_turn };
    struct State {
        std::array<std::int8_t, 2> pc;  ///< 0 outside, 1 flagged, 2 waits, 3 inside
        std::array<std::int8_t, 2> flag;
        std::int8_t turn;
    };
    Mistake mistake = Mistake::none;
    std::vector<FairnessInfo> fair{};
    Alarm* alarm = nullptr;

    unsigned actor_count() const { return 2; }
    std::span<const FairnessInfo> fairness() const { return fair; }
    std::string actor_name(ActorId a) const { return a == 0 ? "left" : "right"; }
    ActorKind actor_kind(ActorId) const { return ActorKind::process; }
    std::span<const StepInfo> steps() const {
        static constexpr std::array<StepInfo, 4> all{
            {{"raise_flag", "", ""}, {"give_turn", "", ""}, {"enter", "", ""}, {"leave", "", ""}}};
        return all;
    }
    std::span<const ChoiceInfo> choices() const { return {}; }
    bool at_rest(const State&) const { return false; }
    void describe(const State& s, FieldSink& sink) const {
        for (unsigned i = 0; i < 2; ++i) {
            sink("pc[" + std::to_string(i) + "]", s.pc[i], 0, 3);
            sink("flag[" + std::to_string(i) + "]", s.flag[i], 0, 1);
        }
        sink("turn", s.turn, 0, 1);
    }
    template <class F>
    void initial_states(F&& found) const {
        found(State{});
        State second{};
        second.turn = 1;
        found(second);
        found(second);  // once more: is to be counted once
    }
    template <class Context>
    void step(State& s, ActorId a, Context& context) const {
        if (alarm != nullptr) alarm->count_step();
        const unsigned other = 1 - a;
        context.at(static_cast<StepId>(s.pc[a]));
        switch (s.pc[a]) {
            case 0:
                s.flag[a] = mistake == Mistake::no_flag ? 0 : 1;
                break;
            case 1:
                if (mistake != Mistake::no_turn) s.turn = static_cast<std::int8_t>(other);
                break;
            case 2:
                if (s.flag[other] == 1 && s.turn == static_cast<int>(other)) {
                    return context.blocked({"the other's turn", static_cast<int>(other)});
                }
                if (s.pc[other] == 3) context.fail(0, "both are inside");
                break;
            default:
                s.flag[a] = 0;
        }
        s.pc[a] = static_cast<std::int8_t>((s.pc[a] + 1) % 4);
    }
};

/// Workers that get a job (or, a fault, a broken one), prepare it in two local steps, and hand it in; all end.
struct Workers {
    static constexpr unsigned most = 4;
    static constexpr std::array<std::string_view, 3> jobs{"easy", "hard", "broken"};
    static constexpr std::array<std::string_view, 5> places{"idle", "got", "sorted", "ready", "done"};
    struct State {
        std::array<std::int8_t, most> pc;
        std::array<std::int8_t, most> job;
        std::array<std::int8_t, most> effort;
        std::int16_t total;
    };
    struct Event {
        unsigned worker;
        int job;
    };
    unsigned count = 3;
    Alarm* alarm = nullptr;

    unsigned actor_count() const { return count; }
    std::string actor_name(ActorId a) const { return "worker" + std::to_string(a); }
    ActorKind actor_kind(ActorId) const { return ActorKind::process; }
    std::span<const StepInfo> steps() const {
        static constexpr std::array<StepInfo, 5> all{{{"get", "", ""},
                                                      {"sort", "", "private", true},
                                                      {"polish", "", "private", true},
                                                      {"hand_in", "", ""},
                                                      {"go_home", "", ""}}};
        return all;
    }
    std::span<const ChoiceInfo> choices() const {
        static constexpr std::array<ChoiceInfo, 3> all{
            {{"job", jobs, true}, {"care", {}, false}, {"weather", {}, true}}};
        return all;
    }
    bool at_rest(const State& s) const {
        for (unsigned i = 0; i < count; ++i) {
            if (s.pc[i] != 4) return false;
        }
        return true;
    }
    void describe(const State& s, FieldSink& sink) const {
        for (unsigned i = 0; i < count; ++i) {
            const std::string worker = actor_name(i);
            sink(worker + ".pc", s.pc[i], 0, 4, places);
            sink(worker + ".job", s.job[i], 0, 2, jobs);
            sink(worker + ".effort", s.effort[i], 0, 3);
        }
        sink("total", s.total, 0, 1200);
    }
    template <class F>
    void initial_states(F&& found) const {
        found(State{});
    }
    int next_step(const State& s, ActorId a) const { return s.pc[a] < 4 ? s.pc[a] : -1; }
    template <class Context>
    void step(State& s, ActorId a, Context& context) const {
        if (alarm != nullptr) alarm->count_step();
        if (s.pc[a] == 4) return context.blocked({"nothing left to do"});
        context.at(static_cast<StepId>(s.pc[a]));
        switch (s.pc[a]) {
            case 0:
                s.job[a] = static_cast<std::int8_t>(context.choose(0, 3));
                break;
            case 1:
                s.effort[a] = 1;
                break;
            case 2:  // a choice in a local step
                if (s.job[a] == 1) s.effort[a] = static_cast<std::int8_t>(2 + context.choose(1, 2));
                break;
            default:
                context.emit(s, Event{a, s.job[a]});
                s.total = static_cast<std::int16_t>(s.total + 100 * s.effort[a]);
                s.effort[a] = 0;
                if (s.job[a] == 2) context.fail(7, "a broken job was handed in");
        }
        ++s.pc[a];
    }
};

template <class M>
using Properties = std::vector<Property<M>>;

/// A property with its kind and name; the rest is filled in by the test.
template <class M>
Property<M> property(const std::string& id, PropertyKind kind) {
    Property<M> p;
    p.id = id;
    p.kind = kind;
    p.sentence = "the sentence of " + id;
    return p;
}

template <class M>
Property<M> invariant(const std::string& id, bool (*holds)(const M&, const typename M::State&)) {
    auto p = property<M>(id, PropertyKind::invariant);
    p.holds = holds;
    return p;
}

}  // namespace vmemcheck::checker::examples
