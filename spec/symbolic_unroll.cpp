// SPDX-License-Identifier: MIT
#include "spec/symbolic_unroll.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <numeric>
#include <stdexcept>

#include "checker/describe.hpp"
#include "spec/symbolic_integers.hpp"

namespace vmemcheck::bbm::spec {

namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// One state of an unrolling.
struct Frame {
    std::vector<Integer> fields;
    FieldSets sets;
    std::vector<Integer> terms;  ///< by TermId; empty: not encoded yet
};

/// A path taken at one step.
struct Taken {
    std::size_t transition;
    std::size_t path;
    Literal selector;
};

/// A step between two states of an unrolling.
struct StepTaken {
    std::vector<Taken> paths;
    std::map<std::size_t, Literal> transitions;  ///< some path of it is taken
};

class Unrolling : private Integers {
 public:
    Unrolling(TransitionRelation& relation, const UnrollOptions& options)
        : relation_(relation), terms_(relation.terms()), options_(options) {}

    void start_at(const std::vector<Bbm::State>& states) {
        Frame frame;
        const std::size_t fields = relation_.fields().size();
        frame.sets.resize(fields);
        frame.fields.resize(fields);
        std::vector<Literal> which;
        for (const Bbm::State& state : states) {
            const std::vector<int> values = relation_.values(state);
            for (std::size_t f = 0; f < fields; ++f) frame.sets[f].insert(values[f]);
            which.push_back(states.size() == 1 ? Sat::yes : sat_.fresh());
        }
        sat_.clause(which);
        sat_.at_most_one(which);
        for (std::size_t f = 0; f < fields; ++f) frame.fields[f] = integer(frame.sets[f]);
        for (std::size_t i = 0; i < states.size(); ++i) {
            const std::vector<int> values = relation_.values(states[i]);
            for (std::size_t f = 0; f < fields; ++f) sat_.clause({-which[i], frame.fields[f].is(values[f])});
        }
        frames_.push_back(std::move(frame));
    }

    void start_anywhere() {
        Frame frame;
        for (const FieldBounds& field : relation_.fields())
            frame.sets.push_back(ValueSet::range(field.low, field.high));
        feasible_ = terms_.refine(relation_.assumptions(), frame.sets);
        for (const ValueSet& set : frame.sets) frame.fields.push_back(integer(set));
        frames_.push_back(std::move(frame));
    }

    /// States so far, less one.
    [[nodiscard]] unsigned depth() const { return static_cast<unsigned>(steps_.size()); }
    /// False: there is no step from the last state at all.
    [[nodiscard]] bool feasible() const { return feasible_; }
    /// To be asked after extend(), which is then not complete.
    [[nodiscard]] bool stopped() const {
        return options_.stop != nullptr && options_.stop->load(std::memory_order_relaxed);
    }
    using Integers::sat;

    /// From now on the last state is one of those that are left: within bounds, and as assumed.
    void settle() {
        Frame& last = frames_.back();
        for (std::size_t f = 0; f < last.fields.size(); ++f) {
            const FieldBounds& field = relation_.fields()[f];
            last.sets[f] &= ValueSet::range(field.low, field.high);
        }
        feasible_ = feasible_ && terms_.refine(relation_.assumptions(), last.sets);
        for (std::size_t f = 0; f < last.fields.size(); ++f) {
            std::erase_if(last.fields[f].values, [&](const auto& value) {
                if (last.sets[f].contains(value.first)) return false;
                sat_.clause({-value.second});
                return true;
            });
        }
        for (const TermId assumed : relation_.assumptions()) sat_.clause({literal(depth(), assumed)});
    }

    /// One more step, after settle().
    void extend() {
        frames_.emplace_back();
        steps_.emplace_back();
        if (!feasible_) return;
        collect();
        if (steps_.back().paths.empty()) {
            feasible_ = false;
            return;
        }
        choose();
        change();
    }

