// SPDX-License-Identifier: MIT
/// \file
/// Runs of the model as text: numbered steps with what changed.
#pragma once

#include <string>

#include "checker/layout.hpp"
#include "cli/config_text.hpp"
#include "cli/model.hpp"
#include "cli/terminal.hpp"

namespace vmemcheck::cli {

struct RunTextOptions {
    bool verbose = false;  ///< program counters, locals and benign answers as well
    Style style{};
};

/// Whether a field is a program counter or a local variable that only helps a step along.
[[nodiscard]] bool is_bookkeeping(std::string_view field);

/// "field = value, ..." of the fields that are not zero.
template <class State>
[[nodiscard]] std::string initial_text(const checker::Layout& layout, const State& state, bool verbose);

/// One step: number, actor, kernel function, step, answers; then a line for each change.
template <class M>
[[nodiscard]] std::string step_text(const M& model, const checker::Layout& layout, std::size_t number,
                                    const checker::MicroStep<typename M::State>& step, const typename M::State& before,
                                    const RunTextOptions& options);

/// What every actor waits for, a line each; empty if the run does not end in a deadlock.
[[nodiscard]] std::string blocked_text(const std::vector<checker::BlockedActor>& blocked);

/// The whole run from its initial state on.
template <class M>
[[nodiscard]] std::string run_text(const M& model, const checker::Counterexample<M>& run,
                                   const RunTextOptions& options);

/// The value of a field: its name, or a number.
[[nodiscard]] Json field_json(const checker::FieldInfo& field, int value);

/// The answers of a step by name. A second answer to the same question in one step gets "#2" after its name.
template <class M>
[[nodiscard]] Json choices_json(const M& model, const std::vector<checker::ChoiceTaken>& choices);

}  // namespace vmemcheck::cli
