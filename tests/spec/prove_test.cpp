// SPDX-License-Identifier: MIT
// Proofs by induction, and what fails them.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <random>
#include <thread>

#include "checker/context.hpp"
#include "checker/layout.hpp"
#include "checker/search.hpp"
#include "spec/properties.hpp"
#include "spec/symbolic_internal.hpp"
#include "spec/symbolic_prove.hpp"
#include "tests/spec/configs.hpp"

namespace vmemcheck::bbm::spec {
namespace {

ProofOptions on_threads(unsigned threads) {
    ProofOptions options;
    options.threads = threads;
    return options;
}

const PropertyProof& property(const Proof& proof, std::string_view id) {
    const auto found =
        std::find_if(proof.properties.begin(), proof.properties.end(), [&](const auto& p) { return p.id == id; });
    if (found == proof.properties.end()) throw std::out_of_range(std::string(id));
    return *found;
}

std::size_t predicate_index(std::string_view id) {
    for (std::size_t i = 0; i < Obligations::predicates(); ++i) {
        if (Obligations::name(i) == id) return i;
    }
    throw std::out_of_range(std::string(id));
}

/// Whether a predicate holds, evaluated in the native domain.
bool holds(const Config& config, std::size_t predicate, Bbm::State state) {
    const auto& first = invariants<NativeDomain>;
    if (predicate < first.size()) return first[predicate](config, state);
    predicate -= first.size();
    if (predicate < lemma_infos.size()) return lemmas<NativeDomain>[predicate](config, state);
    bool ok = true;
    describe_state(config, state,
                   [&](const std::string&, const auto& field, int low, int high, std::span<const std::string_view>) {
                       ok = ok && field >= low && field <= high;
                   });
    return ok;
}

/// A counterexample to induction must be one in the native domain too: its first state satisfies what was assumed, its
/// step leads to its second, and that, or the step, breaks the obligation.
void expect_genuine(const Config& config, const Cti& cti, const ObligationSet& assumed) {
    const std::string what = std::string(Obligations::name(cti.broken)) + " at " + step_title(cti.step) + ", path " +
                             std::to_string(cti.path);
    for (std::size_t i = 0; i < Obligations::predicates(); ++i) {
        EXPECT_TRUE(!assumed[i] || holds(config, i, cti.before)) << what << ": " << Obligations::name(i);
    }
    const Bbm model(config);
    Bbm::State state = cti.before;
    checker::NoObserver nobody;
    checker::RecordingContext context(cti.choices, nobody);
    model.step(state, cti.step.actor, context);
    EXPECT_EQ(context.step(), static_cast<checker::StepId>(cti.step.step)) << what;
    EXPECT_FALSE(context.is_blocked()) << what;
    EXPECT_FALSE(context.diverged()) << what;
    EXPECT_EQ(context.taken().size(), cti.choices.size()) << what;
    EXPECT_TRUE(checker::layout_of(model, cti.before).diff(cti.after, state).empty()) << what;
    if (cti.broken < Obligations::predicates()) {
        EXPECT_FALSE(holds(config, cti.broken, cti.after)) << what;
    } else {
        const auto failures = context.failures();
        EXPECT_TRUE(std::any_of(failures.begin(), failures.end(), [&](const checker::Failure& failure) {
            return Obligations::of(static_cast<assertion::Id>(failure.assertion)) == cti.broken;
        })) << what;
    }
}

void expect_same(const Cti& a, const Cti& b, const checker::Layout& layout) {
    EXPECT_EQ(Obligations::name(a.broken), Obligations::name(b.broken));
    EXPECT_EQ(step_title(a.step), step_title(b.step));
    EXPECT_EQ(a.path, b.path);
    EXPECT_EQ(a.choices, b.choices);
    EXPECT_TRUE(layout.diff(a.before, b.before).empty());
    EXPECT_TRUE(layout.diff(a.after, b.after).empty());
}

void expect_same(const std::vector<Cti>& a, const std::vector<Cti>& b, const checker::Layout& layout) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) expect_same(a[i], b[i], layout);
}

void expect_same(const Proof& a, const Proof& b, const Config& config) {
    const Bbm model(config);
    const checker::Layout layout = checker::layout_of(model, model.initial_state(0));
    ASSERT_EQ(a.properties.size(), b.properties.size());
    for (std::size_t i = 0; i < a.properties.size(); ++i) {
        EXPECT_EQ(a.properties[i].id, b.properties[i].id);
        EXPECT_EQ(a.properties[i].status, b.properties[i].status) << a.properties[i].id;
        EXPECT_EQ(a.properties[i].lemmas, b.properties[i].lemmas) << a.properties[i].id;
        EXPECT_EQ(a.properties[i].rests_on, b.properties[i].rests_on) << a.properties[i].id;
        expect_same(a.properties[i].ctis, b.properties[i].ctis, layout);
    }
    ASSERT_EQ(a.dropped.size(), b.dropped.size());
    for (std::size_t i = 0; i < a.dropped.size(); ++i) {
        EXPECT_EQ(a.dropped[i].id, b.dropped[i].id);
        expect_same(a.dropped[i].ctis, b.dropped[i].ctis, layout);
    }
    EXPECT_EQ(a.inductive, b.inductive);
    EXPECT_EQ(a.statistics.rounds, b.statistics.rounds);
    EXPECT_EQ(a.statistics.paths, b.statistics.paths);
    EXPECT_EQ(a.statistics.queries, b.statistics.queries);
}

