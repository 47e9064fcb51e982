// SPDX-License-Identifier: MIT
// Unrolling against the native model: the same depths, runs that replay, and no native step left out.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "checker/search.hpp"
#include "spec/symbolic_unroll.hpp"
#include "tests/spec/configs.hpp"

namespace vmemcheck::bbm::spec {
namespace {

const ObligationSet nothing(Obligations::predicates(), false);

/// Lemmas, and all invariants but one.
ObligationSet all_but(std::string_view left_out) {
    ObligationSet set(Obligations::predicates(), true);
    for (std::size_t i = 0; i < set.size(); ++i) {
        if (Obligations::name(i) == left_out) set[i] = false;
    }
    return set;
}
std::size_t obligation(std::string_view id) {
    std::size_t i = 0;
    while (Obligations::name(i) != id) ++i;
    return i;
}

/// A target in both domains.
struct Goal {
    const char* name;
    StatePredicate symbolic;
    bool (*native)(const Bbm&, const Bbm::State&);
};
template <class D>
typename D::Bool some_added(const State<D>& s) {
    return s.bb[0].state == big_block::added;
}
template <class D>
typename D::Bool broken_by_the_device(const State<D>& s) {
    return s.broken == broken::device;
}
template <class D>
typename D::Bool unbound_with_leftovers(const State<D>& s) {
    return s.rm == static_cast<int>(StepId::rm_done) && s.plugged == 1;
}
template <class D>
typename D::Bool timer_armed_again(const State<D>& s) {
    return s.timer == 1 && s.queued == 1 && s.wk == static_cast<int>(StepId::wk_idle);
}
template <class D>
typename D::Bool offline_and_fake(const State<D>& s) {
    return s.bb[0].state == big_block::fake_offline;
}
// NOLINTNEXTLINE(bugprone-macro-parentheses): the name of a template
#define GOAL(predicate)                                                                                                \
    Goal {                                                                                                             \
#predicate, [](const Config&,                                                                                  \
                       const SymbolicState&                                                                            \
                           s) { return predicate(s); }, [](const Bbm&,                                                 \
                                                           const Bbm::State& s) { return predicate<NativeDomain>(s); } \
    }

/// Steps of a shortest violation (or way to a goal), every step counted; -1: there is none.
int native_depth(const Config& config, const Property& property) {
    checker::SearchOptions options;
    options.fuse = false;
    const auto result = checker::check(Bbm(config), {property}, options);
    const auto& run = result.verdicts.front().counterexample;
    return run ? static_cast<int>(run->steps.size()) : -1;
}
Property reaching(const Goal& goal) {
    Property property;
    property.id = goal.name;
    property.kind = checker::PropertyKind::reachability;
    property.holds = goal.native;
    return property;
}
Property property_of(const Config& config, std::string_view id) {
    for (Property& property : properties(config)) {
        if (property.id == id) return property;
    }
    ADD_FAILURE() << "no property " << id;
    return {};
}

/// The run as a counterexample replays, and is decided by its last step.
void expect_replays(const Config& config, const Property& property, const BmcResult& result) {
    ASSERT_TRUE(result.run);
    EXPECT_EQ(result.run->steps.size(), result.depth);
    const Bbm model(config);
    const auto run = counterexample_of(model, {property}, 0, *result.run);
    EXPECT_FALSE(run.message.empty());
    const auto replay = checker::replay(model, run.initial, run.steps, &property);
    EXPECT_FALSE(replay.diverged_at) << replay.reason;
    EXPECT_EQ(replay.decided_at, result.depth);
}

void expect_same_depth(const Config& config, const ObligationSet& assumed, const Goal& goal) {
    TransitionRelation relation(config, assumed);
    const Property property = reaching(goal);
    const BmcResult result = bmc(relation, Target::state(relation, goal.symbolic), 40, {});
    ASSERT_EQ(result.verdict, BmcResult::Verdict::found) << goal.name;
    EXPECT_EQ(static_cast<int>(result.depth), native_depth(config, property)) << goal.name;
    expect_replays(config, property, result);
}

TEST(Unroll, SlowShortestRunsAreThoseOfTheSearch) {
    expect_same_depth(config_of("linux-6.12"), nothing, GOAL(timer_armed_again));
}

TEST(Unroll, LongShortestRunsAreThoseOfTheSearch) {
    expect_same_depth(config_of("linux-6.12"), nothing, GOAL(unbound_with_leftovers));
    Config config = config_of("linux-6.1");
    config.faults.device_error = true;
    expect_same_depth(config, nothing, GOAL(broken_by_the_device));
}

TEST(Unroll, LongLemmasDoNotChangeDepths) {
    for (const Goal& goal : {GOAL(timer_armed_again), GOAL(some_added)}) {
        expect_same_depth(config_of("linux-6.12"), all_but(""), goal);
    }
}

TEST(Unroll, LongDeepRunsAreThoseOfTheSearch) {
    expect_same_depth(config_of("linux-6.12"), all_but(""), GOAL(offline_and_fake));
    Config config = config_of("linux-6.12");
    config.faults.add_eexist = true;
    const Property property = property_of(config, "not-broken");
    TransitionRelation relation(config, all_but("not-broken"));
    const BmcResult result = bmc(relation, Target::violation(relation, obligation("not-broken")), 40, {});
    EXPECT_EQ(static_cast<int>(result.depth), native_depth(config, property));
    expect_replays(config, property, result);
}

TEST(Unroll, AnAssertionIsViolatedByAMutantAtTheSameDepth) {
    const Config config = config_of("linux-6.12", Mutant::free_without_unregister);
    const Property property = property_of(config, "no-use-after-free");
    TransitionRelation relation(config, nothing);
    const std::size_t target = Obligations::of(assertion::no_use_after_free);
    const BmcResult result = bmc(relation, Target::violation(relation, target), 40, {});
    ASSERT_EQ(result.verdict, BmcResult::Verdict::found);
    EXPECT_EQ(static_cast<int>(result.depth), native_depth(config, property));
    expect_replays(config, property, result);
}

TEST(Unroll, LongAMutantIsRefutedAtTheSameDepth) {
    const Config config = config_of("linux-6.12", Mutant::offline_size_kept_on_add_failure);
    const Property property = property_of(config, "offline-size-exact");
    TransitionRelation relation(config, nothing);
    const BmcResult result = bmc(relation, Target::violation(relation, obligation("offline-size-exact")), 40, {});
    ASSERT_EQ(result.verdict, BmcResult::Verdict::found);
    EXPECT_EQ(static_cast<int>(result.depth), native_depth(config, property));
    expect_replays(config, property, result);
}

TEST(Unroll, LongNothingIsFoundBelowTheDepth) {
    TransitionRelation relation(config_of("linux-6.12"), nothing);
    const StatePredicate unbound = [](const Config&, const SymbolicState& s) {
        return s.rm == static_cast<int>(StepId::rm_done);
    };
    const Target target = Target::state(relation, unbound);
    const BmcResult found = bmc(relation, target, 20, {});
    ASSERT_EQ(found.verdict, BmcResult::Verdict::found);
    const BmcResult below = bmc(relation, target, found.depth - 1, {});
    EXPECT_EQ(below.verdict, BmcResult::Verdict::none);
    EXPECT_EQ(below.depth, found.depth - 1);
}

/// Every step of random native walks is a path of the relation, and of one only.
void expect_steps_covered(const Config& config, const ObligationSet& assumed, unsigned walks, unsigned length) {
    TransitionRelation relation(config, assumed);
    Terms& terms = relation.terms();
    const Bbm model(config);
    std::mt19937 random(1);
    std::size_t steps = 0;
    for (unsigned walk = 0; walk < walks; ++walk) {
        Bbm::State state = model.initial_state(walk % 2);
        for (unsigned i = 0; i < length; ++i) {
            // Every actor has its turn, the worker most often.
            std::vector<std::pair<checker::ActorId, checker::Outcome<Bbm::State>>> ways;
            for (checker::ActorId who = 0; who < model.actor_count(); ++who) {
                for (auto& outcome : checker::outcomes(model, state, who).all) {
                    const unsigned weight = who == actor::administrator ? (random() % 500 == 0 ? 1 : 0)
                                            : who <= actor::device      ? 8
                                                                        : 1;
                    for (unsigned n = 0; n < weight; ++n) ways.emplace_back(who, outcome);
                }
            }
            if (ways.empty()) break;
            const auto& [who, outcome] = ways[random() % ways.size()];
            const auto& step = outcome.steps.front();
            const std::vector<int> before = relation.values(state);
            FieldSets sets;
            for (const int value : before) sets.push_back(ValueSet::of(value));
            unsigned fitting = 0;
            for (std::size_t t = 0; t < relation.size(); ++t) {
                const StepInstance& instance = step_instances()[t];
                if (instance.actor != who || static_cast<checker::StepId>(instance.step) != step.step) continue;
                const Transition& transition = relation.transition(t);
                const bool here = std::all_of(transition.pinned.begin(), transition.pinned.end(), [&](const auto& pin) {
                    return before[static_cast<std::size_t>(pin.first)] == pin.second;
                });
                if (!here || !terms.refine(transition.premise, sets)) continue;
                for (const TransitionPath& path : transition.paths) {
                    if (path.choices != step.choices || !terms.refine(path.conditions, sets)) continue;
                    ++fitting;
                    std::vector<int> after = before;
                    for (const auto& [field, value] : path.changes)
                        after[static_cast<std::size_t>(field)] = terms.possible(value, sets).first();
                    EXPECT_EQ(after, relation.values(step.after)) << step_names()[step.step];
                }
            }
            EXPECT_EQ(fitting, 1U) << step_names()[step.step] << " of actor " << who;
            if (fitting != 1) return;
            state = step.after;
            ++steps;
        }
    }
    EXPECT_GT(steps, walks * length / 10);
}

TEST(Unroll, LongNoNativeStepIsLeftOut) { expect_steps_covered(config_of("linux-6.12"), all_but(""), 10, 300); }
TEST(Unroll, LongNoNativeStepIsLeftOutWithoutLemmas) {
    expect_steps_covered(config_of("linux-6.1"), nothing, 20, 1000);
    Config config = config_of("linux-6.12");
    config.scope = *find_scope("medium");
    expect_steps_covered(config, all_but(""), 20, 1000);
}

TEST(KInduction, LongRefusesWhatIsFalse) {
    TransitionRelation relation(config_of("linux-6.12"), all_but(""));
    // No step asks for all to be unplugged, but it may be so at first.
    const KInductionResult violated = k_induct(
        relation,
        Target::state(relation, [](const Config&, const SymbolicState& s) { return s.unplug_all_required == 1; }), 2,
        {});
    EXPECT_EQ(violated.verdict, KInductionResult::Verdict::violated);
    ASSERT_TRUE(violated.run);
    EXPECT_EQ(violated.run->states.front().unplug_all_required, 1);

    const KInductionResult refused = k_induct(relation, Target::state(relation, GOAL(some_added).symbolic), 2, {});
    EXPECT_EQ(refused.verdict, KInductionResult::Verdict::not_inductive);
    ASSERT_TRUE(refused.run);
    ASSERT_EQ(refused.run->states.size(), 3U);
    EXPECT_NE(refused.run->states[0].bb[0].state, big_block::added);
    EXPECT_NE(refused.run->states[1].bb[0].state, big_block::added);
    EXPECT_EQ(refused.run->states[2].bb[0].state, big_block::added);
}

/// wq_active is clear while the worker is idle, and what makes this provable where nothing is ever resized: the worker
/// does nothing but get rid of leftovers.
SymBool idle_is_not_active(const Config& config, const SymbolicState& s) {
    SymBool ok = s.wk != static_cast<int>(StepId::wk_idle) || s.wq_active == 0;
    SymBool somewhere = false;
    for (const StepId pc :
         {StepId::wk_idle, StepId::wk_run, StepId::wk_config, StepId::wk_requested, StepId::wk_kick, StepId::wk_wait,
          StepId::wk_response_all, StepId::wk_finish, StepId::wk_finish_active, StepId::wk_exit}) {
        somewhere = somewhere || s.wk == static_cast<int>(pc);
    }
    for (int i = 0; i < config.scope.total_memory_blocks(); ++i)
        ok = ok && s.mb[static_cast<std::size_t>(i)].state == memory_block::absent;
    return ok && somewhere && s.requested == 0 && s.device_requested == 0 && s.config_interrupt == 0 &&
           s.device_hotplug_lock == task::none && s.next_bb == 0;
}

TEST(KInduction, LongProvesWhatOneStepDoesNot) {
    // Any step of the environment in between makes another path that k steps do not exclude: there must be few.
    Config config = config_of("linux-6.12");
    config.scope.resizes = 0;
    config.scope.user_requests = 0;
    config.scope.removals = 0;
    TransitionRelation relation(config, all_but("wq-active-follows"));
    const Target target =
        Target::state(relation, [](const Config& c, const SymbolicState& s) { return !idle_is_not_active(c, s); });
    // The longest way to a bad state that keeps clear of it before: timer, run (broken), unbind, exit.
    const KInductionResult two = k_induct(relation, target, 2, {});
    EXPECT_EQ(two.verdict, KInductionResult::Verdict::not_inductive);
    const KInductionResult result = k_induct(relation, target, 5, {});
    EXPECT_EQ(result.verdict, KInductionResult::Verdict::proved);
    EXPECT_EQ(result.k, 5U);

    Property property;
    property.id = "idle-is-not-active";
    property.kind = checker::PropertyKind::invariant;
    property.holds = [](const Bbm&, const Bbm::State& s) {
        return s.wk != static_cast<int>(StepId::wk_idle) || s.wq_active == 0;
    };
    EXPECT_EQ(native_depth(config, property), -1);
}

TEST(KInduction, LongRefusesAMutant) {
    const Config config = config_of("linux-6.12", Mutant::cancel_forgets_reference);
    for (const bool mutated : {false, true}) {
        TransitionRelation relation(mutated ? config : config_of("linux-6.12"), all_but("refcount-restored-on-cancel"));
        const Target target = Target::violation(relation, obligation("refcount-restored-on-cancel"));
        EXPECT_EQ(k_induct(relation, target, 1, {}).verdict,
                  mutated ? KInductionResult::Verdict::not_inductive : KInductionResult::Verdict::proved);
    }
}

TEST(Unroll, AStopFlagIsHeeded) {
    TransitionRelation relation(config_of("linux-6.12"), nothing);
    const std::atomic<bool> stop = true;
    UnrollOptions options;
    options.stop = &stop;
    const Target target = Target::state(relation, GOAL(some_added).symbolic);
    EXPECT_EQ(bmc(relation, target, 40, options).verdict, BmcResult::Verdict::unknown);
    EXPECT_EQ(k_induct(relation, target, 2, options).verdict, KInductionResult::Verdict::unknown);
}

}  // namespace
}  // namespace vmemcheck::bbm::spec
