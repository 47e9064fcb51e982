// SPDX-License-Identifier: MIT
// check --symmetry and --audit.
#include "tests/cli/run.hpp"

namespace vmemcheck::test {
namespace {

using Reductions = Cli;

const std::string two_pages = " --no-leftovers --removals 0 --resizes 1 --user-requests 1 --pages 2";
const std::string some_properties = " --property no-warn --property no-use-after-free" + two_pages;

TEST_F(Reductions, SymmetrySaysWhatItsStatesStandFor) {
    const Outcome all = run("check --save none --json all.json" + some_properties);
    EXPECT_EQ(all.code, 0) << all.err;
    EXPECT_FALSE(has(all.out, "symmetry"));
    const Outcome some = run("check --save none --symmetry --json some.json" + some_properties);
    EXPECT_EQ(some.code, 0) << some.err;
    for (const char* words : {"  symmetry: the states expanded stand for ",
                              "  - pages of a page block are interchangeable: one state stands for all"}) {
        EXPECT_TRUE(has(some.out, words)) << "no \"" << words << "\" in:\n" << some.out;
    }
    EXPECT_EQ(json("some.json")["statistics"]["represented"], json("all.json")["statistics"]["states"]);
    EXPECT_LT(json("some.json")["statistics"]["states"], json("all.json")["statistics"]["states"]);
    EXPECT_FALSE(json("all.json")["statistics"].contains("represented"));
}

TEST_F(Reductions, CounterexamplesFoundWithSymmetryReplay) {
    const Outcome outcome = run(violation + " --symmetry --pages 2");
    EXPECT_EQ(outcome.code, 1) << outcome.out << outcome.err;
    EXPECT_EQ(run("replay --quiet vmemcheck-no-use-after-free-linux-6.12.json").code, 0);
}

TEST_F(Reductions, SlowAuditsPass) {
    const Outcome outcome = run("check --save none --no-fuse --audit 1000 --symmetry" + fast);
    EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
}

TEST_F(Reductions, WhatTheyCannotGoWithIsBadUsage) {
    const auto expect = [&](const std::string& flags, const std::string& message) {
        const Outcome outcome = run("check --save none " + flags + fast);
        EXPECT_EQ(outcome.code, 2) << flags;
        EXPECT_TRUE(has(outcome.err, message)) << flags << ": " << outcome.err;
        EXPECT_EQ(outcome.out, "");
    };
    const std::string only = " is for breadth-first searches of states and steps: ";
    expect("--symmetry --search dfs", "--symmetry" + only + "not for --search dfs");
    expect("--symmetry --certificate c", "--symmetry" + only + "not for --certificate");
    expect("--symmetry --all", "--symmetry" + only + "not for liveness");
    expect("--audit 10 --no-fuse --property offlining-ends", "--audit" + only + "not for liveness");
    expect("--audit 10", "--audit looks at --symmetry and --no-fuse: give one of them");
}

}  // namespace
}  // namespace vmemcheck::test
