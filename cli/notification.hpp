// SPDX-License-Identifier: MIT
/// \file
/// Which notification of the memory notifier chain is under way: not a field of the state, but told by a program
/// counter.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace vmemcheck::cli {

/// NONE, GOING_ONLINE, ONLINE, CANCEL_ONLINE, GOING_OFFLINE, OFFLINE, CANCEL_OFFLINE.
[[nodiscard]] std::span<const std::string_view> notification_names();

/// The notification whose callback of the driver runs, or waits for hotplug_mutex: an index into notification_names().
/// \param op core MM's program counter, State::op
[[nodiscard]] std::size_t notification(int op);

}  // namespace vmemcheck::cli
