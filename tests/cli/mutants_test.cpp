// SPDX-License-Identifier: MIT
#include "model/config.hpp"
#include "tests/cli/run.hpp"

namespace vmemcheck::test {
namespace {

using Mutants = Cli;

const std::string recordings = VMEMCHECK_SOURCE_DIR "/tests/recordings/linux-6.12/";

TEST_F(Mutants, TheMatrixTellsWhatKillsAMutant) {
    const Outcome outcome = run("mutants --matrix --engine check,trace --json m.json --mutant plugged-size-forgotten " +
                                recordings + "plug-unplug-safe.jsonl");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.err, "");
    for (const char* words :
         {"  plugged-size-forgotten ", "  plugged-size-exact ", "22 steps, ", "1 of 1 recordings",
          "plug-unplug-safe.jsonl: event ", "\ncheck: 1 of 1 mutant killed\n", "\ntrace: 1 of 1 mutant killed\n"}) {
        EXPECT_TRUE(has(outcome.out, words)) << "no \"" << words << "\" in:\n" << outcome.out;
    }
    EXPECT_FALSE(has(outcome.out, "prove"));

    const Json file = json("m.json");
    EXPECT_EQ(file["format"], "vmemcheck-mutants");
    ASSERT_EQ(file["mutants"].size(), 1U);
    const Json& mutant = file["mutants"][0];
    EXPECT_EQ(mutant["breaks"], "plugged-size-exact");
    ASSERT_EQ(mutant["engines"].size(), 2U);
    EXPECT_EQ(mutant["engines"]["check"]["outcome"], "killed");
    EXPECT_EQ(mutant["engines"]["check"]["killed_by"], "plugged-size-exact");
    EXPECT_EQ(mutant["engines"]["check"]["steps"], 22);
    EXPECT_EQ(mutant["engines"]["trace"]["outcome"], "killed");
    ASSERT_EQ(mutant["engines"]["trace"]["rejected"].size(), 1U);
    EXPECT_GT(mutant["engines"]["trace"]["rejected"][0]["seq"], 0);
}

TEST_F(Mutants, LongProofsFailAtThePropertyThatTheMutantNames) {
    const Outcome outcome = run("mutants --matrix --engine prove --mutant free-without-unregister --json m.json");
    EXPECT_EQ(outcome.code, 0) << outcome.out;
    const Json file = json("m.json");
    const Json& kill = file["mutants"][0]["engines"]["prove"];
    EXPECT_EQ(kill["outcome"], "killed");
    EXPECT_EQ(kill["killed_by"], "no-use-after-free");
    EXPECT_EQ(kill["steps"], 1);
}

TEST_F(Mutants, ARecordingThatFitsIsNoKillAndNoFailure) {
    const Outcome none = run("mutants --matrix --engine trace --mutant timer-survives-removal");
    EXPECT_EQ(none.code, 0) << none.err;
    EXPECT_TRUE(has(none.out, "trace: 0 of 1 mutant killed (no recordings given)\n")) << none.out;
    const Outcome fits = run("mutants --matrix --markdown --engine trace --mutant timer-survives-removal " +
                             recordings + "plug-unplug-safe.jsonl");
    EXPECT_EQ(fits.code, 0) << fits.err;
    EXPECT_TRUE(fits.out.starts_with("| mutant | property | trace |\n")) << fits.out;
    EXPECT_TRUE(has(fits.out, "\n| timer-survives-removal | no-use-after-free | - |\n")) << fits.out;
}

TEST_F(Mutants, AnEngineThatIsStoppedKillsNothing) {
    const Outcome outcome =
        run("mutants --matrix --engine check --max-time 0.001 --mutant rollback-shifts-online-types --json m.json");
    EXPECT_EQ(outcome.code, 3) << outcome.out;
    EXPECT_TRUE(has(outcome.out, "not finished")) << outcome.out;
    EXPECT_EQ(json("m.json")["mutants"][0]["engines"]["check"]["outcome"], "unknown");
}

TEST_F(Mutants, BadUsage) {
    refused("mutants --matrix --engine chekc", {"unknown engine 'chekc'", "did you mean 'check'?"});
    refused("mutants --matrix --mutant going-keeps-referense", {"did you mean 'going-keeps-reference'?"});
    refused("mutants --engine check", {"--matrix"});
    refused("mutants --matrix --json no/such/folder/m.json", {"no/such/folder"});
    refused("mutants --matrix no-such.jsonl", {"no-such.jsonl"});
    // With a line missing in the middle the model does not explain it.
    const Outcome cut = shell("head -n 40 " + recordings + "plug-unplug-safe.jsonl >cut.jsonl; tail -n 20 " +
                              recordings + "plug-unplug-safe.jsonl >>cut.jsonl");
    ASSERT_EQ(cut.code, 0);
    refused("mutants --matrix --engine trace cut.jsonl", {"cut.jsonl"});
}

}  // namespace
}  // namespace vmemcheck::test
