// SPDX-License-Identifier: MIT
#include <map>

#include "tests/cli/run.hpp"

namespace vmemcheck::test {
namespace {

class WhatIf : public Cli {};

TEST_F(WhatIf, AreListedWithTheirReleases) {
    const Outcome outcome = run("what-ifs");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_TRUE(has(outcome.out, "undo-own-isolation-only\n"));
    EXPECT_TRUE(has(outcome.out, "mends: offlining-ends\n    releases: linux-6.1, linux-6.12\n"));
    EXPECT_TRUE(has(outcome.out, "recheck-after-idle\n"));
}

TEST_F(WhatIf, MendsWhatItNames) {
    const std::string check = "check --release linux-6.1 --property not-broken" + tiny;
    EXPECT_EQ(run(check).code, 1);
    const Outcome outcome = run(check + " --what-if convert-offline-errors");
    EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
    EXPECT_TRUE(has(outcome.out, "WHAT-IF  convert-offline-errors: virtio_mem_offline_and_remove_memory() makes"));
    // Another error ends the work for good as well, in every release.
    EXPECT_EQ(run(check + " --what-if convert-offline-errors --add-eexist").code, 1);
    const Outcome both = run(check + " --what-if convert-offline-errors --what-if convert-add-errors --add-eexist");
    EXPECT_EQ(both.code, 0) << both.out << both.err;
}

TEST_F(WhatIf, LeavesNoIsolationUndone) {
    const std::string check = "check --release linux-6.12 --property foreign-isolation-undone" + fast;
    EXPECT_TRUE(has(run(check).out, "foreign-isolation-undone  reached     as expected"));
    const Outcome outcome = run(check + " --what-if undo-own-isolation-only");
    EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
    EXPECT_TRUE(has(outcome.out, "foreign-isolation-undone  unreachable as expected"));
}

TEST_F(WhatIf, IsKeptInFilesAndReplayed) {
    const std::string with = violation + " --what-if recheck-after-idle --what-if reonline-despite-removal";
    EXPECT_EQ(run(with + " --save . --itf run.itf.json").code, 1);
    const std::string file = "vmemcheck-no-use-after-free-linux-6.12.json";
    Json saved = json(file);
    EXPECT_EQ(saved["what_if"], Json::parse(R"(["recheck-after-idle", "reonline-despite-removal"])"));
    EXPECT_EQ(run("replay --quiet " + file + " run.itf.json").code, 0);

    saved["what_if"] = Json::parse(R"(["recheck-after-idling"])");
    write("changed.json", saved.dump());
    refused("replay changed.json", {"/what_if/0", "unknown what-if", "did you mean 'recheck-after-idle'"});
    saved["what_if"] = Json::parse(R"(["convert-offline-errors"])");
    write("changed.json", saved.dump());
    refused("replay changed.json", {"convert-offline-errors changes nothing in linux-6.12"});
}

TEST_F(WhatIf, WithoutAnyFilesDoNotSayAThing) {
    EXPECT_EQ(run(violation).code, 1);
    EXPECT_FALSE(json("vmemcheck-no-use-after-free-linux-6.12.json").contains("what_if"));
}

TEST_F(WhatIf, RefusesOneThatChangesNothing) {
    refused("check --release linux-5.11 --what-if undo-own-isolation-only",
            {"undo-own-isolation-only changes nothing in linux-5.11", "returns at once"});
    refused("prove --release linux-6.1 --safe-unplug off --what-if undo-own-isolation-only",
            {"changes nothing in linux-6.1", "safe unplug"});
    refused("simulate --what-if convert-offline-errors", {"changes nothing in linux-6.12", "already"});
    refused("fuzz --what-if convert-add-error", {"unknown what-if", "did you mean 'convert-add-errors'"});
}

/// In one big block nothing ever waits for memory to be onlined: it takes two, and a low threshold.
TEST_F(WhatIf, RechecksWhenTooMuchMemoryIsOffline) {
    const std::string check =
        "check --coverage --save none --big-blocks 2 --threshold 2 --no-leftovers --removals 0 --allocations 0 "
        "--pins 0 --resizes 1 --user-requests 1 --no-vetoes --no-device-busy --no-allocation-failures "
        "--property offline-size-exact --property no-warn --property plugged-size-exact --what-if recheck-after-idle";
    const Outcome outcome = run(check);
    EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
    const std::size_t row = outcome.out.find("  wk_finish_recheck ");
    ASSERT_NE(row, std::string::npos);
    EXPECT_GT(std::stoi(outcome.out.substr(row + 20)), 0) << outcome.out.substr(row, 80);
}

TEST_F(WhatIf, LongProvesWithOne) {
    const Outcome outcome = run("prove --property not-broken --what-if convert-add-errors --add-eexist");
    EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
    EXPECT_TRUE(has(outcome.out, "1 property proved"));
}

struct Applied {
    const char* what_if;
    const char* release;
};
const std::vector<Applied> applied{
    {"undo-own-isolation-only", "linux-6.1"},   {"undo-own-isolation-only", "linux-6.12"},
    {"recheck-after-idle", "linux-5.11"},       {"recheck-after-idle", "linux-6.1"},
    {"recheck-after-idle", "linux-6.12"},       {"convert-offline-errors", "linux-5.11"},
    {"convert-offline-errors", "linux-6.1"},    {"convert-add-errors", "linux-5.11"},
    {"convert-add-errors", "linux-6.1"},        {"convert-add-errors", "linux-6.12"},
    {"reonline-despite-removal", "linux-5.11"}, {"reonline-despite-removal", "linux-6.1"},
    {"reonline-despite-removal", "linux-6.12"}};

/// Verdicts by property of a check of all of them, in a scope in which removal happens and memory is offline long.
std::map<std::string, std::string> verdicts(const Json& result) {
    std::map<std::string, std::string> found;
    for (const Json& property : result["verdicts"]) found[property["property"]] = property["verdict"];
    return found;
}

/// docs/what-ifs.md: a what-if mends what it is for, and changes no other verdict.
TEST_F(WhatIf, LongKeepsEveryOtherVerdict) {
    const std::map<std::string, std::string> mended{{"undo-own-isolation-only", "foreign-isolation-undone"},
                                                    {"convert-offline-errors", "not-broken"}};
    for (const Applied& with : applied) {
        const std::string what_if = with.what_if;
        const std::string check = "check --save none --release " + std::string(with.release) +
                                  " --no-leftovers --allocations 0 --resizes 2 --user-requests 1 --threshold 2";
        static_cast<void>(run(check + " --json before.json"));
        static_cast<void>(run(std::string(check).append(" --what-if ").append(what_if).append(" --json after.json")));
        const auto before = verdicts(json("before.json"));
        const auto after = verdicts(json("after.json"));
        ASSERT_EQ(before.size(), after.size());
        EXPECT_GT(before.size(), 30U);
        for (const auto& [id, verdict] : before) {
            const bool mends = mended.contains(what_if) && mended.at(what_if) == id;
            EXPECT_EQ(after.at(id) != verdict, mends) << what_if << ", " << with.release << ": " << id;
        }
    }
}

TEST_F(WhatIf, LongKeepsEveryProof) {
    for (const Applied& with : applied) {
        const std::string what_if = with.what_if;
        const bool converts = what_if == "convert-offline-errors" || std::string(with.release) == "linux-6.12";
        const Outcome outcome =
            run("prove --save none --release " + std::string(with.release) + " --what-if " + what_if);
        EXPECT_TRUE(has(outcome.out, converts ? "\n22 properties proved\n" : "\n21 properties proved, 1 refuted\n"))
            << what_if << ", " << with.release << '\n'
            << outcome.out << outcome.err;
    }
}

}  // namespace
}  // namespace vmemcheck::test
