// SPDX-License-Identifier: MIT
/// \file
/// Independent memory blocks: nothing but interleavings, so the counts are known: 5^N states, 8 N 5^(N-1) transitions,
/// depth 4 N.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "checker/model.hpp"

namespace vmemcheck::peers {

/// N blocks; each goes from unused to fake-offline and back, in 8 ways. With the fault, block 0 is lost when all of the
/// others are added.
template <unsigned N>
struct Blocks {
    static constexpr const char* property = "no block is lost";
    enum : std::int8_t { unused, plugged, added, online, fake_offline, lost };
    static constexpr std::array<std::string_view, 6> names{"unused", "plugged",      "added",
                                                           "online", "fake-offline", "lost"};
    struct State {
        std::array<std::int8_t, N> block;
    };
    bool bug = false;

    unsigned actor_count() const { return N + (bug ? 1 : 0); }
    std::string actor_name(checker::ActorId a) const { return a < N ? "block" + std::to_string(a) : "fault"; }
    checker::ActorKind actor_kind(checker::ActorId) const { return checker::ActorKind::environment; }
    std::span<const checker::StepInfo> steps() const {
        static constexpr std::array<checker::StepInfo, 6> all{{{"from_unused", "", ""},
                                                               {"from_plugged", "", ""},
                                                               {"from_added", "", ""},
                                                               {"from_online", "", ""},
                                                               {"from_fake_offline", "", ""},
                                                               {"lose", "", ""}}};
        return all;
    }
    std::span<const checker::ChoiceInfo> choices() const {
        static constexpr std::array<std::string_view, 2> ways{"on", "back"};
        static constexpr std::array<checker::ChoiceInfo, 1> all{{{"way", ways}}};
        return all;
    }
    bool at_rest(const State&) const { return true; }
    void describe(const State& s, checker::FieldSink& sink) const {
        for (unsigned i = 0; i < N; ++i) {
            sink("block[" + std::to_string(i) + "]", s.block[i], unused, bug ? lost : fake_offline, names);
        }
    }
    template <class F>
    void initial_states(F&& found) const {
        found(State{});
    }
    static bool holds(const Blocks&, const State& s) {
        for (const std::int8_t block : s.block) {
            if (block == lost) return false;
        }
        return true;
    }
    template <class Context>
    void step(State& s, checker::ActorId a, Context& x) const {
        if (a == N) return lose(s, x);
        std::int8_t& block = s.block[a];
        x.at(static_cast<checker::StepId>(block));
        switch (block) {
            case unused:
                block = plugged;
                return;
            case plugged:
                block = x.choose(0, 2) == 0 ? added : unused;
                return;
            case added:
                block = x.choose(0, 2) == 0 ? online : plugged;
                return;
            case online:
                block = fake_offline;
                return;
            case fake_offline:
                block = x.choose(0, 2) == 0 ? online : added;
                return;
            default:
                return x.blocked({"lost"});
        }
    }

    template <class Fields>
    void depends_on(const State& s, checker::ActorId a, Fields& on) const {
        if (a == N) return on(s.block);
        on(s.block[a]);
    }

 private:
    template <class Context>
    void lose(State& s, Context& x) const {
        x.at(lost);
        for (unsigned i = 1; i < N; ++i) {
            if (s.block[i] != added) return x.blocked({"all others added"});
        }
        if (s.block[0] != unused) return x.blocked({"block 0 unused"});
        s.block[0] = lost;
    }
};

}  // namespace vmemcheck::peers
