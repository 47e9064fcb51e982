// SPDX-License-Identifier: MIT
#include "spec/symbolic_facts.hpp"

#include <algorithm>

#include "spec/symbolic_internal.hpp"

namespace vmemcheck::bbm::spec {

namespace {

/// A term is one of these numbers, which are in ascending order.
z3::expr one_of(const z3::expr& term, const std::vector<int>& numbers) {
    z3::expr_vector any(term.ctx());
    for (std::size_t first = 0; first < numbers.size();) {
        std::size_t last = first;
        while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1) ++last;
        any.push_back(first == last ? term == numbers[first] : term >= numbers[first] && term <= numbers[last]);
        first = last + 1;
    }
    return z3::mk_or(any).simplify();
}

std::vector<int> numbers_of(const Facts::Values& values) {
    std::vector<int> numbers;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (values[i]) numbers.push_back(static_cast<int>(i) + Facts::least);
    }
    return numbers;
}

int value_in(const z3::model& model, const z3::expr& term) {
    int value = 0;
    if (!model.eval(term, true).is_numeral_i(value)) return Facts::least - 1;
    return value;
}

}  // namespace

bool FactInstance::same(const FactInstance& other) const {
    return z3::eq(guard, other.guard) && z3::eq(value, other.value);
}

std::vector<FactInstance> instances_of(const FactPlan& plan, const Facts& facts, const Config& config,
                                       const SymbolicState& state) {
    std::vector<FactInstance> list;
    plan.for_each<SymbolicDomain>(config, state, [&](std::size_t pattern, const SymInt& guard, const SymInt& value) {
        if (!facts.dropped(pattern)) list.push_back({pattern, guard.term(), value.term()});
    });
    return list;
}

std::optional<z3::expr> allowed(const FactPlan& plan, const Facts& facts, const FactInstance& instance) {
    const FactPattern::Field& field = plan.patterns()[instance.pattern].field;
    const auto all = static_cast<std::size_t>(field.high - field.low) + 1;
    const auto& by_guard = facts.allowed(instance.pattern);
    z3::context& context = instance.guard.ctx();
    if (int guard = 0; instance.guard.is_numeral_i(guard)) {
        const auto at = by_guard.find(guard);
        if (at == by_guard.end()) return context.bool_val(false);
        if (at->second.values.count() >= all) return std::nullopt;
        return one_of(instance.value, numbers_of(at->second.values));
    }
    std::vector<int> guards;
    std::map<std::string, std::pair<std::vector<int>, Facts::Values>> alike;
    for (const auto& [guard, entry] : by_guard) {
        const Facts::Values& values = entry.values;
        guards.push_back(guard);
        if (values.count() >= all) continue;
        auto& [those, same] = alike[values.to_string()];
        those.push_back(guard);
        same = values;
    }
    z3::expr_vector terms(context);
    terms.push_back(one_of(instance.guard, guards));
    for (const auto& [bits, group] : alike)
        terms.push_back(!one_of(instance.guard, group.first) || one_of(instance.value, numbers_of(group.second)));
    return z3::mk_and(terms);
}

void widen(Facts& facts, std::vector<NewFact>& added, const std::vector<FactInstance>& instances,
           const z3::model& model) {
    for (const FactInstance& instance : instances) {
        const NewFact fact{instance.pattern, value_in(model, instance.guard), value_in(model, instance.value)};
        if (facts.widen(fact.pattern, fact.guard, fact.value)) added.push_back(fact);
    }
}

std::vector<NewFact> new_initially(const Config& config, bool in_focus, const Facts& facts, const FactPlan& plan) {
    z3::context context;
    const PathOracle oracle(context);
    const Focus focus(context, config.scope);
    const FreshState initial = initial_state(context, config, in_focus ? &focus : nullptr);
    const std::vector<FactInstance> instances = instances_of(plan, facts, config, initial.state);
    Facts wider = facts;
    std::vector<NewFact> added;
    for (;;) {
        z3::solver solver = new_solver(context);
        z3::expr_vector broken(context);
        for (const FactInstance& instance : instances) {
            if (const auto term = allowed(plan, wider, instance)) broken.push_back(!*term);
        }
        solver.add(initial.bounds && z3::mk_or(broken));
        const std::size_t before = added.size();
        if (solver.check() != z3::sat) return added;
        widen(wider, added, instances, solver.get_model());
        if (added.size() == before) return added;
    }
}

}  // namespace vmemcheck::bbm::spec
