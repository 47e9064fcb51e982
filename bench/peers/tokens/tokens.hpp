// SPDX-License-Identifier: MIT
/// \file
/// A ring in which two tokens go round: who holds one may use what they stand for.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "checker/model.hpp"

namespace vmemcheck::peers {

/// N stations, from 4 on. A station wants to use, begins when it holds a token, ends, and passes its token on whenever
/// it does not use and the next one has none. With the fault, the station in the middle begins without a token when
/// both neighbours use.
template <unsigned N>
struct Tokens {
    static constexpr const char* property = "who uses holds a token";
    enum : std::int8_t { idle, waiting, in_use };
    static constexpr std::array<std::string_view, 3> names{"idle", "waiting", "in-use"};
    struct State {
        std::array<std::int8_t, N> station;
        std::array<std::int8_t, N> token;  ///< 1: the station holds one
    };
    bool bug = false;

    unsigned actor_count() const { return N; }
    std::string actor_name(checker::ActorId a) const { return "station" + std::to_string(a); }
    checker::ActorKind actor_kind(checker::ActorId) const { return checker::ActorKind::process; }
    std::span<const checker::StepInfo> steps() const {
        static constexpr std::array<checker::StepInfo, 3> all{
            {{"want_or_pass", "", ""}, {"begin_or_pass", "", ""}, {"end", "", ""}}};
        return all;
    }
    std::span<const checker::ChoiceInfo> choices() const {
        static constexpr std::array<std::string_view, 2> ways{"use", "pass"};
        static constexpr std::array<checker::ChoiceInfo, 1> all{{{"way", ways}}};
        return all;
    }
    bool at_rest(const State&) const { return false; }
    void describe(const State& s, checker::FieldSink& sink) const {
        for (unsigned i = 0; i < N; ++i) {
            sink("station[" + std::to_string(i) + "]", s.station[i], idle, in_use, names);
            sink("token[" + std::to_string(i) + "]", s.token[i], 0, 1);
        }
    }
    template <class F>
    void initial_states(F&& found) const {
        State s{};
        s.token[0] = s.token[1] = 1;
        found(s);
    }
    static bool holds(const Tokens&, const State& s) {
        for (unsigned i = 0; i < N; ++i) {
            if (s.station[i] == in_use && s.token[i] == 0) return false;
        }
        return true;
    }
    template <class Context>
    void step(State& s, checker::ActorId a, Context& x) const {
        std::int8_t& station = s.station[a];
        x.at(static_cast<checker::StepId>(station));
        if (station == in_use) {
            station = idle;
            return;
        }
        if (station == waiting && s.token[a] == 0 && !(bug && between_users(s, a))) return x.blocked({"token"});
        std::int8_t& next = s.token[a + 1 < N ? a + 1 : 0];
        if (s.token[a] == 1 && next == 0 && x.choose(0, 2) == 1) {
            s.token[a] = 0;
            next = 1;
            return;
        }
        ++station;
    }

    template <class Fields>
    void depends_on(const State& s, checker::ActorId a, Fields& on) const {
        const unsigned next = a + 1 < N ? a + 1 : 0;
        on(s.station[a], s.token[a], s.token[next]);
        if (bug && a == N / 2) on(s.station[a - 1], s.station[next]);
    }

 private:
    static bool between_users(const State& s, checker::ActorId a) {
        return a == N / 2 && s.station[a - 1] == in_use && s.station[a + 1] == in_use;
    }
};

}  // namespace vmemcheck::peers