    /// The literal of a truth value in a state.
    [[nodiscard]] Literal literal(unsigned depth, TermId term) { return encoded(depth, term).is(1); }

    /// That a target is hit: in the state `depth`, or by the step to it.
    [[nodiscard]] Literal hit(unsigned depth, const Target& target) {
        std::vector<Literal> any;
        if (target.assertion) {
            if (depth == 0) return Sat::no;
            for (const Taken& taken : steps_[depth - 1].paths) {
                if (fails(taken, *target.assertion)) any.push_back(taken.selector);
            }
        } else {
            for (const TermId conjunct : target.conjuncts) any.push_back(-literal(depth, conjunct));
        }
        return some(std::move(any));
    }

    /// Whether the forward pass leaves it open that the target is hit.
    [[nodiscard]] bool may_hit(unsigned depth, const Target& target) {
        if (!feasible_) return false;
        if (target.assertion) {
            return depth > 0 && std::any_of(steps_[depth - 1].paths.begin(), steps_[depth - 1].paths.end(),
                                            [&](const Taken& taken) { return fails(taken, *target.assertion); });
        }
        return std::any_of(target.conjuncts.begin(), target.conjuncts.end(),
                           [&](TermId conjunct) { return terms_.possible(conjunct, frames_[depth].sets).contains(0); });
    }

    /// Two states differ.
    void differ(unsigned a, unsigned b) {
        std::vector<Literal> any;
        for (std::size_t f = 0; f < relation_.fields().size(); ++f) {
            const Literal same = equal(frames_[a].fields[f], frames_[b].fields[f]);
            if (same == Sat::no) return;
            if (same != Sat::yes) any.push_back(-same);
        }
        sat_.clause(any);
    }

    /// The run that the last answer of the solver shows.
    [[nodiscard]] SymbolicRun run() const {
        SymbolicRun run;
        for (const Frame& frame : frames_) {
            std::vector<int> values;
            for (const Integer& field : frame.fields) {
                const auto value = std::find_if(field.values.begin(), field.values.end(),
                                                [&](const auto& v) { return holds(v.second); });
                values.push_back(value != field.values.end() ? value->first : 0);
            }
            run.states.push_back(relation_.state(values));
        }
        for (const StepTaken& step : steps_) {
            const auto taken =
                std::find_if(step.paths.begin(), step.paths.end(), [&](const Taken& t) { return holds(t.selector); });
            const Transition& transition = relation_.transition(taken->transition);
            run.steps.push_back({transition.step.actor, static_cast<checker::StepId>(transition.step.step),
                                 transition.paths[taken->path].choices});
        }
        return run;
    }

    [[nodiscard]] std::optional<bool> solve(const std::vector<Literal>& assumptions, UnrollStatistics& statistics) {
        const auto start = Clock::now();
        const std::optional<bool> answer = sat_.solve(assumptions, options_.timeout_ms, options_.stop);
        statistics.slowest = std::max(statistics.slowest, seconds_since(start));
        ++statistics.queries;
        return answer;
    }

 private:
    TransitionRelation& relation_;
    Terms& terms_;
    const UnrollOptions& options_;
    std::vector<Frame> frames_;
    std::vector<StepTaken> steps_;
    bool feasible_ = true;

    struct Candidate {
        std::size_t transition;
        std::size_t path;
        FieldSets sets;  ///< of the state before, as far as the path allows
    };
    std::vector<Candidate> candidates_;

    [[nodiscard]] bool holds(Literal literal) const {
        return literal == Sat::yes || (literal != Sat::no && sat_.value(literal));
    }
    [[nodiscard]] bool fails(const Taken& taken, assertion::Id which) const {
        const auto& failures = relation_.transition(taken.transition).paths[taken.path].failures;
        return std::find(failures.begin(), failures.end(), which) != failures.end();
    }

    // --- terms ---

