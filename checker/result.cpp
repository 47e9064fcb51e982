// SPDX-License-Identifier: MIT
#include "checker/result.hpp"

namespace vmemcheck::checker {

const char* text(Misuse misuse) {
    switch (misuse) {
        case Misuse::none:
            return "nothing";
        case Misuse::no_step:
            return "a step was not named with at(), or with a number that is not in steps()";
        case Misuse::bad_choice:
            return "choose() was called with a number that is not in choices(), or with no answer to choose from";
        case Misuse::too_many_choices:
            return "a step called choose() more than 16 times";
        case Misuse::not_a_function:
            return "a step run twice with the same answers of choose() asked different questions";
    }
    return "?";
}

const char* text(Status status) {
    switch (status) {
        case Status::holds:
            return "holds";
        case Status::violated:
            return "violated";
        case Status::reached:
            return "reached";
        case Status::unreached:
            return "unreached";
        case Status::incomplete:
            return "incomplete";
    }
    return "?";
}

const char* text(Ended ended) {
    switch (ended) {
        case Ended::complete:
            return "complete";
        case Ended::decided:
            return "decided";
        case Ended::state_limit:
            return "state limit";
        case Ended::memory_limit:
            return "memory limit";
        case Ended::disk_error:
            return "disk error";
        case Ended::time_limit:
            return "time limit";
        case Ended::approximate:
            return "approximate";
        case Ended::depth_limit:
            return "depth limit";
        case Ended::interrupted:
            return "interrupted";
        case Ended::model_error:
            return "model error";
    }
    return "?";
}

const char* text(PropertyKind kind) {
    switch (kind) {
        case PropertyKind::invariant:
            return "invariant";
        case PropertyKind::assertion:
            return "assertion";
        case PropertyKind::transition:
            return "transition";
        case PropertyKind::end_state:
            return "end state";
        case PropertyKind::reachability:
            return "reachability";
        case PropertyKind::deadlock:
            return "deadlock";
        case PropertyKind::always_eventually:
            return "always eventually";
        case PropertyKind::leads_to:
            return "leads to";
        case PropertyKind::eventually_always:
            return "eventually always";
    }
    return "?";
}

std::string text(const BlockedActor& blocked) {
    if (blocked.can_move) return blocked.actor_name + " can move";
    const std::string guard = blocked.guard.empty() ? "(no guard named)" : blocked.guard;
    // Most guards without a holder say what is not so: "no request of user space".
    if (blocked.holder_name.empty()) return blocked.actor_name + " cannot move: " + guard;
    return blocked.actor_name + " waits for " + guard + ", held by " + blocked.holder_name;
}

}  // namespace vmemcheck::checker
