// SPDX-License-Identifier: MIT
#include "properties/fuzz.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "checker/guided_walk.hpp"
#include "checker/options.hpp"
#include "properties/fuzz_plan.hpp"
#include "properties/fuzz_vary.hpp"
#include "spec/properties.hpp"

namespace vmemcheck::bbm::fuzz {

namespace {

constexpr std::array<std::uint64_t, 4> lengths{200, 600, 1500, 4000};

/// A walk, and of what.
struct Step {
    Plan plan;
    std::string violated;  ///< id, or empty
    std::string model_error;
    std::string out_of_bounds;
};

/// Whether a property is among those asked for.
bool wanted(const std::vector<std::string>& ids, std::string_view id) {
    return ids.empty() || std::find(ids.begin(), ids.end(), id) != ids.end();
}

template <class M>
Step walk(const Config& config, const std::vector<std::string>& ids, const std::vector<std::string>& known,
          checker::Guidance& guidance, checker::Coverage& coverage, const checker::WalkOptions& options, Dice& dice) {
    const M model(config);
    std::vector<checker::Property<M>> avoided;
    std::vector<checker::Property<M>> open;
    for (auto& property : spec::properties<M>(config)) {
        if (!can_be_violated(property) || !wanted(ids, property.id)) continue;
        const bool is_known = std::find(known.begin(), known.end(), property.id) != known.end();
        (is_known ? avoided : open).push_back(std::move(property));
    }
    Step step{{config, draw_left_plugged(config, dice), {}}, {}, {}, {}};
    checker::GuidedWalk<M> walk(model, avoided, open, guidance, coverage, options);
    checker::Walked walked = walk.run(model.initial_state(step.plan.left_plugged));
    step.plan.moves = std::move(walked.moves);
    if (walked.violated) step.violated = open[*walked.violated].id;
    step.model_error = std::move(walked.model_error);
    step.out_of_bounds = std::move(walked.out_of_bounds);
    return step;
}

/// The walks of fuzz().
class Campaign {
 public:
    explicit Campaign(const Options& options) : options_(options), limits_(options.seconds, options.stop) {
        const Bbm any(Config{});
        result_.coverage = checker::Coverage(any.steps(), any.choices());
        for (const auto& property : spec::properties<WideBbm>(options.config)) {
            if (can_be_violated(property) && wanted(options.properties, property.id)) ++open_;
        }
    }

    Result run() {
        for (std::uint64_t number = 0; options_.walks == 0 || number < options_.walks; ++number) {
            if (over()) break;
            take(number);
            if (!result_.model_error.empty()) {
                result_.ended = checker::Ended::model_error;
                break;
            }
        }
        result_.situations = guidance_.distinct();
        result_.seconds = limits_.seconds();
        return std::move(result_);
    }

 private:
    bool over() {
        if (options_.stop_when_decided && known_.size() == open_) {
            result_.ended = checker::Ended::decided;
            return true;
        }
        if (options_.stop != nullptr && options_.stop->load(std::memory_order_relaxed)) {
            result_.ended = checker::Ended::interrupted;
            return true;
        }
        const double seconds = limits_.seconds();
        if (options_.seconds > 0 && seconds >= options_.seconds) {
            result_.ended = checker::Ended::time_limit;
            return true;
        }
        constexpr double interval = 0.25;
        if (options_.progress && seconds >= reported_ + interval) {
            reported_ = seconds;
            options_.progress({result_.walks, result_.moves, guidance_.distinct(), result_.found.size(), seconds});
        }
        return false;
    }

    void take(std::uint64_t number) {
        Dice dice(options_.seed, number);
        const Config config = vary(options_, dice);
        checker::WalkOptions walking;
        walking.seed = dice.below(~std::uint64_t{0});
        walking.length = lengths[dice.below(lengths.size())];
        walking.swarm = options_.swarm;
        walking.stop = options_.stop;
        Step step = with_model(config.scope, [&]<class M>(std::type_identity<M>) {
            return walk<M>(config, options_.properties, known_, guidance_, result_.coverage, walking, dice);
        });
        ++result_.walks;
        result_.moves += step.plan.moves.size();
        result_.model_error = step.model_error;
        if (!step.out_of_bounds.empty()) {
            // A mutant may well do that, when what it breaks is not looked at.
            if (config.mutant == Mutant::none) result_.model_error = step.out_of_bounds;
            ++result_.out_of_bounds;
        }
        if (step.violated.empty()) return;
        const double seconds = limits_.seconds();
        const std::uint64_t length = step.plan.moves.size();
        known_.push_back(step.violated);
        Found found = shrink(std::move(step.plan), step.violated, options_.config, options_.seed, options_.stop);
        found.walk = number;
        found.unshrunk_moves = length;
        found.seconds = seconds;
        found.shrink_seconds = limits_.seconds() - seconds;
        result_.found.push_back(std::move(found));
    }

    const Options& options_;
    checker::Limits limits_;
    checker::Guidance guidance_;
    std::vector<std::string> known_;
    std::size_t open_ = 0;
    double reported_ = 0;
    Result result_;
};

}  // namespace

Result fuzz(const Options& options) { return Campaign(options).run(); }

std::optional<Found> find_violation(const Config& config, std::string_view property, double seconds,
                                    std::uint64_t seed) {
    Options options;
    options.config = config;
    options.swarm = true;
    options.properties.emplace_back(property);
    options.seconds = seconds;
    options.seed = seed;
    Result result = fuzz(options);
    if (result.found.empty()) return std::nullopt;
    return std::move(result.found.front());
}

std::optional<Plan> find_again(const Config& config, std::string_view property, std::uint64_t seed,
                               std::uint64_t length, std::uint64_t budget, const std::atomic<bool>* stop) {
    checker::Guidance guidance;
    const Bbm any(Config{});
    checker::Coverage coverage(any.steps(), any.choices());
    const std::vector<std::string> ids{std::string(property)};
    std::uint64_t moves = 0;
    for (std::uint64_t number = 0; moves < budget; ++number) {
        if (stop != nullptr && stop->load(std::memory_order_relaxed)) break;
        Dice dice(seed, number);
        checker::WalkOptions walking;
        walking.seed = dice.below(~std::uint64_t{0});
        walking.length = length;
        walking.swarm = true;
        walking.stop = stop;
        Step step = with_model(config.scope, [&]<class M>(std::type_identity<M>) {
            return walk<M>(config, ids, {}, guidance, coverage, walking, dice);
        });
        if (!step.violated.empty()) return std::move(step.plan);
        moves += step.plan.moves.size() + 1;
    }
    return std::nullopt;
}

}  // namespace vmemcheck::bbm::fuzz
