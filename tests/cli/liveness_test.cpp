// SPDX-License-Identifier: MIT
// Lassos as a user meets them: found, printed, saved, replayed, refused.
#include <functional>

#include "tests/cli/run.hpp"

namespace vmemcheck::test {
namespace {

/// Some thousand states, in which unbinding the driver hangs.
const std::string lasso =
    "check --property removal-ends --memory-blocks 1 --no-leftovers --allocations 0 --pins 0 --user-requests 0 "
    "--resizes 2";
const std::string lasso_file = "vmemcheck-removal-ends-linux-6.12.json";

void expect_bad_usage(const Outcome& outcome, const std::vector<std::string>& words) {
    EXPECT_EQ(outcome.code, 2) << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    for (const std::string& word : words) EXPECT_TRUE(has(outcome.err, word)) << word << " in: " << outcome.err;
}

class Liveness : public Cli {
 protected:
    /// Changes the lasso's file, and replays it.
    Outcome replayed(const std::function<void(Json&)>& change) {
        if (!std::filesystem::exists(path(lasso_file))) static_cast<void>(run(lasso));
        Json file = json(lasso_file);
        change(file);
        write("changed.json", file.dump());
        return run("replay changed.json");
    }
};

TEST_F(Liveness, ALassoIsShownSavedAndReplayed) {
    const Outcome outcome = run(lasso + " --json result.json --itf lasso.itf.json");
    EXPECT_EQ(outcome.code, 1);
    EXPECT_TRUE(has(outcome.out, "removal-ends  VIOLATED"));
    EXPECT_TRUE(has(outcome.out, ">> from here on, again and again:"));
    EXPECT_TRUE(has(outcome.out, "  > these again and again"));
    EXPECT_TRUE(has(outcome.out, "*H      ")) << "hotplug_mutex is held in a row of the chart";
    EXPECT_TRUE(has(outcome.out, "are taken again and again, for ever"));
    EXPECT_TRUE(has(outcome.out, "remover waits for end of the work, held by worker"));
    EXPECT_TRUE(has(outcome.out, "- removal-ends: worker-runs, "));
    EXPECT_TRUE(has(outcome.out, "  liveness: "));

    const Json file = json(lasso_file);
    const std::size_t loop = file.at("loop");
    EXPECT_LT(loop, file.at("steps").size());
    const Outcome replay = run("replay " + lasso_file + " lasso.itf.json");
    EXPECT_EQ(replay.code, 0) << replay.out;
    EXPECT_TRUE(has(replay.out, "removal-ends violated after"));
    EXPECT_TRUE(has(replay.out, ">> from here on, again and again:"));

    const Json verdict = json("result.json")["verdicts"][0];
    EXPECT_EQ(verdict["kind"], "leads to");
    EXPECT_EQ(verdict["verdict"], "violated");
    EXPECT_EQ(verdict["loop"], loop);
    EXPECT_EQ(verdict["assumes"][0], "worker-runs");
    EXPECT_GT(json("result.json")["statistics"]["graph_transitions"], 0);
    EXPECT_EQ(json("lasso.itf.json")["loop"], loop);
}

TEST_F(Liveness, ItfMayLeaveOutTheSecondTellingOfTheLoopsState) {
    ASSERT_EQ(run(lasso + " --itf lasso.itf.json").code, 1);
    Json trace = json("lasso.itf.json");
    trace["states"].erase(trace["states"].size() - 1);
    write("short.itf.json", trace.dump());
    EXPECT_EQ(run("replay short.itf.json").code, 0);
    trace["loop"] = trace["states"].size();
    write("wrong.itf.json", trace.dump());
    expect_bad_usage(run("replay wrong.itf.json"), {"/loop", "a loop begins at a step"});
    trace["loop"] = 0;
    write("open.itf.json", trace.dump());
    const Outcome open = run("replay open.itf.json");
    EXPECT_EQ(open.code, 1);
    EXPECT_TRUE(has(open.out, "no step leads from"));
}

TEST_F(Liveness, ALoopThatIsNoneIsStale) {
    const Outcome early = replayed([](Json& file) { file["loop"] = 0; });
    EXPECT_EQ(early.code, 1);
    EXPECT_TRUE(has(early.out, "STALE"));
    EXPECT_TRUE(has(early.out, "the loop does not close: "));
    const Outcome still = replayed([](Json& file) { file["loop"] = file["steps"].size(); });
    EXPECT_EQ(still.code, 1);
    EXPECT_TRUE(has(still.out, "the loop is not fair: worker-runs is enabled in it, and never taken"));
    expect_bad_usage(replayed([](Json& file) { file.erase("loop"); }), {"has no loop, which removal-ends needs"});
    expect_bad_usage(replayed([](Json& file) { file["loop"] = file["steps"].size() + 1; }), {"/loop", "0 to"});
    expect_bad_usage(replayed([](Json& file) { file["loop"] = -1; }), {"/loop"});
    expect_bad_usage(replayed([](Json& file) { file["loop"] = "x"; }), {"/loop"});
    expect_bad_usage(replayed([](Json& file) { file["property"] = "no-warn"; }), {"no-warn is no liveness property"});
}

TEST_F(Liveness, AProposedChangeIsMadeAndRemembered) {
    const Outcome mended = run(lasso + " --what-if stop-when-removing");
    EXPECT_EQ(mended.code, 0) << mended.out;
    EXPECT_TRUE(has(mended.out, "  WHAT-IF  stop-when-removing: "));
    EXPECT_EQ(run(lasso + " --what-if recheck-after-idle").code, 1);
    Json file = json(lasso_file);
    EXPECT_EQ(file["what_if"], Json::array({"recheck-after-idle"}));
    EXPECT_EQ(run("replay " + lasso_file).code, 0);
    // Under another change the run is none.
    const Outcome stale = replayed([](Json& changed) { changed["what_if"] = {"stop-when-removing"}; });
    EXPECT_EQ(stale.code, 1);
    EXPECT_TRUE(has(stale.out, "STALE"));
    expect_bad_usage(replayed([](Json& changed) { changed["what_if"] = {"stop-when"}; }),
                     {"/what_if/0", "unknown what-if 'stop-when'"});
    refused("check --what-if undo-own-isolation-onl", {"did you mean 'undo-own-isolation-only'?"});
    refused("check --release linux-5.11 --what-if undo-own-isolation-only", {"changes nothing in linux-5.11"});
    EXPECT_TRUE(has(run("what-ifs").out, "undo-own-isolation-only\n"));
}

TEST_F(Liveness, IsDecidedWhenAskedFor) {
    const Outcome usual = run("check" + tiny);
    EXPECT_FALSE(has(usual.out, "offlining-ends"));
    EXPECT_TRUE(has(usual.out, "liveness (every offlining ends, the target is reached) is not decided (--all does)"));
    const Outcome all = run("check --all" + tiny);
    for (const std::string id : {"offlining-ends", "unplug-attempt-ends", "target-reached", "backs-off",
                                 "mutex-released", "no-warn", "unplug-completes"}) {
        EXPECT_TRUE(has(all.out, "  " + id + ' ')) << id;
    }
    EXPECT_FALSE(has(all.out, "is not decided"));
    for (const std::string command : {"simulate", "fuzz", "prove"}) {
        expect_bad_usage(run(command + " --property backs-off"), {"'backs-off' is a liveness property"});
    }
}

}  // namespace
}  // namespace vmemcheck::test
