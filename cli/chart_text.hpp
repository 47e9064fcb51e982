// SPDX-License-Identifier: MIT
/// \file
/// Runs as a sequence chart of text.
#pragma once

#include <string>

#include "cli/model.hpp"
#include "cli/terminal.hpp"

namespace vmemcheck::cli {

/// A lane for each actor that takes part, a row for each stretch of steps that one actor takes while it holds the same
/// locks, and beside it the first and the last function of the stretch. D, M and H are the locks held. Steps of a loop
/// have '>' before their number.
/// \tparam M Bbm or WideBbm
template <class M>
[[nodiscard]] std::string chart_text(const M& model, const checker::Counterexample<M>& run, const Style& style);

}  // namespace vmemcheck::cli
