// SPDX-License-Identifier: MIT
/// \file
/// What is measured of the checker's parts: the same work, to the last instruction, each time it is run.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

namespace vmemcheck::bench {

/// Work prepared; it may be done once. The result is a figure of what was done, the same each time.
using Work = std::function<std::uint64_t()>;

/// A piece of work on data that it makes itself, with one thread, without files or chance. (A search looks at the
/// clock, to keep its limits: some hundred instructions more or less.)
struct Workload {
    std::string_view name;  ///< short and stable: the baseline refers to it
    std::string_view item;  ///< what is counted, in the singular: "key"
    std::uint64_t items;    ///< that are worked on
    Work (*prepare)();      ///< makes the data: not measured
};

/// All of them, in a fixed order.
[[nodiscard]] std::span<const Workload> workloads();

}  // namespace vmemcheck::bench
