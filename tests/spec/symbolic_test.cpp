// SPDX-License-Identifier: MIT
// The one-source design at work: step functions of model/ run over Z3 terms, as they are.
#include <gtest/gtest.h>

#include "spec/predicates.hpp"
#include "spec/symbolic_step.hpp"
#include "tests/spec/agreement.hpp"
#include "tests/spec/configs.hpp"

namespace vmemcheck::bbm::spec {
namespace {

using Symbolic = Predicates<SymbolicDomain>;

/// What the induction of a step assumes and asks: the invariant before, its negation after.
struct Induction {
    Config config;
    actor::Id actor;
    StepId step;
    std::function<SymBool(const Symbolic&)> invariant;
    std::function<SymBool(const Symbolic&)> also_assumed = [](const Symbolic&) { return SymBool(true); };
};

struct Outcome {
    std::size_t paths = 0;
    std::size_t enabled = 0;
    std::size_t broken = 0;  ///< paths that do not keep the invariant, or reach a WARN
};

/// Pins the program counter, enumerates the step's paths and asks one query a path. Every enabled path is also run in
/// the native domain, from a state that Z3 chooses, and must end in the same state.
Outcome induct(const Induction& in) {
    z3::context z3;
    Outcome outcome;
    FreshState fresh = fresh_state(z3, in.config, "s");
    const int pc = static_cast<int>(in.step);
    if (in.step >= StepId::op_first && in.step <= StepId::op_last) {
        fresh.state.op = pc;
        fresh.state.device_hotplug_lock = in.actor == actor::worker ? task::worker : task::user;
    } else {
        fresh.state.wk = pc;
        fresh.state.op = static_cast<int>(StepId::op_none);
        fresh.state.device_hotplug_lock = 0;
    }
    z3::expr assumption = fresh.bounds;
    {
        PathOracle oracle(z3);  // terms of predicates need a context in force
        const Symbolic before{in.config, fresh.state};
        assumption = assumption && (in.invariant(before) && in.also_assumed(before)).term();
    }
    const Setting setting(in.config);
    for (const SymbolicPath& path : paths_of(in.config, in.actor, fresh.state, assumption)) {
        ++outcome.paths;
        if (path.blocked || path.outside) continue;
        ++outcome.enabled;
        z3::solver solver(z3);
        solver.add(assumption && path.condition);
        EXPECT_EQ(solver.check(), z3::sat) << "an infeasible path was enumerated";

        const auto differs = compare_model(setting, in.actor, fresh.state, path, solver.get_model());
        EXPECT_FALSE(differs) << *differs << ", path " << outcome.paths << " of "
                              << step_names()[static_cast<std::size_t>(in.step)];

        PathOracle oracle(z3);
        const SymBool kept = in.invariant(Symbolic{in.config, path.after});
        solver.add(!kept.term());
        const bool holds = solver.check() == z3::unsat;
        outcome.broken += holds && path.failures.empty() ? 0U : 1U;
    }
    return outcome;
}

SymBool fake_pages_have_one_reference(const Symbolic& p) { return p.refcount_restored(); }

/// The offlining in progress is the driver's to cancel: GOING_OFFLINE was accepted and its references dropped.
SymBool dropped(const Symbolic& p) {
    SymBool ok = p.s.hotplug_active == 1 && p.s.op_notified == 1 && p.s.op_mb < p.c.scope.total_memory_blocks() &&
                 p.s.op_type == 0 && p.s.hotplug_mutex == task::user;
    for (int i = 0; i < p.c.scope.total_pages(); ++i) {
        const SymBool in_block = p.s.op_mb == p.mb_of_page(i);
        const SymBool fake = Symbolic::is_fake(p.page(i));
        // All online pages of a FAKE_OFFLINE big block are the driver's, and of an ADDED one none.
        ok = ok && (!in_block || fake == (p.bb(p.bb_of_page(i)).state == big_block::fake_offline));
        ok = ok && (!in_block || !fake || p.page(i).ref == 0) && p.page(i).pin == pin::none;
    }
    return ok;
}

TEST(Symbolic, CancelOfflineRestoresTheReference) {
    const Induction in{config_of("linux-6.1"), actor::user, StepId::op_offline_cancel, fake_pages_have_one_reference,
                       dropped};
    const Outcome outcome = induct(in);
    EXPECT_GE(outcome.enabled, 2U);  // FAKE_OFFLINE or not
    EXPECT_EQ(outcome.broken, 0U);
}

TEST(Symbolic, TheMutantThatForgetsTheReferenceIsRefuted) {
    for (const Mutant mutant : {Mutant::cancel_forgets_reference, Mutant::cancel_takes_two_references}) {
        const Outcome outcome = induct({config_of("linux-6.1", mutant), actor::user, StepId::op_offline_cancel,
                                        fake_pages_have_one_reference, dropped});
        EXPECT_GT(outcome.broken, 0U);
    }
}

SymBool counts(const Symbolic& p) { return p.counts_consistent(); }
SymBool candidate_is_added(const Symbolic& p) {
    return p.s.wk_bb < p.s.next_bb && p.s.wk_bb == 0 && p.bb(0).state == big_block::added &&
           p.s.hotplug_mutex == task::worker;
}

TEST(Symbolic, MarkingFakeOfflineKeepsTheCounts) {
    const Outcome outcome =
        induct({config_of("linux-6.12"), actor::worker, StepId::wk_fo_mark_bb, counts, candidate_is_added});
    EXPECT_GE(outcome.enabled, 1U);
    EXPECT_EQ(outcome.broken, 0U);
}

TEST(Symbolic, WithoutTheStateAssumptionMarkingIsNotInductive) {
    const Outcome outcome = induct({config_of("linux-6.12"), actor::worker, StepId::wk_fo_mark_bb, counts,
                                    [](const Symbolic& p) { return p.s.wk_bb == 0 && p.s.next_bb == 1; }});
    EXPECT_GT(outcome.broken, 0U);
}

SymBool nonnegative(const Symbolic& p) { return p.s.offline_size >= 0; }

TEST(Symbolic, CouldAddMemoryBranchesOnTheThreshold) {
    const Outcome outcome = induct({config_of("linux-6.12"), actor::worker, StepId::wk_could_add, nonnegative});
    EXPECT_GE(outcome.enabled, 3U);  // ENOSPC, an unused big block, a new one
    EXPECT_EQ(outcome.broken, 0U);
}

TEST(Symbolic, ChoicesFork) {
    const Outcome outcome = induct({config_of("linux-6.12"), actor::user, StepId::op_offline_loop, nonnegative,
                                    [](const Symbolic& p) { return p.s.op_mb == 0; }});
    EXPECT_EQ(outcome.enabled, 2U);  // a signal, or none
}

TEST(Symbolic, BlockedPathsAreTold) {
    const Outcome outcome = induct({config_of("linux-6.12"), actor::worker, StepId::wk_fo_lock, nonnegative});
    EXPECT_EQ(outcome.enabled, 1U);
    EXPECT_GT(outcome.paths, outcome.enabled);
}

TEST(Symbolic, SelectIsOneTerm) {
    z3::context z3;
    PathOracle oracle(z3);
    oracle.begin();
    const SymInt x(z3.int_const("x"));
    const SymInt y = SymbolicDomain::select(x > 3, x + 1, 0);
    EXPECT_FALSE(y.is_constant());
    EXPECT_FALSE(oracle.advance()) << "select must not fork";
    EXPECT_TRUE(SymbolicDomain::select(SymBool(true), 1, 2).is_constant());
}

}  // namespace
}  // namespace vmemcheck::bbm::spec
