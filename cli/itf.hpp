// SPDX-License-Identifier: MIT
/// \file
/// The Informal Trace Format of Apalache (its ADR-015): other tools show it.
#pragma once

#include <string>

#include "cli/model.hpp"

namespace vmemcheck::cli {

/// A run as ITF: one variable a field of the state, and "actor" and "action_taken", the step that led to the state.
template <class M>
[[nodiscard]] std::string itf_text(const M& model, const checker::Property<M>& property,
                                   const checker::Counterexample<M>& run);

/// "bb[0].state" -> "bb_0_state".
[[nodiscard]] std::string identifier_of(const std::string& field);

}  // namespace vmemcheck::cli
