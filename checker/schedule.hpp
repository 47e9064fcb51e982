// SPDX-License-Identifier: MIT
/// \file
/// A run without its states: who moves, and what the environment answers. It can be changed and run again leniently,
/// which is what shrinking does.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "checker/context.hpp"
#include "checker/describe.hpp"
#include "checker/layout.hpp"
#include "checker/model.hpp"
#include "checker/monitor.hpp"
#include "checker/property.hpp"
#include "checker/result.hpp"
#include "checker/successors.hpp"

namespace vmemcheck::checker {

/// An actor moves once.
struct Move {
    ActorId actor{};                   ///< who
    std::vector<ChoiceTaken> answers;  ///< that it is given, in order

    /// Equal in all members.
    friend bool operator==(const Move&, const Move&) = default;
};
/// Moves in order: a run, for a lenient replay.
using Schedule = std::vector<Move>;

/// The context of a lenient replay: a question is answered by the next recorded answer to a question of its kind, and
/// by 0, the benign answer, if there is none or it is not possible. Answers that nobody asks for are ignored.
class LenientContext : public ContextBase {
 public:
    /// \param given must outlive the context
    explicit LenientContext(std::span<const ChoiceTaken> given) : given_(given), used_(given.size()) {}

    /// The next recorded answer of the kind, or 0.
    /// \param count answers there are
    int choose(ChoiceId choice, int count) {
        int value = 0;
        for (std::size_t i = 0; i < given_.size(); ++i) {
            if (used_[i] || given_[i].first != choice) continue;
            used_[i] = true;
            if (given_[i].second >= 0 && given_[i].second < count) value = given_[i].second;
            break;
        }
        taken_.emplace_back(choice, value);
        return value;
    }
    /// Nobody observes it.
    template <class State, class Event>
    void emit(const State&, const Event&) {}

    /// What was asked, with the answers given.
    [[nodiscard]] const std::vector<ChoiceTaken>& taken() const { return taken_; }

 private:
    std::span<const ChoiceTaken> given_;
    std::vector<bool> used_;
    std::vector<ChoiceTaken> taken_;
};

/// Whether an actor can move, and if not, why; ends at the first list of answers with which it can.
/// \param scratch room for a state
template <Model M>
[[nodiscard]] Moves moves_of(const M& model, const typename M::State& state, ActorId actor,
                             typename M::State& scratch) {
    Moves moves;
    SearchContext context;
    do {
        scratch = state;
        context.begin();
        model.step(scratch, actor, context);
        if (!context.is_blocked()) {
            moves.enabled = true;
            break;
        }
        Guard guard = context.guard();
        if (moves.guarded && moves.guard.holder != guard.holder) guard.holder = -1;
        moves.guarded = true;
        moves.guard = guard;
    } while (context.advance());
    return moves;
}

/// What the actors can do, as far as a monitor wants to know: the environment counts for the ends of runs only.
/// \param moves one an actor
template <Model M>
void find_moves(const M& model, const Monitor<M>& monitor, const typename M::State& state, std::vector<Moves>& moves) {
    typename M::State scratch = state;
    moves.resize(model.actor_count());
    for (ActorId actor = 0; actor < moves.size(); ++actor) {
        const bool wanted = monitor.wants_ends() || model.actor_kind(actor) == ActorKind::process;
        moves[actor] = wanted ? moves_of(model, state, actor, scratch) : Moves{};
    }
}

/// A schedule that was run, as far as the decision of its property.
struct Executed {
    Schedule moves;                     ///< those that were not blocked, with the answers that were asked for
    std::vector<std::uint64_t> states;  ///< hashes: of the initial state, then of that after each move
};

/// Runs schedules leniently, for one property.
template <Model M>
class LenientRunner {
 public:
    using State = typename M::State;  ///< of the model

    /// The model and the property must outlive it.
    LenientRunner(const M& model, const Property<M>& property, const State& initial)
        : model_(model),
          properties_{property},
          initial_(initial),
          layout_(layout_of(model, initial)),
          packed_(layout_.buffer_words()) {}

    /// Runs moves in turn, those that are blocked left out, until the property is violated (or reached).
    /// \return nothing if it is not, or a field leaves its bounds before
    std::optional<Executed> operator()(const Schedule& schedule) { return run(schedule, nullptr); }

    /// The same, with its states.
    std::optional<Counterexample<M>> counterexample(const Schedule& schedule) {
        Counterexample<M> run_of{0, {}, initial_, {}, {}};
        if (!run(schedule, &run_of)) return std::nullopt;
        return run_of;
    }

    /// As given.
    [[nodiscard]] const M& model() const { return model_; }
    [[nodiscard]] const Property<M>& property() const { return properties_.front(); }  ///< as given
    [[nodiscard]] const State& initial() const { return initial_; }                    ///< as given
    /// Of the states of the model.
    [[nodiscard]] const Layout& layout() const { return layout_; }
    /// Moves tried so far.
    [[nodiscard]] std::uint64_t work() const { return work_; }

 private:
    std::optional<Executed> run(const Schedule& schedule, Counterexample<M>* recorded) {
        Monitor<M> monitor(model_, properties_);
        const char* message = nullptr;
        bool decided = false;
        const auto hit = [&](std::size_t, const char* what) {
            decided = true;
            message = what;
        };
        State state = initial_;
        State after = state;
        Executed executed;
        const auto arrive = [&] {
            if (layout_.pack(state, packed_.data()) >= 0) return false;
            executed.states.push_back(hash_words(packed_.data(), layout_.words()));
            if (decided) return true;
            monitor.on_state(state, hit);
            if (decided || !monitor.wants_moves()) return true;
            find_moves(model_, monitor, state, moves_);
            monitor.on_moves(state, moves_, hit);
            return true;
        };
        bool fits = arrive();
        for (auto move = schedule.begin(); move != schedule.end() && fits && !decided; ++move) {
            ++work_;
            after = state;
            LenientContext context(move->answers);
            model_.step(after, move->actor, context);
            if (context.is_blocked()) continue;
            executed.moves.push_back({move->actor, context.taken()});
            monitor.on_step(state, after, context.failures(), hit);
            state = after;
            if (recorded != nullptr) {
                recorded->steps.push_back({move->actor, context.step(), context.taken(), state, true});
            }
            fits = arrive() || decided;
        }
        if (!decided) return std::nullopt;
        if (recorded != nullptr) describe(*recorded, model_, 0, properties_.front(), message);
        return executed;
    }

    const M& model_;
    std::vector<Property<M>> properties_;
    State initial_;
    Layout layout_;
    std::vector<std::uint32_t> packed_;
    std::vector<Moves> moves_;
    std::uint64_t work_ = 0;
};

}  // namespace vmemcheck::checker
