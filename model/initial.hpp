// SPDX-License-Identifier: MIT
/// \file
/// The state right after probe.
#pragma once

#include <algorithm>

#include "model/state.hpp"

namespace vmemcheck::bbm {

/// config_changed is set and the work queued; the device has plugged what it says in `s`, and what an earlier driver
/// left plugged is to be unplugged first (virtio_mem_init()). Nothing else is set in `s`.
template <class D>
void initialise(const Config& config, State<D>& s, const typename D::Value& usable) {
    s.wk = static_cast<int>(StepId::wk_idle);
    s.op = static_cast<int>(StepId::op_none);
    s.rm = static_cast<int>(StepId::rm_idle);
    s.config_changed = 1;
    s.queued = 1;
    s.resizes_left = std::max(0, config.scope.resizes);
    s.user_requests_left = std::max(0, config.scope.user_requests);
    const typename D::Value plugged = plugged_in_device(config, s);
    s.plugged = plugged;
    s.device_usable = usable;
    s.unplug_all_required = D::select(plugged > 0, 1, 0);
}

}  // namespace vmemcheck::bbm
