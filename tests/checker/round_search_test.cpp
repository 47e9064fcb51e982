// SPDX-License-Identifier: MIT
// The search in rounds against the one that keeps states apart, and with several threads against one.
#include "checker/round_search.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <utility>

#include "checker/grouping.hpp"
#include "checker/search.hpp"
#include "tests/checker/equal_results.hpp"
#include "tests/checker/example_models.hpp"
#include "tests/checker/few_samples.hpp"
#include "tests/checker/wide_model.hpp"

namespace vmemcheck::checker {
namespace {

using examples::invariant;
using examples::Peterson;
using examples::Philosophers;
using examples::Properties;
using examples::property;
using examples::Wide;
using examples::Workers;

/// Searches in both ways, and in rounds with one to three threads.
template <class M>
void expect_same_answers(const M& model, const Properties<M>& properties, SearchOptions options = {}) {
    options.stop_when_decided = false;  // where a search stops then depends on how often it looks
    for (const bool fuse : {false, true}) {
        options.fuse = fuse;
        options.threads = 1;
        const auto apart = check_with<ExactStore>(model, properties, options);
        for (unsigned threads = 1; threads <= 3; ++threads) {
            SCOPED_TRACE(threads);
            options.threads = threads;
            options.parallel_packing = threads % 2 != 0;
            expect_equal(detail::RoundSearch<M>(model, properties, options).run(), apart);
        }
    }
}

bool never_together(const Peterson&, const Peterson::State& s) { return s.pc[0] != 3 || s.pc[1] != 3; }
bool left_first(const Peterson&, const Peterson::State& before, const Peterson::State& after) {
    return before.pc[1] <= before.pc[0] || after.pc[1] == before.pc[1];
}

TEST(RoundSearch, FindsWhatTheSearchOfStatesFinds) {
    for (const auto mistake : {Peterson::Mistake::none, Peterson::Mistake::no_flag, Peterson::Mistake::no_turn}) {
        auto transition = property<Peterson>("left-first", PropertyKind::transition);
        transition.holds_step = left_first;
        auto goal = property<Peterson>("goal", PropertyKind::reachability);
        goal.holds = [](const Peterson&, const Peterson::State& s) { return s.pc[1] == 3; };
        const Peterson model{mistake};
        expect_same_answers<Peterson>(model, {invariant<Peterson>("alone", never_together), goal});
        expect_same_answers<Peterson>(model, {property<Peterson>("no-fail", PropertyKind::assertion)});
        expect_same_answers<Peterson>(model, {transition, goal});
    }
    for (unsigned n = 2; n <= 5; ++n) {
        const Properties<Philosophers> all{property<Philosophers>("deadlock", PropertyKind::deadlock)};
        expect_same_answers(Philosophers{n, false, false}, all);
        expect_same_answers(Philosophers{n, false, true}, all);
        expect_same_answers(Philosophers{n, true, true}, all);
    }
    for (unsigned n = 1; n <= (few_samples ? 3 : 4); ++n) {
        auto end = property<Workers>("rich", PropertyKind::end_state);
        end.holds = [](const Workers&, const Workers::State& s) { return s.total > 300; };
        SearchOptions options;
        expect_same_answers<Workers>(Workers{n}, {end}, options);
        options.check_fused = true;
        auto goal = property<Workers>("effort", PropertyKind::reachability);
        goal.holds = [](const Workers&, const Workers::State& s) { return s.effort[0] == 1; };
        expect_same_answers<Workers>(Workers{n}, {goal, end}, options);
    }
}

TEST(RoundSearch, KeepsStatesOfManyBits) {
    for (const unsigned fields : {1U, 2U, 3U, 6U, 10U, 20U}) {
        SCOPED_TRACE(fields);
        expect_same_answers<Wide>(Wide{fields, 12, 25}, {property<Wide>("no-trap", PropertyKind::assertion)});
        expect_same_answers<Wide>(Wide{fields, 9, -1}, {});
    }
}

// Fields of one byte are packed all at once, by one thread and three: to two words, three, four, and more. Leaves of
// one word are remembered.
TEST(RoundSearch, KeepsStatesOfManyNarrowFields) {
    SearchOptions options;
    for (const std::uint64_t regroup_states : {~std::uint64_t{0}, std::uint64_t{100}}) {
        options.regroup_states = regroup_states;
        for (const unsigned fields : {6U, 12U, 20U, 30U, 40U}) {
            SCOPED_TRACE(fields);
            Wide model{fields, 12, 25};
            model.narrow_only = true;
            expect_same_answers<Wide>(model, {property<Wide>("no-trap", PropertyKind::assertion)}, options);
            model.trap = -1;
            model.beyond = 2;
            for (unsigned threads = 1; threads <= 3; ++threads) {
                SearchOptions broken = options;
                broken.threads = threads;
                broken.parallel_packing = threads % 2 != 0;
                const auto result = check<Wide>(model, {}, broken);
                EXPECT_EQ(result.model_error, "field counter0 = 10 outside [0, 9] after step count of actor counter0");
                ASSERT_TRUE(result.model_error_run);
                EXPECT_EQ(result.model_error_run->transitions(), 4U);  // 3, 6, 9, 10
            }
        }
    }
}

/// All states but the first are found at once: there is work for all threads at a depth of 1.
struct Fan {
    static constexpr int side = 80;
    struct State {
        std::int8_t x;
        std::int8_t y;
    };
    unsigned actor_count() const { return 1; }
    std::string actor_name(ActorId) const { return "fan"; }
    ActorKind actor_kind(ActorId) const { return ActorKind::process; }
    std::span<const StepInfo> steps() const {
        static constexpr std::array<StepInfo, 1> all{{{"unfold", "", ""}}};
        return all;
    }
    std::span<const ChoiceInfo> choices() const {
        static constexpr std::array<ChoiceInfo, 2> all{{{"x", {}, false}, {"y", {}, false}}};
        return all;
    }
    bool at_rest(const State&) const { return true; }
    void describe(const State& s, FieldSink& sink) const {
        sink("x", s.x, -1, side - 1);
        sink("y", s.y, -1, side - 1);
    }
    template <class F>
    void initial_states(F&& found) const {
        found(State{-1, -1});
    }
    template <class Context>
    void step(State& s, ActorId, Context& context) const {
        context.at(0);
        if (s.x != -1) return context.blocked({"unfolded"});
        s.x = static_cast<std::int8_t>(context.choose(0, side));
        s.y = static_cast<std::int8_t>(context.choose(1, side));
    }
};
/// True of some five states all over the level, other ones for each number.
template <unsigned number>
bool rare(const Fan&, const Fan::State& s) {
    const auto place = static_cast<unsigned>((s.x + 1) * (Fan::side + 1) + s.y + 1);
    return (place * 2654435761U >> 8) % 1201 == number;
}
template <unsigned... numbers>
Properties<Fan> rare_goals(std::integer_sequence<unsigned, numbers...>) {
    Properties<Fan> goals;
    for (const auto holds : {rare<numbers>...}) {
        goals.push_back(property<Fan>("rare", PropertyKind::reachability));
        goals.back().holds = holds;
    }
    return goals;
}

/// Holds, after a while: threads have to wake up before the first has done everything.
bool slowly(const Fan&, const Fan::State& s) {
    volatile unsigned left = s.x == -1 ? 0 : 2000;
    while (left != 0) left = left - 1;
    return true;
}

TEST(RoundSearch, ShowsWhatOneThreadFindsFirst) {
    auto goals = rare_goals(std::make_integer_sequence<unsigned, 64>());
    goals.push_back(invariant<Fan>("slowly", slowly));
    SearchOptions options;
    options.stop_when_decided = false;
    options.threads = 1;
    const auto one = detail::RoundSearch<Fan>(Fan{}, goals, options).run();
    EXPECT_EQ(one.statistics.states, 1U + Fan::side * Fan::side);
    const auto reached = [](const auto& verdict) { return verdict.status == Status::reached; };
    EXPECT_GT(std::count_if(one.verdicts.begin(), one.verdicts.end(), reached), 50);
    options.threads = 3;
    expect_equal(detail::RoundSearch<Fan>(Fan{}, goals, options).run(), one);
}

/// States at a depth of 1, enough of them for all threads, some of which are wrong in other ways. Each has three
/// successors.
struct Flawed {
    static constexpr int side = 45;
    static constexpr int places = side * side;
    struct State {
        std::int8_t x;
        std::int8_t y;
        std::int8_t value;
        std::array<std::int8_t, 40> more;
    };
    unsigned fields = 0;  ///< of `more`
    int beyond = -1;      ///< the place that has a successor out of bounds, the second
    int unnamed = -1;     ///< whose step is not named, if it is to go to the third one
    int throws = -1;      ///< whose step throws, then
    int stuck = -1;       ///< where the watcher cannot move
    int watcher = -1;     ///< where the watcher's step goes out of bounds

