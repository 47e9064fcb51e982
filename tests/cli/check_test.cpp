// SPDX-License-Identifier: MIT
#include "tests/cli/run.hpp"

namespace vmemcheck::test {
namespace {

using Check = Cli;

TEST_F(Check, EverythingAsExpected) {
    const Outcome outcome = run("check" + fast);
    EXPECT_EQ(outcome.code, 0) << outcome.out;
    EXPECT_EQ(outcome.err, "");
    for (const char* words :
         {"release  linux-6.12", "scope    custom (small with --allocations 0", "safe unplug", "\n  not-broken  ",
          "reached     as expected", "assumptions\n", "pages are pinned for ever (--eternal-pins)", "local steps",
          "statistics\n", "transitions/s", "bytes a state", "all 31 properties are as expected\n"}) {
        EXPECT_TRUE(has(outcome.out, words)) << "no \"" << words << "\" in:\n" << outcome.out;
    }
    EXPECT_FALSE(has(outcome.out, "VIOLATED"));
    EXPECT_FALSE(has(outcome.out, "\x1b")) << "colours although standard output is no terminal";
    EXPECT_EQ(files(), 0U);
}

TEST_F(Check, ViolationIsPrintedAndSaved) {
    const Outcome outcome = run("check --release linux-6.1 --property not-broken" + fast);
    EXPECT_EQ(outcome.code, 1);
    for (const char* words :
         {"VIOLATED", "initially: config_changed = yes", "\n    1  ", "virtio_mem_run_wq [wk_run]",
          "! veto-before-driver=NOTIFY_BAD", "op.rc: 0 -> -EPERM", "broken: no -> after-recoverable-error",
          "saved to vmemcheck-not-broken-linux-6.1.json", "vmemcheck replay vmemcheck-not-broken-linux-6.1.json"}) {
        EXPECT_TRUE(has(outcome.out, words)) << "no \"" << words << "\" in:\n" << outcome.out;
    }
    EXPECT_FALSE(has(outcome.out, "worker.pc"));
    EXPECT_FALSE(has(outcome.out, "allocation=ok"));
    EXPECT_EQ(files(), 1U);
    EXPECT_EQ(run("replay --quiet vmemcheck-not-broken-linux-6.1.json").code, 0);

    const Outcome verbose = run("check --release linux-6.1 --property not-broken --verbose" + fast);
    EXPECT_TRUE(has(verbose.out, "worker.pc: wk_idle -> wk_run"));
    EXPECT_TRUE(has(verbose.out, "allocation=ok"));
}

TEST_F(Check, SlowThreadsDoNotChangeTheAnswer) {
    const auto without_figures = [](std::string out) {
        const auto statistics = out.find(", depth ");
        const auto end = out.find("at most resident", statistics);
        return end == std::string::npos ? out : out.erase(statistics, end - statistics);
    };
    const std::string command = "check --release linux-6.1 --save none" + fast;
    const Outcome one = run(command + " --threads 1");
    EXPECT_EQ(one.code, 1);
    EXPECT_TRUE(has(one.out, "at most resident"));
    for (const char* threads : {"0", "2", "3"}) {
        const Outcome several = run(command + " --threads " + threads);
        EXPECT_EQ(several.code, 1);
        EXPECT_EQ(without_figures(several.out), without_figures(one.out)) << threads;
    }
}

TEST_F(Check, SafeModeShowsTheReviewersWitnessesAndUnsafeModeNone) {
    const std::string group = "check --property notifier-sees-fake-offline";
    const Outcome safe = run(group + fast);
    EXPECT_EQ(safe.code, 0);
    EXPECT_TRUE(has(safe.out, "notifier-sees-fake-offline/going-offline is reached"));
    EXPECT_TRUE(has(safe.out, "notifier-sees-fake-offline/cancel-offline is reached"));
    EXPECT_EQ(files(), 2U);

    const Outcome unsafe = run(group + " --release linux-6.1 --safe-unplug off --save none" + fast);
    EXPECT_EQ(unsafe.code, 0);
    EXPECT_TRUE(has(unsafe.out, "unreachable as expected"));
    EXPECT_EQ(files(), 2U);
}

TEST_F(Check, ReachabilityAgainstExpectationIsAViolation) {
    const Outcome outcome = run("check --property unplug-completes --resizes 0 --user-requests 0 --no-leftovers");
    EXPECT_EQ(outcome.code, 1);
    EXPECT_TRUE(has(outcome.out, "unreachable NOT EXPECTED")) << outcome.out;
    EXPECT_TRUE(has(outcome.out, "there is no run to show"));
    EXPECT_EQ(files(), 0U);
}

TEST_F(Check, Save) {
    std::filesystem::create_directory(path("runs"));
    EXPECT_EQ(run(violation + " --save runs").code, 1);
    EXPECT_TRUE(std::filesystem::exists(path("runs/vmemcheck-no-use-after-free-linux-6.12.json")));
    EXPECT_EQ(run(violation + " --save none").code, 1);
    EXPECT_EQ(files(), 1U);
}

TEST_F(Check, LimitsEndIncomplete) {
    for (const std::string limit : {"--max-states 1000", "--max-depth 5", "--max-time 0.01", "--max-memory 300K"}) {
        const Outcome outcome = run("check --save none " + limit);
        EXPECT_EQ(outcome.code, 3) << limit << '\n' << outcome.out;
        EXPECT_TRUE(has(outcome.out, "incomplete: ended early: the limit of ")) << limit;
        EXPECT_TRUE(has(outcome.out, limit.substr(0, limit.find(' ')))) << limit;
    }
}

TEST_F(Check, AViolationCountsMoreThanALimit) {
    const Outcome outcome = run("check --mutant free-without-unregister --max-depth 6 --save none");
    EXPECT_EQ(outcome.code, 1) << outcome.out;
    EXPECT_TRUE(has(outcome.out, "incomplete"));
}

TEST_F(Check, InterruptEndsWithAPartialReport) {
    for (const std::string signal : {"INT", "TERM"}) {
        const Outcome outcome =
            shell("'" VMEMCHECK_CLI "' check --scope large --save none & sleep 1.5; kill -" + signal + " $!; wait $!");
        EXPECT_EQ(outcome.code, 3) << outcome.err;
        EXPECT_TRUE(has(outcome.out, "interrupted")) << outcome.out;
        EXPECT_TRUE(has(outcome.out, "statistics"));
    }
}

TEST_F(Check, DepthFirstAndWithoutFusing) {
    const Outcome dfs = run("check --search dfs" + tiny);
    EXPECT_EQ(dfs.code, 0) << dfs.out;
    EXPECT_TRUE(has(dfs.out, "depth first"));
    const Outcome unfused = run("check --no-fuse" + tiny);
    EXPECT_EQ(unfused.code, 0) << unfused.out;
    EXPECT_FALSE(has(unfused.out, "local steps"));
    EXPECT_EQ(run(violation + " --search dfs").code, 1);
    EXPECT_EQ(run("replay --quiet *.json").code, 0);
}

TEST_F(Check, EveryFaultHasAFlag) {
    const Outcome outcome =
        run("check --no-vetoes --no-device-busy --no-allocation-failures --no-pins --no-signals --no-leftovers "
            "--eternal-pins --speculative-references --add-eexist --stop-callbacks --device-error --device-nack "
            "--max-states 1000 --json r.json");
    EXPECT_EQ(outcome.code, 3) << outcome.err;
    const Json faults = json("r.json")["faults"];
    EXPECT_EQ(faults.size(), 12U);
    for (const char* on :
         {"eternal_pins", "speculative_references", "add_eexist", "stop_callbacks", "device_error", "device_nack"}) {
        EXPECT_EQ(faults[on], true) << on;
    }
    for (const char* off : {"vetoes", "device_busy", "allocation_failures", "pins", "signals", "leftovers"}) {
        EXPECT_EQ(faults[off], false) << off;
    }
}

TEST_F(Check, EveryBoundHasAFlag) {
    const Outcome outcome = run(
        "check --big-blocks 2 --memory-blocks 1 --sections 2 --page-blocks 2 --pages 2 --allocations 3 --pins 2 "
        "--resizes 4 --user-requests 5 --removals 0 --contig-tries 3 --threshold 2 --usable-slack 0 --max-states 10 "
        "--json r.json");
    EXPECT_EQ(outcome.code, 3) << outcome.err;
    const Json expected = Json::parse(
        R"({"name": "custom", "big_blocks": 2, "memory_blocks": 1, "sections": 2, "page_blocks": 2, "pages": 2,
            "allocations": 3, "pins": 2, "resizes": 4, "user_requests": 5, "removals": 0, "contig_tries": 3,
            "threshold": 2, "usable_slack": 0})");
    EXPECT_EQ(json("r.json")["scope"], expected);
    EXPECT_EQ(run("check --scope medium --resizes any --max-states 10 --json r.json").code, 3);
    EXPECT_EQ(json("r.json")["scope"]["resizes"], "any");
}

TEST_F(Check, SlowEveryFaultStrikesWhereItIsOn) {
    // Which answers belong to which fault is a table of the CLI: a wrong name there would be "never struck".
    const Outcome outcome =
        run("check --release linux-6.1 --eternal-pins --speculative-references --add-eexist --stop-callbacks "
            "--device-error "
            "--device-nack --no-leftovers --removals 0 --save none --max-states 300000 --coverage");
    for (const char* answer :
         {"veto-before-driver=NOTIFY_BAD", "veto-after-driver=-EAGAIN", "device=BUSY", "device=ERROR", "device=NACK",
          "allocation=-ENOMEM", "add-memory=-EEXIST", "page-action=pin ", "page-action=pin-for-ever",
          "page-action=walker-reference", "stop-before-driver=OK|STOP", "migration=-ENOMEM", "signal=pending"}) {
        EXPECT_TRUE(has(outcome.out, answer)) << answer;
    }
    EXPECT_FALSE(has(outcome.out, "never struck")) << outcome.out;
}

TEST_F(Check, WarnsOfWhatWasNotExercised) {
    const Outcome outcome = run("check" + tiny);
    EXPECT_TRUE(has(outcome.out, "faults that never struck: pins, signals")) << outcome.out;
    EXPECT_TRUE(has(outcome.out, "steps that never ran: "));
    EXPECT_TRUE(has(outcome.out, "user_page"));
}

TEST_F(Check, TheDefaultFolderNeedNotBeWritable) {
    const Outcome outcome = shell("cd /proc && vmemcheck " + violation);
    EXPECT_EQ(outcome.code, 1);
    EXPECT_TRUE(has(outcome.out, "VIOLATED"));
    EXPECT_TRUE(has(outcome.err, "cannot write")) << outcome.err;
    EXPECT_TRUE(has(outcome.err, "--save DIR")) << outcome.err;
}

TEST_F(Check, SlowSmallScopeHoldsByDefault) {
    const Outcome outcome = run("check");
    EXPECT_EQ(outcome.code, 0) << outcome.out;
    EXPECT_TRUE(has(outcome.out, "scope    small: "));
}

}  // namespace
}  // namespace vmemcheck::test