    const Integer& encoded(unsigned depth, TermId id) {
        if (frames_[depth].terms.size() <= id) frames_[depth].terms.resize(terms_.size());
        if (frames_[depth].terms[id].values.empty()) {
            Integer result = encode(depth, terms_[id]);
            frames_[depth].terms[id] = std::move(result);
        }
        return frames_[depth].terms[id];
    }
    Integer encode(unsigned depth, const Term& term) {
        const auto arg = [&](std::size_t i) -> Integer { return encoded(depth, term.args[i]); };
        switch (term.kind) {
            case TermKind::constant:
                return constant(term.value);
            case TermKind::field:
                return frames_[depth].fields[static_cast<std::size_t>(term.value)];
            case TermKind::add:
                return combined(arg(0), arg(1), [](int x, int y) { return x + y; });
            case TermKind::subtract:
                return combined(arg(0), arg(1), [](int x, int y) { return x - y; });
            case TermKind::multiply:
                return combined(arg(0), arg(1), [](int x, int y) { return x * y; });
            case TermKind::choose:
                return chosen(arg(0).is(1), arg(1), arg(2));
            case TermKind::equal:
                return truth(equal(arg(0), arg(1)));
            case TermKind::less:
                return truth(less(arg(0), arg(1)));
            case TermKind::negate:
                return truth(-arg(0).is(1));
            default: {
                std::vector<Literal> literals;
                for (std::size_t i = 0; i < term.args.size(); ++i) literals.push_back(arg(i).is(1));
                return truth(term.kind == TermKind::all ? every(std::move(literals)) : some(std::move(literals)));
            }
        }
    }

    // --- a step ---

    /// The paths that may be taken from the last state settled.
    void collect() {
        const FieldSets& sets = frames_[depth() - 1].sets;
        candidates_.clear();
        for (std::size_t i = 0; i < relation_.size() && !stopped(); ++i) {
            FieldSets here = sets;
            bool may = true;
            for (const auto& [field, value] : relation_.pinned(i)) {
                auto& set = here[static_cast<std::size_t>(field)];
                may = may && set.contains(value);
                set = ValueSet::of(value);
            }
            if (!may) continue;
            const Transition& transition = relation_.transition(i);
            if (!terms_.refine(transition.premise, here) || !terms_.refine(relation_.assumptions(), here)) continue;
            for (std::size_t p = 0; p < transition.paths.size(); ++p) {
                FieldSets path = here;
                if (!terms_.refine(transition.paths[p].conditions, path)) continue;
                candidates_.push_back({i, p, std::move(path)});
            }
        }
        for (const Candidate& candidate : candidates_)
            steps_.back().paths.push_back({candidate.transition, candidate.path, Sat::yes});
    }

    /// Selectors, and what they need of the state before.
    void choose() {
        const unsigned before = depth() - 1;
        StepTaken& step = steps_.back();
        std::map<std::size_t, std::vector<Literal>> paths;
        for (Taken& taken : step.paths) {
            if (step.paths.size() > 1) taken.selector = sat_.fresh();
            paths[taken.transition].push_back(taken.selector);
            const TransitionPath& path = relation_.transition(taken.transition).paths[taken.path];
            for (const TermId condition : path.conditions) need(taken.selector, before, condition);
        }
        std::vector<Literal> transitions;
        for (auto& [number, selectors] : paths) {
            sat_.at_most_one(selectors);
            const Literal any = some(selectors);
            transitions.push_back(any);
            step.transitions.emplace(number, any);
            const Transition& transition = relation_.transition(number);
            for (const auto& [field, value] : transition.pinned)
                sat_.clause({-any, frames_[before].fields[static_cast<std::size_t>(field)].is(value)});
            for (const TermId premise : transition.premise) need(any, before, premise);
        }
        sat_.clause(transitions);
        sat_.at_most_one(transitions);
    }
    /// A disjunction becomes a clause.
    void need(Literal selector, unsigned depth, TermId condition) {
        std::vector<Literal> clause{-selector};
        if (terms_[condition].kind == TermKind::any) {
            const std::vector<TermId> args = terms_[condition].args;
            for (const TermId arg : args) clause.push_back(literal(depth, arg));
        } else {
            clause.push_back(literal(depth, condition));
        }
        sat_.clause(clause);
    }

