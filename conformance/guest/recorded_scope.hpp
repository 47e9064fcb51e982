// SPDX-License-Identifier: MIT
/// \file
/// The scope in which a recording of a real guest is explained.
#pragma once

#include <cstdint>

#include "model/config.hpp"

namespace vmemcheck::conformance {

/// The scope in which a recording of such a device is explained: three pages a memory block, any number of requests,
/// and the driver's and QEMU's numbers for these sizes. It may be too large for the model (bbm::problem()).
/// \param big_block_bytes a multiple of memory_block_bytes
[[nodiscard]] bbm::Scope recorded_scope(int big_blocks, std::int64_t big_block_bytes, std::int64_t memory_block_bytes);

}  // namespace vmemcheck::conformance
