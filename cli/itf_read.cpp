// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "cli/config_read.hpp"
#include "cli/itf.hpp"
#include "cli/run_text.hpp"
#include "cli/text.hpp"
#include "spec/engine.hpp"

namespace vmemcheck::cli {

namespace {

constexpr std::string_view meta_member = "#meta";
constexpr std::string_view own_member = "vmemcheck";
constexpr std::string_view bigint_member = "#bigint";

/// A state of a trace.
struct TraceState {
    std::vector<int> values;  ///< one a field
    int actor = -1;           ///< who led to it, -1: not told
    int step = -1;            ///< by which step, -1: not told
};

/// {"#bigint": "12"}, or 12 as ITF had it before 2023.
int read_number(const JsonPlace& place) {
    if (place.value().is_number()) return place.number();
    const JsonPlace digits = place.at(bigint_member);
    place.allow({bigint_member});
    const std::string text = digits.text();
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range) digits.fail("is too large a number");
    if (error != std::errc{} || end != text.data() + text.size()) {
        digits.fail(fmt::format("must be a whole number, not {}", quote(text)));
    }
    return value;
}

int read_value(const checker::FieldInfo& field, const JsonPlace& place) {
    if (!place.value().is_string()) return read_number(place);
    const std::vector<std::string_view> names(field.names.begin(), field.names.end());
    if (names.empty()) place.fail("must be {\"#bigint\": \"NUMBER\"}, but it is of type string");
    return field.low + static_cast<int>(index_in(names, fmt::format("value of {}", field.name), place));
}

/// Reads states and looks for the steps between them.
template <class M>
class TraceReader {
 public:
    explicit TraceReader(const Config& config)
        : model_(config), layout_(checker::layout_of(model_, model_.initial_state(0))) {
        for (std::size_t i = 0; i < layout_.fields().size(); ++i) {
            field_of_.emplace(identifier_of(layout_.fields()[i].name), i);
        }
        for (unsigned i = 0; i < model_.actor_count(); ++i) actors_.push_back(model_.actor_name(i));
    }

    [[nodiscard]] TraceState read_state(const JsonPlace& place) const {
        TraceState state;
        state.values.resize(layout_.fields().size());
        std::vector<bool> told(state.values.size());
        for (const auto& [name, value] : place.members()) {
            if (name == "actor" && !value.text().empty()) {
                state.actor = static_cast<int>(index_in({actors_.begin(), actors_.end()}, "actor", value));
            } else if (name == "action_taken" && value.text() != "init" && !value.text().empty()) {
                state.step = static_cast<int>(index_in(names_of(model_.steps()), "step", value));
            }
            const auto field = field_of_.find(name);
            if (field == field_of_.end()) continue;
            state.values[field->second] = read_value(layout_.fields()[field->second], value);
            told[field->second] = true;
        }
        const auto missing = std::find(told.begin(), told.end(), false);
        if (missing != told.end()) {
            const auto& field = layout_.fields()[static_cast<std::size_t>(missing - told.begin())];
            place.fail(fmt::format("the variable \"{}\" is missing", identifier_of(field.name)));
        }
        return state;
    }

    /// The fields that are not zero, as counterexample files have them.
    [[nodiscard]] Json initial(const TraceState& state) const {
        Json object = Json::object();
        for (std::size_t i = 0; i < state.values.size(); ++i) {
            const checker::FieldInfo& field = layout_.fields()[i];
            if (state.values[i] != 0) object[field.name] = field_json(field, state.values[i]);
        }
        return object;
    }

    /// Fills in result.steps and result.no_step.
    void find_steps(const std::vector<TraceState>& states, CounterexampleFile& result) const {
        std::optional<State> now = initial_state(states.front());
        // The replay says how it differs from the model's.
        if (!now) return;
        for (std::size_t i = 1; i < states.size(); ++i) {
            const bool last = i + 1 == states.size();
            const auto all = candidates(*now, states[i]);
            const Outcome* const step = chosen(all, states[i], last);
            if (step == nullptr) {
                result.no_step =
                    fmt::format("no step leads from states/{} to states/{}{}", i - 1, i, nearest_text(all, states[i]));
                return;
            }
            const auto& taken = step->steps.front();
            result.steps.push_back({{taken.actor, taken.step, taken.choices}, std::nullopt});
            now = taken.after;
        }
    }

 private:
    using State = typename M::State;
    using Outcome = checker::Outcome<State>;

