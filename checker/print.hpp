// SPDX-License-Identifier: MIT
/// \file
/// A result as text, for programs that show it to somebody: verdicts, runs with what each step changed, figures.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "checker/layout.hpp"
#include "checker/model.hpp"
#include "checker/property.hpp"
#include "checker/result.hpp"

namespace vmemcheck::checker {

namespace detail {

/// The fields of a state that are not 0, "x = 1, y = no"; "everything 0" if there are none.
/// \param values one a field of the layout
[[nodiscard]] std::string initial_text(const Layout& layout, const std::vector<int>& values);

/// A numbered step with the answers it got, then a line for each field it changed. Benign answers to choices that are
/// faults are left out; others are marked with "!".
[[nodiscard]] std::string step_text(const Layout& layout, std::size_t number, const std::string& actor,
                                    const StepInfo& step, std::span<const ChoiceInfo> choices,
                                    const std::vector<ChoiceTaken>& taken, const std::vector<FieldChange>& changes);

/// "id  violated", and in another line why, with vacuous and unexpected verdicts marked.
[[nodiscard]] std::string verdict_text(const std::string& id, std::size_t width, Status status, bool vacuous,
                                       bool as_expected);

/// "8 states, 14 transitions, depth 5", and why the search ended, if it did before everything was explored.
[[nodiscard]] std::string figures_text(const Statistics& statistics, Ended ended);

}  // namespace detail

/// A run, a line for each step and each field that it changed. Of a liveness counterexample it says where the loop
/// begins, and what each actor can do there. Every line ends with a newline.
template <Model M>
[[nodiscard]] std::string run_text(const M& model, const Counterexample<M>& run) {
    const Layout layout = layout_of(model, run.initial);
    std::vector<int> values;
    for (std::size_t i = 0; i < layout.fields().size(); ++i) values.push_back(layout.get(run.initial, i));
    std::string text = detail::initial_text(layout, values);
    const typename M::State* before = &run.initial;
    for (std::size_t i = 0; i < run.steps.size(); ++i) {
        const auto& step = run.steps[i];
        if (run.loop == i) text += "    from here on, again and again:\n";
        text += detail::step_text(layout, i + 1, model.actor_name(step.actor), model.steps()[step.step],
                                  model.choices(), step.choices, layout.diff(*before, step.after));
        before = &step.after;
    }
    if (run.loop == run.steps.size()) text += "    from here on nothing happens\n";
    if (!run.loop) return text;  // the message of a deadlock has said it
    for (const BlockedActor& blocked : run.blocked) text += "    there, " + checker::text(blocked) + '\n';
    return text;
}

/// Everything that a person wants to see of a result: a line for each property, the run to what violates or reaches it,
/// how much was explored. A model that broke a rule is told with the run to its error. It says nothing of time and
/// memory, so the same search gives the same text.
/// \param properties those that the result is of, in the same order
template <Model M>
[[nodiscard]] std::string result_text(const M& model, const std::vector<Property<M>>& properties,
                                      const Result<M>& result) {
    std::size_t width = 0;
    for (const auto& property : properties) width = property.id.size() > width ? property.id.size() : width;
    std::string text;
    if (!result.model_error.empty()) {
        text += "the model breaks a rule: " + result.model_error + '\n';
        if (result.model_error_run) text += run_text(model, *result.model_error_run);
    }
    for (std::size_t i = 0; i < properties.size(); ++i) {
        const Verdict<M>& verdict = result.verdicts[i];
        text += detail::verdict_text(properties[i].id, width, verdict.status, verdict.vacuous, verdict.as_expected);
        if (!verdict.counterexample) continue;
        text += "    " + verdict.counterexample->message + '\n' + run_text(model, *verdict.counterexample);
    }
    return text + detail::figures_text(result.statistics, result.ended);
}

}  // namespace vmemcheck::checker
