// SPDX-License-Identifier: MIT
/// \file
/// Steps of the model that a task of the real system may be in the middle of.
#pragma once

#include "model/bbm.hpp"

namespace vmemcheck::conformance {

/// The last step of an actor.
struct LastStep {
    bbm::Bbm::State before;
    bbm::Bbm::State after;
    unsigned stale = 0;  ///< memory blocks whose memmap is stale before it, see stale_memmaps()
};

/// A state as a recorder would see it if a step that is a part of it were not done yet.
[[nodiscard]] bbm::Bbm::State undone(bbm::Bbm::State s, const LastStep& step);

/// Whether a recorder would see no difference.
[[nodiscard]] bool same_to_recorder(const bbm::Bbm::State& a, const bbm::Bbm::State& b);

}  // namespace vmemcheck::conformance
