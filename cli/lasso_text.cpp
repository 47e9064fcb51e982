// SPDX-License-Identifier: MIT
#include "cli/lasso_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/text.hpp"
#include "model/fairness.hpp"

namespace vmemcheck::cli {

std::vector<std::string> fairness_lines(const std::vector<Finding>& findings) {
    std::vector<std::string> lines;
    for (const Finding& finding : findings) {
        if (!checker::is_liveness(finding.property->kind)) continue;
        const auto names = checker::names_of(bbm::fairness_infos(), finding.property->fairness);
        lines.push_back(fmt::format("{}: {}", finding.property->id, join(names, ", ")));
    }
    return lines;
}

template <class M>
std::vector<std::string> locks_held_in_loop(const checker::Counterexample<M>& run) {
    using LockOwner = int (*)(const typename M::State&);
    struct Lock {
        std::string_view name;
        LockOwner owner;
    };
    static constexpr std::array<Lock, 3> locks{{
        {"device_hotplug_lock", [](const typename M::State& s) -> int { return s.device_hotplug_lock; }},
        {"mem_hotplug_lock", [](const typename M::State& s) -> int { return s.mem_hotplug_lock; }},
        {"hotplug_mutex", [](const typename M::State& s) -> int { return s.hotplug_mutex; }},
    }};
    std::vector<std::string> lines;
    if (!run.loop) return lines;
    for (const Lock& lock : locks) {
        const int owner = lock.owner(run.last());
        const auto same = [&](const auto& step) { return lock.owner(step.after) == owner; };
        const auto first = run.steps.begin() + static_cast<std::ptrdiff_t>(*run.loop);
        if (owner == bbm::task::none || !std::all_of(first, run.steps.end(), same)) continue;
        lines.push_back(fmt::format("{} is held by {} all the time", lock.name,
                                    bbm::task::names.at(static_cast<std::size_t>(owner))));
    }
    return lines;
}

std::string fairness_text(const Style& style) {
    std::string text;
    for (const checker::FairnessInfo& info : bbm::fairness_infos()) {
        text += item_text(style, info.name, {{"", std::string(info.sentence)}, {"kind", checker::text(info.kind)}});
    }
    return text;
}

template std::vector<std::string> locks_held_in_loop(const checker::Counterexample<Bbm>& run);
template std::vector<std::string> locks_held_in_loop(const checker::Counterexample<bbm::WideBbm>& run);

}  // namespace vmemcheck::cli
