// SPDX-License-Identifier: MIT
#include "conformance/guest/explanation.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "conformance/guest/observe.hpp"

namespace vmemcheck::conformance::explaining {

Explanation::Explanation(const Recording& recording, const bbm::Bbm& model) : recording_(recording), model_(model) {
    verdict_.events = recording.events.size();
}

void Explanation::reject_reason(const Node& node, const std::string& what) {
    if (node.event < reasons_at_) return;
    if (node.event > reasons_at_) {
        reasons_.clear();
        reasons_at_ = node.event;
    }
    if (reasons_.size() < 12) reasons_.insert(what);
}

TraceVerdict Explanation::accept(const SearchTree& nodes, std::size_t at) {
    verdict_.status = TraceVerdict::Status::accepted;
    verdict_.explained = recording_.events.size();
    verdict_.unrecorded_interrupts = nodes[at].unrecorded;
    return finish(nodes, at);
}

TraceVerdict Explanation::reject(const SearchTree& nodes, TraceVerdict::Status status) {
    verdict_.status = status;
    const std::size_t best = nodes.best();
    verdict_.explained = best;
    std::size_t furthest = 0;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        if (nodes[i].event == best) {
            furthest = i;
            break;
        }
    }
    if (best < recording_.events.size()) {
        const Seen& seen = recording_.events[best];
        verdict_.stuck_at = seen.seq;
        verdict_.stuck_line = seen.line;
        verdict_.stuck_event = text(seen) + " of " + seen.task;
    } else {
        verdict_.stuck_event = "the end of the recording";
    }
    if (reasons_at_ == best) verdict_.alternatives.assign(reasons_.begin(), reasons_.end());
    return finish(nodes, furthest);
}

TraceVerdict Explanation::missing_interrupt() {
    verdict_.status = TraceVerdict::Status::rejected;
    verdict_.stuck_event = recording_.missing_interrupt;
    verdict_.alternatives.push_back(recording_.missing_interrupt);
    return std::move(verdict_);
}

TraceVerdict Explanation::finish(const SearchTree& nodes, std::size_t at) {
    verdict_.examined = nodes.size();
    std::vector<const Node*> path;
    for (auto i = static_cast<std::ptrdiff_t>(at); i >= 0; i = nodes[static_cast<std::size_t>(i)].parent) {
        path.push_back(&nodes[static_cast<std::size_t>(i)]);
    }
    std::reverse(path.begin(), path.end());
    std::array<std::size_t, bbm::actor::count> last_step{};
    for (const Node* node : path) {
        if (node->parent < 0) continue;
        if (node->is_step) {
            ExplainedStep step;
            const auto& info = model_.steps()[node->step];
            step.actor = model_.actor_name(node->actor);
            step.step = info.name;
            step.function = info.function;
            for (const auto& [choice, value] : node->choices) {
                const auto& c = model_.choices()[choice];
                step.choices.push_back(std::string(c.name) + " = " +
                                       (c.values.empty() ? std::to_string(value)
                                                         : std::string(c.values[static_cast<std::size_t>(value)])));
            }
            verdict_.steps.push_back(std::move(step));
            last_step[node->actor] = verdict_.steps.size() - 1;
        }
        if (node->shows >= 0 && !verdict_.steps.empty()) verdict_.steps.back().events.push_back(node->shows);
    }
    return std::move(verdict_);
}

}  // namespace vmemcheck::conformance::explaining
