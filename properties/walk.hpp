// SPDX-License-Identifier: MIT
/// \file
/// Follows a schedule through a model.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "checker/context.hpp"
#include "checker/model.hpp"
#include "checker/result.hpp"
#include "properties/schedule.hpp"

namespace vmemcheck::properties {

/// Bounds of a walk, in steps.
struct WalkLimits {
    std::size_t steps = 4000;  ///< of the whole walk
    std::size_t search = 100;  ///< the ordinary course goes on so long for a decision that cannot be followed yet
    std::size_t tail = 200;    ///< and so long after the last decision
};

/// A run, and which of its steps were decided by the schedule.
template <checker::Model M>
struct Walk {
    using State = typename M::State;
    State initial;
    std::vector<checker::MicroStep<State>> steps;
    std::vector<std::size_t> decided;  ///< indices into steps
    bool at_end = false;               ///< no process can move in the last state

    [[nodiscard]] const State& last() const { return steps.empty() ? initial : steps.back().after; }
};

namespace detail {

/// Follows one schedule. Watch is bool(before, step, failures): false ends the walk.
template <checker::Model M, class Watch>
class Walker {
 public:
    using State = typename M::State;
    using Answers = std::vector<checker::ChoiceTaken>;

    Walker(const M& model, const State& initial, const WalkLimits& limits, Watch& watch)
        : model_(model), limits_(limits), watch_(watch), walk_{initial, {}, {}, false} {}

    Walk<M> follow(const Schedule& schedule) {
        for (const Decision& decision : schedule) {
            if (!follow(decision)) return std::move(walk_);
        }
        for (std::size_t i = 0; i < limits_.tail && going_on(); ++i) {
            if (ordinary_step()) continue;
            walk_.at_end = !ended_;
            break;
        }
        return std::move(walk_);
    }

 private:
    [[nodiscard]] bool going_on() const { return !ended_ && walk_.steps.size() < limits_.steps; }

    /// \return false if the walk has ended
    bool follow(const Decision& decision) {
        for (unsigned i = 0; i < decision.wait && going_on() && ordinary_step(); ++i) {
        }
        const checker::ActorId actor = decision.actor % model_.actor_count();
        for (std::size_t i = 0; i < limits_.search && going_on(); ++i) {
            const std::size_t first = ordinary_actor() == actor ? 1 : 0;
            if (const std::size_t count = count_of(actor); count > first) {
                walk_.decided.push_back(walk_.steps.size());
                take(actor, first + decision.answer % (count - first));
                break;
            }
            if (!ordinary_step()) break;
        }
        return going_on();
    }

    /// Who moves if nobody decides: the process that moved last, or the first that can.
    [[nodiscard]] std::optional<checker::ActorId> ordinary_actor() const {
        if (can_move(current_)) return current_;
        for (checker::ActorId actor = 0; actor < model_.actor_count(); ++actor) {
            if (can_move(actor)) return actor;
        }
        return std::nullopt;
    }
    [[nodiscard]] bool can_move(checker::ActorId actor) const {
        return model_.actor_kind(actor) == checker::ActorKind::process && outcome(actor, 0).has_value();
    }

    bool ordinary_step() {
        const auto actor = ordinary_actor();
        return actor && take(*actor, 0);
    }

    /// Calls found(answers) for each outcome of an actor until it says false.
    template <class Found>
    void for_each_outcome(checker::ActorId actor, Found&& found) const {
        checker::SearchContext context;
        State after = walk_.last();
        do {
            after = walk_.last();
            context.begin();
            model_.step(after, actor, context);
            if (!context.is_blocked() && !found(context)) return;
        } while (context.advance());
    }
    [[nodiscard]] std::size_t count_of(checker::ActorId actor) const {
        std::size_t count = 0;
        for_each_outcome(actor, [&](const auto&) { return ++count > 0; });
        return count;
    }
    [[nodiscard]] std::optional<Answers> outcome(checker::ActorId actor, std::size_t number) const {
        std::optional<Answers> answers;
        for_each_outcome(actor, [&](const checker::SearchContext& context) {
            if (number-- > 0) return true;
            answers.emplace();
            for (const auto& taken : context.taken()) answers->emplace_back(taken.choice, taken.value);
            return false;
        });
        return answers;
    }

    bool take(checker::ActorId actor, std::size_t number) {
        auto answers = outcome(actor, number);
        if (!answers) return false;
        State after = walk_.last();
        checker::NoObserver nobody;
        checker::RecordingContext<> context(*answers, nobody);
        model_.step(after, actor, context);
        walk_.steps.push_back({actor, context.step(), std::move(*answers), after, true});
        if (model_.actor_kind(actor) == checker::ActorKind::process) current_ = actor;
        const std::size_t n = walk_.steps.size();
        const State& before = n == 1 ? walk_.initial : walk_.steps[n - 2].after;
        ended_ = !watch_(before, walk_.steps.back(), context.failures());
        return !ended_;
    }

    const M& model_;
    WalkLimits limits_;
    Watch& watch_;
    Walk<M> walk_;
    checker::ActorId current_ = 0;
    bool ended_ = false;
};

}  // namespace detail

/// Follows a schedule from a state.
/// \param watch bool(before, step, failures), called after each step (a MicroStep): false ends the walk
template <checker::Model M, class Watch>
[[nodiscard]] Walk<M> walk(const M& model, const typename M::State& initial, const Schedule& schedule, Watch&& watch,
                           const WalkLimits& limits = {}) {
    return detail::Walker<M, std::remove_reference_t<Watch>>(model, initial, limits, watch).follow(schedule);
}
/// The same, whatever happens on the way; a step that fails an assertion ends it.
template <checker::Model M>
[[nodiscard]] Walk<M> walk(const M& model, const typename M::State& initial, const Schedule& schedule,
                           const WalkLimits& limits = {}) {
    const auto watch = [](const auto&, const auto&, std::span<const checker::Failure> failures) {
        return failures.empty();
    };
    return walk(model, initial, schedule, watch, limits);
}

/// A walk in words: the steps that were decided, with their answers, and how many ordinary ones lie between.
template <checker::Model M>
[[nodiscard]] std::string text(const M& model, const Walk<M>& walk) {
    std::string lines;
    std::size_t next = 0;
    const auto ordinary = [&](std::size_t until) {
        if (until > next) lines += "    " + std::to_string(until - next) + " ordinary steps\n";
    };
    const auto step_line = [&](std::size_t i) {
        const auto& step = walk.steps[i];
        std::string line = "    " + std::to_string(i + 1) + ". " + std::string(model.actor_name(step.actor)) + ": " +
                           std::string(model.steps()[step.step].name);
        for (const auto& [choice, value] : step.choices) {
            const checker::ChoiceInfo& info = model.choices()[choice];
            line += " " + std::string(info.name) + "=" +
                    (info.values.empty() ? std::to_string(value)
                                         : std::string(info.values[static_cast<std::size_t>(value)]));
        }
        lines += line + "\n";
    };
    for (const std::size_t at : walk.decided) {
        ordinary(at);
        if (at < walk.steps.size()) step_line(at);
        next = at + 1;
    }
    if (next < walk.steps.size()) {
        ordinary(walk.steps.size() - 1);
        step_line(walk.steps.size() - 1);
    }
    return lines;
}

}  // namespace vmemcheck::properties
