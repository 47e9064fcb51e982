// SPDX-License-Identifier: MIT
// ITF traces, written and read again.
#include <functional>

#include "tests/cli/run.hpp"

namespace vmemcheck::test {
namespace {

class ItfReplay : public Cli {
 protected:
    /// The trace of `violation`, changed.
    void change(const std::function<void(Json&)>& change) {
        if (original_.is_null()) {
            EXPECT_EQ(run(violation + " --save none --itf run.itf.json").code, 1);
            original_ = json("run.itf.json");
        }
        Json trace = original_;
        change(trace);
        write("changed.itf.json", trace.dump());
    }
    void expect_stale(const std::function<void(Json&)>& with, const std::vector<std::string>& words) {
        change(with);
        const Outcome outcome = run("replay changed.itf.json");
        EXPECT_EQ(outcome.code, 1) << outcome.out << outcome.err;
        EXPECT_TRUE(has(outcome.out, "STALE"));
        for (const std::string& word : words) {
            EXPECT_TRUE(has(outcome.out, word)) << "no \"" << word << "\" in:\n" << outcome.out;
        }
    }
    void expect_refused(const std::function<void(Json&)>& with, const std::vector<std::string>& words) {
        change(with);
        refused("replay changed.itf.json", words);
    }
    void expect_replays(const std::function<void(Json&)>& with) {
        change(with);
        const Outcome outcome = run("replay --quiet changed.itf.json");
        EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
        EXPECT_TRUE(has(outcome.out, "no-use-after-free violated after 5 steps, as recorded"));
    }

 private:
    Json original_;
};

TEST_F(ItfReplay, WhatCheckAndReplayWrite) {
    std::filesystem::create_directory(path("itf"));
    ASSERT_EQ(run(violation + " --itf checked.itf.json").code, 1);
    const Outcome checked = run("replay --quiet checked.itf.json");
    EXPECT_EQ(checked.code, 0) << checked.out << checked.err;
    ASSERT_EQ(run("replay --quiet vmemcheck-no-use-after-free-linux-6.12.json --itf replayed.itf.json").code, 0);
    EXPECT_EQ(read("replayed.itf.json"), read("checked.itf.json"));
    ASSERT_EQ(run("replay --quiet checked.itf.json --itf again.itf.json").code, 0);
    EXPECT_EQ(read("again.itf.json"), read("checked.itf.json"));
}

TEST_F(ItfReplay, SlowEveryRegression) {
    std::filesystem::create_directory(path("itf"));
    ASSERT_EQ(run("replay --quiet '" VMEMCHECK_SOURCE_DIR "'/tests/regressions/*.json --itf itf").code, 0);
    const Outcome outcome = run("replay --quiet itf/*.itf.json");
    EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
    EXPECT_GT(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 10);
}

TEST_F(ItfReplay, WithoutTheNamesOfStepsAsOtherToolsWriteIt) {
    expect_replays([](Json& trace) {
        for (Json& state : trace["states"]) {
            state.erase("actor");
            state.erase("action_taken");
            state.erase("#meta");
            state["of_another_tool"] = Json::array({1, "x"});
            // Numbers of ITF before 2023.
            state["plugged_size"] = std::stoi(state["plugged_size"]["#bigint"].get<std::string>());
        }
    });
}

TEST_F(ItfReplay, NoStepLeadsThere) {
    expect_stale([](Json& trace) { trace["states"].erase(2); },
                 {"diverges at step 2: no step leads from states/1 to states/2", "enabled there:", "blocked: "});
    expect_stale(
        [](Json& trace) {
            for (Json& state : trace["states"]) {
                state.erase("actor");
                state.erase("action_taken");
            }
            trace["states"][3]["requested_size"] = {{"#bigint", "1"}};
        },
        {"diverges at step 3: ", "which comes nearest, requested_size is 0, not 1"});
    expect_stale([](Json& trace) { trace["states"][1]["actor"] = "device"; }, {"what is named there is not enabled"});
    expect_stale([](Json& trace) { trace["states"].erase(5); }, {"different verdict", "all 4 steps"});
    expect_stale([](Json& trace) { trace["states"].erase(0); }, {"no initial state of the model is the recorded one"});
    expect_stale([](Json& trace) { trace["#meta"]["vmemcheck"]["property"] = "not-broken"; }, {"different verdict"});
}

TEST_F(ItfReplay, WhatIsNoSuchTrace) {
    expect_refused([](Json& trace) { trace.erase("#meta"); }, {"\"#meta\" has no member \"vmemcheck\""});
    expect_refused([](Json& trace) { trace["#meta"].erase("vmemcheck"); }, {"has no member \"vmemcheck\""});
    expect_refused([](Json& trace) { trace["#meta"]["vmemcheck"]["release"] = "linux-6.2"; },
                   {"/#meta/vmemcheck/release", "did you mean 'linux-6.1'?"});
    expect_refused([](Json& trace) { trace["#meta"]["vmemcheck"]["model"] = "x"; }, {"this vmemcheck has the model"});
    expect_refused([](Json& trace) { trace["loop"] = 2; }, {"has a loop, but no-use-after-free is no liveness"});
    expect_refused([](Json& trace) { trace["loop"] = "x"; }, {"/loop"});
    expect_refused([](Json& trace) { trace["states"] = Json::array(); }, {"/states", "at least one state"});
    expect_refused([](Json& trace) { trace["states"] = 7; }, {"/states", "must be an array"});
    expect_refused([](Json& trace) { trace["states"][1].erase("bb_0_state"); },
                   {"/states/1", "\"bb_0_state\" is missing"});
    expect_refused([](Json& trace) { trace["states"][1]["bb_0_state"] = "ADED"; }, {"did you mean 'ADDED'?"});
    expect_refused([](Json& trace) { trace["states"][1]["plugged_size"] = "x"; }, {"#bigint"});
    expect_refused([](Json& trace) { trace["states"][1]["plugged_size"] = {{"#bigint", "1x"}}; }, {"whole number"});
    expect_refused(
        [](Json& trace) {
            trace["states"][1]["plugged_size"] = {{"#bigint", "99999999999"}};
        },
        {"too large"});
    expect_refused([](Json& trace) { trace["states"][1]["actor"] = "wroker"; }, {"did you mean 'worker'?"});
    expect_refused([](Json& trace) { trace["states"][1]["action_taken"] = "wk_idel"; }, {"did you mean 'wk_idle'?"});
}

}  // namespace
}  // namespace vmemcheck::test
