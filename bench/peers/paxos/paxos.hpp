// SPDX-License-Identifier: MIT
/// \file
/// Three acceptors choose one of two values in up to N ballots: single-decree Paxos (L. Lamport: Paxos made simple,
/// 2001), with messages that stay sent, so that they may be lost, late or received twice.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "checker/model.hpp"

namespace vmemcheck::peers {

/// The leader of a ballot asks for promises; has a majority given theirs, it proposes the value of the latest vote they
/// tell of, or any if they tell of none. An acceptor promises to take no part in earlier ballots, and votes for a
/// proposal unless it promised otherwise. A value that a majority votes for in one ballot is chosen. With the fault, a
/// leader does not heed the votes that it is told of.
template <unsigned N>
struct Paxos {
    static constexpr const char* property = "one value is chosen";
    static constexpr unsigned acceptors = 3;
    enum : std::int8_t { nothing, first, second };      // a value
    enum : std::int8_t { silent, unbound, bound = 2 };  // a promise; from bound on, with a vote: see promise()
    struct State {
        std::array<std::int8_t, N> asked;         ///< for promises, in each ballot
        std::array<std::int8_t, N> proposed;      ///< the value
        std::array<std::int8_t, acceptors> at;    ///< the latest ballot that each acceptor takes part in, or -1
        std::array<std::int8_t, acceptors> vote;  ///< the latest ballot it voted in, or -1
        std::array<std::array<std::int8_t, N>, acceptors> promised;  ///< see promise()
        std::array<std::array<std::int8_t, N>, acceptors> accepted;  ///< 1: it voted in that ballot
    };
    bool bug = false;

    /// The leader of ballot b is actor b, acceptor a is actor N + a.
    unsigned actor_count() const { return N + acceptors; }
    std::string actor_name(checker::ActorId a) const {
        return a < N ? "leader" + std::to_string(a) : "acceptor" + std::to_string(a - N);
    }
    checker::ActorKind actor_kind(checker::ActorId) const { return checker::ActorKind::process; }
    std::span<const checker::StepInfo> steps() const {
        static constexpr std::array<checker::StepInfo, 3> all{
            {{"ask", "", ""}, {"propose", "", ""}, {"answer", "", ""}}};
        return all;
    }
    std::span<const checker::ChoiceInfo> choices() const {
        static constexpr std::array<checker::ChoiceInfo, 1> all{{{"which of those possible", {}}}};
        return all;
    }
    bool at_rest(const State&) const { return true; }
    void describe(const State& s, checker::FieldSink& sink) const {
        constexpr int last = int{N} - 1;
        for (unsigned b = 0; b < N; ++b) {
            const std::string index = "[" + std::to_string(b) + "]";
            sink("asked" + index, s.asked[b], 0, 1);
            sink("proposed" + index, s.proposed[b], nothing, second);
        }
        for (unsigned a = 0; a < acceptors; ++a) {
            const std::string index = std::to_string(a);
            sink("at[" + index + "]", s.at[a], -1, last);
            sink("vote[" + index + "]", s.vote[a], -1, last);
            for (unsigned b = 0; b < N; ++b) {
                const std::string indices = "[" + index + "][" + std::to_string(b) + "]";
                sink("promised" + indices, s.promised[a][b], silent, bound + 2 * last + 1);
                sink("accepted" + indices, s.accepted[a][b], 0, 1);
            }
        }
    }
    template <class F>
    void initial_states(F&& found) const {
        State s{};
        s.at.fill(-1);
        s.vote.fill(-1);
        found(s);
    }
    static bool holds(const Paxos&, const State& s) {
        std::int8_t chosen = nothing;
        for (unsigned b = 0; b < N; ++b) {
            if (s.accepted[0][b] + s.accepted[1][b] + s.accepted[2][b] < 2) continue;
            if (chosen != nothing && chosen != s.proposed[b]) return false;
            chosen = s.proposed[b];
        }
        return true;
    }
    template <class Context>
    void step(State& s, checker::ActorId id, Context& x) const {
        if (id < N) {
            lead(s, id, x);
        } else {
            x.at(2);
            accept(s, id - N, x);
        }
    }

