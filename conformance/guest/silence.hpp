// SPDX-License-Identifier: MIT
/// \file
/// What actors may do without a recorder's seeing it.
#pragma once

#include "conformance/guest/node.hpp"

namespace vmemcheck::conformance::explaining {

/// Whether an actor can stop, or loop, without showing anything.
/// \param steps after which it is taken to loop
[[nodiscard]] bool may_stay_silent(const bbm::Bbm& model, const State& from, unsigned who, int steps);

}  // namespace vmemcheck::conformance::explaining
