// SPDX-License-Identifier: MIT
#include <chrono>
#include <set>

#include "tests/cli/run.hpp"

namespace vmemcheck::test {
namespace {

using Prove = Cli;

/// A scope that is quick to prove, and to search.
const std::string quick = " --memory-blocks 1 --no-leftovers --removals 0 --allocations 0 --threads 2";
constexpr std::size_t safety_properties = 22;

/// What a result in JSON says of a property.
Json verdict(const Json& result, const std::string& property) {
    for (const Json& entry : result["properties"]) {
        if (entry["property"] == property) return entry;
    }
    ADD_FAILURE() << "nothing about " << property;
    return {};
}

/// A proof that was ended early must claim nothing.
void expect_nothing_proved(const Outcome& outcome) {
    EXPECT_EQ(outcome.code, 3) << outcome.out << outcome.err;
    EXPECT_FALSE(has(outcome.out, "proved ")) << outcome.out;
    EXPECT_TRUE(has(outcome.out, "22 unknown\n")) << outcome.out;
    EXPECT_EQ(outcome.err, "");
}

TEST_F(Prove, SlowEverythingIsProved) {
    const Outcome outcome = run("prove --verbose --json r.json --smt2 queries" + quick);
    EXPECT_EQ(outcome.code, 0) << outcome.out;
    EXPECT_EQ(outcome.err, "");
    for (const char* words :
         {"proof by induction over every step", "release  linux-6.12", "  proved   refcount-released-on-offline ",
          "  proved   no-use-after-free ", "k = 1, with ", "what each proof needs directly\n",
          "the bounds of the scope", "assumptions\n", "nobody takes a speculative reference", "statistics\n",
          "queries in 1 round", "\n22 properties proved\n"}) {
        EXPECT_TRUE(has(outcome.out, words)) << "no \"" << words << "\" in:\n" << outcome.out;
    }
    EXPECT_FALSE(has(outcome.out, "\x1b"));
    EXPECT_FALSE(has(outcome.out, "unknown"));
    EXPECT_FALSE(has(outcome.out, "notifier-sees-fake-offline")) << "reachability is nothing to prove by induction";

    const Json result = json("r.json");
    EXPECT_EQ(result["format"], "vmemcheck-proof");
    EXPECT_EQ(result["version"], 1);
    EXPECT_EQ(result["release"], "linux-6.12");
    EXPECT_EQ(result["exit_code"], 0);
    EXPECT_EQ(result["conclusion"], "22 properties proved");
    ASSERT_EQ(result["properties"].size(), safety_properties);
    for (const Json& property : result["properties"]) {
        EXPECT_EQ(property["verdict"], "proved") << property["property"];
        EXPECT_EQ(property["method"], "induction");
        EXPECT_EQ(property["k"], 1);
        EXPECT_FALSE(property.contains("counterexamples_to_induction"));
        const std::set<std::string> rests_on = property["rests_on"];
        EXPECT_TRUE(rests_on.count("fields-in-range")) << property["property"];
        for (const Json& lemma : property["lemmas"]) {
            EXPECT_TRUE(lemma == property["property"] || rests_on.count(lemma)) << lemma;
        }
    }
    EXPECT_TRUE(result["lemmas_given_up"].empty());
    EXPECT_GE(result["assumptions"].size(), 5U);
    EXPECT_EQ(result["statistics"]["rounds"], 1);

    // One script a step, each query with its answer.
    std::size_t scripts = 0;
    std::size_t queries = 0;
    for (const auto& entry : std::filesystem::directory_iterator(path("queries"))) {
        EXPECT_EQ(entry.path().extension(), ".smt2");
        EXPECT_EQ(entry.path().filename().string().find_first_of(" :"), std::string::npos) << entry.path();
        const std::string script = content(entry.path());
        EXPECT_TRUE(has(script, "\n(set-logic QF_LIA)\n"));
        EXPECT_FALSE(has(script, ":status sat")) << entry.path();
        EXPECT_FALSE(has(script, ":status unknown")) << entry.path();
        ++scripts;
        for (std::size_t at = 0; (at = script.find("(check-sat)\n", at)) != std::string::npos; ++at) ++queries;
    }
    EXPECT_EQ(scripts, result["statistics"]["steps"]);
    EXPECT_EQ(queries, result["statistics"]["queries"]);
    EXPECT_EQ(files(), 2U);
}

TEST_F(Prove, LongAViolationIsRefutedSavedAndReplays) {
    const Outcome outcome =
        run("prove --release linux-6.1 --property not-broken --property no-warn --json r.json --save runs" + quick);
    EXPECT_EQ(outcome.code, 2) << "there is no directory 'runs'";
    EXPECT_TRUE(has(outcome.err, "'runs'")) << outcome.err;

    std::filesystem::create_directory(path("runs"));
    const Outcome again =
        run("prove --release linux-6.1 --property not-broken --property no-warn --json r.json --save runs" + quick);
    EXPECT_EQ(again.code, 1) << again.out << again.err;
    const std::string file = "runs/vmemcheck-not-broken-linux-6.1.json";
    for (const char* words : {"  REFUTED  not-broken ", ", saved as runs/vmemcheck-not-broken-linux-6.1.json\n",
                              "  proved   no-warn ", "counterexample to induction: not-broken\n",
                              "a state that satisfies all that was assumed", "and a step that leads out",
                              "the property is violated in this scope, after ", "\n1 property proved, 1 refuted\n"}) {
        EXPECT_TRUE(has(again.out, words)) << "no \"" << words << "\" in:\n" << again.out;
    }
    EXPECT_FALSE(has(again.out, "lock-discipline")) << "only two properties were asked for";

    const Outcome replay = run("replay " + file);
    EXPECT_EQ(replay.code, 0) << replay.out << replay.err;
    const Json result = json("r.json");
    EXPECT_EQ(result["exit_code"], 1);
    EXPECT_EQ(result["properties"].size(), 2U);
    const Json refuted = verdict(result, "not-broken");
    EXPECT_EQ(refuted["verdict"], "refuted");
    EXPECT_EQ(refuted["scope"]["checker"], "violated");
    EXPECT_EQ(refuted["scope"]["file"], file);
    EXPECT_EQ(refuted["scope"]["steps"], json(file)["steps"].size());
    ASSERT_FALSE(refuted["counterexamples_to_induction"].empty());
    const Json& cti = refuted["counterexamples_to_induction"][0];
    for (const char* key : {"actor", "step", "path", "choices", "state", "changes"}) EXPECT_TRUE(cti.contains(key));
    EXPECT_EQ(cti["changes"]["broken"][0], "no");
}

TEST_F(Prove, LongWithoutALemma) {
    const Outcome outcome = run("prove --without results-are-recoverable --json r.json" + quick);
    EXPECT_EQ(outcome.code, 3) << outcome.out << outcome.err;
    for (const char* words :
         {"  unknown  not-broken ", "not inductive with these lemmas", "lemmas given up", "  results-are-recoverable\n",
          "counterexample to induction: not-broken\n", "the checker: not reached in this scope (",
          "a lemma is missing that excludes this state", "\n21 properties proved, 1 unknown\n"}) {
        EXPECT_TRUE(has(outcome.out, words)) << "no \"" << words << "\" in:\n" << outcome.out;
    }
    EXPECT_FALSE(has(outcome.out, "counterexample to induction: results-are-recoverable"));
    const Json result = json("r.json");
    EXPECT_EQ(verdict(result, "not-broken")["scope"]["checker"], "not reached");
    EXPECT_EQ(verdict(result, "no-warn")["verdict"], "proved");
    ASSERT_EQ(result["lemmas_given_up"].size(), 1U);
    EXPECT_EQ(result["lemmas_given_up"][0]["lemma"], "results-are-recoverable");
    EXPECT_EQ(files(), 1U) << "there is no run to save";
}

TEST_F(Prove, LongWhatIsLearnedStandsInForALemma) {
    const std::string narrow = " --memory-blocks 1 --without results-are-recoverable --no-check --save none";
    const Outcome without = run("prove" + narrow);
    EXPECT_EQ(without.code, 3) << without.out << without.err;
    const Outcome outcome = run("prove --strengthen --verbose --json r.json" + narrow);
    EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
    for (const char* words : {"\nlearned facts: ", " patterns are needed\n", "  op.pc, op.caller: op.rc\n",
                              "lemmas given up", "\n22 properties proved\n"}) {
        EXPECT_TRUE(has(outcome.out, words)) << "no \"" << words << "\" in:\n" << outcome.out;
    }
    const Json result = json("r.json");
    ASSERT_FALSE(result["learned_facts"].empty());
    EXPECT_FALSE(result["learned_facts"][0]["allows"].empty());
    const std::set<std::string> rests_on = verdict(result, "not-broken")["rests_on"];
    EXPECT_TRUE(rests_on.count("learned-facts"));
}

TEST_F(Prove, LongNoCheckLeavesTheCheckerOut) {
    const Outcome outcome =
        run("prove --mutant plugged-size-forgotten --property plugged-size-exact --no-check" + quick);
    EXPECT_EQ(outcome.code, 3) << outcome.out << outcome.err;
    EXPECT_TRUE(has(outcome.out, "  unknown  plugged-size-exact ")) << outcome.out;
    EXPECT_TRUE(has(outcome.out, "counterexample to induction: plugged-size-exact\n")) << outcome.out;
    EXPECT_TRUE(has(outcome.out, "the checker was not asked whether it can be reached (--no-check)"));
    EXPECT_EQ(files(), 0U);
}

TEST_F(Prove, SlowALimitEndsItWithoutAClaim) {
    for (const std::string limit : {"prove --max-time 0.1", "prove --scope large --max-time 3",
                                    "prove --scope large --release linux-5.11 --max-time 1 --threads 1"}) {
        const auto start = std::chrono::steady_clock::now();
        expect_nothing_proved(run(limit));
        // The rest is for a loaded machine.
        EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20)) << limit;
        EXPECT_EQ(files(), 0U);
    }
    expect_nothing_proved(run("prove --max-time 0.1 --json r.json"));
    const Json result = json("r.json");
    EXPECT_EQ(result["exit_code"], 3);
    for (const Json& property : result["properties"]) EXPECT_EQ(property["verdict"], "unknown");
}

