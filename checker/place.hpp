// SPDX-License-Identifier: MIT
/// \file
/// Where a search found something.
#pragma once

#include <cstddef>
#include <cstdint>

#include "checker/model.hpp"

namespace vmemcheck::checker {

/// At a state, or within a transition that leaves it.
struct Place {
    std::uint64_t state = 0;  ///< number of the state, as the search counts them
    bool in_transition = false;
    ActorId actor = 0;          ///< the actor of the transition
    std::uint64_t outcome = 0;  ///< number of the transition among the actor's in that state
    unsigned runs = 0;          ///< micro-steps of it to take
};

/// A property decided, and where.
struct Hit {
    std::size_t property = 0;
    const char* message = nullptr;  ///< that of a fail(), or null
    Place place{};
};

}  // namespace vmemcheck::checker
