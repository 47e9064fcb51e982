// SPDX-License-Identifier: MIT
#include "spec/symbolic_induction.hpp"

#include <algorithm>
#include <chrono>
#include <unordered_set>

#include "spec/symbolic_facts.hpp"
#include "spec/symbolic_internal.hpp"
#include "spec/symbolic_script.hpp"

namespace vmemcheck::bbm::spec {

namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// The conjuncts of a term.
void flatten(const z3::expr& term, std::vector<z3::expr>& conjuncts) {
    if (term.is_true()) return;
    if (term.is_app() && term.decl().decl_kind() == Z3_OP_AND) {
        for (unsigned i = 0; i < term.num_args(); ++i) flatten(term.arg(i), conjuncts);
        return;
    }
    conjuncts.push_back(term);
}

/// Every field within the bounds of describe_state().
SymBool fields_in_range(const Config& config, const SymbolicState& state, bool focus) {
    SymBool ok = true;
    SymbolicState copy = state;
    describe_state(config, copy,
                   [&](const std::string& name, SymInt& field, int low, int high, std::span<const std::string_view>) {
                       const bool amount = focus && is_amount(name);
                       if (!amount || low == 0) ok = ok && field >= low;
                       if (!amount) ok = ok && field <= high;
                   });
    return ok;
}

}  // namespace

std::vector<z3::expr> conjuncts_of(const Config& config, const SymbolicState& state, std::size_t obligation,
                                   bool focus) {
    const auto& first = invariants<SymbolicDomain>;
    const auto& second = lemmas<SymbolicDomain>;
    if (obligation == Obligations::facts()) return {};
    const SymBool holds = obligation < first.size()                   ? first[obligation](config, state)
                          : obligation < first.size() + second.size() ? second[obligation - first.size()](config, state)
                                                                      : fields_in_range(config, state, focus);
    std::vector<z3::expr> conjuncts;
    flatten(holds.term(), conjuncts);
    return conjuncts;
}

namespace {

z3::expr_vector negated(const std::vector<z3::expr>& conjuncts, z3::context& context) {
    z3::expr_vector any(context);
    for (const z3::expr& conjunct : conjuncts) any.push_back(!conjunct);
    return any;
}

}  // namespace

Pinned pinned_state(z3::context& context, const Config& config, const StepInstance& instance, const Focus* focus) {
    FreshState fresh = fresh_state(context, config, "s", focus);
    const int pc = static_cast<int>(instance.step);
    z3::expr premise = context.bool_val(true);
    const bool core_mm = instance.step > StepId::op_first && instance.step <= StepId::op_last;
    if (core_mm) {
        fresh.state.op = pc;
        fresh.state.device_hotplug_lock = instance.actor == actor::worker ? task::worker : task::user;
    } else if (instance.actor == actor::worker) {
        fresh.state.wk = pc;
        premise = fresh.state.device_hotplug_lock.term() != static_cast<int>(task::worker) ||
                  fresh.state.op.term() == static_cast<int>(StepId::op_none);
    } else if (instance.actor == actor::remover) {
        fresh.state.rm = pc;
    }
    return {std::move(fresh), premise};
}

namespace {

/// Predicates that are assumed while paths are enumerated, besides bounds: they spare many paths and cost little.
bool cuts_paths(std::string_view id) {
    static constexpr std::array<std::string_view, 4> names{"worker-requests", "worker-locals", "operation-is-clear",
                                                           "worker-at-its-big-block"};
    return std::find(names.begin(), names.end(), id) != names.end();
}

class Prover {
 public:
    Prover(z3::context& context, const Config& config, const StepInstance& instance, const ObligationSet& assumed,
           const ObligationSet& goals, const InductionOptions& options)
        : config_(config),
          instance_(instance),
          assumed_(assumed),
          goals_(goals),
          options_(options),
          context_(context),
          oracle_(context_),
          focus_(context_, config.scope),
          pinned_(pinned_state(context_, config, instance, options.focus ? &focus_ : nullptr)),
          solver_(new_solver(context_)) {
        result_.needed.resize(Obligations::count());
        result_.unknown.resize(Obligations::count(), false);
        solver_.set("timeout", options.timeout_ms);
    }