TEST_F(Prove, InterruptEndsWithAPartialReport) {
    for (const std::string signal : {"INT", "TERM"}) {
        const Outcome outcome =
            shell("'" VMEMCHECK_CLI "' prove --scope large & sleep 1.5; kill -" + signal + " $!; wait $!");
        expect_nothing_proved(outcome);
        EXPECT_TRUE(has(outcome.out, "the proof was stopped"));
        EXPECT_TRUE(has(outcome.out, "statistics"));
    }
}

TEST_F(Prove, BadUsage) {
    refused("prove --without hotplug-active-folows",
            {"unknown lemma or property 'hotplug-active-folows'", "did you mean 'hotplug-active-follows'?"});
    refused("prove --without no-warn", {"no-warn", "no proof assumes it", "cannot be left out"});
    refused("prove --property not-brokn", {"unknown property 'not-brokn'", "did you mean 'not-broken'?"});
    refused("prove --property unplug-completes", {"unplug-completes", "reach", "vmemcheck check"});
    refused("prove --property not-broken --property notifier-sees-fake-offline", {"notifier-sees-fake-offline"});
    refused("prove --release linux-6.2", {"did you mean 'linux-6.1'?"});
    refused("prove --query-time 1000001", {"--query-time", "1000000"});
    refused("prove --query-time -1", {"--query-time"});
    refused("prove --max-time x", {"--max-time"});
    refused("prove --threads x", {"--threads"});
    refused("prove --smt", {"did you mean '--smt2'?"});
    refused("prove --json ''", {"--json"});
    EXPECT_EQ(files(), 0U);
}

