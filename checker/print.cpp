// SPDX-License-Identifier: MIT
#include "checker/print.hpp"

#include <string_view>

namespace vmemcheck::checker::detail {

namespace {

/// 1234567 as "1,234,567".
std::string grouped(std::uint64_t number) {
    std::string text = std::to_string(number);
    for (std::size_t end = text.size(); end > 3; end -= 3) text.insert(end - 3, 1, ',');
    return text;
}

std::string counted(std::uint64_t number, std::string_view one) {
    return grouped(number) + ' ' + std::string(one) + (number == 1 ? "" : "s");
}

std::string answer_text(const ChoiceInfo& choice, int value) {
    const auto index = static_cast<std::size_t>(value);
    return std::string(choice.name) + '=' +
           (index < choice.values.size() ? std::string(choice.values[index]) : std::to_string(value));
}

}  // namespace

std::string initial_text(const Layout& layout, const std::vector<int>& values) {
    std::string text;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (values[i] == 0) continue;
        text +=
            (text.empty() ? "" : ", ") + layout.fields()[i].name + " = " + value_text(layout.fields()[i], values[i]);
    }
    return "    initially " + (text.empty() ? "everything 0" : text) + '\n';
}

std::string step_text(const Layout& layout, std::size_t number, const std::string& actor, const StepInfo& step,
                      std::span<const ChoiceInfo> choices, const std::vector<ChoiceTaken>& taken,
                      const std::vector<FieldChange>& changes) {
    const std::string count = std::to_string(number);
    std::string text = std::string(count.size() < 5 ? 5 - count.size() : 0, ' ') + count + "  " + actor + "  " +
                       std::string(step.name);
    for (const auto& [choice, value] : taken) {
        const ChoiceInfo& info = choices[choice];
        if (info.fault && value == 0) continue;
        text += (info.fault ? "  ! " : "  ") + answer_text(info, value);
    }
    text += '\n';
    for (const FieldChange& change : changes) {
        const FieldInfo& field = layout.fields()[change.field];
        text += "           " + field.name + ": " + value_text(field, change.before) + " -> " +
                value_text(field, change.after) + '\n';
    }
    return text;
}

std::string verdict_text(const std::string& id, std::size_t width, Status status, bool vacuous, bool as_expected) {
    std::string text = id + std::string(width - id.size() + 2, ' ') + checker::text(status);
    if (vacuous) text += ", but what it speaks of never occurs";
    if (as_expected && status == Status::unreached) text += ", as expected";
    if (!as_expected && status == Status::reached) text += ", against expectation";
    if (!as_expected && status == Status::unreached) text += ", against expectation";
    return text + '\n';
}

std::string figures_text(const Statistics& statistics, Ended ended) {
    std::string text = counted(statistics.states, "state") + ", " + counted(statistics.transitions, "transition") +
                       ", depth " + grouped(statistics.max_depth);
    if (ended == Ended::decided) {
        text += "; ended when everything was decided";
    } else if (ended != Ended::complete) {
        text += "; ended early: " + std::string(checker::text(ended));
    }
    return text + '\n';
}

}  // namespace vmemcheck::checker::detail
