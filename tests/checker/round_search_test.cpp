// SPDX-License-Identifier: MIT
// The search in rounds against the one that keeps states apart, and with several threads against one.
#include "checker/round_search.hpp"

#include <gtest/gtest.h>

#include "checker/grouping.hpp"
#include "checker/search.hpp"
#include "tests/checker/example_models.hpp"

namespace vmemcheck::checker {
namespace {

using examples::invariant;
using examples::Peterson;
using examples::Philosophers;
using examples::property;
using examples::Workers;

/// Three counters, and many fields that follow from them: few states, of as many bits as wanted.
struct Wide {
    struct State {
        std::array<std::int8_t, 3> counter;
        std::array<std::int8_t, 40> narrow;
        std::array<std::int16_t, 20> wide;
    };
    unsigned fields = 20;  ///< of each of both, at most 20
    int base = 12;
    int trap = -1;  ///< this sum of the counters fails an assertion

    unsigned actor_count() const { return 3; }
    std::string actor_name(ActorId a) const { return "counter" + std::to_string(a); }
    ActorKind actor_kind(ActorId) const { return ActorKind::process; }
    std::span<const StepInfo> steps() const {
        static constexpr std::array<StepInfo, 2> all{{{"count", "", ""}, {"jump", "", ""}}};
        return all;
    }
    std::span<const ChoiceInfo> choices() const {
        static constexpr std::array<ChoiceInfo, 1> all{{{"how", {}, false}}};
        return all;
    }
    bool at_rest(const State&) const { return true; }
    void describe(const State& s, FieldSink& sink) const {
        for (unsigned i = 0; i < 3; ++i) sink("counter" + std::to_string(i), s.counter[i], 0, base - 1);
        for (unsigned i = 0; i < fields; ++i) sink("narrow" + std::to_string(i), s.narrow[i], -50, 50);
        for (unsigned i = 0; i < fields; ++i) sink("wide" + std::to_string(i), s.wide[i], -500, 500);
    }
    template <class F>
    void initial_states(F&& found) const {
        State s{};
        decorate(s);
        found(s);
    }
    template <class Context>
    void step(State& s, ActorId a, Context& context) const {
        const bool jump = context.choose(0, 2) == 1;
        context.at(jump ? 1 : 0);
        if (jump && s.counter[a] > base / 2) return context.blocked({"too high"});
        s.counter[a] = static_cast<std::int8_t>((s.counter[a] + (jump ? 3 : 1)) % base);
        decorate(s);
        if (s.counter[0] + s.counter[1] + s.counter[2] == trap) context.fail(0, "a trap");
    }
    void decorate(State& s) const {
        for (unsigned i = 0; i < fields; ++i) {
            const unsigned n = static_cast<unsigned>(s.counter[i % 3]) + 1;
            s.narrow[i] = static_cast<std::int8_t>(static_cast<int>(n * (i + 7) % 101) - 50);
            s.wide[i] = static_cast<std::int16_t>(static_cast<int>(n * n * (i + 77) % 1001) - 500);
        }
    }
};

template <class M>
using Properties = std::vector<Property<M>>;

void expect_equal(const Coverage& a, const Coverage& b) {
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

/// Searches in both ways, and in rounds with one to three threads.
template <class M>
void expect_same_answers(const M& model, const Properties<M>& properties, SearchOptions options = {}) {
    options.stop_when_decided = false;  // where a search stops then depends on how often it looks
    options.audit_each = 0;             // the other search does not look
    for (const bool fuse : {false, true}) {
        options.fuse = fuse;
        options.threads = 1;
        const auto apart = check_with<ExactStore>(model, properties, options);
        for (unsigned threads = 1; threads <= 3; ++threads) {
            SCOPED_TRACE(threads);
            options.threads = threads;
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
    for (unsigned n = 1; n <= 4; ++n) {
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

TEST(RoundSearch, SlowKeepsStatesOfManyBits) {
    for (const unsigned fields : {1U, 2U, 3U, 6U, 10U, 20U}) {
        SCOPED_TRACE(fields);
        expect_same_answers<Wide>(Wide{fields, 12, 25}, {property<Wide>("no-trap", PropertyKind::assertion)});
        expect_same_answers<Wide>(Wide{fields, 9, -1}, {});
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
    const std::vector<unsigned> groups = group_fields(values, 3);
    for (std::size_t field = 3; field < 9; ++field) EXPECT_EQ(groups[field], groups[field % 3]);
    EXPECT_NE(groups[0], groups[1]);
    EXPECT_NE(groups[0], groups[2]);
    EXPECT_NE(groups[1], groups[2]);
    EXPECT_EQ(group_fields(values, 1), std::vector<unsigned>(9, 0));
    EXPECT_EQ(group_fields({}, 3), std::vector<unsigned>());
}

TEST(RoundSearch, SlowTakesFewBytes) {
    for (const unsigned fields : {1U, 20U}) {
        const auto result = check<Wide>(Wide{fields, 100, -1}, {}, {});
        EXPECT_EQ(result.statistics.states, 1000000U);
        EXPECT_LT(result.statistics.peak_memory_bytes, 8 * result.statistics.states);
    }
}

}  // namespace
}  // namespace vmemcheck::checker