    [[nodiscard]] std::size_t distance(const State& state, const TraceState& told) const {
        std::size_t different = 0;
        for (std::size_t i = 0; i < told.values.size(); ++i) {
            if (layout_.get(state, i) != told.values[i]) ++different;
        }
        return different;
    }

    [[nodiscard]] std::optional<State> initial_state(const TraceState& told) const {
        std::optional<State> found;
        model_.initial_states([&](const State& state) {
            if (!found && distance(state, told) == 0) found = state;
        });
        return found;
    }

    /// All that can happen in a state and is named as the trace names it.
    [[nodiscard]] std::vector<Outcome> candidates(const State& from, const TraceState& told) const {
        std::vector<Outcome> all;
        for (checker::ActorId actor = 0; actor < model_.actor_count(); ++actor) {
            if (told.actor >= 0 && static_cast<int>(actor) != told.actor) continue;
            for (Outcome& outcome : checker::outcomes(model_, from, actor).all) {
                if (told.step >= 0 && static_cast<int>(outcome.steps.front().step) != told.step) continue;
                all.push_back(std::move(outcome));
            }
        }
        return all;
    }

    /// The outcome that gives the state told. Several may: a violation by an assertion ends a run, so that only the
    /// last step of a trace is taken to be one.
    [[nodiscard]] const Outcome* chosen(const std::vector<Outcome>& all, const TraceState& told, bool last) const {
        const Outcome* found = nullptr;
        for (const Outcome& outcome : all) {
            if (distance(outcome.steps.front().after, told) != 0) continue;
            if (found == nullptr || (found->failures.empty() == last && outcome.failures.empty() != last)) {
                found = &outcome;
            }
        }
        return found;
    }

    [[nodiscard]] std::string nearest_text(const std::vector<Outcome>& all, const TraceState& told) const {
        const auto by_distance = [&](const Outcome& a, const Outcome& b) {
            return distance(a.steps.front().after, told) < distance(b.steps.front().after, told);
        };
        const auto best = std::min_element(all.begin(), all.end(), by_distance);
        if (best == all.end()) return told.actor >= 0 || told.step >= 0 ? ": what is named there is not enabled" : "";
        const auto& step = best->steps.front();
        for (std::size_t i = 0; i < told.values.size(); ++i) {
            const checker::FieldInfo& field = layout_.fields()[i];
            const int value = layout_.get(step.after, i);
            if (value == told.values[i]) continue;
            return fmt::format("; after {} [{}], which comes nearest, {} is {}, not {}", model_.actor_name(step.actor),
                               model_.steps()[step.step].name, field.name, checker::value_text(field, value),
                               checker::value_text(field, told.values[i]));
        }
        return {};
    }

    M model_;
    checker::Layout layout_;
    std::unordered_map<std::string, std::size_t> field_of_;  ///< by identifier
    std::vector<std::string> actors_;
};

}  // namespace

bool is_itf(const Json& file) { return file.is_object() && file.contains("vars") && file.contains("states"); }

CounterexampleFile read_itf(const JsonPlace& file) {
    if (!file.has(meta_member) || !file.at(meta_member).has(own_member)) {
        file.fail("\"#meta\" has no member \"vmemcheck\", which tells the release, the scope and the property");
    }
    const JsonPlace own = file.at(meta_member).at(own_member);
    const JsonPlace model = own.at("model");
    if (model.text() != model_name) {
        model.fail(fmt::format("is {}; this vmemcheck has the model '{}'", quote(model.text()), model_name));
    }
    CounterexampleFile result;
    result.config = read_config(own);
    result.property = read_property(own, result.config);
    result.verdict = read_verdict(own);

    const std::vector<JsonPlace> places = file.at("states").elements();
    if (places.empty()) file.at("states").fail("must have at least one state");
    require_at_most(file.at("states"), places.size(), max_steps + 1, "state");
    bbm::with_model(result.config.scope, [&]<class M>(std::type_identity<M>) {
        const TraceReader<M> reader(result.config);
        std::vector<TraceState> states;
        states.reserve(places.size());
        for (const JsonPlace& place : places) states.push_back(reader.read_state(place));
        if (file.has("loop")) {
            result.loop = read_loop(file.at("loop"), states.size() - 1);
            // The state in which the loop begins may be told a second time, as the last one, or be left out there.
            TraceState again = states[*result.loop];
            again.actor = -1;
            again.step = -1;
            if (again.values != states.back().values) states.push_back(std::move(again));
        }
        result.initial = reader.initial(states.front());
        reader.find_steps(states, result);
    });
    require_loop_if_liveness(file, result);
    return result;
}

}  // namespace vmemcheck::cli
