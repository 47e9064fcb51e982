// SPDX-License-Identifier: MIT
#include "tests/cli/run.hpp"

namespace vmemcheck::test {
namespace {

using Fuzz = Cli;

const std::string broken = "fuzz --mutant free-without-unregister --property no-use-after-free --runs 200 --seed 1";

TEST_F(Fuzz, AViolationIsShrunkSavedAndReplays) {
    const Outcome outcome = run(broken + " --json result.json");
    EXPECT_EQ(outcome.code, 1) << outcome.out << outcome.err;
    EXPECT_TRUE(has(outcome.out, "no-use-after-free is VIOLATED in linux-6.12")) << outcome.out;
    EXPECT_TRUE(has(outcome.out, "[rm_free]")) << outcome.out;
    EXPECT_TRUE(has(outcome.out, "VIOLATED: no-use-after-free; ")) << outcome.out;
    const std::string file = "vmemcheck-no-use-after-free-linux-6.12.json";
    EXPECT_EQ(run("replay --quiet " + file).code, 0) << run("replay " + file).out;

    const Json result = json("result.json");
    EXPECT_EQ(result["format"], "vmemcheck-fuzz");
    EXPECT_EQ(result["exit_code"], 1);
    ASSERT_EQ(result["violations"].size(), 1U);
    EXPECT_EQ(result["violations"][0]["property"], "no-use-after-free");
    EXPECT_EQ(result["violations"][0]["steps"], 5);
    EXPECT_EQ(result["violations"][0]["file"], file);
}

TEST_F(Fuzz, ARunOfAScopeBeyondTheCheckerReplays) {
    ASSERT_EQ(run(broken).code, 1);
    Json file = json("vmemcheck-no-use-after-free-linux-6.12.json");
    file["scope"]["big_blocks"] = 40;
    write("wide.json", file.dump());
    const Outcome outcome = run("replay wide.json");
    EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
    EXPECT_TRUE(has(outcome.out, "no-use-after-free violated after 5 steps, as recorded")) << outcome.out;
    file["scope"]["big_blocks"] = 65;
    write("wide.json", file.dump());
    refused("replay wide.json", {"wide.json", "big blocks must be 1 to 64, not 65"});
}

TEST_F(Fuzz, SlowTheSameSeedPrintsTheSame) {
    const std::string arguments = "fuzz --release linux-6.1 --runs 40 --seed 1 --swarm";
    const Outcome once = run(arguments);
    EXPECT_EQ(once.code, 1) << once.out;
    EXPECT_TRUE(has(once.out, "not-broken is VIOLATED in linux-6.1")) << once.out;
    EXPECT_EQ(once.out, run(arguments).out);
    EXPECT_NE(once.out, run("fuzz --release linux-6.1 --runs 40 --seed 10 --swarm").out);
}

TEST_F(Fuzz, NothingFoundSaysSo) {
    const Outcome outcome = run("fuzz --big-blocks 64 --memory-blocks 4 --runs 3 --seed 1");
    EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
    EXPECT_TRUE(has(outcome.out, "64 big blocks of 4 memory blocks")) << outcome.out;
    EXPECT_TRUE(has(outcome.out, "steps that never ran: ")) << outcome.out;
    EXPECT_TRUE(has(outcome.out, "no violation found; random testing proves nothing")) << outcome.out;
    EXPECT_EQ(files(), 0U);
}

TEST_F(Fuzz, CtrlCEndsItEarly) {
    const Outcome outcome = shell("'" VMEMCHECK_CLI "' fuzz --seconds 60 & pid=$!; sleep 1; kill -INT $pid; wait $pid");
    EXPECT_EQ(outcome.code, 3) << outcome.out << outcome.err;
    EXPECT_TRUE(has(outcome.out, "ended early: interrupted; no violation found")) << outcome.out;
}

TEST_F(Fuzz, BadFlagsAreRefused) {
    refused("fuzz --big-blocks 65", {"impossible scope", "big blocks must be 1 to 64, not 65"});
    refused("fuzz --runs many", {"--runs"});
    refused("fuzz --seconds -1", {"--seconds"});
    refused("fuzz --mutant no-such", {"unknown mutant 'no-such'"});
    refused("fuzz --property unplug-completes", {"unplug-completes", "no property that can be violated"});
    refused("fuzz --runs 1 --json no/such/folder.json", {"no/such/folder.json"});
    refused("check --big-blocks 9", {"big blocks must be 1 to 8, not 9"});
}

}  // namespace
}  // namespace vmemcheck::test
