// SPDX-License-Identifier: MIT
/// \file
/// Makes a violating run shorter, for any model.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <unordered_map>
#include <utility>
#include <vector>

#include "checker/schedule.hpp"
#include "checker/shortcuts.hpp"

namespace vmemcheck::checker {

/// What a Shrinker is told.
struct ShrinkOptions {
    std::uint64_t seed = 0;  ///< the same seed shrinks to the same run
    /// Most states of one search for shortcuts; 0: no such searches.
    std::uint64_t search_states = 60'000;
    /// Most moves tried and states stored in all.
    std::uint64_t max_work = 30'000'000;
    const std::atomic<bool>* stop = nullptr;  ///< set it to end early, with what was reached so far
};

/// Shrinks schedules that violate a property when run leniently. Removes whole actors, then parts of the run (delta
/// debugging: Zeller, Hildebrandt, IEEE TSE 2002), then what lies between equal states; makes answers benign; and
/// searches breadth first for shortcuts from states of the run.
template <Model M>
class Shrinker {
 public:
    using State = typename M::State;  ///< of the model

    /// The model and the property must outlive it.
    Shrinker(const M& model, const Property<M>& property, const State& initial, const ShrinkOptions& options)
        : options_(options), runner_(model, property, initial), random_(options.seed) {}

    /// \return the shrunk run; nothing if the schedule does not violate the property
    std::optional<Counterexample<M>> shrink(const Schedule& schedule) {
        best_ = runner_(schedule);
        if (!best_) return std::nullopt;
        reduce();
        if (options_.search_states > 0) {
            while (!over() && search()) reduce();
        }
        return runner_.counterexample(best_->moves);
    }

    /// Without the searches; for runs of models too large for them, or to be searched later.
    std::optional<Schedule> reduced(const Schedule& schedule) {
        best_ = runner_(schedule);
        if (!best_) return std::nullopt;
        reduce();
        return best_->moves;
    }

 private:
    [[nodiscard]] bool over() const {
        if (options_.stop != nullptr && options_.stop->load(std::memory_order_relaxed)) return true;
        return runner_.work() + explored_ >= options_.max_work;
    }
    [[nodiscard]] static std::size_t strikes(const Schedule& schedule) {
        std::size_t n = 0;
        for (const Move& move : schedule) {
            for (const auto& answer : move.answers) n += answer.second != 0 ? 1 : 0;
        }
        return n;
    }

    /// Keeps a schedule if it violates the property and is shorter, or as long with more benign answers.
    bool accept(const Schedule& candidate) {
        auto executed = runner_(candidate);
        if (!executed) return false;
        const std::size_t before = best_->moves.size();
        const std::size_t now = executed->moves.size();
        if (now > before || (now == before && strikes(executed->moves) >= strikes(best_->moves))) return false;
        best_ = std::move(executed);
        return true;
    }

    void reduce() {
        bool changed = true;
        while (changed && !over()) {
            changed = cut_loops();
            changed = remove_actors() || changed;
            changed = remove_parts() || changed;
            changed = make_benign() || changed;
        }
    }

    /// From each state on to the last that is equal to it.
    bool cut_loops() {
        std::unordered_map<std::uint64_t, std::size_t> last;
        for (std::size_t i = 0; i < best_->states.size(); ++i) last[best_->states[i]] = i;
        Schedule without;
        for (std::size_t i = 0;;) {
            i = last[best_->states[i]];
            if (i >= best_->moves.size()) break;
            without.push_back(best_->moves[i++]);
        }
        return without.size() < best_->moves.size() && accept(without);
    }

    bool remove_actors() {
        bool changed = false;
        for (ActorId actor = 0; actor < runner_.model().actor_count() && !over(); ++actor) {
            Schedule without = best_->moves;
            std::erase_if(without, [actor](const Move& move) { return move.actor == actor; });
            if (without.size() < best_->moves.size()) changed = accept(without) || changed;
        }
        return changed;
    }

