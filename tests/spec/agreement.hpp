// SPDX-License-Identifier: MIT
/// \file
/// Do the native and the symbolic domain agree? What the tests share: the paths of a step as a small program over the
/// fields of a native state, and comparisons that return what differs, in words, or nothing.
#pragma once

#include <z3++.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "checker/context.hpp"
#include "checker/layout.hpp"
#include "checker/store.hpp"
#include "model/bbm.hpp"
#include "spec/symbolic_internal.hpp"

namespace vmemcheck::bbm::spec {

/// What differs, in words; nothing if all is well.
using Disagreement = std::optional<std::string>;

/// A configuration, its native model and the layout of its states.
struct Setting {
    explicit Setting(const Config& config)
        : config(config), model(config), layout(checker::layout_of(model, model.initial_state(0))) {}

    Config config;
    Bbm model;
    checker::Layout layout;
};

/// The fields of a symbolic state, in the order of the layout.
[[nodiscard]] std::vector<SymInt> fields_of(const Config& config, const SymbolicState& state);
/// Whether two terms are one and the same.
[[nodiscard]] bool same_term(const SymInt& a, const SymInt& b);

/// Runs an actor's step natively, once for each list of answers; blocked runs too.
/// \param seen called with the state after and the context
/// \return how the step broke the rules of its context, if it did
template <class Seen>
checker::Misuse for_each_run(const Bbm& model, const Bbm::State& before, checker::ActorId actor, Seen&& seen) {
    checker::SearchContext context;
    Bbm::State after{};
    do {
        after = before;
        context.begin();
        model.step(after, actor, context);
        seen(std::as_const(after), std::as_const(context));
    } while (context.advance());
    return context.misuse();
}

/// Terms over variables "s.FIELD" as straight-line code: one register a field, then one an operation.
class Program {
 public:
    explicit Program(const checker::Layout& layout) : layout_(&layout) {}

    /// Compiles a term, all subterms once. The term must outlive the compilation of others.
    /// \return the register of its value
    unsigned compile(const z3::expr& term);
    /// Operations so far.
    [[nodiscard]] unsigned size() const { return static_cast<unsigned>(code_.size()); }
    [[nodiscard]] std::size_t registers() const { return layout_->fields().size() + code_.size(); }
    /// Runs the operations first .. last - 1.
    void run(std::vector<int>& registers, unsigned first, unsigned last) const;
    /// Terms compiled so far.
    [[nodiscard]] std::size_t known() const { return order_.size(); }
    /// Forgets the terms compiled after the first `known`, so that no later term refers to their registers.
    void forget(std::size_t known);

 private:
    enum class Op : std::uint8_t { constant, negation, both, either, select, equal, less, at_most, plus, minus, times };
    struct Instruction {
        Op op = Op::constant;
        int a = 0;  ///< a register, or the constant
        int b = 0;
        int c = 0;
    };
    unsigned emit(Op op, unsigned a = 0, unsigned b = 0, unsigned c = 0);
    unsigned application(const z3::expr& term, const std::vector<unsigned>& arguments);

    const checker::Layout* layout_;
    std::vector<Instruction> code_;
    std::unordered_map<unsigned, unsigned> compiled_;  ///< id of a term -> its register
    std::vector<unsigned> order_;                      ///< of those ids
};

/// A step and all its paths, as terms.
struct StepPaths {
    StepPaths(z3::context& context, const Config& config, const StepInstance& instance);

    StepInstance instance;
    Pinned pinned;
    std::vector<z3::expr> outside;  ///< conditions under which something is indexed that is not there
    std::vector<SymbolicPath> paths;
};

/// The paths of a step, to be run on native states.
class CompiledStep {
 public:
    CompiledStep(const Setting& setting, const StepPaths& step);

    /// Whether this step is the actor's next in a state.
    [[nodiscard]] bool applies(const Bbm::State& state);

