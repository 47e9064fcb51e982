// SPDX-License-Identifier: MIT
/// \file
/// Whether the actors of a model touch what they say.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "checker/footprint.hpp"
#include "checker/layout.hpp"
#include "checker/model.hpp"
#include "checker/monitor.hpp"
#include "checker/persistent_sets.hpp"
#include "checker/property.hpp"
#include "checker/result.hpp"
#include "checker/successors.hpp"

namespace vmemcheck::checker {

/// Holds a state against what DeclaresFootprints promises, and PersistentSets are sound by:
/// - an actor that waits for another one cannot move, whatever the rest do;
/// - of two steps that are not dependent() neither enables or disables the other; in either order they lead to the same
///   states, fail the same assertions, and are the same to properties of steps;
/// - no step makes grow what an actor may touch later, or what one touches next that it has no conflict with;
/// - a step that writes nothing a property reads does not change what the property says.
/// Steps are looked at one by one, without fusing. One state says little, all that are reachable say all.
template <Model M>
requires DeclaresFootprints<M>
class FootprintAudit {
 public:
    using State = typename M::State;

    /// \param monitor of the search: which steps are followed
    FootprintAudit(const M& model, const std::vector<Property<M>>& properties, const Monitor<M>& monitor)
        : model_(model), properties_(properties), monitor_(monitor), seen_(objects_seen_by(properties)) {}

    /// \return what is not as it should be, or nothing
    [[nodiscard]] std::string operator()(const State& state) const {
        const Layout layout = layout_of(model_, state);
        std::vector<Actor> actors;
        for (ActorId a = 0; a < model_.actor_count(); ++a) actors.push_back({touches(state, a), all(state, a)});
        std::string complaint;
        for (ActorId a = 0; a < actors.size() && complaint.empty(); ++a) {
            complaint = look_at_one(state, actors, a);
            for (ActorId b = a + 1; b < actors.size() && complaint.empty(); ++b) {
                complaint = look_at_two(layout, state, actors, a, b);
            }
        }
        return complaint;
    }

 private:
    using Found = std::vector<Outcome<State>>;
    struct Actor {
        Touches touches;
        Found outcomes;
    };
    /// Two steps in a row, as far as their order must not matter.
    struct Pair {
        std::vector<std::uint32_t> after;
        std::vector<StepId> steps;
        std::vector<bool> properties;                   ///< what those of steps say of either
        auto operator<=>(const Pair&) const = default;  // NOLINT(modernize-use-nullptr): there is no pointer
    };

    [[nodiscard]] Touches touches(const State& state, ActorId actor) const {
        Touches found = model_.touches(state, actor);
        found.later = found.later | found.next;
        return found;
    }
    [[nodiscard]] Found all(const State& state, ActorId actor) const { return outcomes(model_, state, actor).all; }
    [[nodiscard]] std::string step(StepId step) const {
        const std::span<const StepInfo> steps = model_.steps();
        return "step " + (step < steps.size() ? std::string(steps[step].name) : std::to_string(step));
    }
    [[nodiscard]] std::string name(ActorId actor) const { return std::string(model_.actor_name(actor)); }

    [[nodiscard]] bool followed(const State& before, const Outcome<State>& outcome) const {
        return monitor_.step_good(before, outcome.steps.back().after, outcome.failures);
    }
    /// What an actor does, as far as nobody else may change it: its steps and what they fail.
    using Deeds = std::vector<std::pair<StepId, std::vector<AssertionId>>>;
    [[nodiscard]] static Deeds deeds(const Found& found) {
        Deeds all;
        for (const Outcome<State>& outcome : found) {
            all.emplace_back(outcome.steps.back().step, std::vector<AssertionId>{});
            for (const Failure& failure : outcome.failures) all.back().second.push_back(failure.assertion);
        }
        std::sort(all.begin(), all.end());
        return all;
    }

