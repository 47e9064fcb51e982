// SPDX-License-Identifier: MIT
/// \file
/// Where a recording has more lines than the protocol has events: some of them are put together, some taken away.
#pragma once

#include <vector>

#include "conformance/guest/recorded_lines.hpp"

namespace vmemcheck::conformance::reading {

/// A task that does not get device_hotplug_lock sleeps for a while, during which others go on, and starts its
/// system call again (lock_device_hotplug_sysfs()): no step of the protocol.
void forget_tries(std::vector<RawEvent>& events);

/// The recorder cuts a run of page calls where another task's event falls between: put the pieces of one task
/// together again, where the last one stands.
void join_collapsed(std::vector<Seen>& events);

}  // namespace vmemcheck::conformance::reading
