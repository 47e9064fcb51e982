// SPDX-License-Identifier: MIT
#include "cli/notification.hpp"

#include <array>

#include "model/steps.hpp"

namespace vmemcheck::cli {

namespace {

using bbm::StepId;

struct Callback {
    StepId first;
    StepId last;
};
constexpr std::array<std::string_view, 7> event_names{"NONE",          "GOING_ONLINE", "ONLINE",        "CANCEL_ONLINE",
                                                      "GOING_OFFLINE", "OFFLINE",      "CANCEL_OFFLINE"};
/// The steps of the driver's callback, in the same order.
constexpr std::array<Callback, event_names.size()> callbacks{{
    {StepId::op_none, StepId::op_none},
    {StepId::op_online_cb_lock, StepId::op_online_cb_return},
    {StepId::op_online_account, StepId::op_online_unlock},
    {StepId::op_online_veto, StepId::op_online_veto},
    {StepId::op_offline_cb_lock, StepId::op_offline_cb_return},
    {StepId::op_offline_account, StepId::op_offline_unlock},
    {StepId::op_offline_cancel, StepId::op_offline_cancel_unlock},
}};

}  // namespace

std::span<const std::string_view> notification_names() { return event_names; }

std::size_t notification(int op) {
    for (std::size_t i = 1; i < callbacks.size(); ++i) {
        if (op >= static_cast<int>(callbacks[i].first) && op <= static_cast<int>(callbacks[i].last)) return i;
    }
    return 0;
}

}  // namespace vmemcheck::cli
