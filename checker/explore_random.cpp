// SPDX-License-Identifier: MIT
// Random walks. Each is a function of the seed and its number, so that one can be taken again by itself.
#include <algorithm>
#include <cmath>
#include <optional>
#include <unordered_map>
#include <vector>

#include "checker/dice.hpp"
#include "checker/exploration.hpp"

namespace vmemcheck::checker {

namespace {

constexpr std::uint64_t default_walks = 1000;

/// Points with a choice in the run that takes the default throughout: the measure of rates.
std::size_t choices_of_default_run(Program& program, std::size_t max_steps) {
    std::size_t choices = 0;
    program.restart();
    for (std::size_t step = 0; step < max_steps && !program.alternatives().empty(); ++step) {
        choices += program.alternatives().size() > 1 ? 1U : 0U;
        program.take(0);
    }
    return std::max<std::size_t>(choices, 1);
}

/// Takes the default but for a fraction of the points, at which anything else is as likely.
std::size_t deviate(Dice& dice, std::size_t alternatives, double rate) {
    return dice.chance(rate) ? 1 + dice.below(alternatives - 1) : 0;
}

class UniformWalk {
 public:
    UniformWalk(const ExploreOptions& options, std::size_t choices, std::uint64_t number)
        : dice_(options.seed, number), rate_(options.deviations / static_cast<double>(choices)) {}

    std::size_t choose(std::span<const Alternative> offered, std::size_t) {
        return rate_ > 0 ? deviate(dice_, offered.size(), rate_) : dice_.below(offered.size());
    }

 private:
    Dice dice_;
    double rate_;
};

/// A walk that draws first what it may do. What it draws of an actor is a function of the walk and the actor, as nobody
/// knows beforehand which there are.
class SwarmWalk {
 public:
    SwarmWalk(const ExploreOptions& options, std::size_t choices, std::uint64_t number)
        : dice_(options.seed, number),
          key_(dice_.next()),
          // From 1 deviation to the most, few as likely as many.
          rate_(std::pow(most_deviations(options), dice_.fraction()) / static_cast<double>(choices)),
          all_actors_(dice_.chance(0.5)),
          all_answers_(dice_.chance(0.25)),
          uniform_(dice_.chance(0.125)),
          by_priority_(!uniform_ && dice_.chance(0.5)) {
        const std::uint64_t changes = by_priority_ ? dice_.below(options.change_points + std::uint64_t{1}) : 0;
        for (std::uint64_t i = 0; i < changes; ++i) changes_.push_back(dice_.below(choices));
        std::sort(changes_.begin(), changes_.end());
    }

    std::size_t choose(std::span<const Alternative> offered, std::size_t step) {
        allowed_.clear();
        for (std::size_t i = 0; i < offered.size(); ++i) {
            if (allowed(offered[i])) allowed_.push_back(i);
        }
        // Whoever may not move does when nobody else can, lest the run ends where the program does not.
        if (allowed_.empty()) {
            for (std::size_t i = 0; i < offered.size(); ++i) allowed_.push_back(i);
        }
        if (uniform_) return allowed_[dice_.below(allowed_.size())];
        if (by_priority_) return by_priority(offered, step);
        return allowed_.size() == 1 ? allowed_[0] : allowed_[deviate(dice_, allowed_.size(), rate_)];
    }

 private:
    static double most_deviations(const ExploreOptions& options) {
        constexpr double otherwise = 16;
        return std::max(1.0, options.deviations > 0 ? options.deviations : otherwise);
    }
    [[nodiscard]] std::uint64_t draw(std::uint64_t what) const {
        return detail::fold_multiply(key_ ^ what, 0x8ebc6af09c88c6e3ULL ^ (what << 32));
    }
    [[nodiscard]] bool allowed(const Alternative& alternative) const {
        const std::uint64_t actor = std::uint64_t{alternative.actor} << 16;
        if (!all_actors_ && draw(actor + 1) % 4 == 0) return false;
        return all_answers_ || alternative.answer == 0 || draw(actor + alternative.answer + (1ULL << 40)) % 2 == 0;
    }

    /// Of the actors the one of highest priority; of its answers the benign one, but at the rate of deviations.
    std::size_t by_priority(std::span<const Alternative> offered, std::size_t step) {
        const auto priority = [this](std::uint16_t actor) {
            const auto lowered = lowered_.find(actor);
            return lowered == lowered_.end() ? (1ULL << 32) + (draw(actor + (2ULL << 40)) >> 32) : lowered->second;
        };
        const auto higher = [&](std::size_t a, std::size_t b) {
            return priority(offered[a].actor) < priority(offered[b].actor);
        };
        std::uint16_t actor = offered[*std::max_element(allowed_.begin(), allowed_.end(), higher)].actor;
        while (change_ < changes_.size() && changes_[change_] <= step) {
            lowered_[actor] = (1ULL << 31) - ++change_;  // below all, and below those that were lowered before
            actor = offered[*std::max_element(allowed_.begin(), allowed_.end(), higher)].actor;
        }
        std::erase_if(allowed_, [&](std::size_t i) { return offered[i].actor != actor; });
        return allowed_.size() == 1 ? allowed_[0] : allowed_[deviate(dice_, allowed_.size(), rate_)];
    }

    Dice dice_;
    std::uint64_t key_;
    double rate_;
    bool all_actors_;
    bool all_answers_;
    bool uniform_;
    bool by_priority_;
    std::vector<std::uint64_t> changes_;
    std::size_t change_ = 0;
    std::unordered_map<std::uint16_t, std::uint64_t> lowered_;
    std::vector<std::size_t> allowed_;
};

/// \tparam Walk is constructed for each walk, and asked at each point with a choice
template <class Walk>
void walk(Exploration& exploration) {
    const ExploreOptions& options = exploration.options();
    Program& program = exploration.program();
    const std::size_t choices = choices_of_default_run(program, options.max_steps);
    const std::uint64_t count = options.max_runs > 0 ? options.max_runs : default_walks;
    Choices schedule;
    for (std::uint64_t i = 0; i < count && !exploration.over(); ++i) {
        Walk walk(options, choices, options.first_run + i);
        std::uint64_t cost = 0;
        std::size_t with_choice = 0;
        schedule.clear();
        program.restart();
        while (!program.alternatives().empty() && schedule.size() < options.max_steps && !exploration.over()) {
            const auto offered = program.alternatives();
            const std::size_t index = offered.size() > 1 ? walk.choose(offered, with_choice++) : 0;
            schedule.emplace_back(offered[index]);
            cost += offered[index].cost;
            program.take(index);
            exploration.count_point(schedule.size());
        }
        if (program.alternatives().empty()) {
            exploration.run_ended(schedule, cost);
        } else if (!exploration.over()) {
            exploration.run_left(schedule, RunLeft::cut);
        }
    }
}

}  // namespace

void walk_at_random(Exploration& exploration) { walk<UniformWalk>(exploration); }
void walk_as_swarm(Exploration& exploration) { walk<SwarmWalk>(exploration); }

}  // namespace vmemcheck::checker
