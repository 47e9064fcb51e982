// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "checker/model.hpp"

namespace examples {

namespace checker = vmemcheck::checker;

/// Two processes and a lock that is one flag: whoever finds it down raises it and goes in.
struct Lock {
    enum : std::int8_t { test, set, inside };  ///< where a process is: its program counter

    /// Everything a step may read or write, and nothing else.
    struct State {
        std::array<std::int8_t, 2> pc{test, test};
        std::int8_t flag = 0;  ///< 1: raised
    };

    bool atomic = false;  ///< testing and setting is one instruction, such as xchg

    unsigned actor_count() const { return 2; }
    std::string actor_name(checker::ActorId actor) const { return actor == 0 ? "Ada" : "Ben"; }
    checker::ActorKind actor_kind(checker::ActorId) const { return checker::ActorKind::process; }

    /// Step number i is the one that a process takes at place i.
    std::span<const checker::StepInfo> steps() const {
        static constexpr std::array<checker::StepInfo, 3> all{{
            {"test", "lock()", "one load; or one exchange"},
            {"set", "lock()", "one store"},
            {"leave", "unlock()", "one store"},
        }};
        return all;
    }
    std::span<const checker::ChoiceInfo> choices() const { return {}; }
    bool at_rest(const State&) const { return false; }

    /// The fields of a state, with what they may hold.
    void describe(const State& state, checker::FieldSink& field) const {
        static constexpr std::array<std::string_view, 3> places{"test", "set", "inside"};
        field("Ada", state.pc[0], test, inside, places);
        field("Ben", state.pc[1], test, inside, places);
        field("flag", state.flag, 0, 1);
    }
    template <class Found>
    void initial_states(Found&& found) const {
        found(State{});
    }

    /// One atomic action of one process.
    template <class Context>
    void step(State& state, checker::ActorId actor, Context& context) const {
        std::int8_t& pc = state.pc[actor];
        context.at(static_cast<checker::StepId>(pc));
        switch (pc) {
            case test:
                if (state.flag == 1) return context.blocked({"the flag"});
                if (atomic) state.flag = 1;
                pc = atomic ? inside : set;
                return;
            case set:
                state.flag = 1;
                pc = inside;
                return;
            default:
                state.flag = 0;
                pc = test;
        }
    }
};

}  // namespace examples