    /// The state after: what the path taken says, and what it does not touch stays.
    void change() {
        const unsigned before = depth() - 1;
        const std::size_t fields = relation_.fields().size();
        Frame& after = frames_.back();
        after.sets.resize(fields);
        after.fields.resize(fields);
        std::vector<std::map<TermId, std::vector<Literal>>> writers(fields);
        std::vector<bool> kept(fields, false);
        for (std::size_t i = 0; i < candidates_.size(); ++i) {
            const Candidate& candidate = candidates_[i];
            const Taken& taken = steps_.back().paths[i];
            std::vector<bool> written(fields, false);
            for (const auto& [field, value] : relation_.transition(taken.transition).paths[taken.path].changes) {
                const auto f = static_cast<std::size_t>(field);
                written[f] = true;
                after.sets[f] |= terms_.possible(value, candidate.sets);
                writers[f][value].push_back(taken.selector);
            }
            for (std::size_t f = 0; f < fields; ++f) {
                if (written[f]) continue;
                kept[f] = true;
                after.sets[f] |= candidate.sets[f];
            }
        }
        for (std::size_t f = 0; f < fields; ++f) {
            const Integer& old = frames_[before].fields[f];
            if (writers[f].empty()) {
                after.fields[f] = old;
                continue;
            }
            after.fields[f] = integer(after.sets[f]);
            std::vector<Literal> written;
            for (const auto& [value, selectors] : writers[f]) {
                const Literal writes = some(selectors);
                written.push_back(writes);
                becomes(-writes, encoded(before, value), after.fields[f]);
            }
            if (kept[f]) becomes(some(std::move(written)), old, after.fields[f]);
        }
    }
    /// `after` has the value of `from`, unless the literal is true.
    void becomes(Literal unless, const Integer& from, const Integer& after) {
        for (const auto& [value, literal] : from.values) sat_.clause({unless, -literal, after.is(value)});
    }
};

/// Runs a run natively. Throws std::logic_error if it is not one.
void confirm(const TransitionRelation& relation, const SymbolicRun& run) {
    const Bbm model(relation.config());
    Bbm::State state = run.states.front();
    for (std::size_t i = 0; i < run.steps.size(); ++i) {
        checker::NoObserver silent;
        checker::RecordingContext context(run.steps[i].choices, silent);
        model.step(state, run.steps[i].actor, context);
        const bool asked = !context.diverged() && context.taken().size() == run.steps[i].choices.size();
        if (context.is_blocked() || !asked || context.step() != run.steps[i].step ||
            relation.values(state) != relation.values(run.states[i + 1])) {
            throw std::logic_error("the unrolling and the model disagree about step " + std::to_string(i + 1) + ", " +
                                   std::string(step_names()[run.steps[i].step]));
        }
    }
}

std::vector<Bbm::State> initial_states(const Config& config) {
    std::vector<Bbm::State> states;
    Bbm(config).initial_states([&](const Bbm::State& state) { states.push_back(state); });
    return states;
}

}  // namespace

Target Target::violation(TransitionRelation& relation, std::size_t obligation) {
    if (obligation >= Obligations::predicates())
        return {{}, static_cast<assertion::Id>(obligation - Obligations::predicates())};
    return {relation.predicate(obligation), std::nullopt};
}
Target Target::state(TransitionRelation& relation, const StatePredicate& predicate) {
    const TermId term = relation.predicate(predicate);
    return {{relation.terms().negation(term)}, std::nullopt};
}

