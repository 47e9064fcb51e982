// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

#include "checker/search.hpp"
#include "tests/checker/example_models.hpp"

namespace vmemcheck::checker {
namespace {

using examples::invariant;
using examples::property;

/// A counter of four bytes that only counts up: 40^4 states, all at different depths; steps of three sizes. Its flaws
/// are those a model can have.
struct Counter {
    enum class Flaw : std::uint8_t {
        none,
        out_of_bounds,
        bad_start,
        no_start,
        no_fields,
        unnamed_step,
        wrong_step,
        wrong_choice,
        moody,
        throws
    };
    struct State {
        std::array<std::int8_t, 4> digit;
    };
    Flaw flaw = Flaw::none;
    int base = 40;

    unsigned actor_count() const { return 2; }
    std::string actor_name(ActorId a) const { return a == 0 ? "up" : "down"; }
    ActorKind actor_kind(ActorId) const { return ActorKind::process; }
    std::span<const StepInfo> steps() const {
        static constexpr std::array<StepInfo, 2> all{{{"count", "", ""}, {"uncount", "", ""}}};
        return all;
    }
    std::span<const ChoiceInfo> choices() const {
        static constexpr std::array<ChoiceInfo, 1> all{{{"digit", {}, false}}};
        return all;
    }
    bool at_rest(const State&) const { return true; }
    void describe(const State& s, FieldSink& sink) const {
        if (flaw == Flaw::no_fields) return;
        for (std::size_t i = 0; i < 4; ++i) sink("digit" + std::to_string(i), s.digit[i], 0, base - 1);
    }
    template <class F>
    void initial_states(F&& found) const {
        if (flaw == Flaw::no_start) return;
        State s{};
        found(s);
        if (flaw == Flaw::bad_start) {
            s.digit[2] = 40;
            found(s);
        }
    }
    template <class Context>
    void step(State& s, ActorId a, Context& context) const {
        static int calls = 0;
        ++calls;
        const bool late = s.digit[0] == 3;
        if (a == 1) {
            if (s.digit[0] == 0) return context.blocked({"nothing to take"});
            context.at(1);
            --s.digit[0];
            return;
        }
        if (flaw != Flaw::unnamed_step || !late) context.at(flaw == Flaw::wrong_step && late ? 17 : 0);
        const int asked = flaw == Flaw::moody && late ? 1 + calls % 4 : 4;
        const int i = context.choose(flaw == Flaw::wrong_choice && late ? 1 : 0, asked);
        auto& digit = s.digit[static_cast<std::size_t>(i)];
        if (digit + 1 >= base && flaw != Flaw::out_of_bounds) return context.blocked({"at the end"});
        ++digit;
        if (flaw == Flaw::throws && late) throw std::runtime_error("out of digits");
    }
};

std::vector<Property<Counter>> all_holds() {
    auto far = property<Counter>("far", PropertyKind::reachability);
    far.holds = [](const Counter&, const Counter::State& s) { return s.digit[3] > 100; };
    return {invariant<Counter>("true", [](const Counter&, const Counter::State&) { return true; }), far,
            property<Counter>("deadlock", PropertyKind::deadlock)};
}

class SearchLimits : public testing::TestWithParam<Strategy> {
 protected:
    SearchOptions options() const {
        SearchOptions result;
        result.strategy = GetParam();
        return result;
    }
};

void expect_incomplete(const Result<Counter>& result, Ended why) {
    EXPECT_EQ(result.ended, why) << text(result.ended);
    EXPECT_FALSE(result.complete);
    EXPECT_FALSE(result.as_expected());
    for (const auto& verdict : result.verdicts) EXPECT_EQ(verdict.status, Status::incomplete);
}

TEST_P(SearchLimits, States) {
    auto limited = options();
    limited.max_states = 1000;
    const auto result = check(Counter{}, all_holds(), limited);
    expect_incomplete(result, Ended::state_limit);
    EXPECT_EQ(result.statistics.states, 1000U);
    limited.max_states = 81;  // exactly as many as there are: no limit is hit
    const auto exact = check(Counter{Counter::Flaw::none, 3}, all_holds(), limited);
    EXPECT_EQ(exact.ended, Ended::complete);
    EXPECT_EQ(exact.statistics.states, 81U);
}

TEST_P(SearchLimits, Memory) {
    auto limited = options();
    limited.max_memory_bytes = std::size_t{2} << 20;
    const auto result = check(Counter{}, all_holds(), limited);
    expect_incomplete(result, Ended::memory_limit);
    EXPECT_GT(result.statistics.states, 20000U);
    EXPECT_LE(result.statistics.memory_bytes, limited.max_memory_bytes + limited.max_memory_bytes / 2);
}

TEST_P(SearchLimits, Time) {
    auto limited = options();
    limited.max_seconds = 0.05;
    const auto result = check(Counter{}, all_holds(), limited);
    expect_incomplete(result, Ended::time_limit);
    EXPECT_GE(result.statistics.seconds, 0.05);
    EXPECT_LT(result.statistics.seconds, 5);
}

TEST_P(SearchLimits, Depth) {
    auto limited = options();
    limited.max_depth = 3;
    const auto result = check(Counter{}, all_holds(), limited);
    expect_incomplete(result, Ended::depth_limit);
    EXPECT_EQ(result.statistics.max_depth, 3U);
    EXPECT_EQ(result.statistics.states, 1U + 4 + 10 + 20) << "sums of at most 3 over four digits";
    // 2 digits a place: depth 4 reaches all 16 states; a limit of 5 is never met.
    limited.max_depth = GetParam() == Strategy::breadth_first ? 5 : 100;
    EXPECT_EQ(check(Counter{Counter::Flaw::none, 2}, all_holds(), limited).ended, Ended::complete);
}

TEST_P(SearchLimits, Interrupted) {
    std::atomic<bool> stop = true;
    auto limited = options();
    limited.stop = &stop;
    const auto result = check(Counter{}, all_holds(), limited);
    expect_incomplete(result, Ended::interrupted);
    EXPECT_EQ(result.statistics.states, 1U);
}

TEST_P(SearchLimits, ProgressIsReportedAndMayInterrupt) {
    std::atomic<bool> stop = false;
    std::vector<Progress> reports;
    auto limited = options();
    limited.stop = &stop;
    limited.progress = [&](const Progress& progress) {
        reports.push_back(progress);
        stop = true;
    };
    const auto result = check(Counter{Counter::Flaw::none, 100}, all_holds(), limited);
    expect_incomplete(result, Ended::interrupted);
    ASSERT_EQ(reports.size(), 1U);
    EXPECT_GE(reports[0].seconds, 0.25);
    EXPECT_LT(reports[0].seconds, 5);
    EXPECT_GT(reports[0].states, 100U);
    EXPECT_LE(reports[0].states, result.statistics.states);
    EXPECT_GT(reports[0].rate, 0);
    EXPECT_GT(reports[0].frontier, 0U);
    EXPECT_GT(reports[0].memory_bytes, 0U);
}

INSTANTIATE_TEST_SUITE_P(Strategies, SearchLimits, testing::Values(Strategy::breadth_first, Strategy::depth_first),
                         [](const auto& strategy) {
                             return strategy.param == Strategy::breadth_first ? "BreadthFirst" : "DepthFirst";
                         });

TEST(ModelError, AFieldOutOfBounds) {
    const auto result = check(Counter{Counter::Flaw::out_of_bounds, 3}, all_holds());
    EXPECT_EQ(result.ended, Ended::model_error);
    EXPECT_EQ(result.model_error, "field digit0 = 3 outside [0, 2] after step count of actor up");
    ASSERT_TRUE(result.model_error_run);
    EXPECT_EQ(result.model_error_run->steps.size(), 3U);
    EXPECT_EQ(result.model_error_run->last().digit[0], 3);
    EXPECT_FALSE(result.as_expected());
    EXPECT_EQ(result.verdicts[0].status, Status::incomplete);
}

TEST(ModelError, WrongStarts) {
    EXPECT_EQ(check(Counter{Counter::Flaw::bad_start}, all_holds()).model_error,
              "field digit2 = 40 outside [0, 39] in an initial state");
    EXPECT_EQ(check(Counter{Counter::Flaw::no_start}, all_holds()).model_error, "the model has no initial state");
    EXPECT_EQ(check(Counter{Counter::Flaw::no_fields}, all_holds()).model_error, "the model describes no fields");
}

TEST(ModelError, MisuseOfTheContext) {
    const auto error = [](Counter::Flaw flaw) {
        const auto result = check(Counter{flaw}, all_holds());
        EXPECT_EQ(result.ended, Ended::model_error);
        return result.model_error;
    };
    EXPECT_EQ(error(Counter::Flaw::unnamed_step),
              "a step was not named with at(), or with a number that is not in steps() (actor up)");
    EXPECT_EQ(error(Counter::Flaw::wrong_step), error(Counter::Flaw::unnamed_step));
    EXPECT_EQ(error(Counter::Flaw::wrong_choice),
              "choose() was called with a number that is not in choices(), or with no answer to choose from "
              "(actor up, step count)");
    EXPECT_EQ(error(Counter::Flaw::moody),
              "a step run twice with the same answers of choose() asked different questions (actor up, step count)");
    EXPECT_EQ(error(Counter::Flaw::throws), "the model threw: out of digits");
}

}  // namespace
}  // namespace vmemcheck::checker
