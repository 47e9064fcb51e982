// SPDX-License-Identifier: MIT
// What vmemcheck writes as JSON keeps the schemas in docs/.
#include "tests/cli/run.hpp"

namespace vmemcheck::test {
namespace {

class Schema : public Cli {
 protected:
    void SetUp() override {
        Cli::SetUp();
        const Outcome outcome = held("report", "");
        if (outcome.code == 77 || outcome.code == 127) GTEST_SKIP() << "no python3 with jsonschema: " << outcome.out;
        ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
    }

    [[nodiscard]] Outcome held(const std::string& schema, const std::string& file) const {
        return shell("python3 -B '" VMEMCHECK_SOURCE_DIR "/tests/cli/holds.py' '" VMEMCHECK_SOURCE_DIR "/docs/" +
                     schema + ".schema.json' " + file);
    }

    /// The file keeps the schema, and would not without one of its fields, or with one more.
    void keeps(const std::string& schema, const std::string& file) const {
        const Outcome outcome = held(schema, file);
        EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
        const Json whole = json(file);
        ASSERT_TRUE(whole.is_object());
        Json less = whole;
        less.erase("release");
        less.erase("setup");
        write("less.json", less.dump());
        EXPECT_EQ(held(schema, "less.json").code, 1) << schema;
        Json more = whole;
        more["unheard-of"] = 1;
        write("more.json", more.dump());
        EXPECT_EQ(held(schema, "more.json").code, 1) << schema;
    }
};

TEST_F(Schema, SlowOfWhatCheckWrites) {
    ASSERT_EQ(run(violation + " --json found.json").code, 1);
    keeps("report", "found.json");
    keeps("counterexample", "vmemcheck-no-use-after-free-linux-6.12.json");
    ASSERT_EQ(run("check --property not-broken" + tiny + " --eject by-the-rules --coverage --json holds.json").code, 0);
    keeps("report", "holds.json");
    ASSERT_EQ(
        run("simulate --mutant free-without-unregister --property no-use-after-free --walks 50 --json walks.json").code,
        1);
    keeps("report", "walks.json");
    // All properties, and a lasso.
    ASSERT_EQ(run("check --all --max-states 5000 --json all.json").code, 1);
    EXPECT_TRUE(has(read("all.json"), "\"loop\": "));
    keeps("report", "all.json");
}

TEST_F(Schema, SlowOfSavedRuns) {
    std::string files;
    for (const auto& entry : std::filesystem::directory_iterator(VMEMCHECK_SOURCE_DIR "/tests/regressions")) {
        if (entry.path().extension() == ".json") files += " '" + entry.path().string() + "'";
    }
    ASSERT_FALSE(files.empty());
    const Outcome outcome = held("counterexample", files);
    EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
}

TEST_F(Schema, SlowOfWhatDriverWrites) {
    const std::filesystem::path source = kernel_source("6.1");
    if (source.empty()) GTEST_SKIP() << "no kernel sources: './run kernel' gets them";
    const std::string driver = "driver --source '" + source.string() + "' ";
    ASSERT_EQ(run(driver + "--deviations 1 --property not-broken --against-model --model-runs 20"
                           " --json found.json")
                  .code,
              1);
    keeps("driver-result", "found.json");
    keeps("driver-run", "vmemcheck-driver-not-broken-linux-6.1.json");
    ASSERT_EQ(run(driver + "--driver-mode sbm --mode random --runs 3 --property lock-discipline --coverage"
                           " --entry-points --save none --json holds.json")
                  .code,
              0);
    keeps("driver-result", "holds.json");
    // Files of before there were points at entries.
    Json old = json("vmemcheck-driver-not-broken-linux-6.1.json");
    EXPECT_EQ(old["setup"].erase("entry-points"), 1U);
    write("old.json", old.dump());
    EXPECT_EQ(held("driver-run", "old.json").code, 0);
    EXPECT_EQ(run(driver + "--replay old.json").code, 0);
}

}  // namespace
}  // namespace vmemcheck::test
