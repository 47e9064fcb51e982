// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "cli/config_flags.hpp"
#include "cli/counterexample.hpp"
#include "cli/error.hpp"
#include "cli/files.hpp"
#include "cli/json_reader.hpp"
#include "cli/text.hpp"

namespace vmemcheck::cli {

namespace {

using Names = std::vector<std::string_view>;

/// The index of a name among those known; fails with the nearest.
std::size_t index_in(const Names& known, std::string_view what, const JsonPlace& place) {
    const std::string name = place.text();
    const auto found = std::find(known.begin(), known.end(), name);
    if (found == known.end()) place.fail(unknown_name(what, name, known));
    return static_cast<std::size_t>(found - known.begin());
}

/// Runs a function whose UserErrors are about a place.
template <class Function>
auto at_place(const JsonPlace& place, Function&& function) {
    try {
        return function();
    } catch (const UserError& error) {
        place.fail(error.what());
    }
}

bbm::Scope read_scope(const JsonPlace& place) {
    bbm::Scope scope;
    std::vector<std::string> keys{"name"};
    for (const BoundInfo& bound : bound_infos()) keys.push_back(key_of(bound.name));
    place.allow({keys.begin(), keys.end()});
    for (const BoundInfo& bound : bound_infos()) {
        const JsonPlace value = place.at(key_of(bound.name));
        if (bound.any && value.value().is_string()) {
            if (value.text() != "any") value.fail("must be a number or \"any\"");
            scope.*bound.member = -1;
        } else {
            scope.*bound.member = value.number();
            if (scope.*bound.member < 0) value.fail("must not be negative");
        }
    }
    // The name is only good for reports.
    for (const bbm::Scope& known : bbm::scopes()) {
        const bool same = std::all_of(bound_infos().begin(), bound_infos().end(), [&](const BoundInfo& bound) {
            return scope.*bound.member == known.*bound.member;
        });
        if (same) scope.name = known.name;
    }
    return scope;
}

bbm::Faults read_faults(const JsonPlace& place) {
    bbm::Faults faults;
    std::vector<std::string> keys;
    for (const bbm::FaultInfo& fault : bbm::fault_infos()) {
        keys.push_back(key_of(fault.name));
        // A fault that is not named was not known when the file was written.
        faults.*fault.member = place.has(keys.back()) && place.at(keys.back()).boolean();
    }
    place.allow({keys.begin(), keys.end()});
    return faults;
}

Config read_config(const JsonPlace& file) {
    Config config;
    const JsonPlace release = file.at("release");
    config.release = at_place(release, [&] { return release_named(release.text()); });
    config.scope = read_scope(file.at("scope"));
    config.faults = read_faults(file.at("faults"));
    config.safe_unplug = file.at("safe_unplug").boolean();
    config.unplug_online = file.at("unplug_online").boolean();
    const JsonPlace auto_online = file.at("auto_online");
    config.auto_online = at_place(auto_online, [&] { return auto_online_named("auto_online", auto_online.text()); });
    const JsonPlace mutant = file.at("mutant");
    if (!mutant.value().is_null()) config.mutant = at_place(mutant, [&] { return mutant_named(mutant.text()); });
    at_place(file, [&] { require_possible(config, bbm::wide_capacity); });
    return config;
}

checker::ChoiceTaken read_choice(const std::string& key, const JsonPlace& place) {
    const std::string name = key.substr(0, key.find('#'));
    const std::span<const checker::ChoiceInfo> choices = bbm::choice_infos();
    const auto choice = std::find_if(choices.begin(), choices.end(), [&](const auto& c) { return c.name == name; });
    if (choice == choices.end()) place.fail(unknown_name("choice", name, names_of(choices)));
    const auto id = static_cast<checker::ChoiceId>(choice - choices.begin());
    if (choice->values.empty()) return {id, place.number()};
    const Names values(choice->values.begin(), choice->values.end());
    return {id, static_cast<int>(index_in(values, fmt::format("value of {}", name), place))};
}

template <class M>
FileStep read_step(const M& model, const JsonPlace& place) {
    place.allow({"actor", "step", "function", "choices", "changes"});
    FileStep result;
    std::vector<std::string> actors;
    for (unsigned i = 0; i < model.actor_count(); ++i) actors.push_back(model.actor_name(i));
    result.step.actor =
        static_cast<checker::ActorId>(index_in({actors.begin(), actors.end()}, "actor", place.at("actor")));
    result.step.step = static_cast<checker::StepId>(index_in(names_of(model.steps()), "step", place.at("step")));
    if (place.has("choices")) {
        for (const auto& [key, value] : place.at("choices").members()) {
            result.step.choices.push_back(read_choice(key, value));
        }
    }
    if (!place.has("changes")) return result;
    for (const auto& [field, change] : place.at("changes").members()) {
        if (change.elements().size() != 2) change.fail("must be [before, after]");
    }
    result.changes = place.at("changes").value();
    return result;
}

void check_head(const JsonPlace& file) {
    const JsonPlace format = file.at("format");
    if (format.text() != counterexample_format) {
        format.fail(fmt::format("is {}, not '{}': this is no counterexample file", quote(format.text()),
                                counterexample_format));
    }
    const JsonPlace version = file.at("version");
    if (version.number() != counterexample_version) {
        version.fail(fmt::format("is {}; this vmemcheck reads version {}", version.number(), counterexample_version));
    }
    const JsonPlace model = file.at("model");
    if (model.text() != model_name) {
        model.fail(fmt::format("is {}; this vmemcheck has the model '{}'", quote(model.text()), model_name));
    }
}

}  // namespace

CounterexampleFile read_counterexample(const std::string& path) {
    const Json json = parse_json(path, read_file(path));
    const JsonPlace file(path, json);
    check_head(file);
    file.allow({"format", "version", "model", "release", "scope", "faults", "safe_unplug", "unplug_online",
                "auto_online", "mutant", "property", "verdict", "message", "initial", "steps"});
    CounterexampleFile result;
    result.config = read_config(file);

    const std::vector<Property> properties = bbm::spec::properties(result.config);
    Names ids;
    for (const Property& property : properties) ids.emplace_back(property.id);
    result.property = ids[index_in(ids, "property", file.at("property"))];
    const Names verdicts{"violated", "reached"};
    result.verdict = verdicts[index_in(verdicts, "verdict", file.at("verdict"))];
    if (file.has("message")) static_cast<void>(file.at("message").text());

    bbm::with_model(result.config.scope, [&]<class M>(std::type_identity<M>) {
        const M model(result.config);
        const typename M::State sample = model.initial_state(0);
        const checker::Layout layout = checker::layout_of(model, sample);
        const Names fields = names_of(layout.fields());
        for (const auto& [name, value] : file.at("initial").members()) {
            if (layout.find(name) < 0) value.fail(unknown_name("field", name, fields));
        }
        result.initial = file.at("initial").value();
        for (const JsonPlace& step : file.at("steps").elements()) result.steps.push_back(read_step(model, step));
    });
    return result;
}

}  // namespace vmemcheck::cli
