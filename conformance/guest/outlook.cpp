// SPDX-License-Identifier: MIT
#include "conformance/guest/outlook.hpp"

#include <algorithm>

namespace vmemcheck::conformance::explaining {

using bbm::EventKind;
using bbm::StepId;

namespace {

bool refuses_to_plug(const Seen& seen) {
    return seen.kind == EventKind::handle_response && seen.value == bbm::response::nack - 1;  // ACK is 0 on the wire
}

}  // namespace

const Seen* Outlook::next_seen(const Node& node) const {
    return node.event < recording_.events.size() ? &recording_.events[node.event] : nullptr;
}

bool Outlook::wanted(const Node& node, unsigned who) const {
    const State& s = node.state;
    const Seen* seen = next_seen(node);
    switch (who) {
        case bbm::actor::worker:
        case bbm::actor::device:
            return true;
        case bbm::actor::user:
            return true;
        case bbm::actor::remover:
            return s.rm != static_cast<int>(StepId::rm_idle);
        case bbm::actor::administrator:
            return seen != nullptr && seen->kind == EventKind::mtxtry && !seen->kworker;
        case bbm::actor::interrupt:
            if (seen == nullptr || node.flight[interrupt_slot].active()) return false;
            return node.in_interrupt || (s.config_interrupt == 1 && interrupt_is_near(node));
        case bbm::actor::timer:
            return seen != nullptr && seen->kind == EventKind::run_wq && s.queued == 0;
        case bbm::actor::host:
            return !recording_.outside && seen != nullptr && resize_helps(node);
        case bbm::actor::user_space:
            return seen != nullptr && seen->kind == EventKind::dev_hotplug_lock_sysfs;
        default:
            return !recording_.outside && seen != nullptr && node.idle_cost < 4 && page_user_block(node) >= 0 &&
                   pages_matter(node);
    }
}

bool Outlook::worth_trying(const Node& node, unsigned who,
                           const std::vector<std::pair<checker::ChoiceId, int>>& answers) const {
    for (const auto& [choice, value] : answers) {
        if (who == bbm::actor::host && choice == bbm::choice::size && !plausible_size(node, value)) return false;
        if (who == bbm::actor::memory_users && choice == bbm::choice::page_number &&
            value != decisive_page(page_user_block(node))) {
            return false;
        }
    }
    return true;
}

bool Outlook::plausible_size(const Node& node, int size) const {
    if (size == node.state.requested) return true;
    for (std::size_t i = node.event; i < recording_.events.size(); ++i) {
        if (size == 0 && refuses_to_plug(recording_.events[i])) return true;
        const auto& driver = recording_.events[i].driver;
        if (!driver || !driver->requested) continue;
        const std::int64_t read = *driver->requested / recording_.big_block_bytes;
        if (read != node.state.requested) return read == size;
    }
    return false;
}

bool Outlook::outside_is_due(const Node& node) const {
    return recording_.outside && node.outside < recording_.outside->size() &&
           (*recording_.outside)[node.outside].event <= node.event;
}

bool Outlook::resize_may_be_early(const Node& node) const {
    if (node.outside >= recording_.outside->size()) return false;
    const OutsideAct& act = (*recording_.outside)[node.outside];
    return act.requested >= 0 && act.event == node.event + 1;
}

bool Outlook::interrupt_is_near(const Node& node) const {
    if (!recording_.outside) return true;
    constexpr std::size_t near = 4;
    const std::size_t end = std::min(recording_.events.size(), node.event + near);
    for (std::size_t i = node.event; i < end; ++i) {
        if (recording_.events[i].kind == EventKind::config_changed) return true;
    }
    return false;
}

bool Outlook::resize_helps(const Node& node) const {
    const State& s = node.state;
    const auto& events = recording_.events;
    const auto shows = [&](std::size_t i) {
        return events[i].kind == EventKind::config_changed || events[i].unanswered_resize > node.missed_resize;
    };
    if (s.config_interrupt == 0 && shows(node.event)) return true;
    // Unbinding defers the interrupt for ever: the model has a resize after that just before it.
    const bool may_unbind = events[node.event].kind == EventKind::mtxtry && !events[node.event].kworker;
    if (s.config_interrupt == 0 && may_unbind && no_interrupt_from(node.event)) return true;
    const bool matters = s.request_type != bbm::request::none || s.wk == static_cast<int>(StepId::wk_config) ||
                         s.wk == static_cast<int>(StepId::wk_requested);
    if (!matters) return false;
    const std::size_t end = std::min(events.size(), node.event + 12);
    for (std::size_t i = node.event; i < end; ++i) {
        if (shows(i)) return true;
    }
    return false;
}

bool Outlook::no_interrupt_from(std::size_t event) const {
    return std::none_of(recording_.events.begin() + static_cast<std::ptrdiff_t>(event), recording_.events.end(),
                        [](const Seen& seen) { return seen.kind == EventKind::config_changed; });
}

int Outlook::page_user_block(const Node& node) const {
    const State& s = node.state;
    const bbm::Scope& scope = recording_.config.scope;
    const auto wk = static_cast<StepId>(static_cast<int>(s.wk));
    const auto op = static_cast<StepId>(static_cast<int>(s.op));
    if (wk >= StepId::wk_fo_section && wk <= StepId::wk_ac_grab && s.wk_item < scope.sections_per_big_block()) {
        return (s.wk_bb * scope.sections_per_big_block() + s.wk_item) / scope.sections;
    }
    if (op >= StepId::op_offline_begin && op <= StepId::op_offline_test) return s.op_mb;
    return -1;
}

int Outlook::decisive_page(int block) const {
    const int per_block = recording_.config.scope.pages_per_memory_block();
    return block * per_block + per_block / 2;
}

bool Outlook::pages_matter(const Node& node) const {
    const auto kind = node.state.page[static_cast<std::size_t>(decisive_page(page_user_block(node)))].kind;
    if (kind == bbm::page::movable || kind == bbm::page::unmovable || kind == bbm::page::pcp) return true;
    const std::size_t end = std::min(recording_.events.size(), node.event + 12);
    for (std::size_t i = node.event; i < end; ++i) {
        const Seen& seen = recording_.events[i];
        const bool outcome = seen.kind == EventKind::test_isolated_ret || seen.kind == EventKind::start_isolate_ret ||
                             seen.kind == EventKind::alloc_contig_range_ret;
        if (outcome && seen.value.value_or(0) != 0) return true;
    }
    return false;
}

}  // namespace vmemcheck::conformance::explaining
