// SPDX-License-Identifier: MIT
// A search that shares no code with the checker: a std::map of whole states, nothing packed, fused or batched.
#pragma once

#include <cstddef>
#include <cstring>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "checker/model.hpp"

namespace vmemcheck::checker::examples {

/// Answers from a list, then 0; notes how many answers each question had.
struct ListContext {
    std::vector<int> answers;
    std::vector<int> counts;
    std::size_t asked = 0;
    bool is_blocked = false;
    bool failed = false;

    void at(StepId) {}
    int choose(ChoiceId, int count) {
        if (asked == answers.size()) answers.push_back(0);
        counts.push_back(count);
        return answers[asked++];
    }
    void blocked(Guard) { is_blocked = true; }
    void fail(AssertionId, const char*) { failed = true; }
    template <class State, class Event>
    void emit(const State&, const Event&) {}
};

template <class State>
struct BruteStep {
    State after;
    bool failed;
};

template <class M>
std::vector<BruteStep<typename M::State>> brute_steps(const M& model, const typename M::State& state, ActorId actor) {
    std::vector<BruteStep<typename M::State>> all;
    std::vector<int> answers;
    for (;;) {
        auto after = state;
        ListContext context;
        context.answers = answers;
        model.step(after, actor, context);
        if (!context.is_blocked) all.push_back({after, context.failed});
        answers = context.answers;
        while (!answers.empty() && answers.back() + 1 == context.counts[answers.size() - 1]) answers.pop_back();
        if (answers.empty()) return all;
        ++answers.back();
    }
}

/// What brute force finds. Keys of the map: the bytes of a state (the example models have no padding that varies).
template <class M>
struct Brute {
    std::map<std::string, std::size_t> depth;  ///< steps from an initial state
    std::size_t steps = 0;                     ///< enabled runs
    std::size_t max_depth = 0;
    std::optional<std::size_t> first_bad;   ///< least depth of a state for which bad() holds
    std::optional<std::size_t> first_fail;  ///< least number of steps to a fail(), itself included
    std::size_t ends = 0;                   ///< states without successors
};

/// \param bad states to look for; they are not expanded, nor are steps that fail (if stop_at_fail)
template <class M>
Brute<M> brute_force(const M& model, bool (*bad)(const M&, const typename M::State&) = nullptr,
                     bool stop_at_fail = false) {
    using State = typename M::State;
    Brute<M> found;
    std::deque<State> queue;
    const auto key = [](const State& state) {
        return std::string(reinterpret_cast<const char*>(&state), sizeof state);
    };
    const auto see = [&](const State& state, std::size_t depth) {
        if (!found.depth.emplace(key(state), depth).second) return;
        found.max_depth = std::max(found.max_depth, depth);
        if (bad != nullptr && bad(model, state)) {
            if (!found.first_bad) found.first_bad = depth;
        } else {
            queue.push_back(state);
        }
    };
    model.initial_states([&](const State& state) { see(state, 0); });
    while (!queue.empty()) {
        const State state = queue.front();
        queue.pop_front();
        const std::size_t depth = found.depth.at(key(state));
        bool moved = false;
        for (ActorId actor = 0; actor < model.actor_count(); ++actor) {
            for (const auto& step : brute_steps(model, state, actor)) {
                moved = true;
                ++found.steps;
                if (step.failed && !found.first_fail) found.first_fail = depth + 1;
                if (!step.failed || !stop_at_fail) see(step.after, depth + 1);
            }
        }
        found.ends += moved ? 0 : 1;
    }
    return found;
}

}  // namespace vmemcheck::checker::examples
