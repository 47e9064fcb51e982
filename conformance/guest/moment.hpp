// SPDX-License-Identifier: MIT
/// \file
/// The state of the model that a recorder would have read at an event.
#pragma once

#include <cstddef>

#include "conformance/guest/node.hpp"

namespace vmemcheck::conformance::explaining {

/// The driver state when an event was shown, with what other actors have changed since.
/// \param at number of the event among those of the step
[[nodiscard]] State moment(const InFlight& flight, std::size_t at, const Node& node);

/// The state with the page loops done that another task may be in the middle of.
[[nodiscard]] State with_loops_done(const bbm::Bbm& model, State s);

}  // namespace vmemcheck::conformance::explaining