    StepResult run() {
        const auto start = Clock::now();
        if (options_.script) script_.emplace();
        assume();
        z3::expr bounds = pinned_.fresh.bounds && pinned_.premise;
        for (std::size_t i = 0; i < Obligations::predicates(); ++i) {
            if (!assumed_[i] || !cuts_paths(Obligations::name(i))) continue;
            for (ObligationSet& needed : result_.needed) {
                needed.resize(Obligations::predicates(), false);
                needed[i] = true;
            }
            for (const z3::expr& conjunct : conjuncts_of(config_, pinned_.fresh.state, i, options_.focus)) {
                bounds = bounds && conjunct;
            }
        }
        for (const SymbolicPath& path :
             paths_of(config_, instance_.actor, pinned_.fresh.state, bounds, options_.stop)) {
            if (!path.unkept && (!path.blocked || path.outside)) check(path);
            ++result_.paths;
        }
        if (stopped()) result_.unknown.assign(Obligations::count(), true);
        if (script_) result_.script = script_->text(step_title(instance_));
        result_.seconds = seconds_since(start);
        return std::move(result_);
    }

 private:
    const Config& config_;
    const StepInstance instance_;
    const ObligationSet& assumed_;
    const ObligationSet& goals_;
    const InductionOptions& options_;
    z3::context& context_;
    PathOracle oracle_;  // terms of predicates need a context in force
    Focus focus_;
    Pinned pinned_;
    z3::solver solver_;
    StepResult result_;
    std::vector<std::unordered_set<unsigned>> before_;  ///< ids of the conjuncts that hold before, by obligation
    std::vector<z3::expr> labels_;                      ///< one for each predicate
    std::vector<FactInstance> facts_before_;
    std::vector<z3::expr> fact_labels_;  ///< one for each pattern
    std::optional<Facts> wider_;         ///< the facts, with what had to be allowed so far
    std::optional<SmtScript> script_;

    [[nodiscard]] bool stopped() const { return options_.stop != nullptr && options_.stop->load(); }

    /// Each predicate assumed is asserted under a label, so that cores name it.
    void assume() {
        solver_.add(pinned_.fresh.bounds && pinned_.premise);
        if (script_) script_->always(pinned_.fresh.bounds && pinned_.premise);
        before_.resize(Obligations::predicates());
        for (std::size_t i = 0; i < Obligations::predicates(); ++i) {
            labels_.push_back(context_.bool_const(("assume_" + std::to_string(i)).c_str()));
            if (!assumed_[i]) continue;
            for (const z3::expr& conjunct : conjuncts_of(config_, pinned_.fresh.state, i, options_.focus)) {
                before_[i].insert(Z3_get_ast_id(context_, conjunct));
                solver_.add(z3::implies(labels_[i], conjunct));
                if (script_) script_->premise(Obligations::name(i), conjunct);
            }
        }
        assume_facts();
    }

    /// Each pattern under a label of its own, so that cores name it.
    void assume_facts() {
        if (options_.facts == nullptr || !assumed_[Obligations::facts()]) return;
        result_.facts_used.resize(options_.plan->patterns().size(), false);
        facts_before_ = instances_of(*options_.plan, *options_.facts, config_, pinned_.fresh.state);
        for (std::size_t i = 0; i < options_.plan->patterns().size(); ++i)
            fact_labels_.push_back(context_.bool_const(("fact_" + std::to_string(i)).c_str()));
        for (const FactInstance& instance : facts_before_) {
            const auto term = allowed(*options_.plan, *options_.facts, instance);
            if (!term) continue;
            solver_.add(z3::implies(fact_labels_[instance.pattern], *term));
            if (script_) script_->premise(Obligations::name(Obligations::facts()), *term);
        }
    }

    [[nodiscard]] z3::expr_vector premises() {
        z3::expr_vector all(context_);
        for (std::size_t i = 0; i < labels_.size(); ++i) {
            if (assumed_[i]) all.push_back(labels_[i]);
        }
        for (const z3::expr& label : fact_labels_) all.push_back(label);
        return all;
    }

    struct Goal {
        std::size_t obligation;
        std::vector<z3::expr> conjuncts;
    };

    /// What this path may break: conjuncts that are not word for word those assumed before.
    std::vector<Goal> goals_of(const SymbolicPath& path) {
        std::vector<Goal> goals;
        if (path.outside) {
            if (goals_[Obligations::in_range()]) goals.push_back({Obligations::in_range(), {context_.bool_val(false)}});
            return goals;
        }
        for (std::size_t i = 0; i < Obligations::predicates(); ++i) {
            if (!goals_[i]) continue;
            Goal goal{i, {}};
            for (z3::expr& conjunct : conjuncts_of(config_, path.after, i, options_.focus)) {
                if (before_[i].count(Z3_get_ast_id(context_, conjunct)) == 0) goal.conjuncts.push_back(conjunct);
            }
            if (!goal.conjuncts.empty()) goals.push_back(std::move(goal));
        }
        for (const assertion::Id failure : path.failures) {
            const std::size_t i = Obligations::of(failure);
            if (goals_[i]) goals.push_back({i, {context_.bool_val(false)}});
        }
        return goals;
    }

