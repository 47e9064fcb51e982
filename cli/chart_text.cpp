// SPDX-License-Identifier: MIT
#include "cli/chart_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "cli/text.hpp"

namespace vmemcheck::cli {

namespace {

constexpr std::size_t lane_width = 8;
constexpr std::string_view legend = "  (* acts; holds D device_hotplug_lock, M mem_hotplug_lock, H hotplug_mutex)";

/// As much of an actor's name as tells it from the others and fits its lane.
std::string lane_name(std::string name) {
    constexpr std::string_view user = "user ";  // its task in the kernel, and user space
    if (name.starts_with(user)) name = name.substr(user.size());
    if (name.size() >= lane_width) name = name.substr(0, name.find(' '));
    return name.substr(0, lane_width - 1);
}

/// The locks that an actor holds in a state, as letters.
template <class State>
std::string locks_of(const State& s, checker::ActorId actor) {
    const int task = static_cast<int>(actor) + 1;  // tasks are the first actors; task::none comes before them
    if (task >= bbm::task::count) return {};
    std::string letters;
    if (s.device_hotplug_lock == task) letters += 'D';
    if (s.mem_hotplug_lock == task) letters += 'M';
    if (s.hotplug_mutex == task) letters += 'H';
    return letters;
}

std::string function_of(const checker::StepInfo& info) {
    return std::string(info.function.substr(0, info.function.find_first_of(", (")));
}

}  // namespace

template <class M>
std::string chart_text(const M& model, const checker::Counterexample<M>& run, const Style& style) {
    std::vector<checker::ActorId> lanes;
    for (checker::ActorId actor = 0; actor < model.actor_count(); ++actor) {
        const auto acts = [actor](const auto& step) { return step.actor == actor; };
        if (std::any_of(run.steps.begin(), run.steps.end(), acts)) lanes.push_back(actor);
    }
    const auto all_locks = [&](const typename M::State& state) {
        std::string text;
        for (const checker::ActorId actor : lanes) text.append(locks_of(state, actor)).append(",");
        return text;
    };
    std::string text = fmt::format("{:>12}", "");
    for (const checker::ActorId actor : lanes)
        text += fmt::format("{:<{}}", lane_name(model.actor_name(actor)), lane_width);
    text = style.bold(text.substr(0, text.find_last_not_of(' ') + 1)) + '\n';
    for (std::size_t begin = 0; begin < run.steps.size();) {
        const checker::ActorId actor = run.steps[begin].actor;
        std::size_t end = begin + 1;
        while (end < run.steps.size() && run.steps[end].actor == actor && end != run.loop &&
               all_locks(run.steps[end].after) == all_locks(run.steps[begin].after)) {
            ++end;
        }
        const bool loops = run.loop && begin >= *run.loop;
        const std::string numbers = begin + 1 == end ? std::to_string(begin + 1) : fmt::format("{}-{}", begin + 1, end);
        std::string row = fmt::format("  {} {:<8}", loops ? '>' : ' ', numbers);
        for (const checker::ActorId lane : lanes) {
            const std::string cell = (lane == actor ? "*" : "|") + locks_of(run.steps[end - 1].after, lane);
            row += fmt::format("{:<{}}", cell, lane_width);
        }
        const std::string first = function_of(model.steps()[run.steps[begin].step]);
        const std::string last = function_of(model.steps()[run.steps[end - 1].step]);
        row += first;
        if (first != last) row += fmt::format(" .. {}", last);
        if (row.size() > width) row = row.substr(0, width - 3) + "...";
        text += row + '\n';
        begin = end;
    }
    if (run.loop) {
        text += *run.loop == run.steps.size() ? "  > and nothing happens any more\n" : "  > these again and again\n";
    }
    return text + style.dim(legend) + "\n\n";
}

template std::string chart_text(const Bbm& model, const checker::Counterexample<Bbm>& run, const Style& style);
template std::string chart_text(const bbm::WideBbm& model, const checker::Counterexample<bbm::WideBbm>& run,
                                const Style& style);

}  // namespace vmemcheck::cli
