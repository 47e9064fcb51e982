// SPDX-License-Identifier: MIT
#include "conformance/guest/matching.hpp"

#include <span>
#include <vector>

#include "conformance/guest/last_step.hpp"
#include "conformance/guest/moment.hpp"

namespace vmemcheck::conformance::explaining {

using bbm::EventKind;

bool belongs(const Seen& seen, std::size_t slot) {
    if (seen.kind == EventKind::config_changed || seen.kind == EventKind::handle_response) return true;
    return seen.kworker == (slot == bbm::actor::worker);
}

bool Matcher::same_task(Node& node, const Seen& seen, std::size_t slot, const Event& event) {
    if (event.task == 0) return true;
    const auto [entry, fresh] = task_numbers_.try_emplace(seen.task, static_cast<int>(task_numbers_.size()));
    (void)fresh;
    int& task = slot == bbm::actor::worker ? node.worker_task : node.user_task;
    if (event.kind == EventKind::run_wq || event.kind == EventKind::dev_hotplug_lock_sysfs) task = entry->second;
    if (slot == bbm::actor::remover) return true;
    return task == entry->second;
}

template <class Differs>
auto Matcher::in_the_middle(const State& s, const Node& node, std::size_t slot, const Differs& differ) const {
    std::vector<State> states{with_loops_done(model_, node.state)};
    State none = s;  // of the last steps is done
    for (std::size_t other = 0; other < node.last.size(); ++other) {
        if (other == slot || node.last[other] == nullptr) continue;
        states.push_back(undone(s, *node.last[other]));
        none = undone(none, *node.last[other]);
    }
    if (states.size() > 2) states.push_back(none);
    std::vector<const State*> others;
    others.reserve(states.size());
    for (const State& state : states) others.push_back(&state);
    return differ(others);
}

std::optional<std::string> Matcher::state_differs(const Seen& seen, const InFlight& flight, std::size_t at,
                                                  const Node& node, std::size_t slot) const {
    if (!seen.driver) return std::nullopt;
    const State s = moment(flight, at, node);
    const auto differ = [&](std::span<const State* const> others) { return differs(recording_, seen, s, others); };
    if (!differ({})) return std::nullopt;
    return in_the_middle(s, node, slot, differ);
}

std::optional<PageMismatch> Matcher::pages_differ(const Seen& seen, const InFlight& flight, std::size_t at,
                                                  const Node& node, std::size_t slot) const {
    if (!seen.pages) return std::nullopt;
    const State s = moment(flight, at, node);
    // Before the last steps of other tasks, other memmaps may have been stale.
    unsigned stale_before = flight.taken->stale;
    for (std::size_t other = 0; other < node.last.size(); ++other) {
        if (other != slot && node.last[other] != nullptr) stale_before |= node.last[other]->stale;
    }
    const auto differ = [&](std::span<const State* const> others) {
        return page_mismatch(recording_, seen, s, others, flight.taken->stale, stale_before);
    };
    if (!differ({})) return std::nullopt;
    return in_the_middle(s, node, slot, differ);
}

}  // namespace vmemcheck::conformance::explaining
