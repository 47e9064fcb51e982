// SPDX-License-Identifier: MIT
// A model whose states have as many bits as wanted.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "checker/model.hpp"
#include "tests/checker/example_models.hpp"

namespace vmemcheck::checker::examples {

/// Three counters, and many fields that follow from them: few states, of as many bits as wanted.
struct Wide {
    struct State {
        std::array<std::int8_t, 3> counter;
        std::array<std::int8_t, 40> narrow;
        std::array<std::int16_t, 20> wide;
    };
    unsigned fields = 20;  ///< of each of both, at most 20; if narrow_only, at most 40
    int base = 12;
    int trap = -1;  ///< this sum of the counters fails an assertion
    Alarm* alarm = nullptr;
    bool narrow_only = false;  ///< there are no wide ones
    int beyond = 0;            ///< so many of a counter's values are outside of its bounds

    unsigned actor_count() const { return 3; }
    std::string actor_name(ActorId a) const { return "counter" + std::to_string(a); }
    ActorKind actor_kind(ActorId) const { return ActorKind::process; }
    std::span<const StepInfo> steps() const {
        static constexpr std::array<StepInfo, 2> all{{{"count", "", ""}, {"jump", "", ""}}};
        return all;
    }
    std::span<const ChoiceInfo> choices() const {
        static constexpr std::array<ChoiceInfo, 1> all{{{"how", {}, false}}};
        return all;
    }
    bool at_rest(const State&) const { return true; }
    void describe(const State& s, FieldSink& sink) const {
        for (unsigned i = 0; i < 3; ++i) sink("counter" + std::to_string(i), s.counter[i], 0, base - 1 - beyond);
        for (unsigned i = 0; i < fields; ++i) sink("narrow" + std::to_string(i), s.narrow[i], -50, 50);
        for (unsigned i = 0; i < fields && !narrow_only; ++i) sink("wide" + std::to_string(i), s.wide[i], -500, 500);
    }
    template <class F>
    void initial_states(F&& found) const {
        State s{};
        decorate(s);
        found(s);
    }
    template <class Context>
    void step(State& s, ActorId a, Context& context) const {
        if (alarm != nullptr) alarm->count_step();
        const bool jump = context.choose(0, 2) == 1;
        context.at(jump ? 1 : 0);
        if (jump && s.counter[a] > base / 2) return context.blocked({"too high"});
        s.counter[a] = static_cast<std::int8_t>((s.counter[a] + (jump ? 3 : 1)) % base);
        decorate(s);
        if (s.counter[0] + s.counter[1] + s.counter[2] == trap) context.fail(0, "a trap");
    }
    void decorate(State& s) const {
        for (unsigned i = 0; i < fields; ++i) {
            const unsigned n = static_cast<unsigned>(s.counter[i % 3]) + 1;
            s.narrow[i] = static_cast<std::int8_t>(static_cast<int>(n * (i + 7) % 101) - 50);
            if (!narrow_only) s.wide[i] = static_cast<std::int16_t>(static_cast<int>(n * n * (i + 77) % 1001) - 500);
        }
    }
};

}  // namespace vmemcheck::checker::examples
