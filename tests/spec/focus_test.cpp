// SPDX-License-Identifier: MIT
// Runs of larger systems, seen through random focuses, are runs of the focus: what proofs for every size rest on.
#include <gtest/gtest.h>

#include <random>

#include "checker/context.hpp"
#include "checker/layout.hpp"
#include "spec/predicates.hpp"
#include "spec/symbolic_internal.hpp"
#include "spec/symbolic_prove.hpp"

namespace vmemcheck::bbm::spec {
namespace {

using State = Bbm::State;
using Random = std::mt19937;

int below(Random& random, int n) { return std::uniform_int_distribution<int>(0, n - 1)(random); }

/// Which entities of a larger system a focus keeps: indices there, by slot here.
struct Kept {
    std::vector<int> big_blocks, memory_blocks, sections, page_blocks, pages;
};

/// So many children of each of these parents, in order of their indices, at random; those wanted before others.
template <class Wanted>
std::vector<int> children(Random& random, const std::vector<int>& parents, int of_parent, int keep, Wanted wanted) {
    std::vector<int> kept;
    for (const int parent : parents) {
        std::vector<int> all;
        for (int i = 0; i < of_parent; ++i) all.push_back(parent * of_parent + i);
        std::shuffle(all.begin(), all.end(), random);
        std::stable_partition(all.begin(), all.end(), wanted);
        std::sort(all.begin(), all.begin() + keep);
        kept.insert(kept.end(), all.begin(), all.begin() + keep);
    }
    return kept;
}

/// \param first_pages keep the first page of each section that is kept
/// \param place keep this page, with all that contains it, if it is not negative
Kept keep(Random& random, const Scope& whole, const Scope& part, bool first_pages, int place) {
    const auto contains = [place](int pages) { return [=](int i) { return place >= 0 && i == place / pages; }; };
    const auto first_or_contains = [&](int of_parent, int pages) {
        return [=](int i) { return (first_pages && i % of_parent == 0) || contains(pages)(i); };
    };
    Kept kept;
    const int mb = whole.pages_per_memory_block();
    kept.big_blocks = children(random, {0}, whole.big_blocks, part.big_blocks, contains(whole.memory_blocks * mb));
    kept.memory_blocks = children(random, kept.big_blocks, whole.memory_blocks, part.memory_blocks, contains(mb));
    kept.sections =
        children(random, kept.memory_blocks, whole.sections, part.sections, contains(whole.pages_per_section()));
    kept.page_blocks = children(random, kept.sections, whole.page_blocks, part.page_blocks,
                                first_or_contains(whole.page_blocks, whole.pages));
    kept.pages = children(random, kept.page_blocks, whole.pages, part.pages, first_or_contains(whole.pages, 1));
    return kept;
}

/// The state of a larger system as the focus has it, as equations for its variables.
class View {
 public:
    View(z3::context& context, const Config& whole, const Config& part, const Kept& kept)
        : context_(context), whole_(whole), part_(part), kept_(kept) {}

    /// field == value for every field of a symbolic state of the focus, and what the others add to sums.
    [[nodiscard]] z3::expr equals(const SymbolicState& symbolic, const State& real) const {
        SymBool same = true;
        const State seen = project(real);
        std::vector<int> values;
        describe_state(part_, seen,
                       [&](const std::string&, const auto& field, int, int, std::span<const std::string_view>) {
                           values.push_back(field);
                       });
        std::size_t next = 0;
        SymbolicState copy = symbolic;
        describe_state(part_, copy,
                       [&](const std::string&, const SymInt& field, int, int, std::span<const std::string_view>) {
                           same = same && field == values[next++];
                       });
        const auto& others = symbolic.others;
        same = same && others.device == sum_over(real.bb, kept_.big_blocks, whole_.scope.big_blocks,
                                                 [](int, const auto& bb) { return bb.device == 1; });
        same =
            same && others.offline == sum_over(real.mb, kept_.memory_blocks, whole_.scope.total_memory_blocks(),
                                               [](int, const auto& mb) { return mb.state == memory_block::offline; });
        for (int i = 0; i < big_block::count; ++i) {
            same = same && others.bb_count[static_cast<std::size_t>(i)] ==
                               sum_over(real.bb, kept_.big_blocks, whole_.scope.big_blocks,
                                        [&](int at, const auto& bb) { return at < real.next_bb && bb.state == i; });
        }
        const Predicates<NativeDomain> p{whole_, real};
        for (int z = 0; z < zone::count; ++z) {
            same =
                same && others.managed[static_cast<std::size_t>(z)] ==
                            sum_over(real.page, kept_.pages, whole_.scope.total_pages(), [&](int at, const auto& page) {
                                const int mb = p.mb_of_page(at);
                                const bool lent = p.is_fake(page) && p.references_dropped(mb) &&
                                                  whole_.release.notifier_adjusts_managed;
                                return p.mb(mb).zone == z &&
                                       (p.with_allocator_or_user(page) || page.kind == page::contig || lent);
                            });
        }
        return same.term();
    }