BmcResult bmc(TransitionRelation& relation, const Target& target, unsigned max_depth,
              const UnrollOptions& options) try {
    const auto start = Clock::now();
    BmcResult result;
    Unrolling unrolling(relation, options);
    unrolling.start_at(initial_states(relation.config()));
    result.verdict = BmcResult::Verdict::none;
    for (result.depth = 0;; ++result.depth) {
        if (unrolling.stopped()) {
            result.verdict = BmcResult::Verdict::unknown;
            break;
        }
        if (unrolling.may_hit(result.depth, target)) {
            const Literal hit = unrolling.hit(result.depth, target);
            const std::optional<bool> answer = unrolling.solve({hit}, result.statistics);
            if (!answer) {
                result.verdict = BmcResult::Verdict::unknown;
                break;
            }
            if (*answer) {
                result.verdict = BmcResult::Verdict::found;
                result.run = unrolling.run();
                confirm(relation, *result.run);
                break;
            }
            unrolling.sat().clause({-hit});
        }
        if (result.depth == max_depth) break;
        unrolling.settle();
        unrolling.extend();
    }
    result.statistics.seconds = seconds_since(start);
    result.statistics.variables = unrolling.sat().variables();
    result.statistics.clauses = unrolling.sat().clauses();
    return result;
} catch (const z3::exception&) {
    return {};
}

KInductionResult k_induct(TransitionRelation& relation, const Target& target, unsigned max_k,
                          const UnrollOptions& options) try {
    const auto start = Clock::now();
    KInductionResult result;
    Unrolling unrolling(relation, options);
    unrolling.start_anywhere();
    for (result.k = 1; result.k <= max_k; ++result.k) {
        // The steps before: states without the target, all different.
        unrolling.settle();
        if (unrolling.may_hit(unrolling.depth(), target)) {
            unrolling.sat().clause({-unrolling.hit(unrolling.depth(), target)});
        }
        unrolling.extend();
        if (unrolling.stopped()) {
            result.verdict = KInductionResult::Verdict::unknown;
            break;
        }
        if (options.simple_path) {
            for (unsigned i = 0; i + 1 < unrolling.depth(); ++i) unrolling.differ(i, unrolling.depth() - 1);
        }
        std::optional<bool> answer = false;
        if (unrolling.may_hit(result.k, target)) {
            const Literal hit = unrolling.hit(result.k, target);
            answer = unrolling.solve({hit}, result.statistics);
        }
        if (!answer) {
            result.verdict = KInductionResult::Verdict::unknown;
            break;
        }
        result.verdict = KInductionResult::Verdict::not_inductive;
        if (*answer) {
            result.run = unrolling.run();
            confirm(relation, *result.run);
            if (result.k == max_k) break;
            continue;
        }
        const BmcResult base = bmc(relation, target, result.k - 1, options);
        result.verdict = base.verdict == BmcResult::Verdict::none    ? KInductionResult::Verdict::proved
                         : base.verdict == BmcResult::Verdict::found ? KInductionResult::Verdict::violated
                                                                     : KInductionResult::Verdict::unknown;
        result.run = base.run;
        break;
    }
    result.statistics.seconds = seconds_since(start);
    result.statistics.variables = unrolling.sat().variables();
    result.statistics.clauses = unrolling.sat().clauses();
    return result;
} catch (const z3::exception&) {
    return {};
}

checker::Counterexample<Bbm> counterexample_of(const Bbm& model, const std::vector<Property>& properties,
                                               std::size_t index, const SymbolicRun& run) {
    checker::Counterexample<Bbm> result{index, {}, run.states.front(), {}, {}};
    const char* message = nullptr;
    Bbm::State state = run.states.front();
    for (const checker::RecordedStep& step : run.steps) {
        checker::NoObserver silent;
        checker::RecordingContext context(step.choices, silent);
        model.step(state, step.actor, context);
        result.steps.push_back({step.actor, step.step, step.choices, state, true});
        for (const checker::Failure& failure : context.failures()) {
            if (properties[index].has_assertion && failure.assertion == properties[index].assertion)
                message = failure.message;
        }
    }
    checker::describe(result, model, index, properties[index], message);
    return result;
}

}  // namespace vmemcheck::bbm::spec
