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
        fit_ = outcome < StepCache::most_outcomes && counters <= StepCache::most_counters && of_one_step &&
               context.failures().empty();
        if (!fit_) return;
        step_ = context.step();
        note(coverage.counter_of(step_));
        for (const auto& answer : context.taken()) note(coverage.counter_of(answer));
    }
    /// The step was run. \param word the state \param words its successors, at most StepCache::most_outcomes
    /// \return what to keep of it, but for the bits that it depends on
    [[nodiscard]] StepCache::Entry end(std::uint64_t word, std::span<const std::uint64_t> words, const Moves& moves) {
        StepCache::Entry entry;
        entry.word = word;
        entry.step = words.empty() ? 0 : step_;
        entry.count = static_cast<std::uint32_t>(words.size());
        for (std::size_t i = 0; i < words.size(); ++i) entry.changes[i] = word ^ words[i];
        notes_.enabled = moves.enabled;
        notes_.guarded = moves.guarded;
        notes_.holder = moves.guarded ? moves.guard.holder : -1;
        return entry;
    }
    /// Complete after end().
    [[nodiscard]] const StepCache::Notes& notes() const { return notes_; }

 private:
    void note(std::uint32_t counter) { notes_.counters[notes_.counter_count++] = static_cast<std::uint16_t>(counter); }

    StepCache::Notes notes_;
    StepId step_ = no_step;
    bool fit_ = false;
};

}  // namespace vmemcheck::checker::detail
