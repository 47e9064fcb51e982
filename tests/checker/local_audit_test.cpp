// SPDX-License-Identifier: MIT
#include "checker/local_audit.hpp"

#include <gtest/gtest.h>

#include "checker/search.hpp"
#include "tests/checker/example_models.hpp"

namespace vmemcheck::checker {
namespace {

using examples::Workers;

/// Two tasks: each counts for itself in a step that says it is local, and then adds to a sum in one that does not. What
/// is wrong with the local step is up to the test.
struct Tellers {
    enum class Fault : std::uint8_t { none, reads_sum, writes_sum, waits, wrong_prediction };
    struct State {
        std::array<std::int8_t, 2> pc;
        std::array<std::int8_t, 2> own;
        std::int8_t sum;
    };
    Fault fault = Fault::none;

    unsigned actor_count() const { return 2; }
    std::string actor_name(ActorId a) const { return "teller" + std::to_string(a); }
    ActorKind actor_kind(ActorId) const { return ActorKind::process; }
    std::span<const StepInfo> steps() const {
        static constexpr std::array<StepInfo, 2> all{{{"add", "", ""}, {"count", "", "its own", true}}};
        return all;
    }
    std::span<const ChoiceInfo> choices() const { return {}; }
    bool at_rest(const State&) const { return true; }
    void describe(const State& s, FieldSink& sink) const {
        for (unsigned i = 0; i < 2; ++i) {
            sink("pc" + std::to_string(i), s.pc[i], 0, 1);
            sink("own" + std::to_string(i), s.own[i], 0, 3);
        }
        sink("sum", s.sum, 0, 3);
    }
    template <class F>
    void initial_states(F&& found) const {
        found(State{});
    }
    int next_step(const State& s, ActorId a) const { return fault == Fault::wrong_prediction ? 1 : s.pc[a]; }
    template <class Context>
    void step(State& s, ActorId a, Context& context) const {
        context.at(static_cast<StepId>(s.pc[a]));
        if (s.pc[a] == 0) {
            s.sum = static_cast<std::int8_t>((s.sum + 1) % 4);
        } else {
            if (fault == Fault::waits && s.sum == 2) return context.blocked({"the sum"});
            s.own[a] = static_cast<std::int8_t>((s.own[a] + (fault == Fault::reads_sum ? s.sum : 1)) % 4);
            if (fault == Fault::writes_sum) s.sum = 0;
        }
        s.pc[a] = static_cast<std::int8_t>(1 - s.pc[a]);
    }
};

template <class M>
std::string complaint(const M& model, const std::vector<Property<M>>& properties = {}, bool fuse = false,
                      std::uint64_t audit_each = 1) {
    SearchOptions options;
    options.fuse = fuse;
    options.audit_local = true;
    options.audit_each = audit_each;
    const auto result = check(model, properties, options);
    EXPECT_EQ(result.ended == Ended::model_error, !result.model_error.empty());
    return result.model_error;
}

TEST(LocalAudit, LocalStepsPass) {
    EXPECT_EQ(complaint(Tellers{}), "");
    EXPECT_EQ(complaint(Workers{}), "");
}

TEST(LocalAudit, StepsThatAreNotLocalAreFoundOut) {
    using Fault = Tellers::Fault;
    EXPECT_EQ(complaint(Tellers{Fault::reads_sum}),
              "step count is not local: after it, step add of teller1 does not do what it does before it");
    EXPECT_EQ(complaint(Tellers{Fault::writes_sum}),
              "step count is not local: after it, step add of teller1 does not do what it does before it");
    EXPECT_EQ(complaint(Tellers{Fault::waits}), "step count is not local: it is blocked");
    EXPECT_EQ(complaint(Tellers{Fault::wrong_prediction}), "step count is not local: next_step() is wrong");
    EXPECT_EQ(complaint(Tellers{Fault::reads_sum}, {}, false, 0), "") << "nobody looks";
    EXPECT_EQ(complaint(Tellers{Fault::reads_sum}, {}, true), "") << "there are no states to look at";
}

TEST(LocalAudit, StepsThatPropertiesSeeAreFoundOut) {
    auto between = examples::property<Tellers>("between", PropertyKind::reachability);
    between.holds = [](const Tellers&, const Tellers::State& s) { return s.pc[0] == 1; };
    EXPECT_EQ(complaint(Tellers{}, {between}), "step count is not local: it can hide what property between asks for");
    auto calm = examples::property<Tellers>("calm", PropertyKind::invariant);
    calm.holds = [](const Tellers&, const Tellers::State& s) { return s.pc[0] == 0; };
    EXPECT_EQ(complaint(Tellers{}, {calm}), "step count is not local: it can hide what property calm asks for");
    auto after = between;
    after.holds = [](const Tellers&, const Tellers::State& s) { return s.pc[0] == 0; };
    after.trigger = [](const Tellers&, const Tellers::State& s) { return s.sum == 1; };
    EXPECT_EQ(complaint(Tellers{}, {after}), "") << "what is so after a local step need not be so before";
}

}  // namespace
}  // namespace vmemcheck::checker
