// SPDX-License-Identifier: MIT
// Searches whose tables, logs and levels lie in files.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "checker/block.hpp"
#include "checker/search.hpp"
#include "tests/checker/equal_results.hpp"
#include "tests/checker/example_models.hpp"
#include "tests/checker/wide_model.hpp"

namespace vmemcheck::checker {
namespace {

using examples::property;
using examples::Wide;

/// Files of at most so many bytes, while it lives: what posix_fallocate() says then is as good as a full disk.
class FileLimit {
 public:
    explicit FileLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        getrlimit(RLIMIT_FSIZE, &before_);
        rlimit lower = before_;
        lower.rlim_cur = bytes;
        setrlimit(RLIMIT_FSIZE, &lower);
    }
    ~FileLimit() {
        setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }
    FileLimit(const FileLimit&) = delete;
    FileLimit& operator=(const FileLimit&) = delete;

 private:
    rlimit before_{};
    void (*handler_)(int);
};

std::string folder() { return std::filesystem::temp_directory_path().string(); }

TEST(Block, LiesInAFileIfItIsLarge) {
    MemoryBudget budget(2 << 20, folder());
    Block small;
    Block large;
    ASSERT_TRUE(small.allocate(1000, budget));
    EXPECT_EQ(budget.used(), 1000U);
    ASSERT_TRUE(large.allocate(100 << 20, budget)) << "the limit is of memory";
    EXPECT_EQ(budget.on_disk(), std::size_t{100} << 20);
    EXPECT_EQ(large.data()[12345678], 0);
    large.data()[12345678] = 7;
    Block other = std::move(large);
    EXPECT_EQ(other.data()[12345678], 7);
    other.reset();
    small.reset();
    EXPECT_EQ(budget.on_disk(), 0U);
    EXPECT_EQ(budget.used(), 0U);
    EXPECT_EQ(budget.peak_on_disk(), std::size_t{100} << 20);
    EXPECT_EQ(budget.disk_error(), 0);
}

TEST(Block, ThatFindsNoRoomHoldsNothing) {
    MemoryBudget missing(0, folder() + "/missing");
    Block block;
    EXPECT_FALSE(block.allocate(2 << 20, missing));
    EXPECT_EQ(missing.disk_error(), ENOENT);
    EXPECT_EQ(block.bytes(), 0U);
    MemoryBudget budget(0, folder());
    const FileLimit limit(3 << 20);
    EXPECT_TRUE(block.allocate(2 << 20, budget));
    EXPECT_FALSE(block.allocate(4 << 20, budget));
    EXPECT_EQ(budget.disk_error(), EFBIG);
    EXPECT_EQ(budget.on_disk(), 0U);
}

TEST(Block, GrowsInAFileIfThereIsRoom) {
    MemoryBudget budget(0, folder());
    const FileLimit limit(3 << 20);
    Block block;
    ASSERT_TRUE(block.allocate(1 << 20, budget, Block::Use::grows));
    block.data()[123456] = 7;
    ASSERT_TRUE(block.grow(2 << 20));
    EXPECT_EQ(block.data()[123456], 7);
    EXPECT_EQ(block.data()[2000000], 0);
    EXPECT_EQ(budget.on_disk(), std::size_t{2} << 20);
    EXPECT_FALSE(block.grow(4 << 20));
    EXPECT_EQ(budget.disk_error(), EFBIG);
    EXPECT_EQ(block.bytes(), std::size_t{2} << 20);
    EXPECT_EQ(block.data()[123456], 7);
    block.reset();
    EXPECT_EQ(budget.on_disk(), 0U);
    EXPECT_EQ(budget.used(), 0U);
}

TEST(Disk, LongChangesNoAnswer) {
    const Wide model{20, 100, 200};
    const std::vector<Property<Wide>> properties{property<Wide>("no-trap", PropertyKind::assertion)};
    SearchOptions options;
    options.stop_when_decided = false;
    const auto wanted = check(model, properties, options);
    EXPECT_EQ(wanted.statistics.peak_disk_bytes, 0U);
    options.disk_folder = folder();
    for (unsigned threads = 1; threads <= 3; threads += 2) {
        options.threads = threads;
        const auto found = check(model, properties, options);
        expect_equal(found, wanted);
        EXPECT_GT(found.statistics.peak_disk_bytes, 2 * found.statistics.states);
    }
}

TEST(Disk, LongWithoutRoomEndsTheSearch) {
    const Wide model{20, 100, -1};
    SearchOptions options;
    options.disk_folder = folder();
    const FileLimit limit(150'000);
    const auto result = check<Wide>(model, {}, options);
    EXPECT_EQ(result.ended, Ended::disk_error);
    EXPECT_FALSE(result.complete);
    EXPECT_GT(result.statistics.states, 50000U);
}

}  // namespace
}  // namespace vmemcheck::checker
