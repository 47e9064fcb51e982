// SPDX-License-Identifier: MIT
#include "conformance/driver/setup.hpp"

namespace vmemcheck::conformance {

namespace {
bool power_of_two(int n) { return n > 0 && (n & (n - 1)) == 0; }
}  // namespace

std::optional<std::string> problem(const DriverSetup& setup) {
    const auto within = [](const std::string& what, int value, int low, int high) -> std::optional<std::string> {
        if (value >= low && value <= high) return std::nullopt;
        return what + " may be " + std::to_string(low) + " to " + std::to_string(high) + ", not " +
               std::to_string(value);
    };
    if (auto x = within("big blocks", setup.big_blocks, 1, max_driver_memory_blocks)) return x;
    if (auto x = within("memory blocks a big block", setup.memory_blocks, 1, max_driver_memory_blocks)) return x;
    if (auto x = within("memory blocks in all", setup.total_memory_blocks(), 1, max_driver_memory_blocks)) return x;
    if (auto x = within("pages a memory block", setup.pages, 2, max_driver_pages_per_block)) return x;
    if (auto x = within("page blocks a memory block", setup.page_blocks, 1, setup.pages)) return x;
    if (!power_of_two(setup.memory_blocks)) return "memory blocks a big block must be a power of two";
    if (!power_of_two(setup.pages)) return "pages a memory block must be a power of two";
    if (!power_of_two(setup.page_blocks)) return "page blocks a memory block must be a power of two";
    for (const int size : setup.requests) {
        if (auto x = within("a requested size", size, 0, setup.units())) return x;
    }
    if (auto x = within("big blocks left plugged", setup.leftovers, 0, setup.big_blocks)) return x;
    if (setup.mode == DriverMode::sbm && setup.page_blocks < 2) {
        return "Sub Block Mode needs at least two page blocks a memory block";
    }
    return std::nullopt;
}

}  // namespace vmemcheck::conformance
