// SPDX-License-Identifier: MIT
/// \file
/// Generated runs of the memory model: a configuration and a schedule, shown in words.
#pragma once

#include <rapidcheck.h>

#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "checker/layout.hpp"
#include "checker/monitor.hpp"
#include "model/bbm.hpp"
#include "properties/configs.hpp"
#include "properties/walk.hpp"

namespace vmemcheck::properties {

/// What a run is made from. \tparam M bbm::Bbm, or a model of the same actors with more room
template <class M = bbm::Bbm>
struct Scenario {
    bbm::Config config;
    std::uint64_t plugged = 0;  ///< with leftovers: big blocks that an earlier driver left plugged, as bits
    Schedule schedule;

    [[nodiscard]] typename M::State initial(const M& model) const {
        const std::uint64_t all = ~std::uint64_t{0} >> (64 - config.scope.big_blocks);
        return model.initial_state(config.faults.leftovers ? plugged & all : 0);
    }
};

template <class M>
void showValue(const Scenario<M>& scenario, std::ostream& out) {
    showValue(scenario.config, out);
    const M model(scenario.config);
    const auto initial = scenario.initial(model);
    if (initial.plugged > 0) out << "\n  left plugged: " << int{initial.plugged} << " big blocks";
    out << "\n  run:\n" << text(model, walk(model, initial, scenario.schedule));
}

/// Departures that make much happen in this model: the host and users of memory ask for things, faults strike, tasks
/// are interrupted, now and then the driver is unbound.
[[nodiscard]] inline ScheduleShape busy_schedules(unsigned decisions = 40) {
    ScheduleShape shape;
    shape.weights.assign(bbm::actor::count, 4);
    shape.weights[bbm::actor::worker] = 10;
    shape.weights[bbm::actor::host] = 8;
    shape.weights[bbm::actor::user_space] = 6;
    shape.weights[bbm::actor::memory_users] = 8;
    shape.weights[bbm::actor::remover] = 1;
    shape.weights[bbm::actor::administrator] = 1;
    shape.decisions = decisions;
    return shape;
}

template <class M = bbm::Bbm>
[[nodiscard]] rc::Gen<Scenario<M>> scenarios(rc::Gen<bbm::Config> configs, const ScheduleShape& shape) {
    return rc::gen::map(rc::gen::tuple(std::move(configs), rc::gen::arbitrary<std::uint64_t>(), schedules(shape)),
                        [](auto parts) {
                            return Scenario<M>{std::get<0>(parts), std::get<1>(parts), std::move(std::get<2>(parts))};
                        });
}

/// Watches the safety properties of a walk; for walk().
template <checker::Model M>
class SafetyWatch {
 public:
    using State = typename M::State;

    SafetyWatch(const M& model, std::vector<checker::Property<M>> properties, const State& initial)
        : model_(model),
          properties_(without_goals(std::move(properties))),
          monitor_(model, properties_),
          layout_(checker::layout_of(model, initial)) {
        if (!layout_.error().empty()) violation_.emplace("", layout_.error());
        monitor_.on_state(initial, hit());
    }

    bool operator()(const State& before, const checker::MicroStep<State>& step,
                    std::span<const checker::Failure> failures) {
        ++steps_seen_[step.step];
        if (!monitor_.on_step(before, step.after, failures, hit())) return false;
        if (const int field = layout_.check(step.after); field >= 0) {
            violation_.emplace("", layout_.field_text(step.after, static_cast<std::size_t>(field)) + " out of bounds");
        } else {
            monitor_.on_state(step.after, hit());
        }
        return !violation_;
    }

    /// The end of a walk: is it a deadlock?
    void at_end(const State& state) {
        std::vector<checker::Moves> moves;
        for (checker::ActorId actor = 0; actor < model_.actor_count(); ++actor) {
            moves.push_back(checker::outcomes(model_, state, actor).moves);
        }
        monitor_.on_moves(state, moves, hit());
    }

    /// Id of the property violated, and why.
    [[nodiscard]] const std::optional<std::pair<std::string, std::string>>& violation() const { return violation_; }
    /// How often each step was taken, by StepId.
    [[nodiscard]] const std::map<checker::StepId, std::size_t>& steps_seen() const { return steps_seen_; }

 private:
    static std::vector<checker::Property<M>> without_goals(std::vector<checker::Property<M>> properties) {
        std::erase_if(properties, [](const auto& p) { return p.kind == checker::PropertyKind::reachability; });
        return properties;
    }
    auto hit() {
        return [this](std::size_t property, const char* message) {
            const auto& violated = properties_[property];
            violation_.emplace(violated.id, message != nullptr ? message : violated.sentence);
        };
    }

    const M& model_;
    std::vector<checker::Property<M>> properties_;
    checker::Monitor<M> monitor_;
    checker::Layout layout_;
    std::optional<std::pair<std::string, std::string>> violation_;
    std::map<checker::StepId, std::size_t> steps_seen_;
};

}  // namespace vmemcheck::properties