    z3::check_result timed() {
        const auto start = Clock::now();
        z3::check_result answer = z3::unknown;
        try {
            answer = solver_.check(premises());
        } catch (const z3::exception&) {
            answer = z3::unknown;  // interrupted, or out of memory
        }
        const double seconds = seconds_since(start);
        ++result_.queries;
        if (seconds > result_.slowest) {
            result_.slowest = seconds;
            result_.slowest_path = result_.paths;
        }
        return answer;
    }

    void check(const SymbolicPath& path) {
        const std::vector<Goal> goals = goals_of(path);
        const bool facts = !fact_labels_.empty() && goals_[Obligations::facts()] && !path.outside;
        if (goals.empty() && !facts) return;
        solver_.push();
        const z3::expr condition =
            options_.focus ? path.condition && sums_of_others(config_, path.after) : path.condition;
        solver_.add(condition);
        if (script_) script_->path(condition);
        for (const Goal& goal : goals) {
            if (stopped()) break;
            solver_.push();
            const z3::expr broken = z3::mk_or(negated(goal.conjuncts, context_));
            solver_.add(broken);
            const z3::check_result answer = timed();
            const ObligationSet used = answer == z3::unsat ? core() : assumed_;
            if (answer == z3::unsat) learn(goal, used);
            if (answer == z3::unknown) result_.unknown[goal.obligation] = true;
            if (answer == z3::sat) refuted(path, goal, solver_.get_model());
            if (script_) script_->query(names_of(used), broken, answer, question(goal));
            solver_.pop();
        }
        if (facts) check_facts(path);
        solver_.pop();
    }

    /// Widens the facts until this path keeps them.
    void check_facts(const SymbolicPath& path) {
        std::vector<FactInstance> changed = instances_of(*options_.plan, *options_.facts, config_, path.after);
        std::size_t next = 0;
        changed.erase(std::remove_if(changed.begin(), changed.end(),
                                     [&](const FactInstance& after) { return after.same(facts_before_[next++]); }),
                      changed.end());
        if (!wider_) wider_ = *options_.facts;
        while (!changed.empty()) {
            Goal goal{Obligations::facts(), {}};
            for (const FactInstance& instance : changed) {
                if (auto term = allowed(*options_.plan, *wider_, instance)) goal.conjuncts.push_back(std::move(*term));
            }
            if (goal.conjuncts.empty()) return;
            solver_.push();
            const z3::expr broken = z3::mk_or(negated(goal.conjuncts, context_));
            solver_.add(broken);
            const z3::check_result answer = stopped() ? z3::unknown : timed();
            const std::size_t known = result_.new_facts.size();
            if (answer == z3::unsat) {
                const ObligationSet used = core();
                learn(goal, used);
                if (script_) script_->query(names_of(used), broken, answer, question(goal));
            }
            if (answer == z3::sat) widen(*wider_, result_.new_facts, changed, solver_.get_model());
            solver_.pop();
            if (answer == z3::unsat) return;
            if (result_.new_facts.size() == known) {
                // Not decided; or broken by a field out of bounds, which is not for facts to say.
                result_.unknown[goal.obligation] = true;
                return;
            }
        }
    }

    /// What a query asks, for the reader of a script.
    [[nodiscard]] std::string question(const Goal& goal) const {
        return "path " + std::to_string(result_.paths) + " breaks " + std::string(Obligations::name(goal.obligation));
    }

    /// The predicates that the last answer needed.
    [[nodiscard]] ObligationSet core() {
        ObligationSet used(Obligations::predicates(), false);
        for (const z3::expr& label : solver_.unsat_core()) {
            for (std::size_t i = 0; i < fact_labels_.size(); ++i) {
                if (!z3::eq(label, fact_labels_[i])) continue;
                used[Obligations::facts()] = result_.facts_used[i] = true;
            }
            for (std::size_t i = 0; i < labels_.size(); ++i) {
                if (z3::eq(label, labels_[i])) used[i] = true;
            }
        }
        return used;
    }

    void learn(const Goal& goal, const ObligationSet& used) {
        auto& needed = result_.needed[goal.obligation];
        needed.resize(Obligations::predicates(), false);
        for (std::size_t i = 0; i < used.size(); ++i) needed[i] = needed[i] || used[i];
    }

