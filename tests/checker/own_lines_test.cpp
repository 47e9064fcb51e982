// SPDX-License-Identifier: MIT
#include "checker/own_lines.hpp"

#include <gtest/gtest.h>
#include <malloc.h>

#include <cstddef>
#include <cstdint>

namespace vmemcheck::checker {
namespace {

TEST(OwnLines, AreNotSharedByNeighbours) {
    for (std::size_t count = 1; count < 40; ++count) {
        OwnVector<std::uint64_t> own(count, 7);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(own.data()) % line_bytes, 0U) << "begins with a line";
        const std::size_t lines = (count * sizeof(own[0]) + line_bytes - 1) / line_bytes;
        EXPECT_GE(::malloc_usable_size(own.data()), lines * line_bytes) << "has all of its last one";
    }
}

}  // namespace
}  // namespace vmemcheck::checker
