// SPDX-License-Identifier: MIT
#include "tests/spec/focus_view.hpp"

#include <algorithm>
#include <map>

#include "checker/layout.hpp"
#include "model/isolation.hpp"
#include "spec/predicates.hpp"

namespace vmemcheck::bbm::spec {
namespace {

using State = Bbm::State;

int below(Random& random, int n) { return std::uniform_int_distribution<int>(0, n - 1)(random); }

/// So many children of each of these parents, in order of their indices, at random; those wanted before others.
template <class Wanted>
std::vector<int> children(Random& random, const std::vector<int>& parents, int of_parent, int keep, Wanted wanted) {
    std::vector<int> kept;
    for (const int parent : parents) {
        std::vector<int> all;
        all.reserve(static_cast<std::size_t>(of_parent));
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
            const int mb = kept_.memory_blocks[static_cast<std::size_t>(slot) *
                                                   static_cast<std::size_t>(part_.scope.memory_blocks) +
                                               static_cast<std::size_t>(i)];
            seen.op_types[static_cast<std::size_t>(i)] =
                real.op_types[static_cast<std::size_t>(mb % whole_.scope.memory_blocks)];
        }
        return seen;
    }
};

/// Where the step works: a page of that place.
int place_of(const Config& config, const SampledTransition& transition) {
    const Scope& whole = config.scope;
    const State& s = transition.before;
    const StepId step = transition.step.step;
    const int mb = whole.pages_per_memory_block();
    for (const auto& [which, value] : transition.choices) {
        if (which == choice::page_number) return value;
        if (which == choice::user_block) return value * mb;
    }
    // Isolation goes in an order of its own, and what undoes it works on the one before.
    const bool isolates = step == StepId::op_offline_isolate || step == StepId::wk_ac_isolate;
    const bool undoes = step == StepId::op_offline_isolate_undo || step == StepId::wk_ac_isolate_undo;
    const auto block_at = [&](int position, int count) {
        if (!isolates && !undoes) return position;
        return isolation_order<NativeDomain>(config.release.isolates_ends_first, undoes ? position - 1 : position,
                                             count);
    };
    if (step > StepId::op_first && step <= StepId::op_last)
        return s.op_mb * mb + block_at(s.op_block, whole.page_blocks_per_memory_block()) * whole.pages;
    // What has been prepared is the next big block.
    const bool next = step == StepId::wk_prepare || step == StepId::wk_prepare_unlock;
    return (next ? s.next_bb : s.wk_bb) * whole.memory_blocks * mb +
           s.wk_item * (step == StepId::wk_pass ? mb : whole.pages_per_section()) +
           block_at(s.wk_block, whole.page_blocks) * whole.pages;
}

/// Whether what the step is at, if it was chosen, is kept. Other steps say so themselves (SymbolicPath::unkept).
bool keeps_choice(const SampledTransition& transition, const Kept& kept) {
    const auto has = [](const std::vector<int>& list, int i) {
        return std::find(list.begin(), list.end(), i) != list.end();
    };
    for (const auto& [which, value] : transition.choices) {
        if (which == choice::page_number && !has(kept.pages, value)) return false;
        if (which == choice::user_block && !has(kept.memory_blocks, value)) return false;
    }
    return true;
}

}  // namespace

std::vector<SampledTransition> walk(const Config& config, std::size_t of_each) {
    const Bbm model(config);
    const checker::Layout layout = checker::layout_of(model, model.initial_state(0));
    Random random(20261123);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same walks every time
    std::map<std::pair<checker::ActorId, checker::StepId>, std::vector<SampledTransition>> seen;
    for (int run = 0; run < 60; ++run) {
        State state = model.initial_state(run % 4 == 3 ? 5U : 0U);
        for (int length = 0; length < 3000; ++length) {
            // Processes more often than the environment, so that the walk gets somewhere.
            const int roll = below(random, 40);
            const auto who = static_cast<checker::ActorId>(roll < 30 ? below(random, actor::host)
                                                                     : below(random, actor::administrator));
            std::vector<SampledTransition> all;
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
            const SampledTransition& transition =
                all[static_cast<std::size_t>(below(random, static_cast<int>(all.size())))];
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
    std::vector<SampledTransition> transitions;
    for (const auto& [key, list] : seen) transitions.insert(transitions.end(), list.begin(), list.end());
    return transitions;
}

Seen look(const Config& whole, const ProofCase& focus_case, const SampledTransition& transition, const Kept& kept) {
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

Seen look(const Config& whole, const ProofCase& focus_case, const SampledTransition& transition, Random& random,
          bool with_place) {
    const int place = with_place ? place_of(whole, transition) : -1;
    Kept kept;
    do {
        kept = keep(random, whole.scope, focus_case.config.scope, transition.step.step == StepId::wk_rb_online, place);
    } while (!keeps_choice(transition, kept));
    return look(whole, focus_case, transition, kept);
}

}  // namespace vmemcheck::bbm::spec
