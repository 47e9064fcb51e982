// SPDX-License-Identifier: MIT
#include "checker/own_lines.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <vector>

namespace vmemcheck::checker {
namespace {

TEST(OwnLines, AreNotSharedByNeighbours) {
    // Small enough to lie on one line, and ordinary ones between them that would fit behind.
    std::vector<OwnVector<std::uint64_t>> own;
    std::vector<std::vector<std::uint64_t>> ordinary;
    std::set<std::uintptr_t> lines;
    const auto lines_of = [](const auto& vector, const auto& each) {
        const auto begin = reinterpret_cast<std::uintptr_t>(vector.data());
        const auto last = begin + vector.size() * sizeof(std::uint64_t) - 1;
        for (auto line = begin / line_bytes; line <= last / line_bytes; ++line) each(line);
    };
    for (std::uint64_t i = 0; i < 1000; ++i) {
        own.emplace_back(1 + i % 40, i);
        lines_of(own.back(), [&](std::uintptr_t line) { EXPECT_TRUE(lines.insert(line).second) << i; });
        ordinary.emplace_back(1 + i % 3);
    }
    for (const auto& vector : ordinary) {
        lines_of(vector, [&](std::uintptr_t line) { EXPECT_FALSE(lines.contains(line)); });
    }
    for (std::uint64_t i = 0; i < own.size(); ++i) {
        EXPECT_EQ(own[i], OwnVector<std::uint64_t>(1 + i % 40, i));
    }
}

}  // namespace
}  // namespace vmemcheck::checker
