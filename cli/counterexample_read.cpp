// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "cli/config_read.hpp"
#include "cli/counterexample.hpp"
#include "cli/error.hpp"
#include "cli/files.hpp"
#include "cli/itf.hpp"
#include "cli/text.hpp"
#include "spec/liveness.hpp"

namespace vmemcheck::cli {

namespace {

checker::ChoiceTaken read_choice(const std::string& key, const JsonPlace& place) {
    const std::string name = key.substr(0, key.find('#'));
    const std::span<const checker::ChoiceInfo> choices = bbm::choice_infos();
    const auto choice = std::find_if(choices.begin(), choices.end(), [&](const auto& c) { return c.name == name; });
    if (choice == choices.end()) place.fail(unknown_name("choice", name, names_of(choices)));
    const auto id = static_cast<checker::ChoiceId>(choice - choices.begin());
    if (choice->values.empty()) return {id, place.number()};
    const std::vector<std::string_view> values(choice->values.begin(), choice->values.end());
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

/// \param file the whole file
CounterexampleFile read_steps_file(const JsonPlace& file) {
    check_head(file);
    file.allow({"format", "version", "model", "release", "scope", "faults", "safe_unplug", "unplug_online",
                "auto_online", "mutant", "eject", "what_if", "property", "verdict", "message", "initial", "steps",
                "loop"});
    CounterexampleFile result;
    result.config = read_config(file);
    result.property = read_property(file, result.config);
    result.verdict = read_verdict(file);
    if (file.has("message")) static_cast<void>(file.at("message").text());

    bbm::with_model(result.config.scope, [&]<class M>(std::type_identity<M>) {
        const M model(result.config);
        const typename M::State sample = model.initial_state(0);
        const checker::Layout layout = checker::layout_of(model, sample);
        const std::vector<std::string_view> fields = names_of(layout.fields());
        for (const auto& [name, value] : file.at("initial").members()) {
            if (layout.find(name) < 0) value.fail(unknown_name("field", name, fields));
        }
        result.initial = file.at("initial").value();
        const std::vector<JsonPlace> steps = file.at("steps").elements();
        require_at_most(file.at("steps"), steps.size(), max_steps, "step");
        for (const JsonPlace& step : steps) result.steps.push_back(read_step(model, step));
    });
    if (file.has("loop")) result.loop = read_loop(file.at("loop"), result.steps.size());
    require_loop_if_liveness(file, result);
    return result;
}

}  // namespace

void require_at_most(const JsonPlace& place, std::size_t count, std::size_t most, std::string_view noun) {
    if (count <= most) return;
    place.fail(fmt::format("has {}; at most {} are replayed", counted(count, noun), grouped(most)));
}

std::size_t read_loop(const JsonPlace& place, std::size_t most) {
    const auto loop = place.number();
    if (loop < 0 || static_cast<std::uint64_t>(loop) > most) {
        place.fail(fmt::format("is {}; a loop begins at a step, 0 to {}", loop, most));
    }
    return static_cast<std::size_t>(loop);
}

void require_loop_if_liveness(const JsonPlace& file, const CounterexampleFile& read) {
    const std::vector<Property> all = bbm::spec::liveness_properties(read.config);
    const bool liveness = find_property(all, read.property) != nullptr;
    if (liveness && !read.loop) file.fail(fmt::format("has no loop, which {} needs", read.property));
    if (!liveness && read.loop) file.fail(fmt::format("has a loop, but {} is no liveness property", read.property));
}

CounterexampleFile parse_counterexample(const std::string& path, const std::string& content) {
    const Json json = parse_json(path, content);
    const JsonPlace file(path, json);
    return is_itf(json) ? read_itf(file) : read_steps_file(file);
}

CounterexampleFile read_counterexample(const std::string& path) { return parse_counterexample(path, read_file(path)); }

}  // namespace vmemcheck::cli
