// SPDX-License-Identifier: MIT
// A model that is a table.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "checker/fairness.hpp"
#include "checker/model.hpp"

namespace vmemcheck::checker::examples {

/// Any small graph: two actors, who can go from each state to some states. What is fair is data, too.
struct Graph {
    static constexpr unsigned most = 6;
    static constexpr unsigned actors = 2;
    struct State {
        std::int8_t at;
    };
    struct Move {
        int to = 0;
        bool fails = false;  ///< an assertion
    };
    unsigned size = 1;
    std::array<std::array<std::vector<Move>, most>, actors> moves;
    std::vector<FairnessInfo> fair;
    std::array<bool, most> good{};
    std::array<bool, most> trigger{};
    std::array<bool, most> local{};  ///< steps from there are

    unsigned actor_count() const { return actors; }
    std::string actor_name(ActorId a) const { return a == 0 ? "left" : "right"; }
    ActorKind actor_kind(ActorId) const { return ActorKind::process; }
    std::span<const StepInfo> steps() const {
        static constexpr std::array<StepInfo, 2> all{{{"move", "", ""}, {"move_on", "", "", true}}};
        return all;
    }
    std::span<const ChoiceInfo> choices() const {
        static constexpr std::array<ChoiceInfo, 1> all{{{"where", {}, false}}};
        return all;
    }
    std::span<const FairnessInfo> fairness() const { return fair; }
    bool at_rest(const State&) const { return true; }
    void describe(const State& s, FieldSink& sink) const { sink("at", s.at, 0, static_cast<int>(most)); }
    template <class F>
    void initial_states(F&& found) const {
        found(State{0});
    }
    int next_step(const State& s, ActorId) const { return local[static_cast<unsigned>(s.at)] ? 1 : 0; }
    template <class Context>
    void step(State& s, ActorId a, Context& context) const {
        context.at(static_cast<StepId>(next_step(s, a)));
        const auto& possible = moves[a][static_cast<unsigned>(s.at)];
        if (possible.empty()) {
            s.at = most;  // is to be dropped
            return context.blocked({"nothing", -1});
        }
        const Move& taken = possible[static_cast<unsigned>(context.choose(0, static_cast<int>(possible.size())))];
        if (taken.fails) context.fail(0, "the wrong way");
        s.at = static_cast<std::int8_t>(taken.to);
    }
};

}  // namespace vmemcheck::checker::examples
