// SPDX-License-Identifier: MIT
// What the fuzzers found, and what they begin with, in the ordinary build.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/fuzz/targets.hpp"

namespace vmemcheck::fuzz {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Calls a target with each file of its corpus.
void expect_good(const std::string& corpus, void (*target)(std::string_view)) {
    std::size_t files = 0;
    for (const auto& entry : fs::directory_iterator(fs::path(VMEMCHECK_SOURCE_DIR) / "tests/fuzz/corpus" / corpus)) {
        ++files;
        EXPECT_NO_THROW(target(content(entry.path()))) << entry.path();
    }
    EXPECT_GT(files, 4U);
}

TEST(Corpus, Counterexamples) { expect_good("counterexample", counterexample); }
TEST(Corpus, Itf) { expect_good("itf", itf); }
TEST(Corpus, Recordings) { expect_good("recording", recording); }
TEST(Corpus, CommandLines) { expect_good("command-line", command_line); }

TEST(Targets, TellAClearMessageFromOthers) {
    EXPECT_NO_THROW(require_clear("unknown command 'chek'"));
    EXPECT_THROW(require_clear(""), Broken);
    EXPECT_THROW(require_clear("two\nlines"), Broken);
    EXPECT_THROW(require_clear("\x1b[31m"), Broken);
    EXPECT_THROW(require_clear(std::string(100'000, 'x')), Broken);
}

}  // namespace
}  // namespace vmemcheck::fuzz
