// SPDX-License-Identifier: MIT
/// \file
/// Peterson's filter lock for N processes (G. L. Peterson, Myths about the mutual exclusion problem, IPL 1981).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "checker/model.hpp"

namespace vmemcheck::peers {

/// A process climbs levels 1 .. N - 1, and has the lock at the top. On each it says so, puts itself last of the level,
/// and waits until another one is last or all others are below. The test is one step. With the fault, those on the same
/// level are taken to be below.
template <unsigned N>
struct Peterson {
    static constexpr const char* property = "one at most has the lock";
    enum : std::int8_t { raise, give, wait, lock };
    static constexpr std::array<std::string_view, 4> places{"raise", "give", "wait", "lock"};
    struct State {
        std::array<std::int8_t, N> pc;
        std::array<std::int8_t, N> level;  ///< of a process; 0: does not want the lock
        std::array<std::int8_t, N> last;   ///< of a level: the process that came last; that of level 0 stays 0
    };
    bool bug = false;

    unsigned actor_count() const { return N; }
    std::string actor_name(checker::ActorId a) const { return "process" + std::to_string(a); }
    checker::ActorKind actor_kind(checker::ActorId) const { return checker::ActorKind::process; }
    std::span<const checker::StepInfo> steps() const {
        static constexpr std::array<checker::StepInfo, 4> all{
            {{"raise_level", "", ""}, {"become_last", "", ""}, {"pass", "", ""}, {"unlock", "", ""}}};
        return all;
    }
    std::span<const checker::ChoiceInfo> choices() const { return {}; }
    bool at_rest(const State&) const { return false; }
    void describe(const State& s, checker::FieldSink& sink) const {
        for (unsigned i = 0; i < N; ++i) {
            sink("pc[" + std::to_string(i) + "]", s.pc[i], raise, lock, places);
            sink("level[" + std::to_string(i) + "]", s.level[i], 0, N - 1);
        }
        for (unsigned i = 1; i < N; ++i) sink("last[" + std::to_string(i) + "]", s.last[i], 0, N - 1);
    }
    template <class F>
    void initial_states(F&& found) const {
        found(State{});
    }
    static bool holds(const Peterson&, const State& s) {
        unsigned locked = 0;
        for (const std::int8_t pc : s.pc) locked += pc == lock ? 1 : 0;
        return locked <= 1;
    }
    template <class Context>
    void step(State& s, checker::ActorId a, Context& x) const {
        std::int8_t& pc = s.pc[a];
        x.at(static_cast<checker::StepId>(pc));
        switch (pc) {
            case raise:
                ++s.level[a];
                pc = give;
                return;
            case give:
                s.last[static_cast<unsigned char>(s.level[a])] = static_cast<std::int8_t>(a);
                pc = wait;
                return;
            case wait:
                if (!free(s, a)) return x.blocked({"a process on this level or above"});
                pc = s.level[a] == N - 1 ? lock : raise;
                return;
            default:
                s.level[a] = 0;
                pc = raise;
        }
    }

    template <class Fields>
    void depends_on(const State& s, checker::ActorId a, Fields& on) const {
        const std::int8_t& last = s.last[static_cast<unsigned char>(s.level[a])];
        on(s.pc[a], s.level[a]);
        if (s.pc[a] == give || s.pc[a] == wait) on(last);
        if (s.pc[a] != wait || last != static_cast<int>(a)) return;
        for (unsigned i = 0; i < N; ++i) {  // up to the one that it waits for
            on(s.level[i]);
            if (i != a && s.level[i] >= s.level[a] + (bug ? 1 : 0)) return;
        }
    }

 private:
    bool free(const State& s, checker::ActorId a) const {
        const std::int8_t level = s.level[a];
        if (s.last[static_cast<unsigned>(level)] != static_cast<int>(a)) return true;
        const int below = level + (bug ? 1 : 0);
        for (unsigned i = 0; i < N; ++i) {
            if (i != a && s.level[i] >= below) return false;
        }
        return true;
    }
};

}  // namespace vmemcheck::peers
