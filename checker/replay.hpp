// SPDX-License-Identifier: MIT
/// \file
/// Runs a recorded run again.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "checker/context.hpp"
#include "checker/describe.hpp"
#include "checker/lasso.hpp"
#include "checker/layout.hpp"
#include "checker/model.hpp"
#include "checker/monitor.hpp"
#include "checker/property.hpp"
#include "checker/result.hpp"
#include "checker/schedule.hpp"

namespace vmemcheck::checker {

/// What has to be known of a step to run it again; a MicroStep will do as well.
struct RecordedStep {
    ActorId actor{};                   ///< who
    StepId step{};                     ///< which step; another one is a divergence
    std::vector<ChoiceTaken> choices;  ///< the answers it got, in order
};

/// What came of running a recording again.
template <class M>
struct Replay {
    /// The initial state, then the state after each step that could be replayed.
    std::vector<typename M::State> states;
    /// The first step that could not be replayed: an index into the recording. Nothing after it was tried.
    std::optional<std::size_t> diverged_at;
    std::string reason;  ///< why it could not

    /// Of the property given: violated or reached, or incomplete if neither happened along this run.
    Status status = Status::incomplete;
    /// After how many steps it happened; an index into states.
    std::optional<std::size_t> decided_at;
    std::string message;                ///< why it counts, as in Counterexample
    std::vector<BlockedActor> blocked;  ///< for a deadlock: every actor in that state
};

namespace detail {

/// "choice" or "choice=value" by the names of the model.
template <Model M>
std::string choice_text(const M& model, ChoiceId choice, std::optional<int> value) {
    const std::span<const ChoiceInfo> choices = model.choices();
    if (choice >= choices.size()) return "choice " + std::to_string(choice);
    std::string line(choices[choice].name);
    if (!value) return line;
    const auto& names = choices[choice].values;
    const bool named = *value >= 0 && static_cast<std::size_t>(*value) < names.size();
    return line + "=" + (named ? std::string(names[static_cast<std::size_t>(*value)]) : std::to_string(*value));
}

template <Model M>
std::string step_text(const M& model, StepId step) {
    const std::span<const StepInfo> steps = model.steps();
    return step < steps.size() ? std::string(steps[step].name) : "(unnamed step)";
}

/// Why a step that was run is not the recorded one; empty if it is.
template <Model M, class Step, class Context>
std::string divergence(const M& model, const Step& recorded, const Context& context) {
    const std::string actor(model.actor_name(recorded.actor));
    const auto& given = recorded.choices;
    if (context.is_blocked()) {
        std::string line = actor + " is blocked: " + std::string(context.guard().what);
        const int holder = context.guard().holder;
        if (holder >= 0 && static_cast<unsigned>(holder) < model.actor_count()) {
            line += ", held by " + std::string(model.actor_name(static_cast<ActorId>(holder)));
        }
        return line + "; recorded was step " + step_text(model, recorded.step);
    }
    if (context.step() != recorded.step) {
        return actor + " takes step " + step_text(model, context.step()) + ", recorded was " +
               step_text(model, recorded.step);
    }
    const std::size_t asked = context.taken().size();
    if (context.diverged()) {
        std::size_t i = 0;  // the first question that was not answered as recorded
        while (i < asked && i < given.size() && context.taken()[i] == ChoiceTaken(given[i])) ++i;
        const std::string question = choice_text(model, context.taken()[i < asked ? i : asked - 1].first, std::nullopt);
        if (i >= given.size()) return actor + " asks for " + question + ", which is not recorded";
        const auto recorded_answer = choice_text(model, given[i].first, given[i].second);
        return actor + " asks for " + question + ", recorded was " + recorded_answer;
    }
    if (asked < given.size()) {
        return actor + " does not ask for " + choice_text(model, given[asked].first, given[asked].second) +
               ", which is recorded";
    }
    return {};
}

}  // namespace detail

/// Replays a recording from a state. Each step must be enabled, be the recorded step, and ask the recorded choices, all
/// of them and in that order; the replay ends at the first that is not so.
///
/// A property given is evaluated along the way: on each state, on each step, and, for deadlock and end_state, on what
/// the actors can do in each state. The replay goes on after a violation.
///
/// \param recording a range of RecordedStep or MicroStep
/// \param observer called as observer(state, event) for what the steps emit; a step that diverges emits nothing
/// Throws only what the model or the observer throws.
template <Model M, class Recording, class Observer = NoObserver>
[[nodiscard]] Replay<M> replay(const M& model, const typename M::State& initial, const Recording& recording,
                               const Property<M>* property = nullptr, Observer&& observer = Observer{}) {
    using State = typename M::State;
    Replay<M> result;
    std::vector<Property<M>> properties;
    if (property != nullptr) properties.push_back(*property);
    Monitor<M> monitor(model, properties);
    const Layout layout = layout_of(model, initial);

    const auto hit = [&](std::size_t, const char* message) {
        const Property<M>& decided = properties.front();
        result.status = decided.kind == PropertyKind::reachability ? Status::reached : Status::violated;
        result.decided_at = result.states.size() - 1;
        Counterexample<M> run{0, {}, result.states.back(), {}, {}};
        describe(run, model, 0, decided, message);
        result.message = std::move(run.message);
        result.blocked = std::move(run.blocked);
    };
    const auto arrive = [&] {
        const State& state = result.states.back();
        monitor.on_state(state, hit);
        if (!monitor.wants_moves()) return;
        std::vector<Moves> moves;
        find_moves(model, monitor, state, moves);
        monitor.on_moves(state, moves, hit);
    };
    const auto diverge = [&](std::size_t at, const std::string& reason) {
        result.diverged_at = at;
        result.reason = reason;
    };

    result.states.push_back(initial);
    if (!layout.error().empty()) {
        diverge(0, layout.error());
        return result;
    }
    arrive();
    std::size_t index = 0;
    for (const auto& recorded : recording) {
        if (recorded.actor >= model.actor_count()) {
            diverge(index, "there is no actor " + std::to_string(recorded.actor));
            return result;
        }
        const State before = result.states.back();
        State after = before;
        NoObserver silent;
        RecordingContext<> trial(recorded.choices, silent);
        model.step(after, recorded.actor, trial);
        if (std::string reason = detail::divergence(model, recorded, trial); !reason.empty()) {
            diverge(index, reason);
            return result;
        }
        if constexpr (!std::is_same_v<std::remove_cvref_t<Observer>, NoObserver>) {
            State heard = before;
            RecordingContext<std::remove_reference_t<Observer>> context(recorded.choices, observer);
            model.step(heard, recorded.actor, context);
        }
        result.states.push_back(after);
        monitor.on_step(before, after, trial.failures(), hit);
        if (const int bad = layout.check(after); bad >= 0 && trial.failures().empty()) {
            diverge(index, "model error: " + bounds_text(layout, after, bad));
            return result;
        }
        arrive();
        ++index;
    }
    return result;
}

/// Decides a liveness property for a replay whose last steps are a loop: fills in the status and what belongs to it, as
/// replay() does for other properties. Nothing to do if the replay has diverged.
/// \param loop index of the first step of the loop; that of the step after the last if nothing happens any more
/// \return why the run does not violate the property; empty if it does, or has diverged
template <Model M, class Recording>
[[nodiscard]] std::string judge_lasso(const M& model, const Property<M>& property, const Recording& recording,
                                      std::size_t loop, Replay<M>& replay) {
    if (replay.diverged_at) return {};
    std::string why = refuted_lasso(model, property, replay.states, recording, loop);
    if (!why.empty()) return why;
    Counterexample<M> run{0, {}, replay.states.front(), {}, {}};
    for (const auto& step : recording) {
        run.steps.push_back({step.actor, step.step, step.choices, replay.states[run.steps.size() + 1], true});
    }
    run.loop = loop;
    describe_lasso(run, model, property);
    replay.status = Status::violated;
    replay.decided_at = replay.states.size() - 1;
    replay.message = std::move(run.message);
    replay.blocked = std::move(run.blocked);
    return {};
}

}  // namespace vmemcheck::checker
