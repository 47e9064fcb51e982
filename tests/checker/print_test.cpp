// SPDX-License-Identifier: MIT
// What docs/examples/ does not show of a result as text: tests/examples holds that.
#include "checker/print.hpp"

#include <gtest/gtest.h>

#include "checker/search.hpp"

namespace vmemcheck::checker {
namespace {

/// Adds what it is told to, 0 to 2 at once, until it is past `last`.
struct Adder {
    struct State {
        std::int16_t value = 0;
    };
    int last = 1500;

    unsigned actor_count() const { return 1; }
    std::string actor_name(ActorId) const { return "counter"; }
    ActorKind actor_kind(ActorId) const { return ActorKind::process; }
    std::span<const StepInfo> steps() const {
        static constexpr std::array<StepInfo, 1> all{{{"add", "", ""}}};
        return all;
    }
    std::span<const ChoiceInfo> choices() const {
        static constexpr std::array<ChoiceInfo, 1> all{{{"more", {}}}};
        return all;
    }
    bool at_rest(const State&) const { return true; }
    void describe(const State& s, FieldSink& field) const { field("value", s.value, 0, 1500); }
    template <class Found>
    void initial_states(Found&& found) const {
        found(State{});
    }
    template <class Context>
    void step(State& s, ActorId, Context& context) const {
        context.at(0);
        if (s.value == last) return context.blocked({"enough"});
        s.value = static_cast<std::int16_t>(s.value + context.choose(0, 2));
    }
};

std::string text_of(const Adder& model, PropertyKind kind, bool (*holds)(const Adder&, const Adder::State&),
                    bool (*trigger)(const Adder&, const Adder::State&) = nullptr, bool expected = true) {
    Property<Adder> property;
    property.id = "it";
    property.kind = kind;
    property.holds = holds;
    property.trigger = trigger;
    property.expected = expected;
    const std::vector properties{property};
    return result_text(model, properties, check(model, properties));
}

bool is_two(const Adder&, const Adder::State& s) { return s.value == 2; }
bool is_negative(const Adder&, const Adder::State& s) { return s.value < 0; }
bool is_not_negative(const Adder&, const Adder::State& s) { return s.value >= 0; }

TEST(Print, ThousandsAreGrouped) {
    EXPECT_EQ(text_of({}, PropertyKind::invariant, is_not_negative),
              "it  holds\n1,501 states, 3,000 transitions, depth 1,500\n");
}

TEST(Print, AVacuousVerdictSaysSo) {
    EXPECT_EQ(text_of({2}, PropertyKind::invariant, is_not_negative, is_negative),
              "it  holds, but what it speaks of never occurs\n3 states, 4 transitions, depth 2\n");
}

TEST(Print, AnUnnamedAnswerIsANumber) {
    EXPECT_EQ(text_of({}, PropertyKind::reachability, is_two, nullptr, false),
              "it  reached, against expectation\n"
              "    reached: it\n"
              "    initially everything 0\n"
              "    1  counter  add  more=1\n"
              "           value: 0 -> 1\n"
              "    2  counter  add  more=1\n"
              "           value: 1 -> 2\n"
              "4 states, 6 transitions, depth 2; ended when everything was decided\n");
    EXPECT_EQ(text_of({1}, PropertyKind::reachability, is_two, nullptr, false),
              "it  unreached, as expected\n2 states, 2 transitions, depth 1\n");
}

TEST(Print, ABrokenRuleIsTold) {
    const std::string text = text_of({2000}, PropertyKind::invariant, is_not_negative);
    EXPECT_TRUE(text.starts_with("the model breaks a rule: field value = 1501 outside [0, 1500]"))
        << text.substr(0, 200);
    EXPECT_TRUE(text.ends_with("ended early: model error\n"));
}

}  // namespace
}  // namespace vmemcheck::checker
