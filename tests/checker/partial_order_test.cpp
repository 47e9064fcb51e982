// SPDX-License-Identifier: MIT
// Searches that leave out orders of steps, against those that try them all.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <random>

#include "checker/footprint_audit.hpp"
#include "checker/persistent_sets.hpp"
#include "checker/replay.hpp"
#include "checker/search.hpp"
#include "tests/checker/example_models.hpp"
#include "tests/checker/few_samples.hpp"

namespace vmemcheck::checker {
namespace {

using examples::property;

/// Programs of a few instructions over shared variables, made at random: what tasks do is data, and so what they touch
/// can be told.
struct Programs {
    static constexpr unsigned most_tasks = 5;
    static constexpr unsigned most_variables = 6;
    static constexpr int values = 3;  ///< of a variable
    enum class Op : std::uint8_t {
        set,     ///< variable a = value
        add,     ///< variable a = (variable a + variable b) % values
        await,   ///< until variable a == value
        lock,    ///< lock a
        unlock,  ///< lock a
        choose,  ///< go to one of two instructions
        jump,    ///< if variable a == value, go to `to`
        expect,  ///< fail(0) if variable a == value
        hum,     ///< counts for itself; a local step
    };
    struct Instruction {
        Op op;
        unsigned a = 0;
        unsigned b = 0;
        int value = 0;
        int to = 0;
    };
    enum class Lie : std::uint8_t { none, reads_less, writes_less, later_less, waits, property_reads_less };
    struct State {
        std::array<std::int8_t, most_tasks> pc;
        std::array<std::int8_t, most_tasks> own;
        std::array<std::int8_t, most_variables> variable;
        std::array<std::int8_t, 2> lock;  ///< owner, or -1
    };

    unsigned tasks = 3;
    unsigned variables = 4;
    unsigned environment = 0;  ///< the last so many tasks are it
    std::vector<std::vector<Instruction>> code;
    std::vector<std::vector<Footprint>> later;  ///< of each task, from each instruction on
    unsigned watched = 0;                       ///< the variable properties speak of
    unsigned watched_too = 0;
    Lie lie = Lie::none;
    bool positions = true;  ///< says where its tasks are
    bool twins = false;     ///< the first two tasks do the same, and are said to be interchangeable

