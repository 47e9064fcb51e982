// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "checker/deadlock.hpp"
#include "cli/config_text.hpp"
#include "cli/counterexample.hpp"
#include "cli/error.hpp"
#include "cli/page.hpp"
#include "cli/replayer.hpp"
#include "cli/run_text.hpp"
#include "model/fairness.hpp"

namespace vmemcheck::cli {

namespace {

/// Where the cycle of a lasso begins: a number of steps, or null if the file is no lasso.
Json loop_of(const JsonPlace& file, std::size_t steps) {
    if (!file.has("loop")) return nullptr;
    const JsonPlace loop = file.at("loop");
    if (const int at = loop.number(); at < 0 || static_cast<std::size_t>(at) > steps) {
        loop.fail(fmt::format("is {}: the run has {} steps", at, steps));
    }
    return loop.value();
}

Json memory_json(const bbm::Scope& scope) {
    return {{"big_blocks", scope.big_blocks},
            {"memory_blocks", scope.memory_blocks},
            {"sections", scope.sections},
            {"page_blocks", scope.page_blocks},
            {"pages", scope.pages}};
}

template <class M>
Json initial_fields(const checker::Layout& layout, const typename M::State& state) {
    Json fields = Json::object();
    for (std::size_t i = 0; i < layout.fields().size(); ++i) {
        fields[layout.fields()[i].name] = field_json(layout.fields()[i], layout.get(state, i));
    }
    return fields;
}

/// Who waits for whom, a line each.
template <class M>
Json waits_json(const M& model, const typename M::State& state) {
    Json waits = Json::array();
    for (const checker::BlockedActor& actor : checker::explain(model, state)) {
        waits.push_back({{"actor", actor.actor_name},
                         {"text", checker::text(actor)},
                         {"blocked", !actor.can_move},
                         {"holder", actor.holder_name},
                         {"cycle", actor.in_cycle},
                         {"environment", actor.kind == checker::ActorKind::environment}});
    }
    return waits;
}

template <class M>
Json steps_json(const M& model, const checker::Layout& layout, const checker::Counterexample<M>& run) {
    Json steps = Json::array();
    const typename M::State* before = &run.initial;
    for (const auto& step : run.steps) {
        const checker::StepInfo& info = model.steps()[step.step];
        Json item;
        item["actor"] = model.actor_name(step.actor);
        item["step"] = info.name;
        item["function"] = info.function;
        const Json choices = choices_json(model, step.choices);
        Json answers = Json::array();
        std::size_t at = 0;
        for (const auto& [name, value] : choices.items()) {
            const auto& [choice, answer] = step.choices[at++];
            answers.push_back(
                {{"name", name}, {"value", value}, {"fault", model.choices()[choice].fault && answer != 0}});
        }
        item["answers"] = std::move(answers);
        Json changes = Json::object();
        for (const checker::FieldChange& change : layout.diff(*before, step.after)) {
            const checker::FieldInfo& field = layout.fields()[change.field];
            changes[field.name] = Json::array({field_json(field, change.before), field_json(field, change.after)});
        }
        item["changes"] = std::move(changes);
        steps.push_back(std::move(item));
        before = &step.after;
    }
    return steps;
}

template <class M>
Json run_json(const std::string& path, const CounterexampleFile& file, const Json& loop) {
    Replayer<M> replayer(file);
    const ReplayOutcome outcome = replayer.run();
    if (!replayer.replayed()) {
        throw UserError(fmt::format("cannot use '{}': no step of it can be run: {}", path, outcome.why));
    }
    const M& model = replayer.model();
    const auto& run = *replayer.replayed();
    const checker::Layout layout = checker::layout_of(model, run.initial);
    Json data;
    data["kind"] = "run";
    data["file"] = path;
    data["command"] = "vmemcheck replay " + path;
    data["release"] = file.config.release.name;
    data["scope"] = scope_text(file.config.scope);
    data["mode"] = mode_text(file.config);
    put_config(data["config"], file.config);
    data["property"] = file.property;
    data["sentence"] = replayer.property().sentence;
    data["source"] = replayer.property().source;
    data["verdict"] = file.verdict;
    data["fairness"] = checker::names_of(bbm::fairness_infos(), replayer.property().fairness);
    data["message"] = run.message;
    data["as_recorded"] = outcome.as_recorded;
    if (!outcome.as_recorded) data["stale"] = outcome.why;
    data["memory"] = memory_json(file.config.scope);
    Json lanes = Json::array();
    for (checker::ActorId i = 0; i < model.actor_count(); ++i) lanes.push_back(model.actor_name(i));
    data["lanes"] = std::move(lanes);
    // In states a lock's owner is named as a task.
    data["owners"] = {{"worker", "worker"}, {"user", "user task"}, {"remover", "remover"}};
    data["initial"] = initial_fields<M>(layout, run.initial);
    data["steps"] = steps_json(model, layout, run);
    data["loop"] = loop.is_null() || loop > run.steps.size() ? Json(nullptr) : loop;
    const bool lasso = data["loop"].is_number() && data["loop"] < run.steps.size();
    const auto first = lasso ? data["loop"].get<std::size_t>() : run.steps.size();
    data["waits"] = waits_json(model, first == 0 ? run.initial : run.steps[first - 1].after);
    data["waits_at"] = first;
    return data;
}

}  // namespace

Json page_run(const std::string& path, const std::string& content) {
    const CounterexampleFile file = parse_counterexample(path, content);
    const Json json = parse_json(path, content);
    const Json loop = loop_of(JsonPlace(path, json), file.steps.size());
    return bbm::with_model(file.config.scope,
                           [&]<class M>(std::type_identity<M>) { return run_json<M>(path, file, loop); });
}

}  // namespace vmemcheck::cli
