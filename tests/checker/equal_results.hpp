// SPDX-License-Identifier: MIT
// Whether two searches found the same.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <optional>

#include "checker/result.hpp"

namespace vmemcheck::checker {

inline void expect_equal(const Coverage& a, const Coverage& b) {
    for (StepId i = 0; i < a.step_count(); ++i) {
        EXPECT_EQ(a.step(i).executions, b.step(i).executions) << i;
        EXPECT_EQ(a.step(i).new_states, b.step(i).new_states) << i;
    }
    for (ChoiceId i = 0; i < a.choice_count(); ++i) {
        EXPECT_EQ(a.value_count(i), b.value_count(i));
        for (int value = 0; value < 5; ++value) EXPECT_EQ(a.choice(i, value), b.choice(i, value));
    }
}

template <class M>
void expect_equal_run(const std::optional<Counterexample<M>>& a, const std::optional<Counterexample<M>>& b) {
    ASSERT_EQ(a.has_value(), b.has_value());
    if (!a) return;
    EXPECT_EQ(a->message, b->message);
    ASSERT_EQ(a->steps.size(), b->steps.size());
    EXPECT_EQ(a->transitions(), b->transitions());
    for (std::size_t i = 0; i < a->steps.size(); ++i) {
        EXPECT_EQ(a->steps[i].actor, b->steps[i].actor);
        EXPECT_EQ(a->steps[i].choices, b->steps[i].choices);
        // Both were made by the same steps from zeros, so bytes of no field are alike.
        // NOLINTNEXTLINE(bugprone-suspicious-memory-comparison)
        EXPECT_EQ(std::memcmp(&a->steps[i].after, &b->steps[i].after, sizeof a->steps[i].after), 0);
    }
}

/// Whether two searches found the same, to the last step of each run.
template <class M>
void expect_equal(const Result<M>& a, const Result<M>& b) {
    EXPECT_EQ(a.ended, b.ended) << text(a.ended) << ", " << text(b.ended);
    EXPECT_EQ(a.complete, b.complete);
    EXPECT_EQ(a.model_error, b.model_error);
    EXPECT_EQ(a.statistics.states, b.statistics.states);
    EXPECT_EQ(a.statistics.transitions, b.statistics.transitions);
    EXPECT_EQ(a.statistics.micro_steps, b.statistics.micro_steps);
    EXPECT_EQ(a.statistics.pruned, b.statistics.pruned);
    EXPECT_EQ(a.statistics.unclaimed_failures, b.statistics.unclaimed_failures);
    EXPECT_EQ(a.statistics.max_depth, b.statistics.max_depth);
    EXPECT_EQ(a.statistics.packed_bits, b.statistics.packed_bits);
    expect_equal(a.coverage, b.coverage);
    ASSERT_EQ(a.verdicts.size(), b.verdicts.size());
    for (std::size_t i = 0; i < a.verdicts.size(); ++i) {
        EXPECT_EQ(a.verdicts[i].status, b.verdicts[i].status);
        EXPECT_EQ(a.verdicts[i].vacuous, b.verdicts[i].vacuous);
        expect_equal_run(a.verdicts[i].counterexample, b.verdicts[i].counterexample);
    }
    expect_equal_run(a.model_error_run, b.model_error_run);
}

}  // namespace vmemcheck::checker
