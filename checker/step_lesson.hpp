// SPDX-License-Identifier: MIT
/// \file
/// How a cache of steps comes to know them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "checker/context.hpp"
#include "checker/coverage.hpp"
#include "checker/step_cache.hpp"
#include "checker/successors.hpp"

namespace vmemcheck::checker::detail {

/// What is seen of one step of an actor, run by run, until it says whether a StepCache can keep it.
class StepLesson {
 public:
    /// To be called before the step is run.
    void begin() {
        notes_ = {};
        step_ = no_step;
        fit_ = true;
    }
    /// The step is nothing to keep.
    void give_up() { fit_ = false; }
    /// Whether it is worth to look on.
    [[nodiscard]] bool fit() const { return fit_; }
    /// Looks at an enabled run. \param outcome of the step, 0, 1, ...
    void on_run(std::uint64_t outcome, const SearchContext& context, const Coverage& coverage) {
        const std::size_t counters = notes_.counter_count + std::size_t{1} + context.taken().size();
        const bool of_one_step = outcome == 0 || context.step() == step_;
        fit_ = outcome < StepLimits::most_outcomes && counters <= StepLimits::most_counters && of_one_step &&
               context.failures().empty();
        if (!fit_) return;
        step_ = context.step();
        note(coverage.counter_of(step_));
        for (const auto& answer : context.taken()) note(coverage.counter_of(answer));
    }
    /// The step was run. \param word the state \param made its packed successors, at most StepLimits::most_outcomes
    /// \return what to keep of it, but for what it depends on
    template <unsigned words>
    [[nodiscard]] typename StepCache<words>::Entry end(const typename StepCache<words>::Word& word,
                                                       std::span<const std::uint64_t> made, const Moves& moves) {
        typename StepCache<words>::Entry entry;
        entry.step = made.empty() ? 0 : step_;
        entry.count = static_cast<std::uint32_t>(made.size() / words);
        for (std::size_t i = 0; i < made.size(); ++i) entry.changes[i / words][i % words] = word[i % words] ^ made[i];
        notes_.enabled = moves.enabled;
        notes_.guarded = moves.guarded;
        notes_.holder = moves.guarded ? moves.guard.holder : -1;
        return entry;
    }
    /// Complete after end().
    [[nodiscard]] const StepNotes& notes() const { return notes_; }

 private:
    void note(std::uint32_t counter) { notes_.counters[notes_.counter_count++] = static_cast<std::uint16_t>(counter); }

    StepNotes notes_;
    StepId step_ = no_step;
    bool fit_ = false;
};

}  // namespace vmemcheck::checker::detail
