// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cctype>

#include "checker/layout.hpp"
#include "cli/counterexample.hpp"
#include "cli/run_text.hpp"

namespace vmemcheck::cli {

namespace {

constexpr std::size_t line_width = 110;

std::string compact(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

/// On one line, with a space after each ',' and ':'.
std::string one_line(const Json& value) {
    if (!value.is_structured()) return compact(value);
    std::string text(1, value.is_object() ? '{' : '[');
    for (auto item = value.begin(); item != value.end(); ++item) {
        if (item != value.begin()) text += ", ";
        if (value.is_object()) text += compact(item.key()) + ": ";
        text += one_line(*item);
    }
    return text + (value.is_object() ? '}' : ']');
}

void put(std::string& text, const Json& value, std::size_t indent, std::size_t column) {
    const std::string line = one_line(value);
    if (!value.is_structured() || value.empty() || column + line.size() <= line_width) {
        text += line;
        return;
    }
    text += value.is_object() ? '{' : '[';
    for (auto item = value.begin(); item != value.end(); ++item) {
        text += (item == value.begin() ? "\n" : ",\n") + std::string(indent + 2, ' ');
        std::size_t used = indent + 2;
        if (value.is_object()) {
            const std::string key = compact(item.key()) + ": ";
            text += key;
            used += key.size();
        }
        put(text, *item, indent + 2, used);
    }
    text += '\n' + std::string(indent, ' ') + (value.is_object() ? '}' : ']');
}

template <class State>
Json initial_json(const checker::Layout& layout, const State& state) {
    Json object = Json::object();
    for (std::size_t i = 0; i < layout.fields().size(); ++i) {
        const int value = layout.get(state, i);
        if (value != 0) object[layout.fields()[i].name] = field_json(layout.fields()[i], value);
    }
    return object;
}

}  // namespace

std::string pretty(const Json& value) {
    std::string text;
    put(text, value, 0, 0);
    return text + '\n';
}

std::string run_file_stem(const Config& config, std::string_view property) {
    constexpr std::size_t most = 80;  // a predicate may be long
    std::string id(property.substr(0, most));
    const auto unfit = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-' && c != '_'; };
    std::replace_if(id.begin(), id.end(), unfit, '-');
    id.erase(std::unique(id.begin(), id.end(), [](char a, char b) { return a == '-' && b == '-'; }), id.end());
    return "vmemcheck-" + id + '-' + std::string(config.release.name);
}

template <class M>
std::string counterexample_text(const M& model, const checker::Property<M>& property,
                                const checker::Counterexample<M>& run) {
    const checker::Layout layout = checker::layout_of(model, run.initial);
    Json file;
    file["format"] = counterexample_format;
    file["version"] = counterexample_version;
    file["model"] = model_name;
    put_config(file, model.config());
    file["property"] = property.id;
    file["verdict"] = property.kind == checker::PropertyKind::reachability ? "reached" : "violated";
    file["message"] = run.message;
    file["initial"] = initial_json(layout, run.initial);
    Json steps = Json::array();
    const typename M::State* before = &run.initial;
    for (const auto& step : run.steps) {
        const checker::StepInfo& info = model.steps()[step.step];
        Json item;
        item["actor"] = model.actor_name(step.actor);
        item["step"] = info.name;
        item["function"] = info.function;
        item["choices"] = choices_json(model, step.choices);
        Json changes = Json::object();
        for (const checker::FieldChange& change : layout.diff(*before, step.after)) {
            const checker::FieldInfo& field = layout.fields()[change.field];
            changes[field.name] = Json::array({field_json(field, change.before), field_json(field, change.after)});
        }
        item["changes"] = std::move(changes);
        steps.push_back(std::move(item));
        before = &step.after;
    }
    file["steps"] = std::move(steps);
    if (run.loop) file["loop"] = *run.loop;
    return pretty(file);
}

template std::string counterexample_text(const Bbm& model, const Property& property, const Run& run);
template std::string counterexample_text(const bbm::WideBbm& model, const bbm::spec::WideProperty& property,
                                         const checker::Counterexample<bbm::WideBbm>& run);

}  // namespace vmemcheck::cli
