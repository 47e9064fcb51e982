// SPDX-License-Identifier: MIT
#include "checker/exploration.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace vmemcheck::checker {

Exploration::Exploration(Program& program, const ExploreOptions& options, ExploreObserver* observer)
    : program_(program), options_(options), observer_(observer) {
    result.mode = options.mode;
    result.ended = ExploreEnded::complete;
}

void Exploration::end(ExploreEnded why) {
    if (over_) return;
    over_ = true;
    result.ended = why;
}

void Exploration::look() {
    const double now = seconds();
    if (options_.stop != nullptr && options_.stop->load(std::memory_order_relaxed)) end(ExploreEnded::interrupted);
    if (options_.max_seconds > 0 && now >= options_.max_seconds) end(ExploreEnded::time_limit);
    constexpr double report_interval = 0.25;
    if (observer_ == nullptr || now - reported_ < report_interval) return;
    reported_ = now;
    ExploreProgress progress;
    progress.runs = result.runs;
    progress.points = result.points;
    progress.states = result.states;
    progress.pruned = result.pruned;
    progress.bound = bound_;
    progress.memory_bytes = memory_;
    progress.seconds = now;
    observer_->on_progress(progress);
}

void Exploration::note(const ProgramEnd& end, const Choices& schedule, std::uint64_t cost, bool again) {
    auto& all = result.violations;
    auto known = std::find_if(all.begin(), all.end(), [&](const auto& v) { return v.property == end.property; });
    const auto& wanted = options_.wanted;
    if (known == all.end()) {
        known = all.insert(known, ExploreViolation{});
        known->property = end.property;
        known->wanted = wanted.empty() || std::find(wanted.begin(), wanted.end(), end.property) != wanted.end();
    } else if (std::make_tuple(cost, schedule.size()) >= std::make_tuple(known->cost, known->schedule.size())) {
        if (!again) ++known->count;
        return;
    }
    if (!again) ++known->count;
    known->message = end.message;
    known->schedule = schedule;
    known->cost = cost;
    known->run = options_.first_run + result.runs + result.cut - 1;
    known->seconds = seconds();
}

void Exploration::run_ended(const Choices& schedule, std::uint64_t cost, bool again) {
    const ProgramEnd& how = program_.end();
    const bool violation = how.kind == ProgramEnd::Kind::violation;
    if (!again) {
        ++result.runs;
        result.violating += violation ? 1U : 0U;
        result.given_up += how.kind == ProgramEnd::Kind::given_up ? 1U : 0U;
        if (observer_ != nullptr) observer_->on_run_end(schedule, how);
    }
    if (violation) {
        note(how, schedule, cost, again);
        const auto& wanted = options_.wanted;
        const bool matters = wanted.empty() || std::find(wanted.begin(), wanted.end(), how.property) != wanted.end();
        if (matters && !options_.keep_going) end(ExploreEnded::violation);
    }
    if (options_.stop != nullptr && options_.stop->load(std::memory_order_relaxed)) end(ExploreEnded::interrupted);
    const bool walks = options_.mode == ExploreMode::random || options_.mode == ExploreMode::swarm;
    if (!walks && options_.max_runs > 0 && result.runs >= options_.max_runs) end(ExploreEnded::run_limit);
}

void Exploration::run_left(const Choices& schedule, RunLeft why) {
    ++(why == RunLeft::cut ? result.cut : result.pruned);
    if (observer_ != nullptr) observer_->on_run_left(schedule, why);
}

ExploreResult Exploration::finish() {
    const bool promises = options_.mode == ExploreMode::bounded || options_.mode == ExploreMode::exhaustive;
    result.complete = promises && result.ended == ExploreEnded::complete && result.cut == 0 && result.given_up == 0;
    result.seconds = seconds();
    return std::move(result);
}

}  // namespace vmemcheck::checker
