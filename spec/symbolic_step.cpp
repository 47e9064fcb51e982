// SPDX-License-Identifier: MIT
#include "spec/symbolic_step.hpp"

#include "model/initial.hpp"
#include "spec/facts.hpp"

namespace vmemcheck::bbm::spec {

namespace {

/// The engine's side of a step: forks on choices, records what the step does.
struct PathContext {
    PathOracle& oracle;
    bool is_blocked = false;
    std::vector<assertion::Id> failures;
    std::vector<std::pair<checker::ChoiceId, int>> choices;

    void at(checker::StepId) {}
    int choose(checker::ChoiceId choice, int n) {
        const int answer = oracle.choose(n);
        choices.emplace_back(choice, answer);
        return answer;
    }
    void blocked(checker::Guard) { is_blocked = true; }
    void fail(checker::AssertionId which, const char*) { failures.push_back(static_cast<assertion::Id>(which)); }
    template <class S, class Event>
    void emit(const S&, const Event&) {}
};

}  // namespace

FreshState fresh_state(z3::context& context, const Config& config, const std::string& prefix, const Focus* focus) {
    FreshState fresh{{}, context.bool_val(true)};
    describe_state(config, fresh.state,
                   [&](const std::string& name, SymInt& field, int low, int high, std::span<const std::string_view>) {
                       if (low == high) {
                           field = low;
                           return;
                       }
                       const z3::expr variable = context.int_const((prefix + "." + name).c_str());
                       const bool amount = focus != nullptr && is_amount(name);
                       if (!amount || low == 0) fresh.bounds = fresh.bounds && variable >= low;
                       if (!amount) fresh.bounds = fresh.bounds && variable <= high;
                       field = SymInt(variable);
                   });
    if (focus == nullptr) return fresh;
    fresh.state.numbering = SymbolicNumbering(*focus);
    fresh.bounds = fresh.bounds && focus->axioms();
    const auto sum = [&](const std::string& name) {
        return SymInt(context.int_const((prefix + ".others." + name).c_str()));
    };
    fresh.state.others.device = sum("device");
    fresh.state.others.offline = sum("offline");
    for (int i = 0; i < big_block::count; ++i) {
        const auto at = static_cast<std::size_t>(i);
        fresh.state.others.bb_count[at] = sum("bb_count[" + std::string(big_block::names[at]) + "]");
    }
    for (int i = 0; i < zone::count; ++i) {
        const auto at = static_cast<std::size_t>(i);
        fresh.state.others.managed[at] = sum("managed[" + std::string(zone::names[at]) + "]");
    }
    fresh.bounds = fresh.bounds && sums_of_others(config, fresh.state);
    return fresh;
}

SymBool is_onlining(const SymbolicState& state) {
    const SymInt& op = state.op;
    return (op >= static_cast<int>(StepId::op_online_going) && op <= static_cast<int>(StepId::op_online_end)) ||
           op == static_cast<int>(StepId::op_online_veto) || op == static_cast<int>(StepId::op_online_fail);
}

z3::expr sums_of_others(const Config& config, const SymbolicState& state) {
    const SymBool elsewhere = is_onlining(state) && !state.numbering.has_memory_block(config.scope, state.op_mb);
    SymBool known = state.others.device >= 0 && state.others.offline >= SymbolicDomain::select(elsewhere, 1, 0);
    for (const SymInt& count : state.others.bb_count) known = known && count >= 0;
    for (const SymInt& managed : state.others.managed) known = known && managed >= 0;
    return known.term();
}

FreshState initial_state(z3::context& context, const Config& config, const Focus* focus) {
    FreshState fresh{{}, context.bool_val(true)};
    const auto number = [&](const std::string& name, const SymInt& end) {
        const z3::expr variable = context.int_const(("initial." + name).c_str());
        fresh.bounds = fresh.bounds && variable >= 0 && variable < end.term();
        return SymInt(variable);
    };
    SymbolicState& s = fresh.state;
    if (focus != nullptr) {
        s.numbering = SymbolicNumbering(*focus);
        fresh.bounds = focus->axioms();
    }
    SymInt usable = 0;
    if (config.faults.leftovers) {
        for (int i = 0; i < config.scope.big_blocks; ++i) {
            const auto at = static_cast<std::size_t>(i);
            s.bb[at].device = number("bb[" + std::to_string(i) + "].device", 2);
            const SymInt least = s.numbering.big_block(config.scope, i) + 1;
            usable = SymbolicDomain::select(s.bb[at].device == 1 && least > usable, least, usable);
        }
        if (focus != nullptr) {
            const z3::expr others = context.int_const("initial.others.device");
            fresh.bounds = fresh.bounds && others >= 0;
            s.others.device = SymInt(others);
            const SymInt anything = number("device.usable", focus->big_blocks + 1);
            fresh.bounds = fresh.bounds && (anything >= usable).term();
            usable = anything;
        }
    }
    initialise<SymbolicDomain>(config, s, usable);
    return fresh;
}

std::vector<SymbolicPath> paths_of(const Config& config, checker::ActorId actor, const SymbolicState& before,
                                   const z3::expr& assumption, const std::atomic<bool>* stop) {
    std::vector<SymbolicPath> paths;
    PathOracle oracle(assumption.ctx(), stop);
    oracle.assume(assumption);
    if (!oracle.consistent()) return paths;
    do {
        oracle.begin();
        SymbolicState state = before;
        PathContext context{oracle, false, {}, {}};
        try {
            run_step<SymbolicDomain>(config, state, actor, context);
        } catch (const Stopped&) {
            return paths;
        }
        paths.push_back({oracle.path_condition(), std::move(state), context.is_blocked, oracle.is_outside(),
                         oracle.is_unkept(), std::move(context.failures), std::move(context.choices)});
    } while (oracle.advance() && !(stop != nullptr && stop->load()));
    return paths;
}

Bbm::State concrete(const Config& config, const SymbolicState& symbolic, const z3::model& model) {
    std::vector<int> values;
    SymbolicState copy = symbolic;
    describe_state(config, copy, [&](const std::string&, SymInt& field, int, int, std::span<const std::string_view>) {
        int value = field.constant();
        if (!field.is_constant()) {
            const z3::expr evaluated = model.eval(field.term(), true);
            if (!evaluated.is_numeral_i(value)) value = 0;
        }
        values.push_back(value);
    });
    Bbm::State state{};
    std::size_t next = 0;
    describe_state(config, state, [&](const std::string&, auto& field, int, int, std::span<const std::string_view>) {
        field = values[next++];
    });
    return state;
}

}  // namespace vmemcheck::bbm::spec
