// SPDX-License-Identifier: MIT
/// \file
/// Lassos: runs that end in a loop. What they say, and whether one violates a liveness property.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "checker/deadlock.hpp"
#include "checker/fairness.hpp"
#include "checker/layout.hpp"
#include "checker/model.hpp"
#include "checker/property.hpp"
#include "checker/result.hpp"
#include "checker/successors.hpp"

namespace vmemcheck::checker {

/// "steps 12 to 15 are taken again and again", "nothing happens after step 15": the steps are counted from 1.
[[nodiscard]] std::string loop_text(std::size_t loop, std::size_t steps);

/// Says what a lasso shows: fills in its message and, for the first state of its loop, who waits for whom.
template <Model M>
void describe_lasso(Counterexample<M>& run, const M& model, const Property<M>& property) {
    const std::size_t loop = run.loop.value_or(run.steps.size());
    run.message = loop_text(loop, run.steps.size()) + ", for ever, and this does not hold: " +
                  (property.sentence.empty() ? property.id : property.sentence);
    run.blocked = explain(model, loop == 0 ? run.initial : run.steps[loop - 1].after);
}

namespace detail {

/// Which actions are enabled in a state.
template <Model M>
[[nodiscard]] FairnessSet enabled_in(const M& model, const typename M::State& state) {
    FairnessSet enabled = 0;
    for (ActorId actor = 0; actor < model.actor_count(); ++actor) {
        for (const auto& outcome : outcomes(model, state, actor).all) {
            const auto& step = outcome.steps.front();
            enabled |= actions_of(fairness_of(model), actor, step.step, step.choices);
        }
    }
    return enabled;
}

/// Why the states of a run do not violate the property if those from `loop` on come again and again; empty if they do.
template <Model M>
[[nodiscard]] std::string kept_by(const M& model, const Property<M>& property,
                                  const std::vector<typename M::State>& states, std::size_t loop) {
    const auto holds = [&](std::size_t i) { return property.holds == nullptr || property.holds(model, states[i]); };
    const auto after_step = [](std::size_t i) { return "after step " + std::to_string(i); };
    if (property.kind == PropertyKind::eventually_always) {
        for (std::size_t i = loop; i < states.size(); ++i) {
            if (!holds(i)) return {};
        }
        return "what should hold for ever holds all through the loop";
    }
    std::size_t from = states.size();
    while (from > 0 && !holds(from - 1)) --from;
    if (property.kind == PropertyKind::always_eventually) {
        if (from <= loop) return {};
        return "what should come again and again does, in the loop, " + after_step(from - 1);
    }
    if (from > loop) return "what should follow comes in the loop, " + after_step(from - 1);
    for (std::size_t i = from; i < states.size(); ++i) {
        if (property.trigger == nullptr || property.trigger(model, states[i])) return {};
    }
    return "nothing that should be followed by anything happens " + after_step(from);
}

}  // namespace detail

/// Whether a replayed run that ends in a loop violates a liveness property: the loop closes, is fair by what the
/// property assumes, and what should hold does not.
/// \param states the initial state, then that after each step
/// \param recording the steps, of MicroStep or RecordedStep
/// \param loop index of the state in which the loop begins
/// \return why it does not; empty if it does
template <Model M, class Recording>
[[nodiscard]] std::string refuted_lasso(const M& model, const Property<M>& property,
                                        const std::vector<typename M::State>& states, const Recording& recording,
                                        std::size_t loop) {
    const std::span<const FairnessInfo> fairness = fairness_of(model);
    if (loop >= states.size()) return "the loop begins after the last step";
    const Layout layout = layout_of(model, states.front());
    if (const auto different = layout.diff(states[loop], states.back()); !different.empty()) {
        const FieldChange& first = different.front();
        const FieldInfo& field = layout.fields()[first.field];
        return "the loop does not close: " + field.name + " is " + value_text(field, first.before) +
               " where it begins and " + value_text(field, first.after) + " where it ends";
    }
    if (std::string why = detail::kept_by(model, property, states, loop); !why.empty()) return why;

    FairnessSet taken = 0;
    std::size_t number = 0;
    for (const auto& step : recording) {
        if (number++ >= loop) taken |= actions_of(fairness, step.actor, step.step, step.choices);
    }
    FairnessSet always = ~FairnessSet{0};
    FairnessSet ever = 0;
    for (std::size_t i = loop; i < states.size(); ++i) {
        const FairnessSet enabled = detail::enabled_in(model, states[i]);
        always &= enabled;
        ever |= enabled;
    }
    const FairnessSet kind_weak = property.fairness & of_kind(fairness, FairnessKind::weak);
    const FairnessSet kind_strong = property.fairness & of_kind(fairness, FairnessKind::strong);
    const FairnessSet kind_ceases = property.fairness & of_kind(fairness, FairnessKind::ceases);
    const auto first_of = [&](FairnessSet set) { return names_of(fairness, set).front(); };
    if (const FairnessSet bad = kind_ceases & taken; bad != 0) {
        return "the loop is not fair: " + first_of(bad) + " is to cease, and is taken in it";
    }
    if (const FairnessSet bad = kind_weak & always & ~taken; bad != 0) {
        return "the loop is not fair: " + first_of(bad) + " is enabled all through it, and never taken";
    }
    if (const FairnessSet bad = kind_strong & ever & ~taken; bad != 0) {
        return "the loop is not fair: " + first_of(bad) + " is enabled in it, and never taken";
    }
    return {};
}

}  // namespace vmemcheck::checker
