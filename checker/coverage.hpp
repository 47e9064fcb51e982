// SPDX-License-Identifier: MIT
/// \file
/// Which steps ran and which answers were given: what a search has really exercised.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "checker/archive.hpp"
#include "checker/context.hpp"
#include "checker/model.hpp"
#include "checker/own_lines.hpp"

namespace vmemcheck::checker {

/// Counts of steps and answers.
class Coverage {
 public:
    /// Answers counted apart for a choice; higher ones are counted with the last.
    static constexpr unsigned max_values = 64;

    /// What was counted of a step.
    struct StepCount {
        std::uint64_t executions = 0;  ///< enabled runs
        std::uint64_t new_states = 0;  ///< new states given by transitions that began with this step
    };

    Coverage() = default;
    /// Zeroes for the steps and choices of a model.
    Coverage(std::span<const StepInfo> steps, std::span<const ChoiceInfo> choices)
        : steps_(steps.size()),
          values_(choices.size()),
          counts_(choices.size() * max_values),
          step_limit_(static_cast<StepId>(steps.size())),
          choice_limit_(static_cast<ChoiceId>(choices.size())) {
        for (std::size_t i = 0; i < choices.size(); ++i) values_[i] = static_cast<unsigned>(choices[i].values.size());
    }

    /// Counts an enabled run of a step. Misuse::none, or how the step used numbers that the model has not declared.
    [[gnu::always_inline]] Misuse record(StepId step, std::span<const SearchContext::Taken> taken) {
        if (step >= step_limit_) return Misuse::no_step;
        ++steps_[step].executions;
        for (const auto& answer : taken) {
            if (answer.choice >= choice_limit_) return Misuse::bad_choice;
            const unsigned value = std::min(static_cast<unsigned>(answer.value), max_values - 1);
            if (value >= values_[answer.choice]) values_[answer.choice] = value + 1;
            ++counts_[answer.choice * max_values + value];
        }
        return Misuse::none;
    }
    /// Number of a counter of record(), for count(): that of a step.
    [[nodiscard]] std::uint32_t counter_of(StepId step) const { return step; }
    /// Number of a counter of record(), for count(): that of an answer.
    [[nodiscard]] std::uint32_t counter_of(const SearchContext::Taken& answer) const {
        return step_limit_ + place_of(answer.choice, answer.value);
    }
    /// Numbers there are of counters.
    [[nodiscard]] std::size_t counters() const { return steps_.size() + counts_.size(); }
    /// Counts what record() counted once, so many times more.
    void count(std::uint32_t counter, std::uint64_t times) {
        if (counter < step_limit_) {
            steps_[counter].executions += times;
        } else {
            counts_[counter - step_limit_] += times;
        }
    }
    /// Counts a new state for the step that its transition began with.
    void new_state(StepId step) { ++steps_[step].new_states; }
    /// Adds what another counted of the same model.
    void absorb(const Coverage& other) {
        for (std::size_t i = 0; i < steps_.size(); ++i) {
            steps_[i].executions += other.steps_[i].executions;
            steps_[i].new_states += other.steps_[i].new_states;
        }
        for (std::size_t i = 0; i < values_.size(); ++i) values_[i] = std::max(values_[i], other.values_[i]);
        for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    }

    /// Writes what was counted.
    void save(ArchiveWriter& to) const {
        to.list(std::span(steps_));
        to.list(std::span(values_));
        to.list(std::span(counts_));
    }
    /// Reads what was saved of the same model.
    void load(ArchiveReader& from) {
        auto steps = from.list<StepCount, OwnVector<StepCount>>();
        auto values = from.list<unsigned, OwnVector<unsigned>>();
        auto counts = from.list<std::uint64_t, OwnVector<std::uint64_t>>();
        from.require(
            steps.size() == steps_.size() && values.size() == values_.size() && counts.size() == counts_.size(),
            "the coverage is of another model");
        steps_ = std::move(steps);
        values_ = std::move(values);
        counts_ = std::move(counts);
    }

    /// What was counted of a step of the model.
    [[nodiscard]] const StepCount& step(StepId step) const { return steps_[step]; }
    /// Steps of the model.
    [[nodiscard]] std::size_t step_count() const { return steps_.size(); }
    /// Times a choice was answered so, by an enabled run of a step.
    [[nodiscard]] std::uint64_t choice(ChoiceId choice, int value) const { return counts_[place_of(choice, value)]; }
    /// Values a choice has: those the model names, or those seen if it names none.
    [[nodiscard]] unsigned value_count(ChoiceId choice) const { return std::min(values_[choice], max_values); }
    /// Choices of the model.
    [[nodiscard]] std::size_t choice_count() const { return values_.size(); }

    /// Steps that never ran.
    [[nodiscard]] std::vector<StepId> steps_never_run() const {
        std::vector<StepId> never;
        for (StepId i = 0; i < steps_.size(); ++i) {
            if (steps_[i].executions == 0) never.push_back(i);
        }
        return never;
    }
    /// Answers (for a fault, values other than 0 are strikes) that were never given. A choice that was never asked and
    /// names no values is listed with the value 0.
    [[nodiscard]] std::vector<ChoiceTaken> answers_never_given() const {
        std::vector<ChoiceTaken> never;
        for (ChoiceId i = 0; i < values_.size(); ++i) {
            for (unsigned value = 0; value < std::max(1U, value_count(i)); ++value) {
                if (choice(i, static_cast<int>(value)) == 0) never.emplace_back(i, static_cast<int>(value));
            }
        }
        return never;
    }

 private:
    /// Of an answer, in counts_.
    [[nodiscard]] static std::uint32_t place_of(ChoiceId choice, int value) {
        return choice * max_values + std::min(static_cast<unsigned>(value), max_values - 1);
    }

    // Threads count apart, each at every step.
    OwnVector<StepCount> steps_;
    OwnVector<unsigned> values_;
    OwnVector<std::uint64_t> counts_;  ///< max_values a choice
    // What a vector says only after a subtraction and a shift.
    StepId step_limit_ = 0;
    ChoiceId choice_limit_ = 0;
};

}  // namespace vmemcheck::checker
