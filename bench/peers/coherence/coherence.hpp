// SPDX-License-Identifier: MIT
/// \file
/// A directory keeps N caches of one line coherent: S. German's protocol, without data (as in Pnueli, Ruah, Zuck:
/// Automatic deductive verification with invisible invariants, TACAS 2001).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "checker/model.hpp"

namespace vmemcheck::peers {

/// A cache asks the directory for the line, shared or exclusively; the directory takes one request at a time, has other
/// copies invalidated where that is needed, and grants. Each cache has a channel to the directory for requests, one for
/// acknowledgements, and one back; each holds one message. With the fault, the directory forgets the copy of the last
/// cache when it grants the line exclusively.
template <unsigned N>
struct Coherence {
    static constexpr const char* property = "an exclusive copy is the only one";
    enum : std::int8_t { invalid, shared, exclusive };                          // of a cache
    enum : std::int8_t { none, want_shared, want_exclusive };                   // a request
    enum : std::int8_t { nothing, invalidate, grant_shared, grant_exclusive };  // an answer
    static constexpr std::array<std::string_view, 3> copies{"invalid", "shared", "exclusive"};
    static constexpr std::array<std::string_view, 3> requests{"none", "shared", "exclusive"};
    static constexpr std::array<std::string_view, 4> answers{"none", "invalidate", "grant-shared", "grant-exclusive"};
    struct State {
        std::array<std::int8_t, N> copy;
        std::array<std::int8_t, N> request;  ///< channel to the directory
        std::array<std::int8_t, N> answer;   ///< channel to the cache
        std::array<std::int8_t, N> ack;      ///< channel to the directory; 1: the copy is gone
        std::array<std::int8_t, N> sharer;   ///< as the directory knows
        std::array<std::int8_t, N> to_invalidate;
        std::int8_t granted_exclusively;
        std::int8_t command;  ///< the request being served
        std::int8_t client;   ///< whose it is; 0 if there is none
    };
    bool bug = false;

    /// Cache i is actor i; what the directory does with cache i is actor N + i.
    unsigned actor_count() const { return 2 * N; }
    std::string actor_name(checker::ActorId a) const {
        return a < N ? "cache" + std::to_string(a) : "directory" + std::to_string(a - N);
    }
    checker::ActorKind actor_kind(checker::ActorId) const { return checker::ActorKind::process; }
    std::span<const checker::StepInfo> steps() const {
        static constexpr std::array<checker::StepInfo, 2> all{{{"cache", "", ""}, {"directory", "", ""}}};
        return all;
    }
    std::span<const checker::ChoiceInfo> choices() const {
        static constexpr std::array<checker::ChoiceInfo, 1> all{{{"which of those possible", {}}}};
        return all;
    }
    bool at_rest(const State&) const { return true; }
    void describe(const State& s, checker::FieldSink& sink) const {
        for (unsigned i = 0; i < N; ++i) {
            const std::string index = "[" + std::to_string(i) + "]";
            sink("copy" + index, s.copy[i], invalid, exclusive, copies);
            sink("request" + index, s.request[i], none, want_exclusive, requests);
            sink("answer" + index, s.answer[i], nothing, grant_exclusive, answers);
            sink("ack" + index, s.ack[i], 0, 1);
            sink("sharer" + index, s.sharer[i], 0, 1);
            sink("to_invalidate" + index, s.to_invalidate[i], 0, 1);
        }
        sink("granted_exclusively", s.granted_exclusively, 0, 1);
        sink("command", s.command, none, want_exclusive, requests);
        sink("client", s.client, 0, N - 1);
    }
    template <class F>
    void initial_states(F&& found) const {
        found(State{});
    }
    static bool holds(const Coherence&, const State& s) {
        unsigned valid = 0;
        bool alone = false;
        for (const std::int8_t copy : s.copy) {
            valid += copy != invalid ? 1 : 0;
            alone = alone || copy == exclusive;
        }
        return !alone || valid == 1;
    }
    template <class Context>
    void step(State& s, checker::ActorId a, Context& x) const {
        if (a < N) {
            x.at(0);
            cache(s, a, x);
        } else {
            x.at(1);
            directory(s, a - N, x);
        }
    }

