// SPDX-License-Identifier: MIT
/// \file
/// Whether the local steps of a model are what they say.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "checker/layout.hpp"
#include "checker/model.hpp"
#include "checker/property.hpp"
#include "checker/result.hpp"
#include "checker/successors.hpp"

namespace vmemcheck::checker {

/// Holds a state against what StepInfo::local promises, and fusing (see Expander) is sound by: of each actor whose next
/// step is local, that the step is not blocked, that a property violated or reached before it is so after it, and that
/// whatever another actor does before it, it can do after it, with the same outcome (a left mover: Lipton, CACM 1975).
/// One state says little, all that are reachable without fusing say all.
template <Model M>
requires PredictsSteps<M>
class LocalAudit {
 public:
    using State = typename M::State;

    LocalAudit(const M& model, const std::vector<Property<M>>& properties) : model_(model), properties_(properties) {}

    /// \return what is not as it should be, or nothing
    [[nodiscard]] std::string operator()(const State& state) const {
        for (ActorId actor = 0; actor < model_.actor_count(); ++actor) {
            if (!local_next(state, actor)) continue;
            if (std::string complaint = look_at(state, actor); !complaint.empty()) return complaint;
        }
        return {};
    }

 private:
    using Found = std::vector<Outcome<State>>;

    /// Two steps in a row, as far as they must not depend on their order.
    struct Pair {
        std::vector<std::uint32_t> after;
        StepId local = 0;
        StepId other = 0;
        std::vector<AssertionId> failures;
        auto operator<=>(const Pair&) const = default;  // NOLINT(modernize-use-nullptr): there is no pointer
    };

    [[nodiscard]] bool local_next(const State& state, ActorId actor) const {
        const std::span<const StepInfo> steps = model_.steps();
        const int next = model_.next_step(state, actor);
        return next >= 0 && static_cast<std::size_t>(next) < steps.size() &&
               steps[static_cast<std::size_t>(next)].local;
    }
    [[nodiscard]] std::string name(StepId step) const {
        const std::span<const StepInfo> steps = model_.steps();
        return step < steps.size() ? std::string(steps[step].name) : std::to_string(step);
    }
    [[nodiscard]] Found all(const State& state, ActorId actor) const { return outcomes(model_, state, actor).all; }

    /// Whether a property is violated or reached in a state, and not in the next one, which is looked at in its place.
    /// Not of triggers: fusing may hide one, and with it that a verdict is not vacuous.
    [[nodiscard]] bool hides(const Property<M>& property, const State& state, const State& next) const {
        const bool goal = property.kind == PropertyKind::reachability;
        return property.holds != nullptr && !is_liveness(property.kind) && property.holds(model_, state) == goal &&
               property.holds(model_, next) != goal;
    }
    [[nodiscard]] std::string look_at(const State& state, ActorId actor) const {
        const auto step = static_cast<StepId>(model_.next_step(state, actor));
        const std::string what = "step " + name(step) + " is not local: ";
        const Found first = all(state, actor);
        if (first.empty()) return what + "it is blocked";
        for (const Outcome<State>& outcome : first) {
            if (outcome.steps.back().step != step) return what + "next_step() is wrong";
            if (!outcome.failures.empty()) continue;
            const State& after = outcome.steps.back().after;
            for (const Property<M>& property : properties_) {
                if (hides(property, state, after))
                    return what + "it can hide what property " + property.id + " asks for";
            }
        }
        const Layout layout = layout_of(model_, state);
        for (ActorId other = 0; other < model_.actor_count(); ++other) {
            if (other == actor) continue;
            const std::vector<Pair> before = in_order(layout, state, other, actor, false);
            if (before.empty()) continue;
            const std::vector<Pair> after = in_order(layout, state, actor, other, true);
            const auto missing = std::find_if(before.begin(), before.end(), [&](const Pair& pair) {
                return !std::binary_search(after.begin(), after.end(), pair);
            });
            if (missing != before.end()) {
                return what + "after it, step " + name(missing->other) + " of " +
                       std::string(model_.actor_name(other)) + " does not do what it does before it";
            }
        }
        return {};
    }
    /// What one actor and then another can do, sorted. \param local_first whether the first one's step is the local one
    [[nodiscard]] std::vector<Pair> in_order(const Layout& layout, const State& state, ActorId first, ActorId second,
                                             bool local_first) const {
        std::vector<Pair> pairs;
        for (const Outcome<State>& one : all(state, first)) {
            const State& middle = one.steps.back().after;
            for (const Outcome<State>& two : all(middle, second)) {
                Pair pair;
                pair.local = (local_first ? one : two).steps.back().step;
                pair.other = (local_first ? two : one).steps.back().step;
                for (const auto* outcome : {&one, &two}) {
                    for (const Failure& failure : outcome->failures) pair.failures.push_back(failure.assertion);
                }
                std::sort(pair.failures.begin(), pair.failures.end());
                pair.after.resize(layout.buffer_words());
                static_cast<void>(layout.pack(two.steps.back().after, pair.after.data()));
                pairs.push_back(std::move(pair));
            }
        }
        std::sort(pairs.begin(), pairs.end());
        return pairs;
    }

    const M& model_;
    const std::vector<Property<M>>& properties_;
};

}  // namespace vmemcheck::checker
