// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <string_view>

#include "checker/fairness.hpp"
#include "checker/model.hpp"

namespace examples {

namespace checker = vmemcheck::checker;

/// Processes in a ring, each with a number of its own, choose the one with the largest (Chang, Roberts, CACM 1979).
/// Each sends its number to the next one; who gets a larger number sends it on, who gets a smaller one drops it, and
/// who gets its own has won. A channel holds one message.
struct Election {
    static constexpr unsigned most = 7;  ///< processes
    enum : checker::StepId { win, drop, forward, send };
    enum : checker::ChoiceId { message };

    struct State {
        std::array<std::int8_t, most> number;   ///< 1 .. processes, all different; never changes
        std::array<std::int8_t, most> channel;  ///< to the process: the number on its way, 0: none
        std::array<std::int8_t, most> sent;     ///< 1: the process has sent its number
        std::array<std::int8_t, most> leader;   ///< 1: the process has won
    };

    unsigned processes = 4;
    bool lossy = false;         ///< a message may get lost
    bool resends = true;        ///< who has nothing to do sends its number again
    bool forwards_all = false;  ///< a mistake: smaller numbers are sent on as well

    unsigned actor_count() const { return processes; }
    std::string actor_name(checker::ActorId actor) const { return "p" + std::to_string(actor); }
    checker::ActorKind actor_kind(checker::ActorId) const { return checker::ActorKind::process; }
    std::span<const checker::StepInfo> steps() const {
        static constexpr std::array<checker::StepInfo, 4> all{{
            {"win", "", "touches what is its own"},
            {"drop", "", "touches what is its own"},
            {"forward", "", "receiving and sending: nobody else receives from the one channel or sends to the other"},
            {"send", "", "one message"},
        }};
        return all;
    }
    std::span<const checker::ChoiceInfo> choices() const {
        static constexpr std::array<std::string_view, 2> fates{"delivered", "lost"};
        static constexpr std::array<checker::ChoiceInfo, 1> all{{{"message", fates, true}}};
        return all;
    }
    bool at_rest(const State& state) const { return has_leader(state); }

    void describe(const State& state, checker::FieldSink& field) const {
        const int n = static_cast<int>(processes);
        for (unsigned i = 0; i < processes; ++i) {
            const std::string name = actor_name(i);
            field(name + ".number", state.number[i], 1, n);
            field(name + ".channel", state.channel[i], 0, n);
            field(name + ".sent", state.sent[i], 0, 1);
            field(name + ".leader", state.leader[i], 0, 1);
        }
    }
    /// Every order of the numbers. As the ring has no beginning, the largest may as well always be the first.
    template <class Found>
    void initial_states(Found&& found) const {
        State state{};
        const auto end = state.number.begin() + processes;
        state.number[0] = static_cast<std::int8_t>(processes);
        std::iota(state.number.begin() + 1, end, std::int8_t{1});
        do {
            found(state);
        } while (std::next_permutation(state.number.begin() + 1, end));
    }

    /// Assumptions on infinite runs. For each process: if it can go on, it does; of its own number, sent again and
    /// again, some arrive; of what it sends on again and again, some arrives. And one more: in the end nothing gets
    /// lost.
    std::span<const checker::FairnessInfo> fairness() const {
        static constexpr std::array<std::string_view, 3 * std::size_t{most} + 1> names{
            "p0-runs",     "p1-runs",     "p2-runs",     "p3-runs",     "p4-runs",     "p5-runs",
            "p6-runs",     "p0-heard",    "p1-heard",    "p2-heard",    "p3-heard",    "p4-heard",
            "p5-heard",    "p6-heard",    "p0-forwards", "p1-forwards", "p2-forwards", "p3-forwards",
            "p4-forwards", "p5-forwards", "p6-forwards", "losses-cease"};
        static const auto all = [] {
            std::array<checker::FairnessInfo, names.size()> made{};
            made.back() = {names.back(), checker::FairnessKind::ceases, "messages get lost for a while only"};
            made.back().choice = message;
            made.back().values = 2;  // bit 1: lost
            for (unsigned i = 0; i < 3 * most; ++i) {
                made[i].name = names[i];
                made[i].actor = i % most;
                made[i].kind = checker::FairnessKind::weak;
                if (i < most) continue;
                made[i].kind = checker::FairnessKind::strong;
                made[i].step = i < 2 * most ? send : forward;
                made[i].choice = message;
                made[i].values = 1;  // bit 0: delivered
            }
            return made;
        }();
        return all;
    }
    static constexpr checker::FairnessSet all_run = (checker::FairnessSet{1} << most) - 1;
    static constexpr checker::FairnessSet some_arrive = all_run << most | all_run << 2 * most;
    static constexpr checker::FairnessSet losses_cease = checker::FairnessSet{1} << 3 * most;

    template <class Context>
    void step(State& state, checker::ActorId actor, Context& context) const {
        const unsigned next = actor + 1 < processes ? actor + 1 : 0;
        const std::int8_t number = state.number[actor];
        std::int8_t& in = state.channel[actor];
        std::int8_t& out = state.channel[next];
        if (in == number) {
            context.at(win);
            state.leader[actor] = 1;
            in = 0;
        } else if (in > number || (in > 0 && forwards_all)) {
            context.at(forward);
            if (out != 0) return context.blocked({"room in the channel", static_cast<int>(next)});
            out = arrives(context) ? in : std::int8_t{0};
            in = 0;
        } else if (in > 0) {
            context.at(drop);
            in = 0;
        } else {
            context.at(send);
            if (state.leader[actor] == 1) return context.blocked({"it has won"});
            if (state.sent[actor] == 1 && !resends) return context.blocked({"nothing comes in"});
            if (out != 0) return context.blocked({"room in the channel", static_cast<int>(next)});
            state.sent[actor] = 1;
            out = arrives(context) ? number : std::int8_t{0};
        }
    }

    /// What the next step of a process may read or change: a state that has the same here need not run it again.
    template <class Fields>
    void depends_on(const State& state, checker::ActorId actor, Fields& on) const {
        on(state.number[actor], state.sent[actor], state.leader[actor], state.channel[actor]);
        on(state.channel[actor + 1 < processes ? actor + 1 : 0]);
    }

    static bool has_leader(const State& state) {
        return std::find(state.leader.begin(), state.leader.end(), 1) != state.leader.end();
    }
    static bool only_largest_leads(const Election& model, const State& state) {
        for (unsigned i = 0; i < model.processes; ++i) {
            if (state.leader[i] == 1 && state.number[i] != static_cast<int>(model.processes)) return false;
        }
        return true;
    }

 private:
    template <class Context>
    bool arrives(Context& context) const {
        return context.choose(message, lossy ? 2 : 1) == 0;
    }
};

}  // namespace examples
