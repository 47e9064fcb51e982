// SPDX-License-Identifier: MIT
#include "checker/choices.hpp"

namespace vmemcheck::checker {

namespace {

std::string missing_text(const Program& program, std::size_t at, const Choice& wanted) {
    const std::string step = "step " + std::to_string(at);
    const std::string name = "actor " + std::to_string(wanted.actor) + " (" + program.actor_name(wanted.actor) +
                             "), answer " + std::to_string(wanted.answer);
    if (program.alternatives().empty()) return step + ": the run is over before " + name;
    std::string text = step + ": " + name + " is not offered; offered are ";
    bool first = true;
    for (const Alternative& offered : program.alternatives()) {
        if (!first) text += "; ";
        first = false;
        text += program.describe(offered);
    }
    return text;
}

}  // namespace

void take(Program& program, std::size_t index, Replayed& run) {
    const Alternative& alternative = program.alternatives()[index];
    if (index != 0) run.deviations.push_back(run.taken.size());
    run.taken.emplace_back(alternative);
    run.cost += alternative.cost;
    program.take(index);
}

std::optional<std::size_t> find_alternative(const Program& program, const Choice& choice) {
    const auto offered = program.alternatives();
    for (std::size_t i = 0; i < offered.size(); ++i) {
        if (Choice(offered[i]) == choice) return i;
    }
    return std::nullopt;
}

Replayed replay_strictly(Program& program, const Choices& choices) {
    Replayed run;
    program.restart();
    for (std::size_t i = 0; i < choices.size(); ++i) {
        const auto index = find_alternative(program, choices[i]);
        if (!index) {
            run.missing_at = i;
            run.error = missing_text(program, i, choices[i]);
            return run;
        }
        take(program, *index, run);
    }
    if (program.alternatives().empty()) run.end = program.end();
    return run;
}

Replayed replay_leniently(Program& program, const Choices& choices, std::size_t max_steps) {
    Replayed run;
    program.restart();
    auto next = choices.begin();
    while (!program.alternatives().empty() && run.taken.size() < max_steps) {
        std::optional<std::size_t> index;
        while (!index && next != choices.end()) index = find_alternative(program, *next++);
        take(program, index.value_or(0), run);
    }
    if (program.alternatives().empty()) run.end = program.end();
    return run;
}

}  // namespace vmemcheck::checker
