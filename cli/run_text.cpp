// SPDX-License-Identifier: MIT
#include "cli/run_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/text.hpp"

namespace vmemcheck::cli {

namespace {

constexpr std::size_t change_indent = 10;

std::string value_word(const checker::ChoiceInfo& choice, int value) {
    const bool known = value >= 0 && static_cast<std::size_t>(value) < choice.values.size();
    return known ? std::string(choice.values[static_cast<std::size_t>(value)]) : std::to_string(value);
}

template <class M>
std::string answers_text(const M& model, const std::vector<checker::ChoiceTaken>& choices,
                         const RunTextOptions& options) {
    std::string text;
    for (const auto& [choice, value] : choices) {
        const checker::ChoiceInfo& info = model.choices()[choice];
        const bool strike = info.fault && value != 0;
        if (info.fault && !strike && !options.verbose) continue;
        const std::string answer = fmt::format("{}={}", info.name, value_word(info, value));
        text += "  " + (strike ? options.style.red("! " + answer) : answer);
    }
    return text;
}

}  // namespace

bool is_bookkeeping(std::string_view field) {
    static constexpr std::array<std::string_view, 2> told{"worker.rc", "op.rc"};  // results are part of the story
    if (std::find(told.begin(), told.end(), field) != told.end()) return false;
    static constexpr std::array<std::string_view, 5> hidden{"worker.", "op.", "remover.", "host.", "user."};
    return std::any_of(hidden.begin(), hidden.end(), [field](std::string_view p) { return field.starts_with(p); });
}

template <class State>
std::string initial_text(const checker::Layout& layout, const State& state, bool verbose) {
    std::vector<std::string> items;
    for (std::size_t i = 0; i < layout.fields().size(); ++i) {
        if (layout.get(state, i) == 0 || (!verbose && is_bookkeeping(layout.fields()[i].name))) continue;
        items.push_back(layout.field_text(state, i));
    }
    return items.empty() ? "everything 0" : join(items, ", ");
}

template <class M>
std::string step_text(const M& model, const checker::Layout& layout, std::size_t number,
                      const checker::MicroStep<typename M::State>& step, const typename M::State& before,
                      const RunTextOptions& options) {
    const checker::StepInfo& info = model.steps()[step.step];
    std::string text = fmt::format(
        "{:>5}  {}{} {}{}\n", number, options.style.bold(fmt::format("{:<16}  ", model.actor_name(step.actor))),
        info.function, options.style.dim(fmt::format("[{}]", info.name)), answers_text(model, step.choices, options));
    for (const checker::FieldChange& change : layout.diff(before, step.after)) {
        const checker::FieldInfo& field = layout.fields()[change.field];
        const bool reset = field.name.ends_with(".rc") && change.after == 0;
        if (!options.verbose && (reset || is_bookkeeping(field.name))) continue;
        text += fmt::format("{:{}}{}: {} -> {}\n", "", change_indent, field.name,
                            checker::value_text(field, change.before), checker::value_text(field, change.after));
    }
    return text;
}

std::string blocked_text(const std::vector<checker::BlockedActor>& blocked) {
    std::string text;
    for (const checker::BlockedActor& actor : blocked) {
        text += "    " + checker::text(actor) + (actor.in_cycle ? "  (in the cycle)" : "") +
                (actor.kind == checker::ActorKind::environment ? "  (owes nothing)" : "") + '\n';
    }
    return text;
}

template <class M>
std::string run_text(const M& model, const checker::Counterexample<M>& run, const RunTextOptions& options) {
    const checker::Layout layout = checker::layout_of(model, run.initial);
    constexpr std::string_view begin = "       initially: ";
    std::string text{begin};
    text += wrapped(initial_text(layout, run.initial, options.verbose), begin.size(), width) + '\n';
    const typename M::State* before = &run.initial;
    for (std::size_t i = 0; i < run.steps.size(); ++i) {
        if (run.loop == i) text += options.style.bold("    >> from here on, again and again:") + '\n';
        text += step_text(model, layout, i + 1, run.steps[i], *before, options);
        before = &run.steps[i].after;
    }
    if (run.loop == run.steps.size()) text += options.style.bold("    >> from here on nothing happens") + '\n';
    return text;
}

Json field_json(const checker::FieldInfo& field, int value) {
    const auto index = static_cast<std::size_t>(value - field.low);
    if (value >= field.low && index < field.names.size()) return field.names[index];
    return value;
}

template <class M>
Json choices_json(const M& model, const std::vector<checker::ChoiceTaken>& choices) {
    Json object = Json::object();
    for (const auto& [choice, value] : choices) {
        const checker::ChoiceInfo& info = model.choices()[choice];
        const std::string name(info.name);
        std::string key = name;
        for (int n = 2; object.contains(key); ++n) key = fmt::format("{}#{}", name, n);
        if (info.values.empty()) {
            object[key] = value;
        } else {
            object[key] = value_word(info, value);
        }
    }
    return object;
}

template std::string initial_text(const checker::Layout& layout, const Bbm::State& state, bool verbose);
template std::string step_text(const Bbm& model, const checker::Layout& layout, std::size_t number,
                               const checker::MicroStep<Bbm::State>& step, const Bbm::State& before,
                               const RunTextOptions& options);
template std::string run_text(const Bbm& model, const checker::Counterexample<Bbm>& run, const RunTextOptions& options);
template Json choices_json(const Bbm& model, const std::vector<checker::ChoiceTaken>& choices);
template std::string initial_text(const checker::Layout& layout, const bbm::WideBbm::State& state, bool verbose);
template std::string step_text(const bbm::WideBbm& model, const checker::Layout& layout, std::size_t number,
                               const checker::MicroStep<bbm::WideBbm::State>& step, const bbm::WideBbm::State& before,
                               const RunTextOptions& options);
template std::string run_text(const bbm::WideBbm& model, const checker::Counterexample<bbm::WideBbm>& run,
                              const RunTextOptions& options);
template Json choices_json(const bbm::WideBbm& model, const std::vector<checker::ChoiceTaken>& choices);

}  // namespace vmemcheck::cli
