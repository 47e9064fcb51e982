// SPDX-License-Identifier: MIT
#include "cli/replayer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/predicate.hpp"
#include "cli/run_text.hpp"
#include "cli/text.hpp"
#include "spec/engine.hpp"
#include "spec/liveness.hpp"

namespace vmemcheck::cli {

namespace {

/// One line for each thing an actor can do, or why it cannot.
template <class M>
std::string enabled_text(const M& model, const typename M::State& state) {
    std::string text;
    for (checker::ActorId actor = 0; actor < model.actor_count(); ++actor) {
        const auto can = checker::outcomes(model, state, actor);
        const std::string name = fmt::format("    {:<16}  ", model.actor_name(actor));
        std::vector<std::string> ways;
        for (const auto& outcome : can.all) {
            const auto& step = outcome.steps.front();
            const Json answers = choices_json(model, step.choices);
            std::string way(model.steps()[step.step].name);
            for (const auto& [choice, value] : answers.items()) {
                way +=
                    fmt::format(" {}={}", choice, value.is_string() ? value.template get<std::string>() : value.dump());
            }
            ways.push_back(std::move(way));
        }
        if (ways.empty()) {
            text += fmt::format("{}blocked: {}", name, can.moves.guard.what);
            if (can.moves.guard.holder >= 0) {
                text += ", held by " + model.actor_name(static_cast<unsigned>(can.moves.guard.holder));
            }
            text += '\n';
        } else {
            text += name + wrapped(join(ways, ", "), name.size(), width) + '\n';
        }
    }
    return text;
}

}  // namespace

template <class M>
Replayer<M>::Replayer(const CounterexampleFile& file)
    : file_(file),
      model_(file.config),
      properties_(bbm::spec::all_properties<M>(file.config)),
      layout_(checker::layout_of(model_, model_.initial_state(0))) {
    if (file.property.starts_with(asked_prefix)) {
        properties_.push_back(asked_property(std::string_view(file.property).substr(asked_prefix.size()), model_));
    }
    property_ = find_property(properties_, file.property);
}

template <class M>
ReplayOutcome Replayer<M>::run() {
    State initial{};
    if (ReplayOutcome wrong = find_initial(initial); !wrong.why.empty()) return wrong;
    std::vector<checker::RecordedStep> recording;
    for (const FileStep& step : file_.steps) recording.push_back(step.step);
    const bool liveness = checker::is_liveness(property_->kind);
    auto replay = checker::replay(model_, initial, recording, liveness ? nullptr : property_);
    std::string refuted;
    if (liveness) {
        refuted = checker::judge_lasso(model_, *property_, recording, file_.loop.value_or(recording.size()), replay);
    }
    run_.emplace(Run{0, replay.message, initial, {}, replay.blocked, file_.loop});
    for (std::size_t i = 0; i + 1 < replay.states.size(); ++i) {
        run_->steps.push_back(
            {recording[i].actor, recording[i].step, recording[i].choices, replay.states[i + 1], true});
    }
    if (replay.diverged_at) {
        return {false, fmt::format("diverges at step {}: {}", *replay.diverged_at + 1, replay.reason),
                "  enabled there instead:\n" + enabled_text(model_, replay.states.back())};
    }
    if (ReplayOutcome wrong = compare_changes(replay.states); !wrong.why.empty()) return wrong;
    if (!file_.no_step.empty()) {
        return {false, fmt::format("diverges at step {}: {}", file_.steps.size() + 1, file_.no_step),
                "  enabled there:\n" + enabled_text(model_, replay.states.back())};
    }
    if (!refuted.empty()) {
        return {false, fmt::format("different verdict: {} is not violated: {}", file_.property, refuted), {}};
    }
    return judge(replay);
}

/// "x is A, recorded was B" of the first field in which an initial state is not the recorded one.
template <class M>
std::string Replayer<M>::difference(const State& state) const {
    for (std::size_t i = 0; i < layout_.fields().size(); ++i) {
        const checker::FieldInfo& field = layout_.fields()[i];
        const int value = layout_.get(state, i);
        const auto recorded = file_.initial.find(field.name);
        const bool named = recorded != file_.initial.end();
        if (named ? *recorded == field_json(field, value) : value == 0) continue;
        return fmt::format("{} is {}, recorded was {}", field.name, field_json(field, value).dump(),
                           quote(named ? recorded->dump() : "0"));
    }
    return {};
}

template <class M>
ReplayOutcome Replayer<M>::find_initial(State& initial) const {
    std::vector<std::string> differences;
    bool found = false;
    model_.initial_states([&](const State& state) {
        if (found) return;
        differences.push_back(difference(state));
        found = differences.back().empty();
        if (found) initial = state;
    });
    if (found) return {};
    ReplayOutcome wrong{false, "diverges at the start: no initial state of the model is the recorded one", {}};
    for (std::size_t i = 0; i < std::min<std::size_t>(differences.size(), 4); ++i) {
        wrong.details += fmt::format("  initial state {}: {}\n", i + 1, differences[i]);
    }
    return wrong;
}

template <class M>
Json Replayer<M>::changes_of(const State& before, const State& after) const {
    Json changes = Json::object();
    for (const checker::FieldChange& change : layout_.diff(before, after)) {
        const checker::FieldInfo& field = layout_.fields()[change.field];
        changes[field.name] = Json::array({field_json(field, change.before), field_json(field, change.after)});
    }
    return changes;
}

template <class M>
ReplayOutcome Replayer<M>::compare_changes(const std::vector<State>& states) const {
    for (std::size_t i = 0; i < file_.steps.size(); ++i) {
        if (!file_.steps[i].changes) continue;
        const Json& recorded = *file_.steps[i].changes;
        const Json now = changes_of(states[i], states[i + 1]);
        const auto text = [](const Json& change) { return change[0].dump() + " -> " + change[1].dump(); };
        const auto stale = [&](const std::string& why) {
            return ReplayOutcome{false, fmt::format("differs at step {}: {}", i + 1, why), {}};
        };
        for (const auto& [field, change] : now.items()) {
            const auto was = recorded.find(field);
            if (was == recorded.end()) {
                return stale(fmt::format("{} changes {}, which is not recorded", field, text(change)));
            }
            if (*was != change)
                return stale(fmt::format("{} changes {}, recorded was {}", field, text(change), quote(text(*was))));
        }
        for (const auto& [field, change] : recorded.items()) {
            if (now.contains(field)) continue;
            return stale(fmt::format("{} does not change, recorded was {}", quote(field), quote(text(change))));
        }
    }
    return {};
}

template <class M>
ReplayOutcome Replayer<M>::judge(const checker::Replay<M>& replay) const {
    const std::string recorded = fmt::format("{} {}", file_.property, file_.verdict);
    const std::size_t steps = file_.steps.size();
    if (!replay.decided_at) {
        return {false,
                fmt::format("different verdict: all {} can be taken, and {} is not {} by them", counted(steps, "step"),
                            file_.property, file_.verdict),
                {}};
    }
    const char* const verdict = checker::text(replay.status);
    if (verdict != file_.verdict) {
        return {false,
                fmt::format("different verdict: {} is {}, recorded was {}", file_.property, verdict, file_.verdict),
                {}};
    }
    if (*replay.decided_at != steps) {
        return {false,
                fmt::format("{} is {} after step {} already, recorded was step {}", file_.property, verdict,
                            *replay.decided_at, steps),
                {}};
    }
    return {true, fmt::format("{} after {}, as recorded", recorded, counted(steps, "step")), {}};
}

template class Replayer<bbm::Bbm>;
template class Replayer<bbm::WideBbm>;

}  // namespace vmemcheck::cli