    template <class Fields>
    void depends_on(const State& s, checker::ActorId id, Fields& on) const {
        if (id < N) {
            on(s.asked[id], s.proposed[id]);
            if (s.asked[id] == 0 || s.proposed[id] != nothing) return;
            for (unsigned a = 0; a < acceptors; ++a) on(s.promised[a][id]);
            return;
        }
        const unsigned a = id - N;
        on(s.at[a], s.vote[a]);
        if (s.vote[a] >= 0) on(s.proposed[static_cast<unsigned char>(s.vote[a])]);
        for (auto b = static_cast<unsigned>(std::max<int>(s.at[a], 0)); b < N; ++b) {
            on(s.asked[b], s.proposed[b]);
            if (s.asked[b] == 1) on(s.promised[a][b], s.accepted[a][b]);
        }
    }

 private:
    /// What an acceptor tells when it promises: its latest vote, the later the greater; bound + 2 * ballot, and one
    /// more for the second value.
    std::int8_t promise(const State& s, unsigned a) const {
        if (s.vote[a] < 0) return unbound;
        const bool other = s.proposed[static_cast<unsigned char>(s.vote[a])] == second;
        return static_cast<std::int8_t>(bound + 2 * s.vote[a] + (other ? 1 : 0));
    }
    template <class Context>
    void lead(State& s, unsigned b, Context& x) const {
        if (s.asked[b] == 0) {
            x.at(0);
            s.asked[b] = 1;
            return;
        }
        x.at(1);
        if (s.proposed[b] != nothing) return x.blocked({"nothing: it has proposed"});
        // Each majority, that is each acceptor left out, and each value it allows is a way.
        std::array<std::int8_t, 2 * acceptors> value{};
        unsigned ways = 0;
        for (unsigned without = 0; without < acceptors; ++without) {
            const std::int8_t one = s.promised[(without + 1) % acceptors][b];
            const std::int8_t other = s.promised[(without + 2) % acceptors][b];
            if (one == silent || other == silent) continue;
            const std::int8_t latest = std::max(one, other);
            if (bug || latest == unbound || latest % 2 == 0) value[ways++] = first;
            if (bug || latest == unbound || latest % 2 == 1) value[ways++] = second;
        }
        if (ways == 0) return x.blocked({"promises of a majority"});
        s.proposed[b] = value[ways > 1 ? static_cast<unsigned>(x.choose(0, static_cast<int>(ways))) : 0U];
    }
    template <class Context>
    void accept(State& s, unsigned a, Context& x) const {
        // Ballot b is message b if it asks for a promise, N + b if it asks for a vote.
        std::array<std::uint8_t, 2 * N> message{};
        unsigned messages = 0;
        for (unsigned b = 0; b < N; ++b) {
            const int ballot = static_cast<int>(b);
            if (s.asked[b] == 1 && s.at[a] < ballot) message[messages++] = static_cast<std::uint8_t>(b);
            if (s.proposed[b] != nothing && s.at[a] <= ballot && s.accepted[a][b] == 0) {
                message[messages++] = static_cast<std::uint8_t>(N + b);
            }
        }
        if (messages == 0) return x.blocked({"a message"});
        const unsigned which =
            message[messages > 1 ? static_cast<unsigned>(x.choose(0, static_cast<int>(messages))) : 0U];
        const unsigned b = which % N;
        s.at[a] = static_cast<std::int8_t>(b);
        if (which < N) {
            s.promised[a][b] = promise(s, a);
        } else {
            s.accepted[a][b] = 1;
            s.vote[a] = static_cast<std::int8_t>(b);
        }
    }
};

}  // namespace vmemcheck::peers