    /// The numbers of the focus.
    [[nodiscard]] z3::expr numbers(const Focus& focus) const {
        SymBool same = true;
        const Scope& w = whole_.scope;
        const auto equal = [&](const std::vector<SymInt>& list, const std::vector<int>& kept, int modulus) {
            for (std::size_t i = 0; i < list.size(); ++i) same = same && list[i] == kept[i] % modulus;
        };
        equal(focus.big_block, kept_.big_blocks, w.big_blocks);
        equal(focus.memory_block, kept_.memory_blocks, w.total_memory_blocks());
        equal(focus.memory_block_of_big_block, kept_.memory_blocks, w.memory_blocks);
        equal(focus.section_of_big_block, kept_.sections, w.sections_per_big_block());
        equal(focus.block_of_section, kept_.page_blocks, w.page_blocks);
        equal(focus.block_of_memory_block, kept_.page_blocks, w.page_blocks_per_memory_block());
        for (std::size_t i = 0; i < focus.first_memory_block.size(); ++i) {
            same = same && focus.first_memory_block[i] == kept_.big_blocks[i] * w.memory_blocks;
        }
        same = same && focus.big_blocks == w.big_blocks && focus.memory_blocks == w.memory_blocks &&
               focus.sections_per_big_block == w.sections_per_big_block() && focus.page_blocks == w.page_blocks &&
               focus.page_blocks_per_memory_block == w.page_blocks_per_memory_block() &&
               focus.pages_per_section == w.pages_per_section() &&
               focus.pages_per_memory_block == w.pages_per_memory_block() &&
               focus.offline_threshold == w.offline_threshold();
        return same.term();
    }

 private:
    z3::context& context_;
    const Config& whole_;
    const Config& part_;
    const Kept& kept_;

    template <class List, class Counts>
    [[nodiscard]] static int sum_over(const List& list, const std::vector<int>& kept, int all, Counts counts) {
        int n = 0;
        for (int i = 0; i < all; ++i) {
            if (std::find(kept.begin(), kept.end(), i) != kept.end()) continue;
            n += counts(i, list[static_cast<std::size_t>(i)]) ? 1 : 0;
        }
        return n;
    }

