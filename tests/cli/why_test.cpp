// SPDX-License-Identifier: MIT
// Predicates over fields, and the shortest runs to where they hold.
#include "tests/cli/run.hpp"

namespace vmemcheck::test {
namespace {

class Why : public Cli {
 protected:
    /// Steps of the shortest run to a predicate; 0 if it says that there is none.
    [[nodiscard]] std::size_t steps(const std::string& predicate, const std::string& flags = tiny) const {
        std::filesystem::remove_all(path("saved"));
        std::filesystem::create_directory(path("saved"));
        const Outcome outcome = run("why '" + predicate + "' --save saved" + flags);
        if (outcome.code == 1) {
            EXPECT_TRUE(has(outcome.out, "unreachable: no state of this scope is so"));
            return 0;
        }
        EXPECT_EQ(outcome.code, 0) << outcome.err;
        for (const auto& entry : std::filesystem::directory_iterator(path("saved"))) {
            EXPECT_EQ(run("replay --quiet '" + entry.path().string() + "'").code, 0);
            return Json::parse(content(entry.path()))["steps"].size();
        }
        ADD_FAILURE() << "nothing saved for " << predicate;
        return 0;
    }
};

TEST_F(Why, SlowFindsTheShortestRunToAPredicate) {
    EXPECT_EQ(steps("worker=wk_run"), 1U);
    EXPECT_EQ(steps("worker = WK-RUN & wq.queued=no"), 1U);
    EXPECT_EQ(steps("worker.pc=wk_config & worker.pc=wk_run"), 0U);
    // Between two local steps: only looking into transitions finds it.
    EXPECT_GT(steps("worker.pc=wk_send_enter"), 3U);
    const std::size_t added = steps("bb[0]=ADDED");
    EXPECT_GT(added, 5U);
    EXPECT_EQ(steps("bb[0].state=added | bb[0].state=FAKE_OFFLINE"), added);
    EXPECT_EQ(steps("!(bb[0]!=ADDED)"), added);
    EXPECT_EQ(steps("bb[0]>=2"), added);
    EXPECT_EQ(steps("bb[0]>1 & bb[0]<3 & bb[0]<=2"), added);
    EXPECT_EQ(steps("any bb[*]=ADDED"), added);
    EXPECT_EQ(steps("hotplug_mutex & device_hotplug_lock & mb[0]=offline"),
              steps("notifier=GOING_ONLINE & hotplug_mutex"));
    // One block is online first, then all are.
    EXPECT_LT(steps("any mb[*].sections_online"), steps("all mb[*].sections_online"));
    EXPECT_EQ(steps("mb[0].sections_online & mb[1].sections_online"), steps("all mb[*].sections_online"));
}

TEST_F(Why, PrecedenceIsThatOfC) {
    // '&' binds closer than '|', '!' closer than both.
    EXPECT_EQ(steps("worker=wk_run | worker=wk_run & worker=wk_config"), 1U);
    EXPECT_EQ(steps("(worker=wk_run | worker=wk_run) & worker=wk_config"), 0U);
    EXPECT_EQ(steps("!worker=wk_idle & worker=wk_run"), 1U);
}

TEST_F(Why, SlowAnswersTheReviewersQuestion) {
    EXPECT_GT(steps("bb[0]=FAKE_OFFLINE & notifier=GOING_OFFLINE", fast), 40U);
    EXPECT_GT(steps("bb[0]=FAKE_OFFLINE & notifier=CANCEL_OFFLINE & hotplug_active", fast), 40U);
    EXPECT_EQ(steps("bb[0]=FAKE_OFFLINE & notifier=GOING_OFFLINE", fast + " --release linux-6.1 --safe-unplug off"),
              0U);
}

TEST_F(Why, SaysWhatIsWrongWithAPredicate) {
    refused("why ''", {"column 1: expected a field"});
    refused("why 'bb[0]='", {"column 7: expected a value"});
    refused("why 'bb[0]=ADED'", {"column 7", "did you mean 'ADDED'?"});
    refused("why 'plugged_size=many'", {"column 14", "is no number"});
    refused("why 'plugged_sise=1'", {"column 1", "did you mean 'plugged_size'?"});
    refused("why '(bb[0]'", {"column 7: expected ')'"});
    refused("why 'bb[0]=ADDED worker'", {"column 13: expected '&', '|' or the end"});
    refused("why 'op.caller=\"sysfs'", {"no '\"' at the end"});
    refused("why '" + std::string(100, '(') + "'", {"nested too deeply"});
    refused("why '" + std::string(100, '!') + "broken'", {"nested too deeply"});
    refused("why broken --property no-warn", {"--property"});
    EXPECT_EQ(run("why 'op.caller=\"offline_and_remove_memory (rollback)\"' --save none --max-states 10").code, 3);
}

TEST_F(Why, AFileRemembersThePredicate) {
    EXPECT_EQ(steps("worker=wk_run"), 1U);
    Json file = Json::parse(content(std::filesystem::directory_iterator(path("saved"))->path()));
    EXPECT_EQ(file["property"], "why: worker=wk_run");
    file["property"] = "why: worker=wk_run &";
    write("bad.json", file.dump());
    refused("replay bad.json", {"/property", "column 16"});
    file["property"] = "why: worker=wk_config";
    write("stale.json", file.dump());
    EXPECT_EQ(run("replay stale.json").code, 1);
}

}  // namespace
}  // namespace vmemcheck::test