    unsigned actor_count() const { return tasks; }
    std::string actor_name(ActorId a) const { return "task" + std::to_string(a); }
    ActorKind actor_kind(ActorId a) const {
        return a + environment < tasks ? ActorKind::process : ActorKind::environment;
    }
    std::span<const StepInfo> steps() const {
        static constexpr std::array<StepInfo, 9> all{{{"set", "", ""},
                                                      {"add", "", ""},
                                                      {"await", "", ""},
                                                      {"lock", "", ""},
                                                      {"unlock", "", ""},
                                                      {"choose", "", ""},
                                                      {"jump", "", ""},
                                                      {"expect", "", ""},
                                                      {"hum", "", "", true}}};
        return all;
    }
    std::span<const ChoiceInfo> choices() const {
        static constexpr std::array<ChoiceInfo, 1> all{{{"way", {}}}};
        return all;
    }
    bool at_rest(const State& s) const {
        for (unsigned t = 0; t < tasks; ++t) {
            if (at(s, t) != nullptr) return false;
        }
        return true;
    }
    void describe(const State& s, FieldSink& sink) const {
        for (unsigned t = 0; t < tasks; ++t) {
            sink("pc" + std::to_string(t), s.pc[t], 0, static_cast<int>(code[t].size()));
            sink("own" + std::to_string(t), s.own[t], 0, 1);
        }
        for (unsigned v = 0; v < variables; ++v) sink("v" + std::to_string(v), s.variable[v], 0, values - 1);
        for (unsigned l = 0; l < 2; ++l) sink("l" + std::to_string(l), s.lock[l], -1, static_cast<int>(tasks) - 1);
    }
    template <class F>
    void initial_states(F&& found) const {
        State s{};
        s.lock.fill(-1);
        found(s);
    }
    const Instruction* at(const State& s, ActorId task) const {
        const auto pc = static_cast<std::size_t>(static_cast<unsigned char>(s.pc[task]));
        return pc < code[task].size() ? &code[task][pc] : nullptr;
    }
    int next_step(const State& s, ActorId task) const {
        const Instruction* const i = at(s, task);
        return i == nullptr ? -1 : static_cast<int>(i->op);
    }
    template <class Context>
    void step(State& s, ActorId task, Context& context) const {
        const Instruction* const i = at(s, task);
        context.at(i == nullptr ? 0 : static_cast<StepId>(i->op));
        if (i == nullptr) return context.blocked({"the end"});
        ++s.pc[task];
        auto& a = s.variable[i->a];
        switch (i->op) {
            case Op::set:
                a = static_cast<std::int8_t>(i->value);
                return;
            case Op::add:
                a = static_cast<std::int8_t>((a + s.variable[i->b]) % values);
                return;
            case Op::await:
                if (a != i->value) context.blocked({"a variable"});
                return;
            case Op::lock:
                if (s.lock[i->a % 2] >= 0) return context.blocked({"a lock", s.lock[i->a % 2]});
                s.lock[i->a % 2] = static_cast<std::int8_t>(task);
                return;
            case Op::unlock:
                if (s.lock[i->a % 2] == static_cast<int>(task)) s.lock[i->a % 2] = -1;
                return;
            case Op::choose:
                if (context.choose(0, 2) == 1) s.pc[task] = static_cast<std::int8_t>(i->to);
                return;
            case Op::jump:
                if (a == i->value) s.pc[task] = static_cast<std::int8_t>(i->to);
                return;
            case Op::expect:
                if (a == i->value) context.fail(0, "not expected");
                return;
            case Op::hum:
                s.own[task] = static_cast<std::int8_t>(1 - s.own[task]);
                return;
        }
    }