    [[nodiscard]] State project(const State& real) const {
        State seen = real;
        const auto take = [](auto& to, const auto& from, const std::vector<int>& kept) {
            for (std::size_t i = 0; i < kept.size(); ++i) to[i] = from[static_cast<std::size_t>(kept[i])];
        };
        take(seen.bb, real.bb, kept_.big_blocks);
        take(seen.mb, real.mb, kept_.memory_blocks);
        take(seen.isolated, real.isolated, kept_.page_blocks);
        take(seen.page, real.page, kept_.pages);
        // The online types are those of the memory blocks kept of the big block that the operation works on.
        const int bb = real.op_mb / whole_.scope.memory_blocks;
        const auto at = std::find(kept_.big_blocks.begin(), kept_.big_blocks.end(), bb) - kept_.big_blocks.begin();
        const auto slot = at < static_cast<std::ptrdiff_t>(kept_.big_blocks.size()) ? static_cast<int>(at) : 0;
        for (int i = 0; i < part_.scope.memory_blocks; ++i) {
            const int mb = kept_.memory_blocks[static_cast<std::size_t>(slot * part_.scope.memory_blocks + i)];
            seen.op_types[static_cast<std::size_t>(i)] =
                real.op_types[static_cast<std::size_t>(mb % whole_.scope.memory_blocks)];
        }
        return seen;
    }
};

struct Transition {
    StepInstance step;
    State before, after;
    std::vector<checker::ChoiceTaken> choices;
};

/// Where the step works: a page of that place.
int place_of(const Config& config, const Transition& transition) {
    const Scope& whole = config.scope;
    const State& s = transition.before;
    const StepId step = transition.step.step;
    const int mb = whole.pages_per_memory_block();
    for (const auto& [which, value] : transition.choices) {
        if (which == choice::page_number) return value;
        if (which == choice::user_block) return value * mb;
    }
    if (step > StepId::op_first && step <= StepId::op_last) {
        int block = s.op_block;
        if (step == StepId::op_offline_isolate || step == StepId::op_offline_isolate_undo) {
            const int position = step == StepId::op_offline_isolate ? block : block - 1;
            block = isolation_order<NativeDomain>(config.release.isolates_ends_first, position,
                                                  whole.page_blocks_per_memory_block());
        }
        return s.op_mb * mb + block * whole.pages;
    }
    // What has been prepared is the next big block.
    const bool next = step == StepId::wk_prepare || step == StepId::wk_prepare_unlock;
    return (next ? s.next_bb : s.wk_bb) * whole.memory_blocks * mb +
           s.wk_item * (step == StepId::wk_pass ? mb : whole.pages_per_section()) + s.wk_block * whole.pages;
}

/// What the step is at, if it was chosen, as the focus has it. Other steps say so themselves (SymbolicPath::unkept).
/// \return -1: it is not kept
int slot_of(const checker::ChoiceTaken& choice, const Kept& kept) {
    const auto& [which, value] = choice;
    if (which != choice::page_number && which != choice::user_block) return value;
    const std::vector<int>& list = which == choice::page_number ? kept.pages : kept.memory_blocks;
    const auto at = std::find(list.begin(), list.end(), value);
    return at == list.end() ? -1 : static_cast<int>(at - list.begin());
}

bool keeps_choice(const Transition& transition, const Kept& kept) {
    return std::none_of(transition.choices.begin(), transition.choices.end(),
                        [&](const checker::ChoiceTaken& choice) { return slot_of(choice, kept) == -1; });
}

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

/// Transitions of random walks, some of every step that occurs.
std::vector<Transition> walk(const Config& config, std::size_t of_each) {
    const Bbm model(config);
    const checker::Layout layout = checker::layout_of(model, model.initial_state(0));
    Random random(20261123);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same walks every time
    std::map<std::pair<checker::ActorId, checker::StepId>, std::vector<Transition>> seen;
    for (int run = 0; run < 60; ++run) {
        State state = model.initial_state(run % 4 == 3 ? 5U : 0U);
        for (int length = 0; length < 3000; ++length) {
            // Processes more often than the environment, so that the walk gets somewhere.
            const int roll = below(random, 40);
            const auto who = static_cast<checker::ActorId>(roll < 30 ? below(random, actor::host)
                                                                     : below(random, actor::administrator));
            std::vector<Transition> all;
            checker::SearchContext context;
            do {
                State after = state;
                context.begin();
                model.step(after, who, context);
                if (context.is_blocked()) continue;
                all.push_back({{who, static_cast<StepId>(context.step())}, state, after, {}});
                for (const auto& taken : context.taken()) all.back().choices.emplace_back(taken.choice, taken.value);
            } while (context.advance());
            if (all.empty()) continue;
            const Transition& transition = all[static_cast<std::size_t>(below(random, static_cast<int>(all.size())))];
            auto& list = seen[{who, static_cast<checker::StepId>(transition.step.step)}];
            if (list.size() < of_each || below(random, 8) == 0) {
                if (list.size() < of_each) {
                    list.push_back(transition);
                } else {
                    list[static_cast<std::size_t>(below(random, static_cast<int>(of_each)))] = transition;
                }
            }
            state = transition.after;
        }
    }
    std::vector<Transition> transitions;
    for (const auto& [key, list] : seen) transitions.insert(transitions.end(), list.begin(), list.end());
    return transitions;
}

enum class Seen { as_a_path, elsewhere, not_at_all };

/// Whether a transition, seen through a focus which keeps this, is one of its paths.
Seen look(const Config& whole, const ProofCase& focus_case, const Transition& transition, const Kept& kept) {
    z3::context context;
    const PathOracle oracle(context);
    const Focus focus(context, focus_case.config.scope);
    const View view(context, whole, focus_case.config, kept);
    const Pinned pinned = pinned_state(context, focus_case.config, transition.step, &focus);
    const z3::expr before = pinned.fresh.bounds && pinned.premise && view.numbers(focus) &&
                            view.equals(pinned.fresh.state, transition.before);
    bool elsewhere = false;
    for (const SymbolicPath& path : paths_of(focus_case.config, transition.step.actor, pinned.fresh.state, before)) {
        // Nothing on a path means anything from where it meets what is not kept, not even that it is blocked.
        elsewhere = elsewhere || path.unkept;
        if (path.unkept || path.blocked || path.outside) continue;
        z3::solver solver = new_solver(context);
        solver.add(before && path.condition && sums_of_others(focus_case.config, path.after) &&
                   view.equals(path.after, transition.after));
        if (solver.check() == z3::sat) return Seen::as_a_path;
    }
    return elsewhere ? Seen::elsewhere : Seen::not_at_all;
}

/// The same with what chance keeps, or that and what the step works on.
Seen look(const Config& whole, const ProofCase& focus_case, const Transition& transition, Random& random,
          bool with_place) {
    const int place = with_place ? place_of(whole, transition) : -1;
    Kept kept;
    do {
        kept = keep(random, whole.scope, focus_case.config.scope, transition.step.step == StepId::wk_rb_online, place);
    } while (!keeps_choice(transition, kept));
    return look(whole, focus_case, transition, kept);
}

class FocusesOf : public testing::TestWithParam<std::string_view> {};

TEST_P(FocusesOf, LongHaveEveryTransitionOfALargerSystem) {
    const Config whole = large(GetParam());
    const std::vector<ProofCase> cases = focuses(whole);
    const std::vector<Transition> transitions = walk(whole, 3);
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
Transition transition_of(const Config& config, const State& before, checker::ActorId who) {
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
    const Transition upwards = transition_of(whole, state, actor::worker);
    ASSERT_EQ(upwards.after.wk_bb, 0);
    EXPECT_EQ(look(whole, cases[0], upwards, {{1}, {2}, {2}, {2}, {2}}), Seen::as_a_path);
    EXPECT_EQ(look(whole, cases[0], upwards, {{0}, {0}, {0}, {0}, {0}}), Seen::as_a_path);

    // The last one is skipped and the one below is found; a witness is the first.
    all_are(big_block::added);
    state.wk = static_cast<int>(StepId::wk_pass);
    state.wk_bb = 2;
    state.mb[4].online = 1;
    const Transition downwards = transition_of(whole, state, actor::worker);
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
    const Transition next = transition_of(whole, state, actor::worker);
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
    const Transition done = transition_of(whole, state, actor::worker);
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
    for (Transition transition : walk(whole, 1)) {
        for (auto& page : transition.after.page) page.ref = page.ref + 1;
        if (++tried % 4 != 0) continue;
        EXPECT_NE(look(whole, one, transition, random, tried % 8 == 0), Seen::as_a_path) << step_title(transition.step);
    }
    EXPECT_GT(tried, 60);
}

}  // namespace
}  // namespace vmemcheck::bbm::spec
