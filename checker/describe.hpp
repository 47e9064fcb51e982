// SPDX-License-Identifier: MIT
/// \file
/// Sentences about runs.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "checker/deadlock.hpp"
#include "checker/layout.hpp"
#include "checker/model.hpp"
#include "checker/property.hpp"
#include "checker/result.hpp"

namespace vmemcheck::checker {

/// "field x = 9 outside [0, 7]".
/// \param field index of the field
template <class State>
[[nodiscard]] std::string bounds_text(const Layout& layout, const State& state, int field) {
    const auto index = static_cast<std::size_t>(field);
    const FieldInfo& info = layout.fields()[index];
    return "field " + info.name + " = " + std::to_string(layout.get(state, index)) + " outside [" +
           std::to_string(info.low) + ", " + std::to_string(info.high) + "]";
}

/// "x = 9 outside [0, 7] after step S of actor A", of the first state of a run with a field out of bounds.
template <Model M>
[[nodiscard]] std::string bounds_text(const M& model, const Layout& layout, const Counterexample<M>& run) {
    const std::span<const StepInfo> names = model.steps();
    for (const auto& step : run.steps) {
        const int bad = layout.check(step.after);
        if (bad < 0) continue;
        return bounds_text(layout, step.after, bad) + " after step " + std::string(names[step.step].name) +
               " of actor " + std::string(model.actor_name(step.actor));
    }
    return "a field out of bounds that was within them when the step was run again";
}

/// Fills in what a counterexample is of, and why it is one.
/// \param message that of the failed assertion, or null
template <Model M>
void describe(Counterexample<M>& run, const M& model, std::size_t index, const Property<M>& property,
              const char* message) {
    run.property = index;
    if (message != nullptr) {
        run.message = message;
    } else if (property.kind == PropertyKind::deadlock &&
               (property.holds == nullptr || property.holds(model, run.last()))) {
        run.blocked = explain(model, run.last());
        run.message = deadlock_text(run.blocked, static_cast<bool>(model.at_rest(run.last())));
    } else {
        const bool goal = property.kind == PropertyKind::reachability;
        run.message =
            (goal ? "reached: " : "does not hold: ") + (property.sentence.empty() ? property.id : property.sentence);
    }
}

}  // namespace vmemcheck::checker
