// SPDX-License-Identifier: MIT
#include "checker/shrink_choices.hpp"

#include <algorithm>
#include <chrono>
#include <tuple>
#include <utility>
#include <vector>

#include "checker/explore.hpp"

namespace vmemcheck::checker {

namespace {

/// Something else than the default, to be taken from step `at` on as soon as it is offered.
struct Deviation {
    std::size_t at = 0;
    Choice choice;
};

class ChoicesShrinker {
 public:
    ChoicesShrinker(Program& program, const std::string& property, const ShrinkChoicesOptions& options)
        : program_(program), property_(property), options_(options) {}

    std::optional<ShrunkChoices> shrink(const Choices& choices) {
        best_ = replay_leniently(program_, choices, options_.max_steps);
        shrunk_.runs = 1;
        if (!best_.violates(property_)) return std::nullopt;
        reduce();
        if (search()) reduce();
        shrunk_.run = std::move(best_);
        return std::move(shrunk_);
    }

 private:
    [[nodiscard]] double seconds_left() const {
        return options_.max_seconds - std::chrono::duration<double>(Clock::now() - begin_).count();
    }
    /// By the clock or by the caller.
    [[nodiscard]] bool out_of_time() const {
        if (options_.stop != nullptr && options_.stop->load(std::memory_order_relaxed)) return true;
        return options_.max_seconds > 0 && seconds_left() <= 0;
    }
    [[nodiscard]] bool over() const { return shrunk_.runs >= options_.max_runs || out_of_time(); }

    [[nodiscard]] static auto key(const Replayed& run) {
        std::uint64_t answers = 0;
        for (const Choice& choice : run.taken) answers += choice.answer;
        return std::make_tuple(run.cost, run.deviations.size(), run.taken.size(), answers);
    }
    bool accept(Replayed run) {
        ++shrunk_.runs;
        if (!run.violates(property_) || key(run) >= key(best_)) return false;
        best_ = std::move(run);
        return true;
    }

    [[nodiscard]] std::vector<Deviation> deviations() const {
        std::vector<Deviation> all;
        for (const std::size_t at : best_.deviations) all.push_back({at, best_.taken[at]});
        return all;
    }
    /// Takes the default but for some deviations. One that is not offered in time waits; others may overtake it.
    Replayed run(std::vector<Deviation> pending) {
        Replayed run;
        program_.restart();
        while (!program_.alternatives().empty() && run.taken.size() < options_.max_steps) {
            std::size_t index = 0;
            for (auto due = pending.begin(); due != pending.end() && due->at <= run.taken.size(); ++due) {
                const auto offered = find_alternative(program_, due->choice);
                if (!offered) continue;
                index = *offered;
                pending.erase(due);
                break;
            }
            take(program_, index, run);
        }
        if (program_.alternatives().empty()) run.end = program_.end();
        return run;
    }

    void reduce() {
        bool changed = true;
        while (changed && !over()) {
            changed = drop_deviations();
            changed = drop_parts() || changed;
            changed = simplify_answers() || changed;
        }
    }

    /// Half of the deviations, a quarter, ..., one.
    bool drop_deviations() {
        bool changed = false;
        for (std::size_t length = std::max<std::size_t>(1, best_.deviations.size() / 2);; length /= 2) {
            for (std::size_t at = 0; at < best_.deviations.size() && !over();) {
                auto without = deviations();
                const std::size_t end = std::min(without.size(), at + length);
                without.erase(without.begin() + static_cast<std::ptrdiff_t>(at),
                              without.begin() + static_cast<std::ptrdiff_t>(end));
                if (accept(run(std::move(without)))) {
                    changed = true;  // what followed is here now
                } else {
                    at += length;
                }
            }
            if (length <= 1 || over()) return changed;
        }
    }

    /// The same with steps, the default ones included: what follows keeps its order, not its place.
    bool drop_parts() {
        bool changed = false;
        for (std::size_t length = std::max<std::size_t>(1, best_.taken.size() / 2);; length /= 2) {
            for (std::size_t at = 0; at < best_.taken.size() && !over();) {
                Choices without = best_.taken;
                const std::size_t end = std::min(without.size(), at + length);
                without.erase(without.begin() + static_cast<std::ptrdiff_t>(at),
                              without.begin() + static_cast<std::ptrdiff_t>(end));
                if (accept(replay_leniently(program_, without, options_.max_steps))) {
                    changed = true;
                } else {
                    at += length;
                }
            }
            if (length <= 1 || over()) return changed;
        }
    }

    bool simplify_answers() {
        bool changed = false;
        for (std::size_t i = 0; i < best_.deviations.size() && !over(); ++i) {
            for (std::uint16_t answer = 0; i < best_.deviations.size() && !over(); ++answer) {
                auto simpler = deviations();
                if (answer >= simpler[i].choice.answer) break;
                simpler[i].choice.answer = answer;
                changed = accept(run(std::move(simpler))) || changed;
            }
        }
        return changed;
    }

    /// \return whether a run of less cost was found
    bool search() {
        if (best_.cost == 0) shrunk_.least_cost = true;
        if (options_.search_runs == 0 || best_.cost == 0 || out_of_time()) return false;
        ExploreOptions explored;
        explored.bound = static_cast<std::uint16_t>(std::min<std::uint64_t>(best_.cost - 1, 0xffff));
        explored.wanted = {property_};
        explored.max_runs = options_.search_runs;
        explored.max_seconds = options_.max_seconds > 0 ? seconds_left() : 0;
        explored.max_steps = options_.max_steps;
        explored.stop = options_.stop;
        const ExploreResult result = explore(program_, explored);
        shrunk_.runs += result.runs;
        const bool all = result.cut == 0 && result.given_up == 0;
        shrunk_.least_cost = all && (result.complete || result.ended == ExploreEnded::violation);
        if (result.ended != ExploreEnded::violation) return false;
        for (const ExploreViolation& violation : result.violations) {
            if (violation.wanted) return accept(replay_leniently(program_, violation.schedule, options_.max_steps));
        }
        return false;
    }

    using Clock = std::chrono::steady_clock;

    Program& program_;
    const std::string& property_;
    const ShrinkChoicesOptions& options_;
    Clock::time_point begin_ = Clock::now();
    Replayed best_;
    ShrunkChoices shrunk_;
};

}  // namespace

std::optional<ShrunkChoices> shrink(Program& program, const Choices& choices, const std::string& property,
                                    const ShrinkChoicesOptions& options) {
    return ChoicesShrinker(program, property, options).shrink(choices);
}

}  // namespace vmemcheck::checker
