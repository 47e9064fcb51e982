// SPDX-License-Identifier: MIT
#include "conformance/guest/moment.hpp"

namespace vmemcheck::conformance::explaining {

using bbm::EventKind;
using bbm::StepId;

namespace {

bool loops_over_pages(StepId step) {
    switch (step) {
        case StepId::wk_ac_migrate:
        case StepId::wk_ac_grab:
        case StepId::wk_fo_set:
        case StepId::wk_rb_online:
        case StepId::op_online_pages:
        case StepId::op_offline_begin:
        case StepId::op_offline_cb_drop:
        case StepId::op_offline_scan:
        case StepId::op_offline_done:
        case StepId::op_offline_cancel:
            return true;
        default:
            return false;
    }
}

}  // namespace

State moment(const InFlight& flight, std::size_t at, const Node& node) {
    State s = flight.taken->shown[at].state;
    const auto merge = [&](auto field) {
        if (node.state.*field != flight.taken->after.*field) s.*field = node.state.*field;
    };
    merge(&State::config_changed);
    merge(&State::queued);
    merge(&State::offline_size);
    merge(&State::wq_active);
    merge(&State::hotplug_mutex);
    merge(&State::hotplug_active);
    merge(&State::requested);
    merge(&State::plugged);
    merge(&State::removing);
    merge(&State::next_bb);
    merge(&State::broken);
    for (std::size_t i = 0; i < s.bb.size(); ++i) {
        if (node.state.bb[i].state != flight.taken->after.bb[i].state) s.bb[i].state = node.state.bb[i].state;
    }
    for (std::size_t i = 0; i < s.bb_count.size(); ++i) {
        if (node.state.bb_count[i] != flight.taken->after.bb_count[i]) s.bb_count[i] = node.state.bb_count[i];
    }
    const InFlight& remover = node.flight[bbm::actor::remover];
    if (remover.active() && remover.head().event.kind == EventKind::mtxunlock) s.hotplug_mutex = bbm::task::remover;
    for (std::size_t i = 0; i < s.page.size(); ++i) {
        const auto& now = node.state.page[i];
        const auto& then = flight.taken->after.page[i];
        if (now.kind != then.kind || now.ref != then.ref) s.page[i] = now;
    }
    for (std::size_t i = 0; i < s.mb.size(); ++i) {
        const auto& now = node.state.mb[i];
        const auto& then = flight.taken->after.mb[i];
        if (now.state != then.state || now.online != then.online || now.zone != then.zone) s.mb[i] = now;
    }
    for (std::size_t z = 0; z < s.managed.size(); ++z) {
        if (node.state.managed[z] != flight.taken->after.managed[z]) s.managed[z] = node.state.managed[z];
    }
    return s;
}

State with_loops_done(const bbm::Bbm& model, State s) {
    for (const unsigned who : {bbm::actor::worker, bbm::actor::user}) {
        const int next = model.next_step(s, who);
        if (next < 0 || !loops_over_pages(static_cast<StepId>(next))) continue;
        checker::SearchContext context;
        context.begin();
        State after = s;
        model.step(after, who, context);
        if (!context.is_blocked()) s = after;
    }
    return s;
}

}  // namespace vmemcheck::conformance::explaining
