// SPDX-License-Identifier: MIT
// Searches that do again what they saw actors do, against those that run every step.
#include "checker/step_cache.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "checker/dependencies.hpp"
#include "checker/parallel_unpacker.hpp"
#include "checker/search.hpp"
#include "tests/checker/equal_results.hpp"
#include "tests/checker/example_models.hpp"
#include "tests/checker/few_samples.hpp"
#include "tests/checker/same_cached.hpp"

namespace vmemcheck::checker {
namespace {

using examples::property;

/// Random programs of a few tasks with common cells, that name exactly what their next instruction depends on.
struct Cells {
    static constexpr unsigned most_tasks = 9;
    static constexpr unsigned cells = 5;
    enum class Op : std::uint8_t { copy, await, choose, branch, check, pass, wait_for };
    enum class Lie : std::uint8_t { none, reads_less, writes_less, copies, waits_less, waits_for_less, fails_less };
    struct Instruction {
        Op op = Op::pass;
        unsigned i = 0;
        unsigned j = 0;
        int value = 0;
    };
    struct State {
        std::array<std::int8_t, most_tasks> pc;
        std::array<std::int8_t, cells> cell;
    };
    unsigned tasks = 2;
    int values = 5;  ///< of a cell
    State start{};
    std::vector<std::vector<Instruction>> code;  ///< of each task; behind the last instruction comes the first
    bool wide = false;  ///< more bits for each field than its values need: a packed state takes several words
    Lie lie = Lie::none;
    std::atomic<std::uint64_t>* runs = nullptr;  ///< of steps

