// SPDX-License-Identifier: MIT
#include "cli/itf.hpp"

#include <cctype>

#include "checker/layout.hpp"
#include "cli/run_text.hpp"

namespace vmemcheck::cli {

namespace {

Json big(const Json& number) { return {{"#bigint", std::to_string(number.get<int>())}}; }

template <class State>
Json state_json(const checker::Layout& layout, const State& state, std::size_t index, const std::string& actor,
                std::string_view action) {
    Json object;
    object["#meta"] = {{"index", index}};
    object["action_taken"] = action;
    object["actor"] = actor;
    for (std::size_t i = 0; i < layout.fields().size(); ++i) {
        const checker::FieldInfo& field = layout.fields()[i];
        Json value = field_json(field, layout.get(state, i));
        object[identifier_of(field.name)] = field.names.empty() ? big(value) : std::move(value);
    }
    return object;
}

}  // namespace

std::string identifier_of(const std::string& field) {
    std::string name;
    for (const char c : field) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
            name += c;
        } else if (!name.empty() && name.back() != '_') {
            name += '_';
        }
    }
    while (!name.empty() && name.back() == '_') name.pop_back();
    return name;
}

template <class M>
std::string itf_text(const M& model, const checker::Property<M>& property, const checker::Counterexample<M>& run) {
    const checker::Layout layout = checker::layout_of(model, run.initial);
    const bool goal = property.kind == checker::PropertyKind::reachability;
    Json types;
    Json variables = Json::array({"action_taken", "actor"});
    types["action_taken"] = "Str";
    types["actor"] = "Str";
    for (const checker::FieldInfo& field : layout.fields()) {
        const std::string name = identifier_of(field.name);
        types[name] = field.names.empty() ? "Int" : "Str";
        variables.push_back(name);
    }
    Json meta;
    meta["format"] = "ITF";
    meta["format-description"] = "https://apalache-mc.org/docs/adr/015adr-trace.html";
    meta["source"] =
        "vmemcheck " VMEMCHECK_VERSION ", " + std::string(model_name) + ", " + std::string(model.config().release.name);
    meta["description"] = property.id + ": " + run.message;
    meta["status"] = goal ? "ok" : "violation";
    meta["varTypes"] = std::move(types);
    Json own;
    own["model"] = model_name;
    put_config(own, model.config());
    own["property"] = property.id;
    own["verdict"] = goal ? "reached" : "violated";
    meta["vmemcheck"] = std::move(own);

    Json states = Json::array();
    states.push_back(state_json(layout, run.initial, 0, "", "init"));
    for (const auto& step : run.steps) {
        states.push_back(
            state_json(layout, step.after, states.size(), model.actor_name(step.actor), model.steps()[step.step].name));
    }
    Json trace;
    trace["#meta"] = std::move(meta);
    trace["vars"] = std::move(variables);
    trace["states"] = std::move(states);
    if (run.loop) trace["loop"] = *run.loop;
    return pretty(trace);
}

template std::string itf_text(const Bbm& model, const Property& property, const Run& run);
template std::string itf_text(const bbm::WideBbm& model, const bbm::spec::WideProperty& property,
                              const checker::Counterexample<bbm::WideBbm>& run);

}  // namespace vmemcheck::cli