    unsigned actor_count() const { return 2; }
    std::string actor_name(ActorId a) const { return a == 0 ? "flawed" : "watcher"; }
    ActorKind actor_kind(ActorId a) const { return a == 0 ? ActorKind::environment : ActorKind::process; }
    std::span<const StepInfo> steps() const {
        static constexpr std::array<StepInfo, 2> all{{{"go", "", ""}, {"watch", "", ""}}};
        return all;
    }
    std::span<const ChoiceInfo> choices() const {
        static constexpr std::array<ChoiceInfo, 1> all{{{"where", {}, false}}};
        return all;
    }
    bool at_rest(const State&) const { return false; }
    void describe(const State& s, FieldSink& sink) const {
        sink("x", s.x, -1, side - 1);
        sink("y", s.y, -1, side - 1);
        sink("value", s.value, 0, 3);
        for (unsigned i = 0; i < fields; ++i) sink("more" + std::to_string(i), s.more[i], -50, 50);
    }
    template <class F>
    void initial_states(F&& found) const {
        State s{};
        s.x = s.y = -1;
        found(s);
    }
    template <class Context>
    void step(State& s, ActorId a, Context& context) const {
        const int place = s.x == -1 ? -1 : s.x * side + s.y;
        if (a == 1) {
            context.at(1);
            if (place != -1 && place == stuck) return context.blocked({"the end"});
            if (place != -1 && place == watcher && s.value == 0) s.value = 4;
            return;
        }
        if (s.value != 0) {
            context.at(0);
            return context.blocked({"at the end"});
        }
        const int way = context.choose(0, place == -1 ? side : 3);
        if (place == -1) {
            context.at(0);
            s.x = static_cast<std::int8_t>(way);
            s.y = static_cast<std::int8_t>(context.choose(0, side));
            return;
        }
        if (place != unnamed || way != 2) context.at(0);
        if (place == throws && way == 2) throw std::runtime_error("out of places");
        s.value = static_cast<std::int8_t>(place == beyond && way == 1 ? 4 : way + 1);
    }
};

/// Calls look(options) for one thread and three, with successors packed together and by themselves.
template <class Look>
void with_each_packing(Look&& look) {
    for (const unsigned threads : {1U, 3U}) {
        for (const bool parallel : {false, true}) {
            SCOPED_TRACE(testing::Message() << threads << ' ' << parallel);
            SearchOptions options;
            options.threads = threads;
            options.parallel_packing = parallel;
            look(options);
        }
    }
}

// Successors are packed when there are some of several states: what is wrong with them is found late.
TEST(RoundSearch, TellsOfWhatIsWrongFirst) {
    const std::string beyond = "field value = 4 outside [0, 3] after step go of actor flawed";
    const std::string throws = "the model threw: out of places";
    const std::string unnamed =
        "a step was not named with at(), or with a number that is not in steps() (actor flawed)";
    const std::string watched = "field value = 4 outside [0, 3] after step watch of actor watcher";
    const std::array<int, 4> places{0, 1000, 1001, Flawed::places - 1};
    for (const unsigned fields : {0U, 12U, 40U}) {
        with_each_packing([&](const SearchOptions& options) {
            const auto error_of = [&](int is_beyond, int is_unnamed, int is_throwing, int watcher = -1) {
                const Flawed model{fields, is_beyond, is_unnamed, is_throwing, -1, watcher};
                const auto result = check<Flawed>(model, {}, options);
                EXPECT_EQ(result.ended, Ended::model_error);
                return result.model_error;
            };
            for (const int one : places) {
                // The watcher comes second.
                EXPECT_EQ(error_of(-1, -1, -1, one), watched);
                EXPECT_EQ(error_of(one, -1, -1, one), beyond);
                EXPECT_EQ(error_of(-1, one, -1, one), unnamed);
                for (const int other : places) {
                    SCOPED_TRACE(testing::Message() << fields << ' ' << one << ' ' << other);
                    EXPECT_EQ(error_of(one, other, -1), one <= other ? beyond : unnamed);
                    // To show the run to what is out of bounds, the step that throws would have to be run again.
                    if (one == other) continue;
                    EXPECT_EQ(error_of(one, -1, other), one < other ? beyond : throws);
                }
            }
        });
    }
}

// What a state's actors can do together is judged after what each of them does.
TEST(RoundSearch, TellsOfNoDeadlockWhereAStepIsWrong) {
    const Properties<Flawed> deadlock{property<Flawed>("deadlock", PropertyKind::deadlock)};
    for (const unsigned fields : {0U, 12U, 40U}) {
        with_each_packing([&](const SearchOptions& options) {
            for (const int place : {0, 700, Flawed::places - 1}) {
                SCOPED_TRACE(testing::Message() << fields << ' ' << place);
                const auto wrong = check<Flawed>(Flawed{fields, place, -1, -1, place}, deadlock, options);
                EXPECT_EQ(wrong.ended, Ended::model_error);
                EXPECT_EQ(wrong.verdicts[0].status, Status::incomplete);
                const auto right = check<Flawed>(Flawed{fields, -1, -1, -1, place}, deadlock, options);
                EXPECT_EQ(right.verdicts[0].status, Status::violated);
            }
        });
    }
}

TEST(RoundSearch, KeepsLimits) {
    SearchOptions options;
    for (const std::uint64_t states : {1U, 2U, 100U, 1000U, 5000U}) {
        options.max_states = states;
        for (const unsigned fields : {1U, 20U}) {
            const Wide model{fields, 20, -1};
            for (unsigned threads = 1; threads <= 2; ++threads) {
                options.threads = threads;
                const auto result = check<Wide>(model, {}, options);
                EXPECT_EQ(result.ended, Ended::state_limit);
                EXPECT_EQ(result.statistics.states, states);
                // What was found over the limit is not counted elsewhere, either. One state is the initial one.
                std::uint64_t counted = 1;
                for (StepId i = 0; i < result.coverage.step_count(); ++i) counted += result.coverage.step(i).new_states;
                EXPECT_EQ(counted, states);
            }
        }
    }
    options = {};
    for (std::uint64_t depth = 1; depth < 8; ++depth) {
        options.max_depth = depth;
        expect_same_answers<Wide>(Wide{3, 12, 5}, {property<Wide>("no-trap", PropertyKind::assertion)}, options);
    }
    // Where no state at the limit is to be expanded, no limit is met.
    options.max_depth = 3;
    auto short_of = property<Wide>("short", PropertyKind::invariant);
    short_of.holds = [](const Wide&, const Wide::State& s) { return s.counter[0] + s.counter[1] + s.counter[2] < 2; };
    expect_same_answers<Wide>(Wide{3, 12, -1}, {short_of}, options);
    options = {};
    for (const std::size_t bytes : {std::size_t{1}, std::size_t{30000}, std::size_t{600000}}) {
        options.max_memory_bytes = bytes;
        const auto result = check<Wide>(Wide{20, 40, -1}, {}, options);
        EXPECT_EQ(result.ended, Ended::memory_limit) << bytes;
        EXPECT_LE(result.statistics.memory_bytes, bytes);
    }
}

TEST(RoundSearch, GroupsFieldsWithoutTelling) {
    SearchOptions options;
    for (const std::uint64_t states : {1U, 500U, 1500U}) {
        options.regroup_states = states;
        expect_same_answers<Wide>(Wide{20, 12, 25}, {property<Wide>("no-trap", PropertyKind::assertion)}, options);
        expect_same_answers<Wide>(Wide{4, 12, -1}, {}, options);
    }
}

TEST(GroupFields, KeepsApartWhatDoesNotDepend) {
    std::vector<std::vector<std::int16_t>> values(9);
    for (std::int16_t i = 0; i < 1000; ++i) {
        const std::array<int, 3> counter{i % 10, i / 10 % 10, i / 100};
        for (std::size_t field = 0; field < 9; ++field) {
            const int n = counter[field % 3];
            values[field].push_back(static_cast<std::int16_t>(field < 3 ? n : n * n - static_cast<int>(field)));
        }
    }
    const std::vector<unsigned> bits(9, 7);
    const std::vector<unsigned> groups = group_fields(values, bits, 3);
    for (std::size_t field = 3; field < 9; ++field) EXPECT_EQ(groups[field], groups[field % 3]);
    EXPECT_NE(groups[0], groups[1]);
    EXPECT_NE(groups[0], groups[2]);
    EXPECT_NE(groups[1], groups[2]);
    EXPECT_EQ(group_fields(values, bits, 1), std::vector<unsigned>(9, 0));
    EXPECT_EQ(group_fields({}, {}, 3), std::vector<unsigned>());
}

TEST(GroupFields, KeepsToWordsIfThatTakesFewValuesMore) {
    // Twelve fields that follow from one counter of so many values, and another of so many.
    const auto bits_of_largest = [](int counter, int other, unsigned width) {
        std::vector<std::vector<std::int16_t>> values(13);
        for (int i = 0; i < 1000; ++i) {
            for (int field = 0; field < 12; ++field) {
                values[static_cast<unsigned>(field)].push_back(static_cast<std::int16_t>(i % counter + field));
            }
            values[12].push_back(static_cast<std::int16_t>(i % other));
        }
        const std::vector<unsigned> bits(13, width);
        std::array<unsigned, 3> sums{};
        for (const unsigned group : group_fields(values, bits, 3)) sums.at(group) += width;
        return *std::max_element(sums.begin(), sums.end());
    };
    EXPECT_LE(bits_of_largest(10, 400, 12), 64U);
    EXPECT_GT(bits_of_largest(10, 400, 16), 64U);   // they do not fit
    EXPECT_GT(bits_of_largest(300, 1, 12), 64U);    // three times as many values, not twice
    EXPECT_GT(bits_of_largest(10, 1000, 12), 64U);  // the sample does not tell how many there are
}

TEST(RoundSearch, LongTakesFewBytes) {
    for (const unsigned fields : {1U, 20U}) {
        const auto result = check<Wide>(Wide{fields, 100, -1}, {}, {});
        EXPECT_EQ(result.statistics.states, 1000000U);
        EXPECT_LT(result.statistics.peak_memory_bytes, 8 * result.statistics.states);
    }
}

}  // namespace
}  // namespace vmemcheck::checker