    unsigned actor_count() const { return tasks; }
    std::string actor_name(ActorId a) const { return "task" + std::to_string(a); }
    ActorKind actor_kind(ActorId) const { return ActorKind::process; }
    std::span<const StepInfo> steps() const {
        static constexpr std::array<StepInfo, 3> all{{{"even", "", ""}, {"odd", "", ""}, {"other", "", ""}}};
        return all;
    }
    std::span<const ChoiceInfo> choices() const {
        static constexpr std::array<ChoiceInfo, 2> all{{{"value", {}}, {"unused", {}}}};
        return all;
    }
    bool at_rest(const State&) const { return false; }
    void describe(const State& s, FieldSink& sink) const {
        for (unsigned i = 0; i < tasks; ++i) sink("pc" + std::to_string(i), s.pc[i], 0, wide ? 127 : 7);
        for (unsigned i = 0; i < cells; ++i) {
            if (wide) {
                sink("cell" + std::to_string(i), s.cell[i], -128, 127);
            } else {
                sink("cell" + std::to_string(i), s.cell[i], 0, values - 1);
            }
        }
    }
    template <class F>
    void initial_states(F&& found) const {
        found(start);
    }
    const Instruction& next(const State& s, ActorId a) const { return code[a][static_cast<unsigned>(s.pc[a])]; }
    template <class Context>
    void step(State& s, ActorId a, Context& context) const {
        if (runs != nullptr) ++*runs;
        const Instruction& now = next(s, a);
        context.at(s.pc[a] % 2 == 0 ? 0 : 1);
        switch (now.op) {
            case Op::copy:
                s.cell[now.i] = static_cast<std::int8_t>((s.cell[now.j] + now.value) % values);
                break;
            case Op::await:
                if (s.cell[now.i] != now.value) return context.blocked({"a cell", static_cast<int>((a + 1) % tasks)});
                break;
            case Op::choose:  // up to more outcomes than are kept
                s.cell[now.i] = static_cast<std::int8_t>(context.choose(0, 1 + (now.value + s.cell[now.j]) % values));
                if (now.value == 3 && s.cell[now.i] == 1) context.at(2);
                break;
            case Op::branch:
                if (s.cell[now.i] == now.value) s.cell[now.i] = s.cell[now.j];
                break;
            case Op::check:
                if (s.cell[now.i] == now.value) context.fail(0, "a cell has the wrong value");
                break;
            case Op::pass:
                break;
            case Op::wait_for:  // the task that the cell names, for ever
                return context.blocked({"a task", s.cell[now.i]});
        }
        s.pc[a] = static_cast<std::int8_t>(static_cast<unsigned>(s.pc[a] + 1) % code[a].size());
    }
    template <class Fields>
    void depends_on(const State& s, ActorId a, Fields& on) const {
        const Instruction& now = next(s, a);
        on(s.pc[a]);
        switch (now.op) {
            case Op::copy:
                if (lie != Lie::writes_less) on(s.cell[now.i]);
                if (lie != Lie::reads_less) on(s.cell[now.j]);
                break;
            case Op::choose:
                on(s.cell[now.i], s.cell[now.j]);
                break;
            case Op::branch:
                on(s.cell[now.i]);
                if (s.cell[now.i] == now.value) on(s.cell[now.j]);
                break;
            case Op::await:
                if (lie != Lie::waits_less) on(s.cell[now.i]);
                break;
            case Op::check:
                if (lie != Lie::fails_less) on(s.cell[now.i]);
                break;
            case Op::pass:
                break;
            case Op::wait_for:
                if (lie != Lie::waits_for_less) on(s.cell[now.i]);
                break;
        }
        if (lie == Lie::copies) {
            const State copy = s;
            on(copy.cell);
        }
    }
};

Cells random_cells(unsigned seed, bool wide = false) {
    std::mt19937 random(seed);
    const auto below = [&](unsigned bound) { return static_cast<unsigned>(random() % bound); };
    Cells model;
    model.wide = wide;
    model.tasks = 2 + below(3);
    for (unsigned task = 0; task < model.tasks; ++task) {
        std::vector<Cells::Instruction> code(2 + below(3));
        for (Cells::Instruction& instruction : code) {
            instruction.op = static_cast<Cells::Op>(below(6));
            if (instruction.op == Cells::Op::check && below(3) != 0) instruction.op = Cells::Op::copy;
            instruction.i = below(Cells::cells);
            instruction.j = below(Cells::cells);
            instruction.value = static_cast<int>(below(5));
        }
        model.code.push_back(std::move(code));
    }
    return model;
}

template <class M>
std::vector<Property<M>> assertion_and_deadlock() {
    return {property<M>("nothing-fails", PropertyKind::assertion), property<M>("deadlock", PropertyKind::deadlock)};
}

constexpr unsigned programs_compared = few_samples ? 5 : 60;

void expect_random_programs_same(bool wide) {
    for (unsigned seed = 0; seed < programs_compared; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        SearchOptions options;
        options.stop_when_decided = false;
        expect_same_cached(random_cells(seed, wide), assertion_and_deadlock<Cells>(), options);
        // Without properties no step is pruned, and moves are not asked for.
        expect_same_cached(random_cells(seed, wide), {}, options);
        if (testing::Test::HasFailure()) break;
    }
}

TEST(StepCache, ChangesNothingOfRandomPrograms) { expect_random_programs_same(false); }

TEST(StepCache, ChangesNothingOfRandomProgramsOfSeveralWords) { expect_random_programs_same(true); }

/// Task 0 waits for task 2 or 3, as task 2 says in cell 0; task 3 now and then waits for task 0, only while that waits
/// for task 2. So nobody waits in a circle, unless whom one waits for is remembered from another state.
Cells waiting() {
    using Op = Cells::Op;
    Cells model;
    model.tasks = 4;
    model.start.cell[0] = 2;
    model.code = {{{Op::wait_for, 0}},
                  {{Op::pass}, {Op::pass}},
                  {{Op::copy, 0, 0, 1}, {Op::copy, 0, 0, 4}},
                  {{Op::pass}, {Op::await, 0, 0, 3}}};
    return model;
}

TEST(StepCache, RemembersWhomAnActorWaitsFor) {
    const auto deadlock = property<Cells>("deadlock", PropertyKind::deadlock);
    Cells model = waiting();
    SearchOptions options;
    options.stop_when_decided = false;
    expect_same_cached<Cells>(model, {deadlock}, options);
    const auto result = check<Cells>(model, {deadlock});
    EXPECT_EQ(result.verdicts.front().status, Status::holds);
    EXPECT_EQ(result.statistics.states, 8U);
    options.audit_each = 1;
    model.lie = Cells::Lie::waits_for_less;
    const auto refused = check<Cells>(model, {deadlock}, options);
    EXPECT_EQ(refused.ended, Ended::model_error);
    EXPECT_EQ(refused.model_error,
              "the dependencies are wrong: the step of task0 depends on a field that it does not name");
}

TEST(StepCache, LeavesRoomForStepsBehindThoseOfManyOutcomes) {
    using Op = Cells::Op;
    // A task with more outcomes than are kept, before tasks whose steps are: there has to be room for these behind
    // those.
    Cells model;
    model.tasks = Cells::most_tasks;
    model.values = 30;
    model.code.assign(Cells::most_tasks, {{Op::pass}, {Op::pass}});
    model.code[0] = {{Op::choose, 0, 1, 29}};
    SearchOptions options;
    options.stop_when_decided = false;
    expect_same_cached<Cells>(model, {}, options);
}

/// Each step looks at one or two cells, and there are many states that have those values.
Cells few_looks() {
    using Op = Cells::Op;
    Cells model;
    model.tasks = 3;
    model.code = {{{Op::copy, 0, 0, 1}, {Op::pass}},
                  {{Op::copy, 1, 1, 1}, {Op::copy, 2, 1, 1}},
                  {{Op::copy, 3, 3, 1}, {Op::branch, 4, 3, 0}, {Op::pass}}};
    return model;
}

/// Whether searches that cache run less than so many steps of the model, and count the same.
void expect_few_runs(Cells model, std::uint64_t most) {
    std::atomic<std::uint64_t> runs{0};
    model.runs = &runs;
    SearchOptions options;
    options.audit_each = 0;
    const auto cached = check<Cells>(model, {}, options);
    EXPECT_GT(cached.statistics.transitions, 5000U);
    EXPECT_LT(runs.exchange(0), most);
    options.cache_steps = false;
    expect_equal(check<Cells>(model, {}, options), cached);
    EXPECT_GE(runs, cached.statistics.transitions);
}

TEST(StepCache, RunsFewSteps) { expect_few_runs(few_looks(), 300); }

TEST(StepCache, RunsFewStepsOfSeveralWords) {
    if (!ParallelUnpacker::supported()) GTEST_SKIP() << "the processor has no fast BMI2";
    Cells model = few_looks();
    model.wide = true;
    expect_few_runs(model, 500);  // what is known is forgotten when an actor looks at something for the first time
    // Idle tasks make a third word of it.
    model.tasks = Cells::most_tasks;
    model.code.resize(Cells::most_tasks, {{Cells::Op::wait_for, 0}});
    expect_few_runs(model, 1500);
}

TEST(StepCache, DoesWithoutWhatTheProcessorLacks) {
    Cells model = few_looks();
    model.wide = true;
    std::atomic<std::uint64_t> runs{0};
    model.runs = &runs;
    SearchOptions options;
    options.parallel_packing = false;
    const auto result = check<Cells>(model, {}, options);
    EXPECT_GE(runs, result.statistics.transitions);
}

/// Whether some program is refused, with these words; those that do not lie are not: see above. \param each states that
/// are looked at
bool is_refused(Cells::Lie lie, std::uint64_t each, const std::string& words, bool wide) {
    for (unsigned seed = 0; seed < 60; ++seed) {
        Cells model = random_cells(seed, wide);
        model.lie = lie;
        SearchOptions options;
        options.audit_each = each;
        options.stop_when_decided = false;
        const auto result = check(model, assertion_and_deadlock<Cells>(), options);
        if (result.ended == Ended::model_error && result.model_error.find(words) != std::string::npos) return true;
    }
    return false;
}

void expect_refused(bool wide) {
    for (const Cells::Lie lie : {Cells::Lie::reads_less, Cells::Lie::waits_less, Cells::Lie::fails_less}) {
        EXPECT_TRUE(is_refused(lie, 1, "depends on a field that it does not name", wide)) << static_cast<int>(lie);
    }
    // These are seen without looking for them.
    EXPECT_TRUE(is_refused(Cells::Lie::writes_less, 0, "changes a field that it does not name", wide));
    EXPECT_TRUE(is_refused(Cells::Lie::copies, 0, "names something that is no field of the state", wide));
}

TEST(StepCache, ModelsThatNameTooLittleAreRefused) { expect_refused(false); }

TEST(StepCache, ModelsOfSeveralWordsThatNameTooLittleAreRefused) {
    if (!ParallelUnpacker::supported()) GTEST_SKIP() << "the processor has no fast BMI2";
    expect_refused(true);
}

TEST(StepCache, CountsAcrossCheckpoints) {
    const auto file = std::filesystem::temp_directory_path() / ("vmemcheck-step-cache-" + std::to_string(::getpid()));
    const Cells model = few_looks();
    const auto whole = check<Cells>(model, {});
    SearchOptions options;
    options.checkpoint.file = file.string();
    std::uint64_t continued = 0;
    options.checkpoint.continued = [&](std::uint64_t states, std::uint64_t, double) { continued = states; };
    options.max_depth = 5;
    EXPECT_EQ(check<Cells>(model, {}, options).ended, Ended::depth_limit);
    options.max_depth = 0;
    expect_equal(check<Cells>(model, {}, options), whole);
    EXPECT_GT(continued, 10U);
    std::filesystem::remove(file);
}

constexpr auto nothing_counted = [](auto&, const auto&) { ADD_FAILURE() << "no entry was of use"; };

TEST(StepCache, FindsWhatAgreesInAllThatMatters) {
    using Cache = detail::StepCache<1>;
    Cache cache(2);
    EXPECT_TRUE(cache.useful());
    EXPECT_EQ(cache.find(0, {0}), nullptr);
    EXPECT_EQ(cache.find(1, {5}), nullptr);
    Cache::Entry step;
    step.count = 1;
    cache.keep(1, step, {}, {0x35}, {0x0f}, nothing_counted);
    const Cache::Entry* const place = cache.find(1, {0x35});
    ASSERT_NE(place, nullptr);
    EXPECT_EQ(place->count, 1U);
    EXPECT_EQ(cache.find(1, {0xff5}), place);
    EXPECT_EQ(cache.find(1, {0x34}), nullptr);
    EXPECT_EQ(cache.find(0, {0x35}), nullptr);
    // What it depends on there may be other bits, if the common ones say so.
    step.count = 2;
    cache.keep(1, step, {}, {0x136}, {0x107}, nothing_counted);
    Cache::Entry* const other = cache.find(1, {0x136});
    ASSERT_NE(other, nullptr);
    EXPECT_EQ(other->count, 2U);
    ++other->hits;
    EXPECT_EQ(cache.find(1, {0x176}), other);
    EXPECT_EQ(cache.find(1, {0x76}), nullptr);
    unsigned used = 0;
    cache.each_used([&](Cache::Entry& entry, detail::StepNotes& notes) {
        EXPECT_EQ(&entry, other);
        EXPECT_EQ(&notes, &cache.notes_of(1, *other));
        ++used;
    });
    EXPECT_EQ(used, 1U);
}

TEST(StepCache, FindsBitsOfSeveralWords) {
    using Cache = detail::StepCache<3>;
    if (!ParallelUnpacker::supported()) GTEST_SKIP() << "the processor has no fast BMI2";
    Cache cache(1);
    Cache::Entry step;
    step.count = 1;
    EXPECT_EQ(cache.find(0, {1, 2, 3}), nullptr);
    cache.keep(0, step, {}, {0x35, 7, 0x8000000000000000}, {0x0f, 0, 0x8000000000000000}, nothing_counted);
    Cache::Entry* place = cache.find(0, {0x35, 7, 0x8000000000000000});
    ASSERT_NE(place, nullptr);
    EXPECT_EQ(cache.find(0, {0xf5, 9, 0x8000000000000001}), place);
    EXPECT_EQ(cache.find(0, {0x36, 7, 0x8000000000000000}), nullptr);
    EXPECT_EQ(cache.find(0, {0x35, 7, 0}), nullptr);
    // Other bits than ever: what was kept is counted, and forgotten.
    place->hits = 3;
    std::uint64_t hits = 0;
    const auto count = [&](Cache::Entry& entry, const detail::StepNotes&) { hits += entry.hits; };
    step.count = 2;
    cache.keep(0, step, {}, {0x35, 7, 0}, {0x0f, 4, 0}, count);
    EXPECT_EQ(hits, 3U);
    EXPECT_EQ(cache.find(0, {0x35, 7, 0x8000000000000000})->count, 2U);
    EXPECT_EQ(cache.find(0, {0x35, 3, 0}), nullptr);
    // Of more bits than fit a word nothing is kept.
    constexpr std::uint64_t low = 0xffffffff;
    EXPECT_TRUE(cache.useful(0));
    cache.keep(0, step, {}, {0x35, 7, 0}, {low, low, 0}, count);
    EXPECT_FALSE(cache.useful(0));
    EXPECT_FALSE(cache.useful());
    EXPECT_EQ(cache.find(0, {0x35, 7, 0}), nullptr);
}

TEST(StepCache, GivesUpOnActorsWhoseStepsItDoesNotKnow) {
    detail::StepCache<1> cache(2);
    for (unsigned i = 0; i < 100'000; ++i) {
        cache.next_state();
        cache.missed(0);
        if (i % 2 == 0) cache.missed(1);
    }
    EXPECT_FALSE(cache.useful(0));
    EXPECT_TRUE(cache.useful(1));
    EXPECT_TRUE(cache.useful());
    for (unsigned i = 0; i < 100'000; ++i) {
        cache.next_state();
        cache.missed(1);
    }
    EXPECT_FALSE(cache.useful());
}

TEST(FieldSet, GathersBitsOfFields) {
    struct Inner {
        std::int8_t a;
        std::array<std::int8_t, 2> b;
    };
    struct Outer {
        std::int8_t x;
        Inner inner;
        std::int16_t wide;
    };
    static_assert(sizeof(Outer) == 6);
    const Outer state{};
    const std::vector<std::uint64_t> bits{1, 2, 4, 8, 48, 48};
    const auto gathered = [&](const auto&... fields) {
        FieldSet set(state, bits);
        set(fields...);
        EXPECT_FALSE(set.strange());
        return set.bits();
    };
    EXPECT_EQ(gathered(), 0U);
    EXPECT_EQ(gathered(state.x), 1U);
    EXPECT_EQ(gathered(state.inner), 14U);
    EXPECT_EQ(gathered(state.inner.b[1], state.wide), 56U);
    EXPECT_EQ(gathered(state), 63U);
    FieldSet set(state.inner, std::span(bits).subspan(1, sizeof(Inner)));
    set(state.inner.b);
    EXPECT_EQ(set.bits(), 12U);
    EXPECT_FALSE(set.strange());
    set(state.x);
    EXPECT_TRUE(set.strange());
    FieldSet beyond(state.inner, std::span(bits).subspan(1, sizeof(Inner)));
    beyond(state.wide);
    EXPECT_TRUE(beyond.strange());
}

}  // namespace
}  // namespace vmemcheck::checker