ObligationSet everything() { return ObligationSet(Obligations::count(), true); }

// --- what is proved ---

class Releases : public testing::TestWithParam<std::string_view> {};

TEST_P(Releases, LongEverySafetyPropertyIsProved) {
    const Config config = config_of(GetParam());
    const Proof proof = prove(config, on_threads(2));
    EXPECT_EQ(proof.properties.size(), 22U);
    for (const PropertyProof& p : proof.properties) {
        EXPECT_TRUE(p.initially) << p.id;
        if (p.id == "not-broken" && !config.release.converts_offline_errors) {
            EXPECT_EQ(p.status, PropertyProof::Status::open) << "a veto marks the device broken before v6.6";
            ASSERT_FALSE(p.ctis.empty());
            for (const Cti& cti : p.ctis) expect_genuine(config, cti, everything());
            continue;
        }
        EXPECT_EQ(p.status, PropertyProof::Status::proved) << p.id;
        EXPECT_TRUE(p.ctis.empty()) << p.id;
        for (const std::string_view id : p.rests_on) EXPECT_TRUE(proof.inductive[predicate_index(id)]) << id;
    }
    EXPECT_TRUE(proof.dropped.empty());
    EXPECT_EQ(proof.statistics.steps, step_instances().size());
}

INSTANTIATE_TEST_SUITE_P(Prove, Releases, testing::Values("linux-5.11", "linux-6.1", "linux-6.12"));

TEST(Prove, LongALemmaLeftOutLeavesAPropertyOpenWhateverTheNumberOfThreads) {
    const Config config = narrow();
    ProofOptions options = on_threads(1);
    options.without = {"results-are-recoverable"};
    const Proof proof = prove(config, options);
    for (const PropertyProof& p : proof.properties) {
        EXPECT_TRUE(p.initially) << p.id;
        if (p.id == "not-broken") {
            EXPECT_EQ(p.status, PropertyProof::Status::open);
            ASSERT_FALSE(p.ctis.empty());
            // Nothing else was given up, so they satisfy all predicates but these two.
            for (const Cti& cti : p.ctis) {
                ObligationSet assumed = proof.inductive;
                assumed[predicate_index("not-broken")] = true;
                expect_genuine(config, cti, assumed);
                EXPECT_FALSE(holds(config, predicate_index("results-are-recoverable"), cti.before));
            }
            continue;
        }
        EXPECT_EQ(p.status, PropertyProof::Status::proved) << p.id;
        for (const std::string_view id : p.rests_on) EXPECT_TRUE(proof.inductive[predicate_index(id)]) << id;
    }
    ASSERT_EQ(proof.dropped.size(), 1U);
    EXPECT_EQ(proof.dropped[0].id, "results-are-recoverable");
    EXPECT_TRUE(proof.dropped[0].ctis.empty()) << "it was not even asked";
    EXPECT_FALSE(proof.inductive[predicate_index("results-are-recoverable")]);

    options.threads = 3;
    expect_same(proof, prove(config, options), config);
}

TEST(Prove, LongNothingIsProvedUnlessFieldsKeepTheirRanges) {
    // Bounds of fields are part of every query.
    ProofOptions options = on_threads(2);
    options.without = {"fields-in-range"};
    const Proof proof = prove(narrow(), options);
    for (const PropertyProof& p : proof.properties) EXPECT_EQ(p.status, PropertyProof::Status::open) << p.id;
}

// --- what is not decided ---

TEST(Prove, AFlagThatIsSetMeansUnknown) {
    const std::atomic<bool> stop = true;
    ProofOptions options = on_threads(2);
    options.stop = &stop;
    const Proof proof = prove(config_of("linux-6.12"), options);
    EXPECT_EQ(proof.properties.size(), 22U);
    for (const PropertyProof& p : proof.properties) {
        EXPECT_EQ(p.status, PropertyProof::Status::unknown) << p.id;
        EXPECT_TRUE(p.ctis.empty());
    }
    EXPECT_EQ(proof.statistics.steps, 0U);
}

