// SPDX-License-Identifier: MIT
/// \file
/// The table of functions that the driver calls (shim/abi.h): each goes to the machine that runs.
#pragma once

#include "conformance/driver/shim/abi.h"

namespace vmemcheck::conformance {

class Machine;

/// Sizes are those of the machine.
void fill_host_table(shim_host& table, const Machine& machine);
[[nodiscard]] shim_config_ops host_config_ops();
/// The machine whose driver runs on this thread; the driver's calls know no other.
void set_active_machine(Machine* machine);
[[nodiscard]] Machine* active_machine();

}  // namespace vmemcheck::conformance
