// SPDX-License-Identifier: MIT
#include "conformance/guest/last_step.hpp"

#include <algorithm>

namespace vmemcheck::conformance {

using State = bbm::Bbm::State;

State undone(State s, const LastStep& step) {
    const State& before = step.before;
    const State& after = step.after;
    const auto older = [](auto& value, const auto& from, const auto& to) {
        if (from != to) value = from;
    };
    for (const auto field : {&State::config_changed, &State::wq_active, &State::hotplug_mutex, &State::hotplug_active,
                             &State::requested, &State::plugged, &State::removing, &State::next_bb, &State::broken}) {
        older(s.*field, before.*field, after.*field);
    }
    // Others may have added to these since.
    s.offline_size = s.offline_size - (after.offline_size - before.offline_size);
    for (std::size_t z = 0; z < s.managed.size(); ++z)
        s.managed[z] = s.managed[z] - (after.managed[z] - before.managed[z]);
    for (std::size_t i = 0; i < s.bb_count.size(); ++i) older(s.bb_count[i], before.bb_count[i], after.bb_count[i]);
    for (std::size_t i = 0; i < s.bb.size(); ++i) older(s.bb[i].state, before.bb[i].state, after.bb[i].state);
    for (std::size_t i = 0; i < s.mb.size(); ++i) {
        older(s.mb[i].state, before.mb[i].state, after.mb[i].state);
        older(s.mb[i].online, before.mb[i].online, after.mb[i].online);
        older(s.mb[i].zone, before.mb[i].zone, after.mb[i].zone);
    }
    for (std::size_t i = 0; i < s.page.size(); ++i) {
        older(s.page[i].kind, before.page[i].kind, after.page[i].kind);
        older(s.page[i].ref, before.page[i].ref, after.page[i].ref);
    }
    return s;
}

bool same_to_recorder(const State& a, const State& b) {
    for (const auto field :
         {&State::config_changed, &State::wq_active, &State::hotplug_mutex, &State::hotplug_active, &State::requested,
          &State::plugged, &State::removing, &State::next_bb, &State::broken, &State::offline_size}) {
        if (a.*field != b.*field) return false;
    }
    const auto all = [](const auto& one, const auto& other, auto... members) {
        return std::equal(one.begin(), one.end(), other.begin(),
                          [&](const auto& x, const auto& y) { return ((x.*members == y.*members) && ...); });
    };
    using Int = State::Int;
    using Block = bbm::MemoryBlock<Int>;
    return a.managed == b.managed && a.bb_count == b.bb_count && all(a.bb, b.bb, &bbm::BigBlock<Int>::state) &&
           all(a.mb, b.mb, &Block::state, &Block::online, &Block::zone) &&
           all(a.page, b.page, &bbm::Page<Int>::kind, &bbm::Page<Int>::ref);
}

}  // namespace vmemcheck::conformance
