// SPDX-License-Identifier: MIT
#include "spec/symbolic_step.hpp"

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

FreshState fresh_state(z3::context& context, const Config& config, const std::string& prefix) {
    FreshState fresh{{}, context.bool_val(true)};
    describe_state(config, fresh.state,
                   [&](const std::string& name, SymInt& field, int low, int high, std::span<const std::string_view>) {
                       if (low == high) {
                           field = low;
                           return;
                       }
                       const z3::expr variable = context.int_const((prefix + "." + name).c_str());
                       fresh.bounds = fresh.bounds && variable >= low && variable <= high;
                       field = SymInt(variable);
                   });
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
        paths.push_back({oracle.path_condition(), std::move(state), context.is_blocked, std::move(context.failures),
                         std::move(context.choices)});
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
