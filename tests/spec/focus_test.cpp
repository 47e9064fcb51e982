// SPDX-License-Identifier: MIT
// Runs of larger systems, seen through random focuses, are runs of the focus: what proofs for every size rest on.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/spec/focus_view.hpp"

namespace vmemcheck::bbm::spec {
namespace {

using State = Bbm::State;

Config large(std::string_view release) {
    Config config;
    config.release = *find_release(release);
    config.scope.big_blocks = 3;
    config.scope.memory_blocks = 2;
    config.scope.sections = 2;
    config.scope.page_blocks = 2;
    config.scope.pages = 2;
    config.scope.allocations = 6;
    config.scope.pins = 2;
    config.scope.contig_tries = 5;
    return config;
}

class FocusesOf : public testing::TestWithParam<std::string_view> {};

TEST_P(FocusesOf, LongHaveEveryTransitionOfALargerSystem) {
    const Config whole = large(GetParam());
    const std::vector<ProofCase> cases = focuses(whole);
    const std::vector<SampledTransition> transitions = walk(whole, 3);
    EXPECT_GT(transitions.size(), 150U);
    Random random(1);  // NOLINT(cert-msc32-c,cert-msc51-cpp)
    std::map<Seen, int> counts;
    for (std::size_t i = 0; i < transitions.size(); ++i) {
        const ProofCase& focus = cases[i % cases.size()];
        const bool with_place = i / cases.size() % 2 == 0;
        const Seen seen = look(whole, focus, transitions[i], random, with_place);
        ++counts[seen];
        const std::string what = step_title(transitions[i].step) + ", " + focus.name;
        EXPECT_NE(seen, Seen::not_at_all) << what;
        // With what the step works on no path may be left to others.
        if (with_place) {
            EXPECT_NE(seen, Seen::elsewhere) << what;
        }
    }
    EXPECT_GT(counts[Seen::as_a_path], counts[Seen::elsewhere]);
}

std::string name_of(const testing::TestParamInfo<std::string_view>& info) {
    std::string name(info.param);
    std::replace_if(
        name.begin(), name.end(), [](char c) { return c == '-' || c == '.'; }, '_');
    return name;
}
INSTANTIATE_TEST_SUITE_P(Newest, FocusesOf, testing::Values("linux-6.12"), name_of);
INSTANTIATE_TEST_SUITE_P(LongOlder, FocusesOf, testing::Values("linux-5.11", "linux-6.1"), name_of);

/// sums_of_others() takes for granted that a memory block which is being onlined is offline, though it is not kept. Of
/// every memory block that is kept the lemma says so, and the proof shows it: an arbitrary one, in each focus.
TEST(Focuses, TheFactAssumedOfASumIsALemmaOfTheWitness) {
    const auto lemma = [] {
        for (std::size_t i = 0;; ++i) {
            if (Obligations::name(i) == "memory-block-follows") return i;
        }
    }();
    const auto answer = [&](const ProofCase& c, bool with_lemma) {
        z3::context context;
        const PathOracle oracle(context);
        const Focus focus(context, c.config.scope);
        const SymbolicState state = fresh_state(context, c.config, "s", &focus).state;
        z3::solver solver = new_solver(context);
        if (with_lemma) {
            for (const z3::expr& conjunct : conjuncts_of(c.config, state, lemma, true)) solver.add(conjunct);
        }
        SymBool broken = false;
        for (int i = 0; i < c.config.scope.total_memory_blocks(); ++i) {
            broken = broken || (state.op_mb == state.numbering.memory_block(c.config.scope, i) &&
                                state.mb[static_cast<std::size_t>(i)].state != memory_block::offline);
        }
        solver.add((is_onlining(state) && broken).term());
        return solver.check();
    };
    for (const ProofCase& c : focuses(large("linux-6.12"))) {
        EXPECT_EQ(answer(c, true), z3::unsat) << c.name;
        EXPECT_EQ(answer(c, false), z3::sat) << c.name << ": the question must be one";
    }
}

/// Where the witness and what acts first differ: on one level, or nowhere. Each focus is one of these cases.
TEST(Focuses, AreAllCasesAndNoTwo) {
    z3::context context;
    constexpr unsigned levels = 5;  // big block, memory block of it, section of that, page block, page
    const std::vector<ProofCase> cases = focuses(large("linux-6.12"));
    z3::expr_vector acting(context);
    z3::expr_vector witness(context);
    for (unsigned i = 0; i < levels; ++i) {
        acting.push_back(context.int_const(("acting" + std::to_string(i)).c_str()));
        witness.push_back(context.int_const(("witness" + std::to_string(i)).c_str()));
    }
    std::vector<z3::expr> fits;
    for (const ProofCase& c : cases) {
        const Scope& kept = c.config.scope;
        const std::array<int, levels> sizes{kept.big_blocks, kept.memory_blocks, kept.sections, kept.page_blocks,
                                            kept.pages};
        z3::expr fit = context.bool_val(true);
        for (unsigned i = 0; i < levels; ++i) {
            const auto at = static_cast<int>(i);
            EXPECT_TRUE(sizes[i] == 1 || sizes[i] == 2) << c.name;
            fit = fit && (sizes[i] == 1 ? acting[at] == witness[at] : acting[at] != witness[at]);
            if (sizes[i] == 2) break;  // below that they are in different wholes
        }
        fits.push_back(fit);
    }
    z3::solver none(context);
    for (const z3::expr& fit : fits) none.add(!fit);
    EXPECT_EQ(none.check(), z3::unsat) << "a witness and something acting that no focus has";
    for (std::size_t i = 0; i < fits.size(); ++i) {
        for (std::size_t j = i + 1; j < fits.size(); ++j) {
            z3::solver both(context);
            both.add(fits[i] && fits[j]);
            EXPECT_EQ(both.check(), z3::unsat) << cases[i].name << " and " << cases[j].name;
        }
    }
}

/// What the model does at a state.
SampledTransition transition_of(const Config& config, const State& before, checker::ActorId who) {
    const Bbm model(config);
    checker::SearchContext context;
    State after = before;
    context.begin();
    model.step(after, who, context);
    EXPECT_FALSE(context.is_blocked());
    return {{who, static_cast<StepId>(context.step())}, before, after, {}};
}

/// A focus keeps what a loop over big blocks would find, but one before it, which is not kept, is found.
TEST(Focuses, LetABigBlockThatIsNotKeptBeFoundFirst) {
    Config whole = large("linux-6.12");
    whole.scope.sections = whole.scope.page_blocks = whole.scope.pages = 1;
    const std::vector<ProofCase> cases = focuses(whole);
    State state = Bbm(whole).initial_state(0);
    state.next_bb = 3;
    state.wk_left = 1;
    const auto all_are = [&](int of_state) {
        for (int i = 0; i < 3; ++i) state.bb[static_cast<std::size_t>(i)].state = of_state;
        for (int i = 0; i < big_block::count; ++i) state.bb_count[static_cast<std::size_t>(i)] = 0;
        state.bb_count[static_cast<std::size_t>(of_state)] = 3;
    };
    all_are(big_block::unused);
    state.wk = static_cast<int>(StepId::wk_could_add);
    const SampledTransition upwards = transition_of(whole, state, actor::worker);
    ASSERT_EQ(upwards.after.wk_bb, 0);
    EXPECT_EQ(look(whole, cases[0], upwards, {{1}, {2}, {2}, {2}, {2}}), Seen::as_a_path);
    EXPECT_EQ(look(whole, cases[0], upwards, {{0}, {0}, {0}, {0}, {0}}), Seen::as_a_path);

    // The last one is skipped and the one below is found; a witness is the first.
    all_are(big_block::added);
    state.wk = static_cast<int>(StepId::wk_pass);
    state.wk_bb = 2;
    state.mb[4].online = 1;
    const SampledTransition downwards = transition_of(whole, state, actor::worker);
    ASSERT_EQ(downwards.after.wk_bb, 1);
    EXPECT_EQ(look(whole, cases[1], downwards, {{0, 2}, {0, 4}, {0, 4}, {0, 4}, {0, 4}}), Seen::as_a_path);
    EXPECT_EQ(look(whole, cases[1], downwards, {{1, 2}, {2, 4}, {2, 4}, {2, 4}, {2, 4}}), Seen::as_a_path);
    EXPECT_EQ(look(whole, cases[1], downwards, {{0, 1}, {0, 2}, {0, 2}, {0, 2}, {0, 2}}), Seen::elsewhere);
}

/// The same of memory blocks that are to be onlined again.
TEST(Focuses, LetAMemoryBlockThatIsNotKeptBeOnlinedFirst) {
    Config whole = large("linux-6.12");
    whole.scope.memory_blocks = 3;
    whole.scope.sections = whole.scope.page_blocks = whole.scope.pages = 1;
    const ProofCase two_blocks = focuses(whole)[2];
    State state = Bbm(whole).initial_state(0);
    state.device_hotplug_lock = task::worker;
    state.op = static_cast<int>(StepId::op_online_end);
    state.op_caller = caller::rollback;
    for (int i = 0; i < 3; ++i) state.op_types[static_cast<std::size_t>(i)] = online_type::kernel;
    for (int i = 0; i < 3; ++i) state.mb[static_cast<std::size_t>(i)].state = memory_block::offline;
    const SampledTransition next = transition_of(whole, state, actor::worker);
    ASSERT_EQ(next.after.op_mb, 1);
    EXPECT_EQ(look(whole, two_blocks, next, {{0}, {0, 2}, {0, 2}, {0, 2}, {0, 2}}), Seen::as_a_path);
    EXPECT_EQ(look(whole, two_blocks, next, {{0}, {0, 1}, {0, 1}, {0, 1}, {0, 1}}), Seen::as_a_path);
    EXPECT_EQ(look(whole, two_blocks, next, {{0}, {1, 2}, {1, 2}, {1, 2}, {1, 2}}), Seen::elsewhere);
}

/// When there is nothing to be onlined again the operation is back at the first memory block, whether kept or not.
TEST(Focuses, EndARollbackWithoutTheFirstMemoryBlock) {
    Config whole = large("linux-6.12");
    whole.scope.sections = whole.scope.page_blocks = whole.scope.pages = 1;
    State state = Bbm(whole).initial_state(0);
    state.device_hotplug_lock = task::worker;
    state.op = static_cast<int>(StepId::op_offline_fail);
    state.op_caller = caller::offline_and_remove;
    state.op_mb = 1;
    state.op_rc = result::ebusy;
    const SampledTransition done = transition_of(whole, state, actor::worker);
    ASSERT_EQ(done.after.op_mb, 0);
    ASSERT_EQ(done.after.op, static_cast<int>(StepId::op_unlock));
    const ProofCase two_big_blocks = focuses(whole)[1];
    EXPECT_EQ(look(whole, two_big_blocks, done, {{0, 1}, {1, 2}, {1, 2}, {1, 2}, {1, 2}}), Seen::as_a_path);
}

TEST(FocusesOfNoSystem, LongLackWhatNoSystemDoes) {
    // The transition, but with a page that changes for no reason.
    const Config whole = large("linux-6.12");
    const ProofCase one = focuses(whole).front();
    Random random(2);  // NOLINT(cert-msc32-c,cert-msc51-cpp)
    int tried = 0;
    for (SampledTransition transition : walk(whole, 1)) {
        for (auto& page : transition.after.page) page.ref = page.ref + 1;
        if (++tried % 4 != 0) continue;
        EXPECT_NE(look(whole, one, transition, random, tried % 8 == 0), Seen::as_a_path) << step_title(transition.step);
    }
    EXPECT_GT(tried, 60);
}

}  // namespace
}  // namespace vmemcheck::bbm::spec
