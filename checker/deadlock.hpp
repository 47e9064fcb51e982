// SPDX-License-Identifier: MIT
/// \file
/// Deadlocks: all processes blocked, or some of them waiting for one another.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "checker/model.hpp"
#include "checker/result.hpp"
#include "checker/successors.hpp"

namespace vmemcheck::checker {

/// Whether the process `start` waits, by way of the holders of the guards it and they are blocked on, for itself.
/// Only processes count: what an environment holds it may give back.
inline bool waits_for_itself(std::span<const Moves> moves, std::span<const ActorKind> kinds, ActorId start) {
    auto actor = static_cast<int>(start);
    for (std::size_t hops = 0; hops <= moves.size(); ++hops) {
        const auto at = static_cast<std::size_t>(actor);
        if (kinds[at] != ActorKind::process || moves[at].enabled) return false;
        actor = moves[at].guard.holder;
        if (actor < 0 || static_cast<std::size_t>(actor) >= moves.size()) return false;
        if (actor == static_cast<int>(start)) return true;
    }
    return false;
}

/// What is wrong in a state, seen from what its actors can do.
struct Stuck {
    bool deadlock = false;  ///< no process can move and the model is not at rest
    bool cycle = false;     ///< processes wait for one another, whatever the others can do
    bool at_end = false;    ///< no actor at all can move
};

/// \param at_rest called only if there are processes and none of them can move
template <class AtRest>
Stuck judge(std::span<const Moves> moves, std::span<const ActorKind> kinds, AtRest at_rest) {
    bool process = false;
    bool process_moves = false;
    bool any_moves = false;
    bool waits = false;
    for (std::size_t i = 0; i < moves.size(); ++i) {
        any_moves = any_moves || moves[i].enabled;
        if (kinds[i] != ActorKind::process) continue;
        process = true;
        process_moves = process_moves || moves[i].enabled;
        waits = waits || (!moves[i].enabled && moves[i].guard.holder >= 0);
    }
    Stuck stuck;
    stuck.at_end = !any_moves;
    stuck.deadlock = process && !process_moves && !at_rest();
    for (ActorId i = 0; waits && !stuck.cycle && i < moves.size(); ++i) stuck.cycle = waits_for_itself(moves, kinds, i);
    return stuck;
}

/// What every actor waits for.
[[nodiscard]] std::vector<BlockedActor> explain(std::span<const Moves> moves, std::span<const ActorKind> kinds,
                                                const std::vector<std::string>& names);

/// One sentence: "deadlock: no process can move and the model is not at rest: a waits for x, held by b; ..." or
/// "wait-for cycle: a waits for x, held by b; ...".
/// \param at_rest whether the model is at rest: then only a cycle is wrong
[[nodiscard]] std::string deadlock_text(const std::vector<BlockedActor>& blocked, bool at_rest);

/// explain() for a state of a model: runs every actor.
template <Model M>
[[nodiscard]] std::vector<BlockedActor> explain(const M& model, const typename M::State& state) {
    std::vector<Moves> moves;
    std::vector<ActorKind> kinds;
    std::vector<std::string> names;
    for (ActorId actor = 0; actor < model.actor_count(); ++actor) {
        moves.push_back(outcomes(model, state, actor).moves);
        kinds.push_back(model.actor_kind(actor));
        names.push_back(std::string(model.actor_name(actor)));
    }
    return explain(moves, kinds, names);
}

}  // namespace vmemcheck::checker
