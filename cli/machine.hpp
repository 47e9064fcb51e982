// SPDX-License-Identifier: MIT
/// \file
/// What the machine has.
#pragma once

#include <cstddef>

namespace vmemcheck::cli {

/// Memory that can be taken without swapping, in bytes, by /proc/meminfo and the control group; 0 if unknown.
[[nodiscard]] std::size_t available_memory();

}  // namespace vmemcheck::cli