    /// Parts of half the length, a quarter, ..., one move.
    bool remove_parts() {
        bool changed = false;
        for (std::size_t length = std::max<std::size_t>(1, best_->moves.size() / 2);; length /= 2) {
            for (std::size_t at = 0; at < best_->moves.size() && !over();) {
                Schedule without = best_->moves;
                const std::size_t end = std::min(without.size(), at + length);
                without.erase(without.begin() + static_cast<std::ptrdiff_t>(at),
                              without.begin() + static_cast<std::ptrdiff_t>(end));
                if (accept(without)) {
                    changed = true;  // what followed is here now
                } else {
                    at += length;
                }
            }
            if (length <= 1 || over()) return changed;
        }
    }

    bool make_benign() {
        bool changed = false;
        const auto choices = runner_.model().choices();
        for (std::size_t at = 0; at < best_->moves.size() && !over(); ++at) {
            for (std::size_t i = 0; at < best_->moves.size() && i < best_->moves[at].answers.size(); ++i) {
                const ChoiceTaken& answer = best_->moves[at].answers[i];
                if (answer.second == 0 || !choices[answer.first].fault) continue;
                Schedule benign = best_->moves;
                benign[at].answers[i].second = 0;
                changed = accept(benign) || changed;
            }
        }
        return changed;
    }

    /// Local steps right after the step before them: what the searches know of.
    void fuse() {
        if constexpr (PredictsSteps<M>) {
            Schedule rest = best_->moves;
            Schedule fused;
            const auto steps = runner_.model().steps();
            State state = runner_.initial();
            while (!rest.empty()) {
                auto next = rest.begin();
                const ActorId actor = next->actor;
                while (next != rest.end()) {
                    fused.push_back(*next);
                    LenientContext context(next->answers);
                    runner_.model().step(state, actor, context);
                    if (context.is_blocked()) return;
                    rest.erase(next);
                    const int local = runner_.model().next_step(state, actor);
                    if (local < 0 || !steps[static_cast<std::size_t>(local)].local) break;
                    next = std::find_if(rest.begin(), rest.end(), [&](const Move& m) { return m.actor == actor; });
                }
            }
            auto executed = runner_(fused);
            if (executed && executed->moves.size() <= best_->moves.size()) best_ = std::move(executed);
        }
    }

    /// Looks for shortcuts from the start, and from further and further on. \return whether one was taken
    bool search() {
        fuse();
        bool changed = false;
        ShortcutSearch<M> shortcuts(runner_, options_.search_states);
        const std::uint64_t before = explored_;
        for (std::size_t from = 0; from + 1 < best_->states.size() && !over();) {
            const auto run = runner_.counterexample(best_->moves);
            if (!run) break;
            const State start = from == 0 ? run->initial : run->steps[from - 1].after;
            const auto shortcut = shortcuts.find(start, from, best_->states);
            explored_ = before + shortcuts.explored();
            const std::size_t length = best_->moves.size();
            if (shortcut) {
                Schedule shorter(best_->moves.begin(), best_->moves.begin() + static_cast<std::ptrdiff_t>(from));
                shorter.insert(shorter.end(), shortcut->way.begin(), shortcut->way.end());
                shorter.insert(shorter.end(), best_->moves.begin() + static_cast<std::ptrdiff_t>(shortcut->to),
                               best_->moves.end());
                if (accept(shorter)) changed = true;
                // The shortest way to the violation there is.
                if (shortcut->decides && from == 0) return false;
            }
            // Not every place is worth a search; where they are is up to the seed.
            if (!shortcut || best_->moves.size() == length)
                from += std::max<std::size_t>(1, length / 12) + random_() % 3;
        }
        return changed;
    }

    ShrinkOptions options_;
    LenientRunner<M> runner_;
    std::mt19937_64 random_;
    std::optional<Executed> best_;
    std::uint64_t explored_ = 0;
};

}  // namespace vmemcheck::checker