TEST_F(Prove, UnwritableOutputsAreFoundOutFirst) {
    write("file", "");
    refused("prove --json missing/x", {"cannot write 'missing/x'", "No such file"});
    refused("prove --json .", {"Is a directory"});
    refused("prove --save missing", {"'missing'", "No such file"});
    refused("prove --save file", {"'file'", "Not a directory"});
    refused("prove --smt2 file", {"'file'"});
    refused("prove --smt2 file/x", {"'file/x'", "Not a directory"});
    refused("prove --smt2 /proc/x", {"'/proc/x'"});
    EXPECT_EQ(files(), 1U) << "something was left behind";
    if (::geteuid() != 0) {
        std::filesystem::create_directory(path("sealed"));
        std::filesystem::permissions(path("sealed"), std::filesystem::perms::owner_read);
        refused("prove --smt2 sealed", {"'sealed'", "Permission denied"});
        refused("prove --smt2 sealed/x", {"'sealed/x'", "Permission denied"});
    }
}

TEST_F(Prove, Help) {
    const Outcome outcome = run("prove --help");
    EXPECT_EQ(outcome.code, 0);
    for (const char* flag :
         {"--threads", "--query-time", "--max-time", "--without", "--strengthen", "--no-check", "--json", "--smt2",
          "--save", "--verbose", "--release", "--property", "--scope", "Exit codes:"}) {
        EXPECT_TRUE(has(outcome.out, flag)) << flag;
    }
}

}  // namespace
}  // namespace vmemcheck::test
