// SPDX-License-Identifier: MIT
// check --disk, --hash-compact and --bitstate.
#include "tests/cli/run.hpp"

namespace vmemcheck::test {
namespace {

using Disk = Cli;
using Approximate = Cli;

TEST_F(Disk, ChangesNoAnswer) {
    const Outcome outcome = run("check --save none --disk . --json r.json" + fast);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_TRUE(has(outcome.out, "all 31 properties are as expected"));
    EXPECT_EQ(files(), 1U) << "files in the folder have no names";
    ASSERT_EQ(run("check --save none --json exact.json" + fast).code, 0);
    for (const char* figure : {"states", "transitions", "depth"}) {
        EXPECT_EQ(json("r.json")["statistics"][figure], json("exact.json")["statistics"][figure]) << figure;
    }
}

TEST_F(Disk, WithoutRoomIsIncomplete) {
    // Files of at most 64 KiB, where the array needs 16 MiB.
    const Outcome outcome =
        shell("trap '' XFSZ; ulimit -f 128; vmemcheck check --save none --disk . --bitstate 16M" + fast);
    EXPECT_EQ(outcome.code, 3) << outcome.err;
    EXPECT_TRUE(has(outcome.out, "no room in the folder for the store (--disk)")) << outcome.out;
    EXPECT_EQ(files(), 0U);
}

TEST_F(Approximate, SlowFindsAlmostAllAndSaysSo) {
    const Outcome exact = run("check --save none --json exact.json" + fast);
    ASSERT_EQ(exact.code, 0);
    for (const char* how : {"--hash-compact 40", "--bitstate 1M", "--bitstate 1M --bitstate-hashes 5"}) {
        SCOPED_TRACE(how);
        const Outcome outcome = run("check --save none --json r.json " + std::string(how) + fast);
        EXPECT_EQ(outcome.code, 3) << outcome.err;
        for (const char* words : {"states may have been omitted", "a state was omitted with a probability of at most",
                                  "expected coverage", "the search is approximate"}) {
            EXPECT_TRUE(has(outcome.out, words)) << "no \"" << words << "\" in:\n" << outcome.out;
        }
        EXPECT_FALSE(has(outcome.out, "holds"));
        const Json result = json("r.json");
        EXPECT_EQ(result["ended"], "approximate");
        EXPECT_EQ(result["complete"], false);
        const double bound = result["statistics"]["omission_bound"];
        EXPECT_GT(bound, 0);
        EXPECT_LE(bound, 1);
        EXPECT_GT(result["statistics"]["expected_coverage"], 0.9);
        const double states = result["statistics"]["states"];
        const double all = json("exact.json")["statistics"]["states"];
        EXPECT_LE(states, all);
        EXPECT_GE(states, 0.9 * all);
    }
}

TEST_F(Approximate, CounterexamplesReplay) {
    const Outcome outcome = run(violation + " --hash-compact 48");
    EXPECT_EQ(outcome.code, 1) << outcome.out;
    EXPECT_EQ(run("replay vmemcheck-no-use-after-free-linux-6.12.json --quiet").code, 0);
}

TEST_F(Approximate, BadUsage) {
    refused("check --hash-compact 23", {"--hash-compact", "24 to 64", "23"});
    refused("check --hash-compact 65", {"--hash-compact", "24 to 64", "65"});
    refused("check --hash-compact many", {"--hash-compact", "number", "'many'"});
    refused("check --bitstate 100", {"--bitstate", "128 bytes"});
    refused("check --bitstate 1X", {"--bitstate", "size", "'1X'"});
    refused("check --bitstate 1M --hash-compact 40", {"--bitstate", "--hash-compact"});
    refused("check --bitstate-hashes 3", {"--bitstate-hashes", "--bitstate"});
    refused("check --bitstate 1M --bitstate-hashes 17", {"--bitstate-hashes", "1 to 16", "17"});
    refused("check --all --bitstate 1M", {"--bitstate", "breadth-first", "liveness"});
    refused("check --search dfs --hash-compact 40", {"--hash-compact", "breadth-first", "--search dfs"});
    refused("check --certificate c --disk .", {"--disk", "breadth-first", "--certificate"});
    refused("check --disk missing", {"'missing'", "No such file or directory"});
    EXPECT_EQ(files(), 0U);
}

}  // namespace
}  // namespace vmemcheck::test