    [[nodiscard]] static std::vector<std::string_view> names_of(const ObligationSet& predicates) {
        std::vector<std::string_view> names;
        for (std::size_t i = 0; i < Obligations::predicates(); ++i) {
            if (predicates[i]) names.push_back(Obligations::name(i));
        }
        return names;
    }

    void refuted(const SymbolicPath& path, const Goal& goal, const z3::model& model) {
        const bool known = std::any_of(result_.ctis.begin(), result_.ctis.end(),
                                       [&](const Cti& cti) { return cti.broken == goal.obligation; });
        if (known) return;
        result_.ctis.push_back({goal.obligation, 0, options_.focus ? focus_.text(model) : "", instance_, result_.paths,
                                path.choices, concrete(config_, pinned_.fresh.state, model),
                                concrete(config_, path.after, model)});
    }
};

}  // namespace

const std::vector<StepInstance>& step_instances() {
    static const std::vector<StepInstance> all = [] {
        std::vector<StepInstance> list;
        const auto range = [&](checker::ActorId who, StepId first, StepId last) {
            for (int step = static_cast<int>(first); step <= static_cast<int>(last); ++step)
                list.push_back({who, static_cast<StepId>(step)});
        };
        const auto after = [](StepId step) { return static_cast<StepId>(static_cast<int>(step) + 1); };
        range(actor::worker, StepId::wk_first, StepId::wk_last);
        range(actor::worker, after(StepId::op_first), StepId::op_last);
        range(actor::user, after(StepId::op_first), StepId::op_last);
        range(actor::remover, StepId::rm_first, StepId::rm_last);
        list.push_back({actor::device, StepId::device_answer});
        list.push_back({actor::interrupt, StepId::irq_config});
        list.push_back({actor::timer, StepId::timer_expires});
        list.push_back({actor::host, StepId::host_resize});
        list.push_back({actor::user_space, StepId::user_request});
        list.push_back({actor::memory_users, StepId::user_page});
        list.push_back({actor::administrator, StepId::rm_idle});
        return list;
    }();
    return all;
}

std::string_view Obligations::name(std::size_t index) {
    const auto& first = invariants<SymbolicDomain>;
    if (index < first.size()) return first[index].id;
    if (index < first.size() + lemma_infos.size()) return lemma_infos[index - first.size()].id;
    static constexpr std::array<std::string_view, assertion::count + 2> others{"learned-facts",
                                                                               "fields-in-range",
                                                                               "no-warn",
                                                                               "lock-discipline",
                                                                               "refcount-released-on-offline",
                                                                               "refcount-restored-on-cancel",
                                                                               "rollback-restores-added",
                                                                               "never-touch-unplugged",
                                                                               "legal-transitions",
                                                                               "no-use-after-free",
                                                                               "no-self-retrigger",
                                                                               "offlines-fake-offline-only",
                                                                               "config-change-stops-fake-offline",
                                                                               "drained-lists-stay-empty",
                                                                               "allocated-after-online",
                                                                               "busy-device-ends-run",
                                                                               "callbacks-see-added-memory",
                                                                               "requests-keep-rules"};
    return others[index - first.size() - lemma_infos.size()];
}

std::string step_title(const StepInstance& step) {
    static const Bbm names{Config{}};
    return names.actor_name(step.actor) + ": " + std::string(step_names()[static_cast<std::size_t>(step.step)]);
}

ObligationSet holds_initially(const Config& config, bool in_focus) {
    z3::context context;
    const PathOracle oracle(context);
    const Focus focus(context, config.scope);
    const FreshState initial = initial_state(context, config, in_focus ? &focus : nullptr);
    ObligationSet holds(Obligations::count(), true);
    for (std::size_t i = 0; i < Obligations::predicates(); ++i) {
        z3::solver solver = new_solver(context);
        solver.add(initial.bounds);
        solver.add(z3::mk_or(negated(conjuncts_of(config, initial.state, i, in_focus), context)));
        holds[i] = solver.check() == z3::unsat;
    }
    return holds;
}

StepResult induct(z3::context& context, const Config& config, const StepInstance& step, const ObligationSet& assumed,
                  const ObligationSet& goals, const InductionOptions& options) {
    return Prover(context, config, step, assumed, goals, options).run();
}

StepResult induct(const Config& config, const StepInstance& step, const ObligationSet& assumed,
                  const ObligationSet& goals, const InductionOptions& options) {
    z3::context context;
    return induct(context, config, step, assumed, goals, options);
}

}  // namespace vmemcheck::bbm::spec