    /// Runs the step natively, with every list of answers. Each run must satisfy one path, each path satisfied must be
    /// that of a run, and both must do the same.
    /// \param follow called with the state after each run that is neither blocked nor fails an assertion
    template <class Follow>
    [[nodiscard]] Disagreement compare(const Bbm::State& before, Follow&& follow) {
        find_satisfied(before);
        std::size_t runs = 0;
        Disagreement found;
        const auto misuse = for_each_run(setting_->model, before, instance_.actor,
                                         [&](const Bbm::State& after, const checker::SearchContext& run) {
                                             ++runs;
                                             if (auto differs = compare_run(after, run); differs && !found)
                                                 found = std::move(differs);
                                             if (!run.is_blocked() && run.failures().empty()) follow(after);
                                         });
        if (misuse != checker::Misuse::none && !found) found = checker::text(misuse);
        if (satisfied_.size() != runs && !found) {
            found = std::to_string(satisfied_.size()) + " paths for " + std::to_string(runs) + " native runs";
        }
        if (found) found = name() + ": " + *found;
        return found;
    }

    /// The states after it, as the paths say.
    [[nodiscard]] std::vector<Bbm::State> successors(const Bbm::State& before);

    /// Which paths were satisfied by a state that was compared.
    [[nodiscard]] const std::vector<bool>& seen() const { return seen_; }
    [[nodiscard]] std::string name() const;

 private:
    struct Write {
        std::size_t field;
        unsigned value;  ///< register
    };
    struct Path {
        unsigned condition = 0;  ///< register
        unsigned first = 0;      ///< its operations for the state after
        unsigned last = 0;
        std::vector<Write> writes;  ///< fields that change
        bool blocked = false;
        std::vector<assertion::Id> failures;
        std::vector<checker::ChoiceTaken> choices;
    };

    void load(const Bbm::State& state);
    void find_satisfied(const Bbm::State& before);
    /// Runs the part of the program that gives the state after.
    void finish(const Path& path) { program_.run(registers_, path.first, path.last); }
    Disagreement compare_run(const Bbm::State& after, const checker::SearchContext& context);

    const Setting* setting_;
    StepInstance instance_;
    Program program_;
    std::vector<unsigned> outside_;
    unsigned premise_ = 0;
    std::vector<Write> pins_;  ///< fields that the pre-state has as constants
    unsigned conditions_end_ = 0;
    std::vector<Path> paths_;
    std::vector<bool> seen_;
    std::vector<int> registers_;
    std::vector<int> expected_;
    std::vector<std::size_t> satisfied_;
};

/// The steps of a configuration, enumerated and compiled when they are first needed.
class Steps {
 public:
    explicit Steps(const Config& config) : setting_(config) {}

    [[nodiscard]] const Setting& setting() const { return setting_; }
    [[nodiscard]] z3::context& context() { return context_; }
    /// The paths of the instance with this index in step_instances().
    [[nodiscard]] const StepPaths& paths(std::size_t instance);
    [[nodiscard]] CompiledStep& compiled(std::size_t instance);
    /// Takes other paths for an instance: to see that a fault is found.
    void replace(std::size_t instance, StepPaths changed);
    /// Instances compiled so far: those that a state compared was at.
    [[nodiscard]] std::size_t compiled_instances() const { return compiled_.size(); }
    /// The instance that is an actor's next in a state; nothing for a user task without a request, which is blocked.
    [[nodiscard]] std::optional<std::size_t> next(const Bbm::State& state, checker::ActorId actor) const;

    /// Compares, for every actor, all that can happen in a state.
    /// \param share only instances whose index leaves rest `share` divided by `shares`
    template <class Follow>
    [[nodiscard]] Disagreement compare(const Bbm::State& before, Follow&& follow, std::size_t share = 0,
                                       std::size_t shares = 1) {
        Disagreement found;
        for (checker::ActorId actor = 0; actor < actor::count; ++actor) {
            const auto instance = next(before, actor);
            const bool mine = instance && *instance % shares == share;
            auto differs =
                mine ? compiled(*instance).compare(before, follow) : run_only(before, actor, follow, instance);
            if (differs && !found) found = std::move(differs);
        }
        return found;
    }

 private:
    /// Runs a step natively only; what is no instance must be blocked.
    template <class Follow>
    Disagreement run_only(const Bbm::State& before, checker::ActorId actor, Follow&& follow,
                          const std::optional<std::size_t>& instance) {
        bool blocked = true;
        for_each_run(setting_.model, before, actor, [&](const Bbm::State& after, const checker::SearchContext& run) {
            if (run.is_blocked()) return;
            blocked = false;
            if (run.failures().empty()) follow(after);
        });
        if (instance || blocked) return std::nullopt;
        return "an actor moves by a step that is no instance: " + setting_.model.actor_name(actor);
    }