    [[nodiscard]] std::string look_at_one(const State& state, const std::vector<Actor>& actors, ActorId actor) const {
        const Actor& self = actors[actor];
        const std::string what = "the footprints are wrong: ";
        const int holder = self.touches.waits_for;
        if (holder >= 0 && !self.outcomes.empty())
            return what + name(actor) + " can move, and need not wait for actor " + std::to_string(holder);
        if (holder >= static_cast<int>(actors.size()) || holder == static_cast<int>(actor))
            return what + name(actor) + " waits for actor " + std::to_string(holder) + ", which is not another one";
        for (const Outcome<State>& outcome : self.outcomes) {
            if (!followed(state, outcome)) continue;
            const StepId taken = outcome.steps.back().step;
            const State& after = outcome.steps.back().after;
            for (ActorId other = 0; other < actors.size(); ++other) {
                const Touches& before = actors[other].touches;
                const Touches now = touches(after, other);
                const std::string changed = what + step(taken) + " of " + name(actor) + " changes what " + name(other);
                if (!covers(before.later, now.later)) return changed + " may touch later";
                if (other == actor) continue;
                if (before.waits_for >= 0) {
                    if (before.waits_for != static_cast<int>(actor) && now.waits_for != before.waits_for)
                        return changed + " waits for, and is not that";
                } else if (!conflict(before.next, self.touches.next)) {
                    if (!covers(before.next, now.next)) return changed + " touches next, without a conflict";
                    if (now.waits_for >= 0) return changed + " waits for, without a conflict";
                }
            }
            for (const Property<M>& property : properties_) {
                if ((self.touches.next.writes & objects_seen_by(property)) != 0) continue;
                if (seen(property, state, after)) {
                    return what + step(taken) + " of " + name(actor) + " changes what property " + property.id +
                           " says, and writes nothing that it reads";
                }
            }
        }
        return {};
    }
    /// Whether a property that is looked at along runs tells a state from the next one.
    [[nodiscard]] bool seen(const Property<M>& property, const State& state, const State& next) const {
        if (is_liveness(property.kind) || property.kind == PropertyKind::end_state) return false;
        for (const auto predicate : {property.holds, property.trigger}) {
            if (predicate != nullptr && predicate(model_, state) != predicate(model_, next)) return true;
        }
        // A step that changes nothing it sees is nothing to it.
        return property.holds_step != nullptr &&
               property.holds_step(model_, state, next) == (property.kind == PropertyKind::reachability);
    }

    [[nodiscard]] std::string look_at_two(const Layout& layout, const State& state, const std::vector<Actor>& actors,
                                          ActorId a, ActorId b) const {
        const Touches& one = actors[a].touches;
        const Touches& two = actors[b].touches;
        if (one.waits_for >= 0 || two.waits_for >= 0 || dependent(one.next, two.next, seen_)) return {};
        const auto complaint = [&](ActorId which, ActorId after) {
            const Found& found = actors[which].outcomes;
            return "the footprints are wrong: what " + name(which) + " does next" +
                   (found.empty() ? "" : " (" + step(found.front().steps.back().step) + ")") + " depends on what " +
                   name(after) + " does before it";
        };
        for (const auto& [still, moving] : {std::pair{a, b}, std::pair{b, a}}) {
            const Deeds expected = deeds(actors[still].outcomes);
            for (const Outcome<State>& outcome : actors[moving].outcomes) {
                if (!followed(state, outcome)) continue;
                if (deeds(all(outcome.steps.back().after, still)) != expected) return complaint(still, moving);
            }
        }
        const std::vector<Pair> before = in_order(layout, state, actors[a].outcomes, b, false);
        const std::vector<Pair> after = in_order(layout, state, actors[b].outcomes, a, true);
        return before == after ? std::string() : complaint(a, b);
    }
    /// What two actors can do one after the other, sorted.
    /// \param first outcomes of the one that begins \param swapped that is the second of the two in what is compared
    [[nodiscard]] std::vector<Pair> in_order(const Layout& layout, const State& state, const Found& first,
                                             ActorId second, bool swapped) const {
        std::vector<Pair> pairs;
        for (const Outcome<State>& begin : first) {
            if (!followed(state, begin)) continue;
            const State& middle = begin.steps.back().after;
            for (const Outcome<State>& end : all(middle, second)) {
                if (!followed(middle, end)) continue;  // nor is it where it begins
                const Outcome<State>& of_a = swapped ? end : begin;
                const Outcome<State>& of_b = swapped ? begin : end;
                Pair pair;
                pair.steps = {of_a.steps.back().step, of_b.steps.back().step};
                const State& last = end.steps.back().after;
                for (const Property<M>& property : properties_) {
                    if (property.holds_step == nullptr) continue;
                    const bool first_says = property.holds_step(model_, state, middle);
                    const bool second_says = property.holds_step(model_, middle, last);
                    pair.properties.push_back(swapped ? second_says : first_says);
                    pair.properties.push_back(swapped ? first_says : second_says);
                }
                pair.after.resize(layout.buffer_words());
                static_cast<void>(layout.pack(last, pair.after.data()));
                pairs.push_back(std::move(pair));
            }
        }
        std::sort(pairs.begin(), pairs.end());
        return pairs;
    }

    const M& model_;
    const std::vector<Property<M>>& properties_;
    const Monitor<M>& monitor_;
    std::vector<ObjectSet> seen_;
};

}  // namespace vmemcheck::checker
