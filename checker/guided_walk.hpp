// SPDX-License-Identifier: MIT
/// \file
/// Random walks that are drawn to what is rare, for models and scopes of any size.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "checker/coverage.hpp"
#include "checker/hash.hpp"
#include "checker/schedule.hpp"

namespace vmemcheck::checker {

/// What walks have seen so far; shared by them all.
class Guidance {
 public:
    /// Times a situation was seen, situations with the same low bits of their hash counted together.
    [[nodiscard]] std::uint32_t seen(std::uint64_t situation) const { return counts_[situation % counts_.size()]; }
    /// Counts a situation as seen once more.
    void see(std::uint64_t situation) {
        std::uint32_t& count = counts_[situation % counts_.size()];
        if (count == 0) ++distinct_;
        if (count + 1 != 0) ++count;
    }
    /// Different situations seen.
    [[nodiscard]] std::uint64_t distinct() const { return distinct_; }

 private:
    std::vector<std::uint32_t> counts_ = std::vector<std::uint32_t>(std::size_t{1} << 18);
    std::uint64_t distinct_ = 0;
};

/// What a walk is told.
struct WalkOptions {
    std::uint64_t seed = 0;                   ///< the same one and the same guidance give the same walk
    std::uint64_t length = 1000;              ///< most moves
    bool swarm = false;                       ///< some of the environment may stay quiet for all of the walk
    const std::atomic<bool>* stop = nullptr;  ///< set it to end the walk
};

/// What a walk found.
struct Walked {
    Schedule moves;                       ///< in order, to the violation if there is one
    std::optional<std::size_t> violated;  ///< index of a property
    std::string model_error;              ///< a rule of the model that was broken, or empty
    std::string out_of_bounds;            ///< a field that left its bounds, and so ended the walk, or empty
    bool stuck = false;                   ///< it ended before its length, as nothing could move
};

/// A walk through a model. In each state some moves are drawn and tried: an actor (processes and the environment as
/// often as this walk's dice say), and its answers, faults as often as this walk's dice say. Of those that are not
/// blocked the one is taken that leads to the situation seen least: the step, its named answers, and where the program
/// counters are then. A move that violates a property known to be violated is not taken, so that other properties are
/// seen beyond it.
///
/// Unlike simulate(), no actor's outcomes are enumerated, so a step costs the same however large the scope is. The same
/// seed and guidance give the same walk on every platform.
template <Model M>
class GuidedWalk {
 public:
    using State = typename M::State;  ///< of the model

    /// \param known properties already found violated
    /// \param open properties to be looked at
    GuidedWalk(const M& model, const std::vector<Property<M>>& known, const std::vector<Property<M>>& open,
               Guidance& guidance, Coverage& coverage, const WalkOptions& options)
        : model_(model),
          known_(model, known),
          open_(model, open),
          guidance_(guidance),
          coverage_(coverage),
          options_(options),
          random_(options.seed) {
        draw_dice();
    }

    /// Walks; to be called once.
    Walked run(const State& initial) {
        layout_ = layout_of(model_, initial);
        State state = initial;
        const auto hit = [this](std::size_t property, const char*) { walked_.violated = property; };
        open_.on_state(state, hit);
        std::uint64_t moves = 0;
        while (!ended() && moves < options_.length && !stopped()) {
            if (open_.wants_moves() && moves % moves_interval == 0 && stuck_in(state, hit)) break;
            const bool tournament = below(2) == 0;
            if (!draw(state, tournament ? 3 : 1) && !find_any(state)) {
                walked_.stuck = true;
                stuck_in(state, hit);
                break;
            }
            take(state, hit);
            ++moves;
        }
        if (!ended()) stuck_in(state, hit);
        return std::move(walked_);
    }

 private:
    static constexpr unsigned moves_interval = 16;  ///< a deadlock does not go away: no need to look in every state
    static constexpr unsigned most_draws = 48;

    /// A move that was tried.
    struct Tried {  // NOLINT(cppcoreguidelines-pro-type-member-init): a model's state has not always a default
        State after;
        Move move;
        StepId step = no_step;
        std::vector<SearchContext::Taken> taken;
        std::vector<Failure> failures;
        std::uint64_t situation = 0;
        std::uint32_t seen = 0;
    };

    /// Answers at random.
    class DrawingContext : public ContextBase {
     public:
        explicit DrawingContext(GuidedWalk& walk) : walk_(walk) {}
        int choose(ChoiceId choice, int count) {
            const int value = walk_.answer(choice, count);
            taken.push_back({choice, count, value});
            return value;
        }
        template <class S, class Event>
        void emit(const S&, const Event&) {}
        std::vector<SearchContext::Taken> taken;

     private:
        GuidedWalk& walk_;
    };

    [[nodiscard]] bool ended() const {
        return walked_.violated || !walked_.model_error.empty() || !walked_.out_of_bounds.empty();
    }
    [[nodiscard]] bool stopped() const {
        return options_.stop != nullptr && options_.stop->load(std::memory_order_relaxed);
    }
    /// A number in 0 .. count - 1; the same on every platform.
    std::uint64_t below(std::uint64_t count) {
        __extension__ using Wide = unsigned __int128;
        return static_cast<std::uint64_t>(static_cast<Wide>(random_()) * count >> 64);
    }

