// SPDX-License-Identifier: MIT
#include "checker/explore.hpp"

#include <exception>

#include "checker/exploration.hpp"

namespace vmemcheck::checker {

const char* text(ExploreMode mode) {
    switch (mode) {
        case ExploreMode::bounded:
            return "bounded";
        case ExploreMode::exhaustive:
            return "exhaustive";
        case ExploreMode::random:
            return "random";
        case ExploreMode::swarm:
            return "swarm";
    }
    return "?";
}

const char* text(ExploreEnded ended) {
    switch (ended) {
        case ExploreEnded::complete:
            return "complete";
        case ExploreEnded::violation:
            return "violation";
        case ExploreEnded::run_limit:
            return "run limit";
        case ExploreEnded::time_limit:
            return "time limit";
        case ExploreEnded::interrupted:
            return "interrupted";
        case ExploreEnded::program_error:
            return "program error";
    }
    return "?";
}

ExploreResult explore(Program& program, const ExploreOptions& options, ExploreObserver* observer) {
    Exploration exploration(program, options, observer);
    try {
        switch (options.mode) {
            case ExploreMode::bounded:
                explore_bounded(exploration);
                break;
            case ExploreMode::exhaustive:
                explore_exhaustively(exploration);
                break;
            case ExploreMode::random:
                walk_at_random(exploration);
                break;
            case ExploreMode::swarm:
                walk_as_swarm(exploration);
                break;
        }
    } catch (const std::exception& error) {
        exploration.result.ended = ExploreEnded::program_error;
        exploration.result.error = error.what();
    }
    return exploration.finish();
}

}  // namespace vmemcheck::checker
