// SPDX-License-Identifier: MIT
#include "conformance/guest/recorded_scope.hpp"

#include <algorithm>

namespace vmemcheck::conformance {

bbm::Scope recorded_scope(int big_blocks, std::int64_t big_block_bytes, std::int64_t memory_block_bytes) {
    constexpr std::int64_t gib = 1LL << 30;
    constexpr std::int64_t extents = 2LL * (128 << 20);  // QEMU: usable region beyond requested_size
    bbm::Scope scope;
    scope.name = "recording";
    scope.big_blocks = big_blocks;
    // More than fits is refused later, however much more it is.
    scope.memory_blocks =
        static_cast<int>(std::min<std::int64_t>(big_block_bytes / memory_block_bytes, bbm::max_memory_blocks + 1));
    scope.pages = 3;  // first, last, and one for all between
    scope.allocations = bbm::max_pages;
    scope.pins = bbm::max_pages;
    scope.contig_tries = 5;
    scope.threshold = static_cast<int>(std::max<std::int64_t>(gib / memory_block_bytes, 2LL * scope.memory_blocks));
    scope.usable_slack = static_cast<int>(std::min<std::int64_t>(extents / big_block_bytes, bbm::max_big_blocks));
    return scope;
}

}  // namespace vmemcheck::conformance