TEST(Prove, SlowAFlagSetOnTheWayMeansUnknown) {
    std::atomic<bool> stop = false;
    ProofOptions options = on_threads(2);
    options.stop = &stop;
    options.progress = [&](const ProofProgress& progress) { stop = progress.done >= 20; };
    const Proof proof = prove(narrow(), options);
    for (const PropertyProof& p : proof.properties) EXPECT_EQ(p.status, PropertyProof::Status::unknown) << p.id;
    EXPECT_GE(proof.statistics.steps, 20U);
    EXPECT_LE(proof.statistics.steps, 22U);
}

TEST(Prove, AStepIsLeftAsSoonAsTheFlagIsSet) {
    // In the large scope this step takes a second or more.
    Config config = config_of("linux-6.12");
    config.scope = *find_scope("large");
    std::atomic<bool> stop = false;
    InductionOptions options;
    options.stop = &stop;
    StepResult result;
    std::thread prover([&] {
        result = induct(config, {actor::worker, StepId::wk_response}, everything(), everything(), options);
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    const auto start = std::chrono::steady_clock::now();
    stop = true;
    prover.join();
    // The rest is for a loaded machine, and for sanitizers.
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
    EXPECT_EQ(result.unknown, everything());
}

TEST(Prove, AQueryTimeoutMeansUnknown) {
    const Config config = config_of("linux-6.12");
    const StepInstance step{actor::user, StepId::op_offline_done};
    const StepResult decided = induct(config, step, everything(), everything(), {});
    EXPECT_TRUE(decided.ctis.empty());
    EXPECT_EQ(std::count(decided.unknown.begin(), decided.unknown.end(), true), 0);

    InductionOptions options;
    options.timeout_ms = 1;
    const auto undecided = [](const StepResult& of) { return std::count(of.unknown.begin(), of.unknown.end(), true); };
    StepResult hasty = induct(config, step, everything(), everything(), options);
    // A fast machine now and then decides all of it within that time.
    for (int tries = 0; tries < 40 && undecided(hasty) == 0; ++tries) {
        hasty = induct(config, step, everything(), everything(), options);
    }
    if (undecided(hasty) == 0) GTEST_SKIP() << "no query takes a millisecond here";
    EXPECT_TRUE(hasty.ctis.empty());
    EXPECT_EQ(hasty.queries, decided.queries);
    for (std::size_t i = 0; i < Obligations::count(); ++i) {
        // Undecided, or proved with as good a reason.
        if (hasty.unknown[i]) continue;
        EXPECT_EQ(hasty.needed[i].empty(), decided.needed[i].empty()) << Obligations::name(i);
    }
}

// --- every size ---

TEST(Prove, AssertionsHaveTheNamesOfTheirProperties) {
    std::size_t named = 0;
    for (const Property& p : properties(config_of("linux-6.12"))) {
        if (!p.has_assertion) continue;
        ++named;
        EXPECT_EQ(Obligations::name(Obligations::of(static_cast<assertion::Id>(p.assertion))), p.id);
    }
    EXPECT_EQ(named, static_cast<std::size_t>(assertion::count));
}

TEST_P(Releases, LongEverySizeIsProved) {
    ProofOptions options = on_threads(2);
    options.unbounded = true;
    const Proof proof = prove(config_of(GetParam()), options);
    EXPECT_EQ(proof.cases.size(), 6U);
    EXPECT_TRUE(proof.dropped.empty());
    for (const PropertyProof& p : proof.properties) {
        const bool open = p.id == "not-broken" && GetParam() != "linux-6.12";
        EXPECT_EQ(p.status == PropertyProof::Status::proved, !open) << p.id;
    }
}

// --- mutants ---

struct Strike {
    Mutant mutant{};
    StepInstance step{};  ///< that breaks the property, whatever else was assumed
};

const std::vector<Strike> strikes{
    Strike{Mutant::going_keeps_reference, {actor::user, StepId::op_offline_cb_drop}},
    Strike{Mutant::cancel_forgets_reference, {actor::user, StepId::op_offline_cancel}},
    Strike{Mutant::cancel_takes_two_references, {actor::worker, StepId::op_offline_cancel}},
    Strike{Mutant::online_ignores_fake_offline, {actor::user, StepId::op_online_pages}},
    Strike{Mutant::managed_adjust_swapped, {actor::worker, StepId::op_offline_cb_drop}},
    Strike{Mutant::offline_size_after_add, {actor::worker, StepId::wk_add_return}},
    Strike{Mutant::offline_size_kept_on_add_failure, {actor::worker, StepId::wk_add_return}},
    Strike{Mutant::offline_size_kept_on_remove, {actor::worker, StepId::wk_oar_return}},
    Strike{Mutant::plugged_size_forgotten, {actor::worker, StepId::wk_response}},
    Strike{Mutant::pending_becomes_added, {actor::worker, StepId::wk_response}},
    Strike{Mutant::set_state_forgets_count, {actor::worker, StepId::wk_response}},
    Strike{Mutant::ignore_config_change, {actor::worker, StepId::wk_fo_section}},
    Strike{Mutant::removing_without_mutex, {actor::remover, StepId::rm_lock}},
    Strike{Mutant::reset_forgets_blocks, {actor::interrupt, StepId::irq_config}},
    Strike{Mutant::going_forgets_managed, {actor::user, StepId::op_offline_cb_drop}},
    Strike{Mutant::cancel_keeps_managed, {actor::user, StepId::op_offline_cancel}},
    Strike{Mutant::offline_subtracts_all, {actor::worker, StepId::op_offline_done}},
    Strike{Mutant::busy_device_as_busy_memory, {actor::worker, StepId::wk_response}},
    Strike{Mutant::fake_offline_stays_managed, {actor::worker, StepId::wk_fo_set}},
};

TEST(Prove, LongMutantsBreakTheirPropertyInTheirStep) {
    for (const Strike& strike : strikes) {
        const MutantInfo& mutant = mutants()[static_cast<std::size_t>(strike.mutant) - 1];
        ASSERT_EQ(mutant.mutant, strike.mutant);
        const Config config = config_of(mutant.release, mutant.mutant);
        const StepResult result = induct(config, strike.step, everything(), everything(), {});
        const bool broken = std::any_of(result.ctis.begin(), result.ctis.end(),
                                        [&](const Cti& cti) { return Obligations::name(cti.broken) == mutant.breaks; });
        EXPECT_TRUE(broken) << mutant.name << " at " << step_title(strike.step);
        for (const Cti& cti : result.ctis) expect_genuine(config, cti, everything());

        const StepResult sound = induct(config_of(mutant.release), strike.step, everything(), everything(), {});
        EXPECT_TRUE(sound.ctis.empty()) << step_title(strike.step);
    }
}

/// The same in systems of any size, each in another focus.
TEST(Prove, LongMutantsBreakTheirPropertyInAFocus) {
    std::size_t turn = 0;
    for (const Strike& strike : strikes) {
        const MutantInfo& mutant = mutants()[static_cast<std::size_t>(strike.mutant) - 1];
        InductionOptions options;
        options.focus = true;
        const auto in_focus = [&](const Config& config) {
            const std::vector<ProofCase> cases = focuses(config);
            return induct(cases[turn % cases.size()].config, strike.step, everything(), everything(), options);
        };
        const StepResult result = in_focus(config_of(mutant.release, mutant.mutant));
        EXPECT_TRUE(std::any_of(result.ctis.begin(), result.ctis.end(),
                                [&](const Cti& cti) { return Obligations::name(cti.broken) == mutant.breaks; }))
            << mutant.name << " at " << step_title(strike.step);
        EXPECT_TRUE(in_focus(config_of(mutant.release)).ctis.empty()) << step_title(strike.step);
        ++turn;
    }
}

class Mutants : public testing::TestWithParam<MutantInfo> {};

TEST_P(Mutants, LongFailTheProofOfWhatTheyBreak) {
    const Config config = config_of(GetParam().release, GetParam().mutant);
    ProofOptions options = on_threads(2);
    options.until_open = GetParam().breaks;
    const Proof proof = prove(config, options);
    const PropertyProof& broken = property(proof, GetParam().breaks);
    EXPECT_EQ(broken.status, PropertyProof::Status::open);
    EXPECT_FALSE(broken.ctis.empty()) << "not for a reason of its own";
    for (const Cti& cti : broken.ctis) expect_genuine(config, cti, proof.inductive);
    for (const PropertyProof& p : proof.properties)
        EXPECT_NE(p.status, PropertyProof::Status::proved) << p.id << ", although it ended early";
}

TEST_P(Mutants, LongProveNothingThatIsViolated) {
    // A whole proof takes a minute: a sample.
    if (static_cast<unsigned>(GetParam().mutant) % 4 != 1) GTEST_SKIP() << "not in the sample";
    const Config config = config_of(GetParam().release, GetParam().mutant);
    const Proof proof = prove(config, on_threads(2));
    EXPECT_EQ(property(proof, GetParam().breaks).status, PropertyProof::Status::open);
    checker::SearchOptions options;
    options.check_fused = true;
    const std::vector<Property> all = properties(config);
    const auto result = checker::check(Bbm(config), all, options);
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i].kind == checker::PropertyKind::reachability) continue;
        if (result.verdicts[i].status != checker::Status::violated) continue;
        EXPECT_EQ(property(proof, all[i].id).status, PropertyProof::Status::open) << all[i].id;
    }
}

INSTANTIATE_TEST_SUITE_P(Prove, Mutants, testing::ValuesIn(mutants().begin(), mutants().end()), [](const auto& test) {
    std::string name(test.param.name);
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
});

}  // namespace
}  // namespace vmemcheck::bbm::spec
