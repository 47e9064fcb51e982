// SPDX-License-Identifier: MIT
#include "model/bbm.hpp"

#include <array>

#include "model/initial.hpp"

namespace vmemcheck::bbm {

static_assert(checker::Model<Bbm>);
static_assert(checker::PredictsSteps<Bbm>);
static_assert(checker::Model<WideBbm>);
static_assert(checker::PredictsSteps<WideBbm>);

template <class D>
std::string BasicBbm<D>::actor_name(checker::ActorId who) const {
    static constexpr std::array<std::string_view, actor::count> names{
        "worker",      "user task", "remover",    "device",       "config interrupt",
        "retry timer", "host",      "user space", "memory users", "administrator"};
    return std::string(who < names.size() ? names[who] : "?");
}

template <class D>
bool BasicBbm<D>::at_rest(const State& s) const {
    const bool worker = s.wk == static_cast<int>(StepId::wk_idle) && s.queued == 0;
    const bool remover = s.rm == static_cast<int>(StepId::rm_idle) || s.rm == static_cast<int>(StepId::rm_done);
    return worker && remover && s.device_hotplug_lock == task::none;
}

template <class D>
typename BasicBbm<D>::State BasicBbm<D>::initial_state(std::uint64_t plugged_set) const {
    State s{};
    int highest = 0;
    for (int i = 0; i < config_.scope.big_blocks; ++i) {
        if ((plugged_set >> static_cast<unsigned>(i) & 1U) == 0) continue;
        s.bb[static_cast<std::size_t>(i)].device = 1;
        highest = i + 1;
    }
    initialise<D>(config_, s, highest);
    return s;
}

template class BasicBbm<NativeDomain>;
template class BasicBbm<WideDomain>;

}  // namespace vmemcheck::bbm
