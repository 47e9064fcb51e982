// SPDX-License-Identifier: MIT
// Two tasks that take two locks in opposite order, or in the same if an argument is given.
#include <array>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

#include "checker/search.hpp"

namespace {

namespace checker = vmemcheck::checker;

struct TwoLocks {
    struct State {
        std::array<std::int8_t, 2> holder{-1, -1};
        std::array<std::int8_t, 2> pc{0, 0};
    };
    bool same_order = false;

    unsigned actor_count() const { return 2; }
    std::string actor_name(checker::ActorId a) const { return a == 0 ? "Ada" : "Ben"; }
    checker::ActorKind actor_kind(checker::ActorId) const { return checker::ActorKind::process; }
    std::span<const checker::StepInfo> steps() const {
        static constexpr std::array<checker::StepInfo, 3> all{
            {{"lock_first", "", ""}, {"lock_second", "", ""}, {"unlock", "", ""}}};
        return all;
    }
    std::span<const checker::ChoiceInfo> choices() const { return {}; }
    bool at_rest(const State&) const { return false; }
    void describe(const State& s, checker::FieldSink& field) const {
        for (unsigned i = 0; i < 2; ++i) {
            field("holder[" + std::to_string(i) + "]", s.holder[i], -1, 1);
            field("pc[" + std::to_string(i) + "]", s.pc[i], 0, 2);
        }
    }
    template <class Found>
    void initial_states(Found&& found) const {
        found(State{});
    }
    template <class Context>
    void step(State& s, checker::ActorId a, Context& x) const {
        x.at(static_cast<checker::StepId>(s.pc[a]));
        if (s.pc[a] == 2) {
            s.holder = {-1, -1};
            s.pc[a] = 0;
            return;
        }
        const auto step = static_cast<unsigned>(s.pc[a]);
        const unsigned wanted = same_order || a == 0 ? step : 1 - step;
        if (s.holder[wanted] >= 0) return x.blocked({"lock", s.holder[wanted]});
        s.holder[wanted] = static_cast<std::int8_t>(a);
        ++s.pc[a];
    }
};

}  // namespace

int main(int argc, char**) {
    checker::Property<TwoLocks> property;
    property.id = "no-deadlock";
    property.kind = checker::PropertyKind::deadlock;
    checker::SearchOptions options;
    options.threads = 0;
    const TwoLocks model{argc > 1};
    const auto result = checker::check(model, std::vector{property}, options);
    const auto& verdict = result.verdicts.front();
    std::printf("%s: %s, %llu states\n", property.id.c_str(), checker::text(verdict.status),
                static_cast<unsigned long long>(result.statistics.states));
    if (!verdict.counterexample) return 0;
    for (const auto& step : verdict.counterexample->steps) {
        const std::string who = model.actor_name(step.actor);
        const std::string what(model.steps()[step.step].name);
        std::printf("  %s %s\n", who.c_str(), what.c_str());
    }
    std::printf("  %s\n", verdict.counterexample->message.c_str());
    return 1;
}
