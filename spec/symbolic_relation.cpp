// SPDX-License-Identifier: MIT
#include "spec/symbolic_relation.hpp"

#include <algorithm>
#include <stdexcept>

#include "spec/symbolic_internal.hpp"

namespace vmemcheck::bbm::spec {

namespace {

/// The fields of a symbolic state, in order.
std::vector<SymInt> fields_of(const Config& config, const SymbolicState& state) {
    std::vector<SymInt> list;
    SymbolicState copy = state;
    describe_state(config, copy, [&](const std::string&, SymInt& field, int, int, std::span<const std::string_view>) {
        list.push_back(field);
    });
    return list;
}

/// Runs something that uses Z3; its exceptions become those of the standard library.
template <class Work>
auto guarded(Work work) {
    try {
        return work();
    } catch (const z3::exception& error) {
        throw std::runtime_error(std::string("Z3: ") + error.msg());
    }
}

}  // namespace

TransitionRelation::TransitionRelation(Config config, ObligationSet assumed)
    : config_(std::move(config)), assumed_(std::move(assumed)) {
    assumed_.resize(Obligations::predicates(), false);
    Bbm::State sample{};
    describe_state(config_, sample,
                   [&](const std::string& name, auto&, int low, int high, std::span<const std::string_view>) {
                       numbers_.emplace("s." + name, static_cast<int>(fields_.size()));
                       fields_.push_back({name, low, high});
                   });
    transitions_.resize(step_instances().size());
    for (const StepInstance& instance : step_instances()) {
        const auto fields =
            guarded([&] { return fields_of(config_, pinned_state(context_, config_, instance).fresh.state); });
        auto& pinned = pinned_.emplace_back();
        for (std::size_t i = 0; i < fields.size(); ++i) {
            if (fields[i].is_constant() && fields_[i].low != fields_[i].high)
                pinned.emplace_back(static_cast<int>(i), fields[i].constant());
        }
    }
    for (std::size_t i = 0; i < Obligations::predicates(); ++i) {
        if (!assumed_[i] || i == Obligations::in_range()) continue;
        for (const TermId conjunct : predicate(i)) assumptions_.push_back(conjunct);
    }
}

std::vector<TermId> TransitionRelation::imported(
    const std::function<std::vector<z3::expr>(const SymbolicState&)>& build) {
    return guarded([&] {
        PathOracle oracle(context_);  // terms of predicates need a context in force
        std::vector<TermId> list;
        for (const z3::expr& term : build(fresh_state(context_, config_, "s").state))
            list.push_back(terms_.import(term, numbers_));
        return list;
    });
}

std::vector<TermId> TransitionRelation::predicate(std::size_t obligation) {
    return imported([&](const SymbolicState& state) { return conjuncts_of(config_, state, obligation); });
}
TermId TransitionRelation::predicate(const StatePredicate& predicate) {
    return imported([&](const SymbolicState& state) { return std::vector<z3::expr>{predicate(config_, state).term()}; })
        .front();
}

const Transition& TransitionRelation::transition(std::size_t i) {
    if (!transitions_[i]) transitions_[i] = guarded([&] { return enumerate(i); });
    return *transitions_[i];
}

Transition TransitionRelation::enumerate(std::size_t i) {
    const StepInstance& instance = step_instances()[i];
    PathOracle oracle(context_);
    const Pinned pinned = pinned_state(context_, config_, instance);
    const SymbolicState& before = pinned.fresh.state;
    z3::expr assumption = pinned.fresh.bounds && pinned.premise;
    for (std::size_t o = 0; o < Obligations::predicates(); ++o) {
        if (!assumed_[o] || o == Obligations::in_range()) continue;
        for (const z3::expr& conjunct : conjuncts_of(config_, before, o)) assumption = assumption && conjunct;
    }
    Transition result{instance, pinned_[i], {}, {}};
    result.premise.push_back(terms_.import(pinned.premise, numbers_));
    const std::vector<SymInt> fields = fields_of(config_, before);
    std::vector<TermId> unchanged;
    unchanged.reserve(fields.size());
    for (const SymInt& field : fields) unchanged.push_back(terms_.import(field.term(), numbers_));
    for (const SymbolicPath& path : paths_of(config_, instance.actor, before, assumption)) {
        if (path.blocked || path.outside) continue;  // outside: only where fields-in-range does not hold
        TransitionPath out{{terms_.import(path.condition, numbers_)}, {}, path.failures, path.choices};
        if (const Term& condition = terms_[out.conditions.front()]; condition.kind == TermKind::all)
            out.conditions = std::vector<TermId>(condition.args);
        const std::vector<SymInt> after = fields_of(config_, path.after);
        for (std::size_t f = 0; f < fields.size(); ++f) {
            const TermId value = terms_.import(after[f].term(), numbers_);
            if (value == unchanged[f]) continue;
            out.changes.emplace_back(static_cast<int>(f), value);
        }
        result.paths.push_back(std::move(out));
    }
    return result;
}

std::vector<int> TransitionRelation::values(const Bbm::State& state) const {
    std::vector<int> list;
    describe_state(config_, state,
                   [&](const std::string&, const auto& field, int, int, std::span<const std::string_view>) {
                       list.push_back(field);
                   });
    return list;
}

Bbm::State TransitionRelation::state(const std::vector<int>& values) const {
    Bbm::State state{};
    std::size_t next = 0;
    describe_state(config_, state, [&](const std::string&, auto& field, int, int, std::span<const std::string_view>) {
        field = values[next++];
    });
    return state;
}

}  // namespace vmemcheck::bbm::spec