    Setting setting_;
    z3::context context_;
    std::unordered_map<std::size_t, StepPaths> paths_;
    std::unordered_map<std::size_t, CompiledStep> compiled_;
};

/// Runs a path natively from a state that Z3 chose for it.
/// \param before the symbolic pre-state
/// \param model satisfies the path's condition and what its enumeration assumed
[[nodiscard]] Disagreement compare_model(const Setting& setting, checker::ActorId actor, const SymbolicState& before,
                                         const SymbolicPath& path, const z3::model& model);

/// Solves each path of a step and runs the model natively.
/// \param solved called with each native pre-state
template <class Solved>
[[nodiscard]] Disagreement compare_models(const Setting& setting, const StepPaths& step, Solved&& solved) {
    z3::solver solver(step.pinned.premise.ctx());
    solver.add(step.pinned.fresh.bounds && step.pinned.premise);
    Disagreement found;
    for (std::size_t i = 0; i < step.paths.size(); ++i) {
        const SymbolicPath& path = step.paths[i];
        solver.push();
        solver.add(path.condition);
        Disagreement differs;
        if (solver.check() == z3::sat) {
            const z3::model model = solver.get_model();
            differs = compare_model(setting, step.instance.actor, step.pinned.fresh.state, path, model);
            solved(concrete(setting.config, step.pinned.fresh.state, model));
        } else {
            differs = "an infeasible path was enumerated";
        }
        solver.pop();
        if (differs && !found) {
            found = std::string(step_names()[static_cast<std::size_t>(step.instance.step)]) + ", path " +
                    std::to_string(i) + ": " + *differs;
        }
    }
    return found;
}

/// Every state within max_depth steps of an initial one, breadth first.
/// \param expand expand(state, follow): must call follow(after) for each successor; false ends the search
/// \return states found
template <class Expand>
std::uint64_t breadth_first(const Setting& setting, unsigned max_depth, Expand&& expand) {
    const checker::Layout& layout = setting.layout;
    checker::ExactStore store(layout.words());
    std::vector<std::uint32_t> packed(layout.buffer_words());
    checker::StateIndex at = checker::no_state;
    const auto follow = [&](const Bbm::State& state) {
        if (layout.pack(state, packed.data()) >= 0) throw std::range_error("a field out of its bounds");
        store.insert(packed.data(), checker::hash_words(packed.data(), layout.words()), at);
    };
    setting.model.initial_states(follow);
    checker::StateIndex level_end = store.size();
    unsigned depth = 0;
    Bbm::State state{};
    for (at = 0; at < store.size(); ++at) {
        if (at == level_end) {
            ++depth;
            level_end = store.size();
        }
        if (depth >= max_depth) break;
        std::copy_n(store.packed(at), layout.words(), packed.begin());
        layout.unpack(packed.data(), state);
        if (!expand(state, follow)) break;
    }
    return store.size();
}

/// A walk from an initial state, each step chosen at random.
/// \param expand as for breadth_first()
template <class Expand>
void random_walk(const Setting& setting, std::mt19937& random, unsigned steps, Expand&& expand) {
    std::vector<Bbm::State> next;
    const auto follow = [&](const Bbm::State& state) { next.push_back(state); };
    setting.model.initial_states(follow);
    for (unsigned i = 0; i < steps && !next.empty(); ++i) {
        // Little is left to happen once the driver is unbound: put off.
        const auto bound = std::partition(next.begin(), next.end(), [](const Bbm::State& state) {
            return state.rm == static_cast<int>(StepId::rm_idle);
        });
        const bool put_off = bound != next.begin() && random() % 256 != 0;
        const auto candidates = static_cast<std::size_t>((put_off ? bound : next.end()) - next.begin());
        const Bbm::State state = next[random() % candidates];
        next.clear();
        if (!expand(state, follow)) return;
    }
}

}  // namespace vmemcheck::bbm::spec