    /// How lively each actor is and from when on, and how often each kind of fault strikes, in this walk.
    void draw_dice() {
        static constexpr std::array<unsigned, 4> lively{1, 2, 4, 16};
        static constexpr std::array<unsigned, 4> processes{4, 8, 16, 64};
        static constexpr std::array<unsigned, 5> strikes{0, 1, 4, 16, 32};  // of 64
        const unsigned process = processes[below(processes.size())];
        for (ActorId actor = 0; actor < model_.actor_count(); ++actor) {
            const bool environment = model_.actor_kind(actor) == ActorKind::environment;
            unsigned weight = lively[below(lively.size())];
            if (!environment) weight *= process;
            if (environment && options_.swarm && below(4) == 0) weight = 0;
            weights_.push_back(weight);
            total_ += weight;
            // What happens once only, and ends much, is to happen at any time.
            wakes_.push_back(environment && below(2) == 0 ? below(options_.length) : 0);
        }
        for (std::size_t i = 0; i < model_.choices().size(); ++i) strikes_.push_back(strikes[below(strikes.size())]);
    }
    int answer(ChoiceId choice, int count) {
        if (count <= 1) return 0;
        const auto others = static_cast<std::uint64_t>(count);
        if (!model_.choices()[choice].fault) return static_cast<int>(below(others));
        if (below(64) >= strikes_[choice]) return 0;
        return 1 + static_cast<int>(below(others - 1));
    }
    ActorId draw_actor() {
        std::uint64_t ticket = below(total_);
        for (ActorId actor = 0;; ++actor) {
            if (ticket < weights_[actor]) return actor;
            ticket -= weights_[actor];
        }
    }

    /// Tries a move; false if it is blocked or leads to what is known.
    bool attempt(const State& state, ActorId actor) {
        trial_.after = state;
        DrawingContext context(*this);
        model_.step(trial_.after, actor, context);
        if (context.is_blocked()) return false;
        trial_.failures.assign(context.failures().begin(), context.failures().end());
        if (!known_.step_good(state, trial_.after, trial_.failures) || !known_.state_good(trial_.after)) return false;
        trial_.step = context.step();
        trial_.taken = std::move(context.taken);
        trial_.move.actor = actor;
        trial_.situation = situation(trial_.after, actor);
        trial_.seen = guidance_.seen(trial_.situation);
        return true;
    }
    std::uint64_t situation(const State& after, ActorId actor) const {
        std::uint64_t hash = detail::fold_multiply(0x9e3779b97f4a7c15ULL + actor, 0xa0761d6478bd642fULL + trial_.step);
        for (const auto& taken : trial_.taken) {
            if (model_.choices()[taken.choice].values.empty()) continue;
            const auto answer = (static_cast<std::uint64_t>(taken.choice) << 8U) + static_cast<unsigned>(taken.value);
            hash = detail::fold_multiply(hash ^ answer, 0xe7037ed1a0b428dbULL);
        }
        if constexpr (PredictsSteps<M>) {
            for (ActorId other = 0; other < weights_.size(); ++other) {
                const auto next = static_cast<std::uint64_t>(std::int64_t{model_.next_step(after, other)} + 1);
                hash = detail::fold_multiply(hash ^ next, 0x8ebc6af09c88c6e3ULL + other);
            }
        }
        return hash;
    }

    /// Draws moves until so many are possible. \return whether one is: it is in chosen_
    bool draw(const State& state, unsigned wanted) {
        bool any = false;
        for (unsigned draws = 0; draws < most_draws && wanted > 0; ++draws) {
            const ActorId actor = draw_actor();
            if (wakes_[actor] > walked_.moves.size() || !attempt(state, actor)) continue;
            --wanted;
            if (!any || trial_.seen < chosen_.seen) std::swap(trial_, chosen_);
            any = true;
        }
        return any;
    }
    /// Tries every actor, those that are to be quiet last.
    bool find_any(const State& state) {
        for (const bool quiet : {false, true}) {
            for (ActorId actor = 0; actor < weights_.size(); ++actor) {
                const bool sleeps = weights_[actor] == 0 || wakes_[actor] > walked_.moves.size();
                if (sleeps != quiet) continue;
                for (unsigned tries = 0; tries < most_draws; ++tries) {
                    if (!attempt(state, actor)) continue;
                    std::swap(trial_, chosen_);
                    return true;
                }
            }
        }
        return false;
    }

    template <class Hit>
    void take(State& state, Hit& hit) {
        guidance_.see(chosen_.situation);
        chosen_.move.answers.clear();
        for (const auto& taken : chosen_.taken) chosen_.move.answers.emplace_back(taken.choice, taken.value);
        walked_.moves.push_back(chosen_.move);
        if (const Misuse how = coverage_.record(chosen_.step, chosen_.taken); how != Misuse::none) {
            walked_.model_error = text(how);
            return;
        }
        open_.on_step(state, chosen_.after, chosen_.failures, hit);
        state = chosen_.after;
        if (walked_.violated) return;
        if (const int bad = layout_.check(state); bad >= 0) {
            walked_.out_of_bounds = bounds_text(layout_, state, bad);
            return;
        }
        open_.on_state(state, hit);
    }

    /// Looks at what the actors can do. \return whether that is a violation
    template <class Hit>
    bool stuck_in(const State& state, Hit& hit) {
        if (!open_.wants_moves()) return false;
        find_moves(model_, open_, state, moves_);
        open_.on_moves(state, moves_, hit);
        return walked_.violated.has_value();
    }

    const M& model_;
    Monitor<M> known_;
    Monitor<M> open_;
    Guidance& guidance_;
    Coverage& coverage_;
    WalkOptions options_;
    std::mt19937_64 random_;
    Layout layout_;
    std::vector<unsigned> weights_;  ///< one an actor
    std::uint64_t total_ = 0;
    std::vector<std::uint64_t> wakes_;  ///< one an actor: moves before its first
    std::vector<unsigned> strikes_;     ///< one a choice
    Tried trial_;
    Tried chosen_;
    std::vector<Moves> moves_;
    Walked walked_;
};

}  // namespace vmemcheck::checker
