// SPDX-License-Identifier: MIT
/// \file
/// Names for what steps touch besides memory (checker/program.hpp, Touched): far from any address. To be added to an
/// index: the number of the page block, page or memory block.
#pragma once

#include <cstdint>

namespace vmemcheck::conformance {

inline constexpr std::uint64_t page_block_object = 1ULL << 60U;
inline constexpr std::uint64_t page_object = 2ULL << 60U;
inline constexpr std::uint64_t block_object = 3ULL << 60U;
inline constexpr std::uint64_t work_object = 4ULL << 60U;
inline constexpr std::uint64_t timer_object = work_object + 1;
inline constexpr std::uint64_t rcu_object = work_object + 2;
inline constexpr std::uint64_t faults_object = work_object + 3;
inline constexpr std::uint64_t device_object = 5ULL << 60U;
inline constexpr std::uint64_t running_object = 6ULL << 60U;  ///< of a task: it has begun, and not ended

}  // namespace vmemcheck::conformance