    void symmetries(const State& s, SymmetrySink& sink) const {
        if (!twins) return;
        const std::size_t set = sink.set("twins", 2);
        for (unsigned i = 0; i < 2; ++i) {
            sink.part(set, i, s.pc[i]);
            sink.part(set, i, s.own[i]);
        }
        for (const std::int8_t& owner : s.lock) sink.reference(set, owner);
    }
    static ObjectSet variable_object(unsigned v) { return ObjectSet{1} << v; }
    static ObjectSet lock_object(unsigned l) { return ObjectSet{1} << (most_variables + l % 2); }
    /// Own fields are objects of nobody else, so they need none.
    static Footprint footprint(const Instruction& i) {
        const ObjectSet a = variable_object(i.a);
        switch (i.op) {
            case Op::set:
                return {0, a};
            case Op::add:
                return {a | variable_object(i.b), a};
            case Op::lock:
            case Op::unlock:
                return {lock_object(i.a), lock_object(i.a)};
            case Op::choose:
            case Op::hum:
                return {};
            default:
                return {a, 0};
        }
    }
    Touches touches(const State& s, ActorId task) const {
        const Instruction* const i = at(s, task);
        if (i == nullptr) return {};
        Touches found{footprint(*i), later[task][static_cast<std::size_t>(s.pc[task])], -1,
                      positions ? static_cast<int>(s.pc[task]) : 0};
        if (i->op == Op::lock) found.waits_for = s.lock[i->a % 2];  // NOLINT(bugprone-signed-char-misuse): may be -1
        if (found.waits_for == static_cast<int>(task)) found.waits_for = -1;  // for ever
        if (lie == Lie::reads_less) found.next.reads = 0;
        if (lie == Lie::writes_less) found.next.writes = 0;
        if (lie == Lie::later_less) found.later = {};
        if (lie == Lie::waits && i->op == Op::await) found.waits_for = task == 0 ? 1 : 0;
        return found;
    }
    void find_later() {
        later.assign(tasks, {});
        for (unsigned t = 0; t < tasks; ++t) {
            later[t].assign(code[t].size() + 1, {});
            for (std::size_t again = 0; again <= code[t].size(); ++again) {
                for (std::size_t pc = code[t].size(); pc-- > 0;) {
                    const Instruction& i = code[t][pc];
                    Footprint sum = footprint(i) | later[t][pc + 1];
                    if (i.op == Op::choose || i.op == Op::jump) sum = sum | later[t][static_cast<std::size_t>(i.to)];
                    later[t][pc] = later[t][pc] | sum;
                }
            }
        }
    }
};

Programs random_programs(unsigned seed) {
    std::mt19937 random(seed);
    const auto below = [&random](unsigned n) { return static_cast<unsigned>(random() % n); };
    Programs programs;
    programs.tasks = 2 + below(3);
    programs.variables = 2 + below(Programs::most_variables - 1);
    programs.environment = below(3) == 0 ? 1 : 0;
    for (unsigned t = 0; t < programs.tasks; ++t) {
        const unsigned length = 2 + below(4);
        std::vector<Programs::Instruction> code;
        // Tasks mostly have some variables in common with some others only.
        const unsigned first = below(programs.variables);
        const auto variable = [&] { return (first + below(2)) % programs.variables; };
        for (unsigned i = 0; i < length; ++i) {
            code.push_back({static_cast<Programs::Op>(below(9)), variable(), variable(),
                            static_cast<int>(below(Programs::values)), static_cast<int>(below(length + 1))});
        }
        programs.code.push_back(std::move(code));
    }
    programs.watched = below(programs.variables);
    programs.watched_too = below(programs.variables);
    programs.positions = below(2) == 0;
    programs.find_later();
    return programs;
}

std::vector<Property<Programs>> some_properties(unsigned seed, const Programs& programs) {
    std::mt19937 random(seed + 1'000'000);
    const ObjectSet watched =
        Programs::variable_object(programs.watched) | Programs::variable_object(programs.watched_too);
    const ObjectSet reads = programs.lie == Programs::Lie::property_reads_less ? 0 : watched;
    using State = Programs::State;
    std::vector<Property<Programs>> all;
    const auto add = [&](const char* id, PropertyKind kind) -> Property<Programs>& {
        all.push_back(property<Programs>(id, kind));
        all.back().reads = reads;
        return all.back();
    };
    add("assertion", PropertyKind::assertion);
    add("goal", PropertyKind::reachability).holds = [](const Programs& m, const State& s) {
        return s.variable[m.watched] == 2 && s.variable[m.watched_too] == 1;
    };
    add("step-goal", PropertyKind::reachability).holds_step = [](const Programs& m, const State& a, const State& b) {
        return a.variable[m.watched_too] == 1 && b.variable[m.watched_too] == 1 && a.variable[m.watched] == 0 &&
               b.variable[m.watched] == 2;
    };
    if (random() % 2 == 0) add("deadlock", PropertyKind::deadlock);
    if (random() % 2 == 0) {
        add("end", PropertyKind::end_state).holds = [](const Programs& m, const State& s) {
            return s.variable[m.watched] != 1;
        };
    }
    if (random() % 3 == 0) {
        add("invariant", PropertyKind::invariant).holds = [](const Programs& m, const State& s) {
            return s.variable[m.watched] != 2 || s.variable[m.watched_too] != 0;
        };
    }
    if (random() % 3 == 0) {
        add("transition", PropertyKind::transition).holds_step = [](const Programs& m, const State& a, const State& b) {
            return !(a.variable[m.watched] == 1 && b.variable[m.watched] == 0 && b.variable[m.watched_too] == 2);
        };
    }
    return all;
}

template <class M>
Result<M> search(const M& model, const std::vector<Property<M>>& properties, SearchOptions options = {}) {
    options.stop_when_decided = false;
    return check(model, properties, options);
}

/// The same verdicts, and runs that the model can make. \return how many states were left out
template <class M>
std::uint64_t expect_same(const M& model, const std::vector<Property<M>>& properties, SearchOptions options = {}) {
    const auto all = search(model, properties, options);
    options.partial_order = true;
    options.audit_each = 1;
    const auto some = search(model, properties, options);
    EXPECT_TRUE(all.complete && some.complete) << all.model_error << some.model_error;
    EXPECT_LE(some.statistics.states, all.statistics.states);
    for (std::size_t i = 0; i < properties.size(); ++i) {
        EXPECT_EQ(some.verdicts[i].status, all.verdicts[i].status) << properties[i].id;
        EXPECT_EQ(some.verdicts[i].vacuous, all.verdicts[i].vacuous) << properties[i].id;
        EXPECT_EQ(some.verdicts[i].counterexample.has_value(), all.verdicts[i].counterexample.has_value());
        if (!some.verdicts[i].counterexample || !all.verdicts[i].counterexample) continue;
        EXPECT_GE(some.verdicts[i].counterexample->transitions(), all.verdicts[i].counterexample->transitions());
        const Counterexample<M>& run = *some.verdicts[i].counterexample;
        const Replay<M> again = replay(model, run.initial, run.steps, &properties[i]);
        EXPECT_FALSE(again.diverged_at) << again.reason;
        EXPECT_EQ(again.status, some.verdicts[i].status) << properties[i].id;
    }
    return all.statistics.states - some.statistics.states;
}

constexpr unsigned samples = few_samples ? 300 : 1500;

TEST(PartialOrder, ChangesNoVerdictOfRandomPrograms) {
    std::uint64_t left_out = 0;
    unsigned programs_with_less = 0;
    for (unsigned seed = 0; seed < samples; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        const Programs programs = random_programs(seed);
        SearchOptions options;
        options.fuse = seed % 2 == 0;
        const std::uint64_t less = expect_same(programs, some_properties(seed, programs), options);
        left_out += less;
        programs_with_less += less > 0 ? 1 : 0;
        if (testing::Test::HasFailure()) break;
    }
    EXPECT_GT(programs_with_less, samples / 3);
    EXPECT_GT(left_out, samples * 40 / 3);
}

using Op = Programs::Op;
using Code = std::vector<Programs::Instruction>;

Programs programs_of(std::vector<Code> code, unsigned environment = 0) {
    Programs programs;
    programs.tasks = static_cast<unsigned>(code.size());
    programs.environment = environment;
    programs.code = std::move(code);
    programs.find_later();
    return programs;
}
Property<Programs> nothing_fails() { return property<Programs>("nothing-fails", PropertyKind::assertion); }

/// Groups of two tasks each, that meet at two variables of theirs.
Programs groups(unsigned count) {
    std::vector<Code> code;
    for (unsigned group = 0; group < count; ++group) {
        const unsigned a = 2 * group;
        const unsigned b = a + 1;
        code.insert(code.end(), 2,
                    Code{{Op::add, a, b, 0, 0}, {Op::set, a, a, 1, 0}, {Op::add, a, b, 0, 0}, {Op::set, b, a, 1, 0}});
    }
    return programs_of(std::move(code));
}

TEST(PartialOrder, LeavesOutWhatGroupsOfTasksDoApart) {
    const Programs programs = groups(2);
    SearchOptions options;
    const auto all = search(programs, {nothing_fails()}, options);
    options.partial_order = true;
    const auto some = search(programs, {nothing_fails()}, options);
    const auto alone = search(groups(1), {nothing_fails()}, options);
    EXPECT_EQ(all.statistics.states, 900U);
    // The second group once for each way in which the first one can end.
    EXPECT_LE(some.statistics.states, 5 * alone.statistics.states);
    EXPECT_EQ(alone.statistics.states, 28U);
    EXPECT_GT(some.statistics.reduced, 0U);
    EXPECT_EQ(all.statistics.reduced, 0U);
}

TEST(PartialOrder, DoesNotMoveTheEnvironmentOutOfADeadlock) {
    // Task 0 waits for the environment, which may move, but need not.
    const Programs programs = programs_of(
        {{{Op::await, 0, 0, 1, 0}}, {{Op::expect, 3, 0, 2, 0}}, {{Op::set, 0, 0, 1, 0}, {Op::hum, 0, 0, 0, 0}}}, 1);
    const Property<Programs> deadlock = property<Programs>("deadlock", PropertyKind::deadlock);
    expect_same(programs, {deadlock});
    EXPECT_EQ(search(programs, {deadlock}).verdicts[0].status, Status::violated);
}

TEST(PartialOrder, WaitsForTheHolderOfALock) {
    // Task 0 fails only if task 1 sets variable 0 before it, and for that task 2 has to give up the lock.
    const Programs programs =
        programs_of({{{Op::expect, 0, 0, 1, 0}, {Op::hum, 0, 0, 0, 0}},
                     {{Op::await, 1, 0, 1, 0}, {Op::lock, 0, 0, 0, 0}, {Op::set, 0, 0, 1, 0}},
                     {{Op::lock, 0, 0, 0, 0}, {Op::set, 1, 0, 1, 0}, {Op::unlock, 0, 0, 0, 0}, {Op::hum, 0, 0, 0, 0}}});
    SearchOptions options;
    options.fuse = false;
    expect_same(programs, {nothing_fails()}, options);
    EXPECT_EQ(search(programs, {nothing_fails()}).verdicts[0].status, Status::violated);
}

TEST(PartialOrder, PutsNobodyOffForEver) {
    // Task 0 goes round and round and never meets task 1.
    const Programs programs = programs_of(
        {{{Op::jump, 0, 0, 1, 0}, {Op::jump, 0, 0, 0, 0}}, {{Op::set, 1, 0, 1, 0}, {Op::expect, 1, 0, 1, 0}}});
    expect_same(programs, {nothing_fails()});
    EXPECT_EQ(search(programs, {nothing_fails()}).verdicts[0].status, Status::violated);
}

TEST(PartialOrder, SeveralThreadsFindTheSame) {
    std::uint64_t reduced = 0;
    for (unsigned seed = 0; seed < 20; ++seed) {
        const Programs programs = seed == 0 ? groups(2) : random_programs(seed);
        SearchOptions options;
        options.partial_order = true;
        const auto one = search(programs, some_properties(seed, programs), options);
        options.threads = 3;
        const auto three = search(programs, some_properties(seed, programs), options);
        EXPECT_EQ(one.statistics.states, three.statistics.states);
        EXPECT_EQ(one.statistics.transitions, three.statistics.transitions);
        EXPECT_EQ(one.statistics.reduced, three.statistics.reduced);
        reduced += one.statistics.reduced;
    }
    EXPECT_GT(reduced, 100U);
}

TEST(PartialOrder, GoesTogetherWithSymmetry) {
    std::uint64_t fewer = 0;
    for (unsigned seed = 0; seed < samples * 4 / 15; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Programs programs = random_programs(seed);
        if (programs.environment + 2 > programs.tasks) continue;
        programs.twins = true;
        programs.code[1] = programs.code[0];
        programs.find_later();
        std::vector<Property<Programs>> properties{property<Programs>("nothing-fails", PropertyKind::assertion),
                                                   property<Programs>("deadlock", PropertyKind::deadlock),
                                                   property<Programs>("goal", PropertyKind::reachability)};
        properties[2].holds = [](const Programs& m, const Programs::State& s) {
            return s.variable[m.watched] == 2 && s.variable[m.watched_too] == 1;
        };
        properties[2].reads =
            Programs::variable_object(programs.watched) | Programs::variable_object(programs.watched_too);
        SearchOptions options;
        options.symmetry = true;
        fewer += expect_same(programs, properties, options);
        const auto all = search(programs, properties);
        const auto some = search(programs, properties, options);
        for (std::size_t i = 0; i < properties.size(); ++i) {
            EXPECT_EQ(some.verdicts[i].status, all.verdicts[i].status) << properties[i].id;
        }
        if (testing::Test::HasFailure()) break;
    }
    EXPECT_GT(fewer, samples * 2 / 3);
}

TEST(PartialOrder, GoesOnFromACheckpointOfItsOwn) {
    const std::string file = testing::TempDir() + "vmemcheck-partial-order-" + std::to_string(::getpid());
    const Programs programs = groups(2);
    SearchOptions options;
    options.partial_order = true;
    const auto whole = search(programs, {nothing_fails()}, options);
    ASSERT_GT(whole.statistics.states, 60U);
    ASSERT_GT(whole.statistics.reduced, 0U);
    options.checkpoint.file = file;
    options.max_states = 60;
    EXPECT_EQ(search(programs, {nothing_fails()}, options).ended, Ended::state_limit);
    options.max_states = 0;
    SearchOptions other = options;
    other.partial_order = false;
    EXPECT_THROW(static_cast<void>(search(programs, {nothing_fails()}, other)), CheckpointError);
    const auto rest = search(programs, {nothing_fails()}, options);
    EXPECT_EQ(rest.statistics.states, whole.statistics.states);
    EXPECT_EQ(rest.statistics.transitions, whole.statistics.transitions);
    EXPECT_EQ(rest.statistics.reduced, whole.statistics.reduced);
    static_cast<void>(std::remove(file.c_str()));
}

TEST(PartialOrder, NothingComesOfItDepthFirst) {
    const Programs programs = groups(2);
    SearchOptions options;
    options.strategy = Strategy::depth_first;
    const auto all = search(programs, {nothing_fails()}, options);
    options.partial_order = true;
    const auto some = search(programs, {nothing_fails()}, options);
    EXPECT_EQ(some.statistics.states, all.statistics.states);
    EXPECT_EQ(some.statistics.reduced, 0U);
}

/// What the audit says of all states.
template <class M>
std::string footprint_complaint(const M& model, const std::vector<Property<M>>& properties, bool reduce = false) {
    SearchOptions options;
    options.audit_footprints = !reduce;
    options.partial_order = reduce;
    options.audit_each = 1;
    return search(model, properties, options).model_error;
}

TEST(FootprintAudit, FindsLies) {
    using Lie = Programs::Lie;
    Programs programs = programs_of({{{Op::await, 0, 0, 1, 0}, {Op::add, 1, 2, 0, 0}, {Op::hum, 0, 0, 0, 0}},
                                     {{Op::set, 0, 0, 1, 0}, {Op::set, 2, 0, 2, 0}, {Op::set, 0, 0, 0, 0}}});
    auto goal = property<Programs>("goal", PropertyKind::reachability);
    goal.holds = [](const Programs& m, const Programs::State& s) { return s.variable[m.watched] == 1; };
    goal.reads = Programs::variable_object(0);
    EXPECT_EQ(footprint_complaint(programs, {goal}), "");
    EXPECT_EQ(footprint_complaint(programs, {goal}, true), "");
    const std::string wrong = "the footprints are wrong: ";
    programs.lie = Lie::reads_less;
    EXPECT_EQ(footprint_complaint(programs, {goal}),
              wrong + "what task0 does next depends on what task1 does before it");
    programs.lie = Lie::writes_less;
    EXPECT_EQ(footprint_complaint(programs, {goal}),
              wrong + "what task0 does next depends on what task1 does before it");
    programs.lie = Lie::later_less;
    EXPECT_EQ(footprint_complaint(programs, {goal}), wrong + "step set of task1 changes what task1 may touch later");
    EXPECT_EQ(footprint_complaint(programs, {goal}, true),
              wrong + "step set of task1 changes what task1 may touch later");
    programs.lie = Lie::none;
    goal.reads = 0;
    EXPECT_EQ(footprint_complaint(programs, {goal}),
              wrong + "step set of task1 changes what property goal says, and writes nothing that it reads");
}

TEST(FootprintAudit, FindsWhoDoesNotWait) {
    Programs programs = programs_of({{{Op::await, 0, 0, 1, 0}}, {}, {{Op::set, 0, 0, 1, 0}}});
    EXPECT_EQ(footprint_complaint(programs, {}), "");
    programs.lie = Programs::Lie::waits;
    EXPECT_EQ(footprint_complaint(programs, {}),
              "the footprints are wrong: task0 can move, and need not wait for actor 1");
}

}  // namespace
}  // namespace vmemcheck::checker
