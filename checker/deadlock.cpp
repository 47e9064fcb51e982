// SPDX-License-Identifier: MIT
#include "checker/deadlock.hpp"

#include <algorithm>

namespace vmemcheck::checker {

std::vector<BlockedActor> explain(std::span<const Moves> moves, std::span<const ActorKind> kinds,
                                  const std::vector<std::string>& names) {
    std::vector<BlockedActor> all;
    for (ActorId actor = 0; actor < moves.size(); ++actor) {
        BlockedActor blocked;
        blocked.actor = actor;
        blocked.actor_name = names[actor];
        blocked.kind = kinds[actor];
        blocked.can_move = moves[actor].enabled;
        if (!blocked.can_move) {
            const Guard& guard = moves[actor].guard;
            blocked.guard = std::string(guard.what);
            if (guard.holder >= 0 && static_cast<std::size_t>(guard.holder) < names.size()) {
                blocked.holder = guard.holder;
                blocked.holder_name = names[static_cast<std::size_t>(guard.holder)];
            }
            blocked.in_cycle = waits_for_itself(moves, kinds, actor);
        }
        all.push_back(std::move(blocked));
    }
    return all;
}

std::string deadlock_text(const std::vector<BlockedActor>& blocked, bool at_rest) {
    const bool processes_stuck =
        !at_rest && std::none_of(blocked.begin(), blocked.end(), [](const BlockedActor& actor) {
            return actor.kind == ActorKind::process && actor.can_move;
        });
    const bool cycle = std::any_of(blocked.begin(), blocked.end(), [](const auto& actor) { return actor.in_cycle; });
    std::string line =
        processes_stuck ? "deadlock: no process can move and the model is not at rest" : "wait-for cycle";
    if (processes_stuck && cycle) line += " (wait-for cycle)";
    const char* separator = ": ";
    for (const BlockedActor& actor : blocked) {
        if (processes_stuck ? actor.can_move : !actor.in_cycle) continue;
        line += separator + text(actor);
        separator = "; ";
    }
    return line;
}

}  // namespace vmemcheck::checker
