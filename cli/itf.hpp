// SPDX-License-Identifier: MIT
/// \file
/// The Informal Trace Format of Apalache (its ADR-015): other tools show it.
#pragma once

#include <string>

#include "cli/counterexample.hpp"

namespace vmemcheck::cli {

/// A run as ITF: one variable a field of the state, and "actor" and "action_taken", the step that led to the state.
/// "#meta" has what read_itf() must know besides.
template <class M>
[[nodiscard]] std::string itf_text(const M& model, const checker::Property<M>& property,
                                   const checker::Counterexample<M>& run);

/// "bb[0].state" -> "bb_0_state".
[[nodiscard]] std::string identifier_of(const std::string& field);

/// Whether a file is meant to be an ITF trace.
[[nodiscard]] bool is_itf(const Json& file);

/// Reads a trace that itf_text() wrote, or one with the same variables and the same "#meta"/"vmemcheck". "actor" and
/// "action_taken" may be missing, other variables are ignored. The steps between the states are searched for: what
/// they are named if they are, else any that leads to the next state. Throws UserError, with the place in the file.
/// \param file the whole file
[[nodiscard]] CounterexampleFile read_itf(const JsonPlace& file);

}  // namespace vmemcheck::cli