    template <class Fields>
    void depends_on(const State& s, checker::ActorId a, Fields& on) const {
        const unsigned i = a < N ? a : a - N;
        on(s.request[i], s.answer[i], s.ack[i]);
        if (a < N) return on(s.copy[i]);
        on(s.command, s.client, s.granted_exclusively, s.to_invalidate[i], s.sharer[i]);
        const bool takes = s.command == none && s.request[i] != none;
        const bool grants = s.command != none && s.client == static_cast<int>(i) && s.answer[i] == nothing;
        if (takes || (grants && s.granted_exclusively == 0)) on(s.to_invalidate, s.sharer);
    }

 private:
    enum class Action : std::uint8_t {
        ask_shared,
        ask_exclusive,
        receive,
        take_request,
        send_invalidate,
        take_ack,
        grant
    };

    /// The actions of an actor that are possible in a state.
    struct Possible {
        std::array<Action, 3> action{};
        int count = 0;
        void add_if(bool possible, Action a) {
            if (possible) action[static_cast<unsigned>(count++)] = a;
        }
        template <class Context>
        Action choose(Context& x) const {
            return action[count > 1 ? static_cast<unsigned>(x.choose(0, count)) : 0U];
        }
    };

    template <class Context>
    void cache(State& s, unsigned i, Context& x) const {
        Possible possible;
        possible.add_if(s.request[i] == none && s.copy[i] == invalid, Action::ask_shared);
        possible.add_if(s.request[i] == none && s.copy[i] != exclusive, Action::ask_exclusive);
        possible.add_if(s.answer[i] != nothing && (s.answer[i] != invalidate || s.ack[i] == 0), Action::receive);
        if (possible.count == 0) return x.blocked({"a message"});
        switch (possible.choose(x)) {
            case Action::ask_shared:
                s.request[i] = want_shared;
                return;
            case Action::ask_exclusive:
                s.request[i] = want_exclusive;
                return;
            default:
                if (s.answer[i] == invalidate) {
                    s.copy[i] = invalid;
                    s.ack[i] = 1;
                } else {
                    s.copy[i] = s.answer[i] == grant_shared ? shared : exclusive;
                }
                s.answer[i] = nothing;
        }
    }
    template <class Context>
    void directory(State& s, unsigned i, Context& x) const {
        const bool others_go = s.command == want_exclusive || (s.command == want_shared && s.granted_exclusively == 1);
        Possible possible;
        possible.add_if(s.command == none && s.request[i] != none, Action::take_request);
        possible.add_if(others_go && s.to_invalidate[i] == 1 && s.answer[i] == nothing, Action::send_invalidate);
        possible.add_if(s.command != none && s.ack[i] == 1, Action::take_ack);
        if (may_grant(s, i)) possible.add_if(true, Action::grant);
        if (possible.count == 0) return x.blocked({"a message"});
        switch (possible.choose(x)) {
            case Action::take_request:
                s.command = s.request[i];
                s.client = static_cast<std::int8_t>(i);
                s.request[i] = none;
                s.to_invalidate = s.sharer;
                return;
            case Action::send_invalidate:
                s.answer[i] = invalidate;
                s.to_invalidate[i] = 0;
                return;
            case Action::take_ack:
                s.ack[i] = 0;
                s.sharer[i] = 0;
                s.granted_exclusively = 0;
                return;
            default:
                s.answer[i] = s.command == want_shared ? grant_shared : grant_exclusive;
                s.granted_exclusively = s.command == want_exclusive ? 1 : 0;
                s.sharer[i] = 1;
                s.command = none;
                s.client = 0;
                s.to_invalidate = {};
        }
    }
    bool may_grant(const State& s, unsigned i) const {
        if (s.command == none || s.client != static_cast<int>(i)) return false;
        if (s.answer[i] != nothing || s.granted_exclusively == 1) return false;
        if (s.command == want_shared) return true;
        for (unsigned k = 0; k < (bug ? N - 1 : N); ++k) {
            if (s.sharer[k] == 1) return false;
        }
        return true;
    }
};

}  // namespace vmemcheck::peers
