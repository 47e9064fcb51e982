// SPDX-License-Identifier: MIT
#include "checker/block.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "checker/memory.hpp"

namespace vmemcheck::checker {
namespace {

#if defined(__SANITIZE_THREAD__)
constexpr bool says_where_memory_is = true;
#elif defined(__has_feature)
constexpr bool says_where_memory_is = __has_feature(thread_sanitizer);
#else
constexpr bool says_where_memory_is = false;
#endif

std::size_t resident_pages(unsigned char* begin, std::size_t pages) {
    std::vector<unsigned char> there(pages);
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    EXPECT_EQ(::mincore(begin, pages * page, there.data()), 0);
    return static_cast<std::size_t>(
        std::count_if(there.begin(), there.end(), [](auto byte) { return (byte & 1) != 0; }));
}

TEST(Block, GrowsAndKeepsWhatItHolds) {
    MemoryBudget budget;
    Block block;
    std::size_t filled = 0;
    ASSERT_TRUE(block.allocate(100, budget, Block::Use::grows));
    for (const std::size_t bytes : {std::size_t{100}, std::size_t{5000}, Block::least_moved - 1, Block::least_moved,
                                    Block::least_moved + 1, 10 * Block::least_moved + 77, std::size_t{5} << 20}) {
        ASSERT_TRUE(bytes == 100 || block.grow(bytes));
        EXPECT_EQ(block.bytes(), bytes);
        EXPECT_EQ(budget.used(), bytes);
        for (std::size_t i = 0; i < filled; ++i) ASSERT_EQ(block.data()[i], 1 + i % 251) << bytes;
        for (std::size_t i = filled; i < bytes; ++i) ASSERT_EQ(block.data()[i], 0) << bytes;
        for (; filled < bytes; ++filled) block.data()[filled] = static_cast<unsigned char>(1 + filled % 251);
    }
    block.reset();
    EXPECT_EQ(budget.used(), 0U);
}

TEST(Block, GrowsWhereItIs) {
    if (says_where_memory_is) GTEST_SKIP() << "ThreadSanitizer says where memory is";
    MemoryBudget budget;
    std::array<Block, 3> blocks;
    for (Block& block : blocks) ASSERT_TRUE(block.allocate(Block::least_moved, budget, Block::Use::grows));
    for (Block& block : blocks) {
        const unsigned char* const at = block.data();
        for (std::size_t times = 2; times <= 64; times *= 2) {
            ASSERT_TRUE(block.grow(times * Block::least_moved));
            EXPECT_EQ(block.data(), at);
        }
    }
}

TEST(Block, HasAllPagesThatItIsGoingToNeed) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    MemoryBudget budget;
    Block block;
    ASSERT_TRUE(block.allocate(Block::least_moved, budget, Block::Use::grows));
    if (::madvise(block.data(), page, MADV_POPULATE_WRITE) != 0) GTEST_SKIP() << "not on this system";
    EXPECT_EQ(resident_pages(block.data(), Block::least_moved / page), Block::least_moved / page);
    ASSERT_TRUE(block.grow(4 * Block::least_moved));
    EXPECT_EQ(resident_pages(block.data(), 4 * Block::least_moved / page), 4 * Block::least_moved / page);
}

TEST(Block, HasItsPagesWhenItAsksForThem) {
    MemoryBudget budget;
    ByteBlock block;
    constexpr std::size_t bytes = std::size_t{1} << 20;
    ASSERT_TRUE(block.allocate(bytes, budget));
    block.ask_for_pages();
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    unsigned char* const at = block.extend(bytes);
    if (::madvise(at + page - reinterpret_cast<std::uintptr_t>(at) % page, page, MADV_POPULATE_WRITE) != 0) {
        GTEST_SKIP() << "not on this system";
    }
    unsigned char* const first = at + (page - reinterpret_cast<std::uintptr_t>(at) % page) % page;
    EXPECT_EQ(resident_pages(first, bytes / page - 1), bytes / page - 1);
}

TEST(AskForPages, AsksForWholePagesOnly) {
    constexpr std::size_t pages = 64;
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    void* const mapped = ::mmap(nullptr, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(mapped, MAP_FAILED);
    auto* const begin = static_cast<unsigned char*>(mapped);
    if (::madvise(begin + 10 * page, page, MADV_POPULATE_WRITE) != 0) GTEST_SKIP() << "not on this system";
    begin[10 * page] = 7;
    ask_for_pages(begin + page, 0);
    ask_for_pages(begin + page, 3 * page);  // not worth a call
    EXPECT_EQ(resident_pages(begin, pages), 1U);
    ask_for_pages(begin + page + 1, (pages - 3) * page);
    EXPECT_EQ(resident_pages(begin, pages), pages - 4);
    EXPECT_EQ(resident_pages(begin, 2), 0U);
    EXPECT_EQ(resident_pages(begin + (pages - 2) * page, 2), 0U);
    EXPECT_EQ(begin[10 * page], 7);
    ::munmap(mapped, pages * page);
}

TEST(Block, IsAsItWasIfItCannotGrow) {
    for (const std::size_t bytes : {std::size_t{1000}, 2 * Block::least_moved}) {
        MemoryBudget budget(3 * Block::least_moved);
        Block block;
        ASSERT_TRUE(block.allocate(bytes, budget, Block::Use::grows));
        std::memset(block.data(), 7, bytes);
        EXPECT_FALSE(block.grow(4 * Block::least_moved));
        EXPECT_EQ(block.bytes(), bytes);
        EXPECT_EQ(budget.used(), bytes);
        EXPECT_EQ(std::count(block.data(), block.data() + bytes, 7), static_cast<std::ptrdiff_t>(bytes));
    }
}

}  // namespace
}  // namespace vmemcheck::checker
