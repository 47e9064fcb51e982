// SPDX-License-Identifier: MIT
#include "model/steps.hpp"

#include <array>
#include <cstddef>

namespace vmemcheck::bbm {

namespace {
constexpr auto step_count = static_cast<std::size_t>(StepId::count);

constexpr std::array<checker::StepInfo, step_count> infos{{
#define STEP(id, local, function, why) checker::StepInfo{#id, function, why, local},
#include "model/steps.inc"
#undef STEP
}};

/// The driver may get MEM_ONLINE or MEM_OFFLINE without the GOING_* before it: its callbacks then release hotplug_mutex
/// without having it, and the worker's steps are not safe from them while it holds it.
constexpr auto infos_of_hidden_events = [] {
    auto all = infos;
    for (const StepId step :
         {StepId::wk_prepare_unlock, StepId::wk_fo_mark_bb, StepId::wk_fo_section, StepId::wk_fo_unlock,
          StepId::wk_rb_section, StepId::wk_rb_mark_bb, StepId::wk_rb_unlock, StepId::op_online_cb_return,
          StepId::op_online_unlock, StepId::op_online_veto, StepId::op_offline_cb_return, StepId::op_offline_unlock,
          StepId::op_offline_cancel_unlock}) {
        all[static_cast<std::size_t>(step)].local = false;
    }
    return all;
}();

constexpr auto infos_without_local = [] {
    auto all = infos;
    for (auto& info : all) info.local = false;
    return all;
}();

constexpr std::array<std::string_view, step_count> names{{
#define STEP(id, local, function, why) #id,
#include "model/steps.inc"
#undef STEP
}};
}  // namespace

std::span<const checker::StepInfo> step_infos(Locality locality) {
    switch (locality) {
        case Locality::hidden_events:
            return infos_of_hidden_events;
        case Locality::none:
            return infos_without_local;
        default:
            return infos;
    }
}
std::span<const std::string_view> step_names() { return names; }

}  // namespace vmemcheck::bbm
