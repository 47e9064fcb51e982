// SPDX-License-Identifier: MIT
#include "cli/page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "checker/deadlock.hpp"
#include "cli/error.hpp"
#include "cli/lasso_text.hpp"
#include "cli/page_assets.hpp"
#include "cli/replayer.hpp"
#include "cli/run_text.hpp"
#include "cli/text.hpp"
#include "model/fairness.hpp"
#include "spec/engine.hpp"

namespace vmemcheck::cli {

namespace {

constexpr std::array<std::string_view, 3> locks{"device_hotplug_lock", "mem_hotplug_lock", "hotplug_mutex"};

void replace(std::string& text, std::string_view mark, std::string_view with) {
    const std::size_t at = text.find(mark);
    if (at != std::string::npos) text.replace(at, mark.size(), with);
}

Json fact(std::string_view name, std::string value) { return Json::array({name, std::move(value)}); }

/// The lanes of a run: its actors, in the model's order, and where each is among them.
template <class M>
Json lanes_of(const M& model, const checker::Counterexample<M>& run, std::vector<int>& lane_of) {
    std::vector<bool> acts(model.actor_count());
    for (const auto& step : run.steps) acts[step.actor] = true;
    // Requests go to the device, and answers to the worker, whether they move in this run or not.
    acts[bbm::actor::worker] = true;
    lane_of.assign(model.actor_count(), -1);
    Json lanes = Json::array();
    for (unsigned i = 0; i < model.actor_count(); ++i) {
        if (!acts[i]) continue;
        lane_of[i] = static_cast<int>(lanes.size());
        const bool process = model.actor_kind(i) == checker::ActorKind::process;
        lanes.push_back({{"name", model.actor_name(i)}, {"kind", process ? "process" : "environment"}});
    }
    return lanes;
}

template <class M>
Json step_of(const M& model, const checker::Layout& layout, const checker::MicroStep<typename M::State>& step,
             const typename M::State& before, int lane) {
    const checker::StepInfo& info = model.steps()[step.step];
    Json faults = Json::array();
    for (const auto& [choice, value] : step.choices) {
        if (model.choices()[choice].fault && value != 0) faults.push_back(model.choices()[choice].name);
    }
    Json answers = choices_json(model, step.choices);
    for (const auto& [choice, value] : step.choices) {  // that nothing went wrong goes without saying
        if (model.choices()[choice].fault && value == 0) answers.erase(std::string(model.choices()[choice].name));
    }
    Json changes = Json::object();
    for (const checker::FieldChange& change : layout.diff(before, step.after)) {
        const checker::FieldInfo& field = layout.fields()[change.field];
        changes[field.name] = Json::array({field_json(field, change.before), field_json(field, change.after)});
    }
    const std::string function(info.function.substr(0, info.function.find(',')));
    return {{"lane", lane},
            {"name", info.name},
            {"label", function},
            {"function", info.function},
            {"why", info.why},
            {"local", info.local},
            {"answers", std::move(answers)},
            {"faults", std::move(faults)},
            {"changes", std::move(changes)}};
}

template <class M>
Json run_of(const std::string& path, const CounterexampleFile& file) {
    Replayer<M> replayer(file);
    const ReplayOutcome outcome = replayer.run();
    if (!outcome.as_recorded) throw UserError(fmt::format("{} does not replay: {}", quote(path), outcome.why));
    const M& model = replayer.model();
    const auto& run = *replayer.replayed();
    const auto& property = replayer.property();
    const checker::Layout layout = checker::layout_of(model, run.initial);
    std::vector<int> lane_of;
    Json lanes = lanes_of(model, run, lane_of);
    Json initial = Json::object();
    Json hidden = Json::array();
    for (std::size_t i = 0; i < layout.fields().size(); ++i) {
        const checker::FieldInfo& field = layout.fields()[i];
        initial[field.name] = field_json(field, layout.get(run.initial, i));
        if (is_bookkeeping(field.name)) hidden.push_back(field.name);
    }
    Json steps = Json::array();
    const typename M::State* before = &run.initial;
    for (const auto& step : run.steps) {
        steps.push_back(step_of(model, layout, step, *before, lane_of[step.actor]));
        before = &step.after;
    }
    const std::size_t at = run.loop.value_or(run.steps.size());
    Json blocked = Json::array();
    for (const checker::BlockedActor& actor :
         checker::explain(model, at == 0 ? run.initial : run.steps[at - 1].after)) {
        blocked.push_back(checker::text(actor));
    }
    for (const std::string& line : locks_held_in_loop(run)) blocked.push_back(line);
    const bbm::Scope& scope = file.config.scope;
    Json object;
    object["name"] = property.id;
    object["sentence"] = property.sentence;
    object["message"] = run.message;
    object["reached"] = property.kind == checker::PropertyKind::reachability;
    object["fairness"] = checker::names_of(bbm::fairness_infos(), property.fairness);
    object["lanes"] = std::move(lanes);
    object["locks"] = locks;
    object["owners"] = {{"worker", "worker"}, {"user", "user task"}, {"remover", "remover"}};
    object["initial"] = std::move(initial);
    object["quiet"] = std::move(hidden);
    object["steps"] = std::move(steps);
    object["loop"] = run.loop ? Json(*run.loop) : Json(nullptr);
    object["decided"] = run.steps.size();
    object["blocked"] = std::move(blocked);
    object["memory"] = {{"big_blocks", scope.big_blocks},
                        {"memory_blocks", scope.memory_blocks},
                        {"sections", scope.sections},
                        {"page_blocks", scope.page_blocks},
                        {"pages", scope.pages}};
    return object;
}

}  // namespace

Json page_run(const std::string& path, const CounterexampleFile& file) {
    return bbm::with_model(file.config.scope, [&]<class M>(std::type_identity<M>) { return run_of<M>(path, file); });
}

Json page_facts(const Config& config) {
    Json facts = Json::array();
    facts.push_back(fact("release", fmt::format("{}: {}", config.release.name, config.release.sentence)));
    facts.push_back(fact("scope", fmt::format("{}: {}", config.scope.name, scope_text(config.scope))));
    facts.push_back(fact("mode", mode_text(config)));
    std::vector<std::string> faults;
    for (const bbm::FaultInfo& info : bbm::fault_infos()) {
        if (config.faults.*info.member) faults.emplace_back(info.name);
    }
    facts.push_back(fact("faults", faults.empty() ? "none" : join(faults, ", ")));
    for (const bbm::WhatIfInfo& info : bbm::what_ifs()) {
        if (config.is(info.what_if)) facts.push_back(fact("what if", fmt::format("{}: {}", info.name, info.sentence)));
    }
    for (const bbm::MutantInfo& info : bbm::mutants()) {
        if (config.is(info.mutant)) facts.push_back(fact("mutant", fmt::format("{}: {}", info.name, info.sentence)));
    }
    return facts;
}

std::string page_html(const Json& data) {
    std::string text = data.dump(-1, ' ', false, Json::error_handler_t::replace);
    // Nothing in it may end the element it is in.
    for (std::size_t at = text.find('<'); at != std::string::npos; at = text.find('<', at))
        text.replace(at, 1, "\\u003c");
    std::string page(page_template);
    replace(page, "/*STYLE*/", page_style);
    replace(page, "/*SCRIPT*/", page_script);
    replace(page, "<!--DATA-->", text);
    return page;
}

}  // namespace vmemcheck::cli
