// SPDX-License-Identifier: MIT
/// \file
/// Runs the real vmemcheck in a folder of its own.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace vmemcheck::test {

using Json = nlohmann::ordered_json;

struct Outcome {
    int code = -1;  ///< exit code; -1 if ended by a signal
    std::string out;
    std::string err;
};

inline std::string content(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Where './run kernel' has put a kernel's source, or empty.
inline std::filesystem::path kernel_source(const std::string& version) {
    const char* named = std::getenv("VMEMCHECK_KERNELS");
    const std::filesystem::path base =
        named != nullptr ? std::filesystem::path(named) : std::filesystem::path(VMEMCHECK_SOURCE_DIR) / "build/kernel";
    const std::filesystem::path tree = base / ("linux-" + version);
    return std::filesystem::exists(tree / "drivers/virtio/virtio_mem.c") ? tree : std::filesystem::path();
}

/// Flags that make a check small: 5,000 states and some 90,000 with user requests.
inline const std::string tiny = " --no-leftovers --removals 0 --allocations 0 --resizes 2 --user-requests 0";
inline const std::string fast = " --no-leftovers --removals 0 --allocations 0 --resizes 2 --user-requests 1";
/// A violation that is found after some thousand states.
inline const std::string violation =
    "check --mutant free-without-unregister --property no-use-after-free --allocations 0 --no-leftovers";

/// A test with an empty folder, in which vmemcheck runs.
class Cli : public testing::Test {
 protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "vmemcheck-test-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    void TearDown() override {
        std::error_code ignored;
        std::filesystem::permissions(folder_, std::filesystem::perms::owner_all, ignored);
        std::filesystem::remove_all(folder_, ignored);
    }

    /// Runs a shell command in the folder; "vmemcheck" is the program under test.
    [[nodiscard]] Outcome shell(const std::string& command) const {
        const std::filesystem::path streams = folder_.string() + ".streams";
        std::filesystem::create_directory(streams);
        const std::string line = "cd '" + folder_.string() + "' && vmemcheck() { '" VMEMCHECK_CLI "' \"$@\"; } && { " +
                                 command + "; } >'" + (streams / "out").string() + "' 2>'" +
                                 (streams / "err").string() + "' </dev/null";
        const int status = std::system(line.c_str());
        Outcome outcome{WIFEXITED(status) ? WEXITSTATUS(status) : -1, content(streams / "out"),
                        content(streams / "err")};
        std::filesystem::remove_all(streams);
        return outcome;
    }
    [[nodiscard]] Outcome run(const std::string& arguments) const { return shell("vmemcheck " + arguments); }

    [[nodiscard]] std::filesystem::path path(const std::string& name) const { return folder_ / name; }
    [[nodiscard]] std::string read(const std::string& name) const { return content(path(name)); }
    [[nodiscard]] Json json(const std::string& name) const { return Json::parse(read(name)); }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(path(name), std::ios::binary) << text;
    }
    [[nodiscard]] std::size_t files() const {
        return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder_), {}));
    }

    /// Bad usage or input: exit code 2, nothing on standard output, one line on standard error that has these words.
    void refused(const std::string& arguments, const std::vector<std::string>& words) const {
        const Outcome outcome = run(arguments);
        EXPECT_EQ(outcome.code, 2) << arguments << '\n' << outcome.err;
        EXPECT_EQ(outcome.out, "") << arguments;
        EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
        EXPECT_TRUE(outcome.err.starts_with("vmemcheck: ")) << outcome.err;
        for (const std::string& word : words) {
            EXPECT_NE(outcome.err.find(word), std::string::npos) << "no \"" << word << "\" in: " << outcome.err;
        }
    }

    /// Saves the counterexample of `violation`; returns the name of the file.
    [[nodiscard]] std::string saved() const {
        EXPECT_EQ(run(violation).code, 1);
        return "vmemcheck-no-use-after-free-linux-6.12.json";
    }

 private:
    std::filesystem::path folder_;
};

inline bool has(const std::string& text, const std::string& words) { return text.find(words) != std::string::npos; }

}  // namespace vmemcheck::test
