// SPDX-License-Identifier: MIT
#include <functional>

#include "tests/cli/run.hpp"

namespace vmemcheck::test {
namespace {

class Replay : public Cli {
 protected:
    /// Changes a saved counterexample and replays it.
    Outcome tampered(const std::function<void(Json&)>& change) {
        if (original_.is_null()) original_ = json(saved());
        Json file = original_;
        change(file);
        write("tampered.json", file.dump());
        return run("replay tampered.json");
    }
    void expect_stale(const std::function<void(Json&)>& change, const std::vector<std::string>& words) {
        const Outcome outcome = tampered(change);
        EXPECT_EQ(outcome.code, 1) << outcome.out << outcome.err;
        EXPECT_TRUE(has(outcome.out, "STALE"));
        for (const std::string& word : words) {
            EXPECT_TRUE(has(outcome.out, word)) << "no \"" << word << "\" in:\n" << outcome.out;
        }
    }
    void expect_refused(const std::function<void(Json&)>& change, const std::vector<std::string>& words) {
        static_cast<void>(tampered(change));
        std::vector<std::string> all{"tampered.json"};
        all.insert(all.end(), words.begin(), words.end());
        refused("replay tampered.json", all);
    }

 private:
    Json original_;
};

TEST_F(Replay, WhatWasSaved) {
    const std::string file = saved();
    const Outcome outcome = run("replay " + file);
    EXPECT_EQ(outcome.code, 0) << outcome.out;
    EXPECT_EQ(outcome.err, "");
    EXPECT_TRUE(has(outcome.out, "    1  "));
    EXPECT_TRUE(has(outcome.out, "virtio_mem_remove [rm_free]"));
    EXPECT_TRUE(has(outcome.out, ": ok: no-use-after-free violated after 5 steps, as recorded"));

    const Outcome quiet = run("replay --quiet " + file + " " + file);
    EXPECT_EQ(quiet.code, 0);
    EXPECT_EQ(std::count(quiet.out.begin(), quiet.out.end(), '\n'), 2) << quiet.out;
}

TEST_F(Replay, WritesARecordingThatTheModelExplains) {
    EXPECT_EQ(run("check --release linux-6.1 --property not-broken --pages 3 --contig-tries 5" + tiny).code, 1);
    const Outcome outcome = run("replay --quiet vmemcheck-not-broken-linux-6.1.json --trace run.jsonl");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    const Outcome explained = run("trace run.jsonl");
    EXPECT_EQ(explained.code, 0) << explained.out << explained.err;
    EXPECT_TRUE(has(explained.out, "ACCEPTED  run.jsonl  linux-6.1"));
}

TEST_F(Replay, RefusesToRecordWhatARecordingCannotTell) {
    refused("replay --quiet " + saved() + " --trace run.jsonl", {"--trace", "three pages", "docs/traces.md"});
    refused("replay " + saved() + " " + saved() + " --trace run.jsonl", {"--trace", "one counterexample"});
    refused("replay " + saved() + " --trace no/such/folder/run.jsonl", {"no/such/folder"});
}

TEST_F(Replay, FileNamesEverythingInWords) {
    const Json file = json(saved());
    EXPECT_EQ(file["format"], "vmemcheck-counterexample");
    EXPECT_EQ(file["version"], 1);
    EXPECT_EQ(file["model"], "virtio-mem-bbm");
    EXPECT_EQ(file["mutant"], "free-without-unregister");
    EXPECT_EQ(file["verdict"], "violated");
    EXPECT_EQ(file["initial"]["wq.queued"], "yes");
    EXPECT_EQ(file["steps"].size(), 5U);
    EXPECT_EQ(file["steps"][3]["actor"], "remover");
    EXPECT_EQ(file["steps"][3]["step"], "rm_free");
    EXPECT_EQ(file["steps"][0]["changes"]["wq.queued"], Json::parse(R"(["yes", "no"])"));
    EXPECT_EQ(file.begin().key(), "format") << "the order of keys is lost";
}

TEST_F(Replay, ExampleOfTheDocumentation) {
    const std::string page = content(VMEMCHECK_SOURCE_DIR "/docs/counterexamples.md");
    const std::size_t begin = page.find("```json\n") + 8;
    write("example.json", page.substr(begin, page.find("\n```", begin) - begin));
    EXPECT_EQ(run("replay example.json").code, 0);
}

TEST_F(Replay, StepRemoved) {
    expect_stale([](Json& file) { file["steps"].erase(2); },
                 {"at step 3: ", "rm_lock", "enabled there instead:", "config interrupt", "blocked: "});
    expect_stale([](Json& file) { file["steps"].erase(4); }, {"different verdict", "all 4 steps can be taken"});
    expect_stale([](Json& file) { file["steps"] = Json::array(); }, {"different verdict"});
}

TEST_F(Replay, StepsSwappedOrAdded) {
    expect_stale([](Json& file) { std::swap(file["steps"][1], file["steps"][2]); }, {"at step "});
    expect_stale([](Json& file) { file["steps"].push_back(file["steps"][4]); }, {"step "});
}

TEST_F(Replay, AnotherStepOrActor) {
    expect_stale([](Json& file) { file["steps"][1]["step"] = "rm_lock"; },
                 {"diverges at step 2: ", "rm_idle", "rm_lock"});
    expect_stale([](Json& file) { file["steps"][1]["actor"] = "worker"; }, {"diverges at step 2: "});
}

TEST_F(Replay, ChoiceChanged) {
    const std::string choose = "check --property unplug-completes --save ." + tiny;
    ASSERT_EQ(run(choose).code, 0);
    const Json original = json("vmemcheck-unplug-completes-linux-6.12.json");
    const auto with_choice = [&](const char* name) {
        std::size_t i = 0;
        while (!original["steps"][i]["choices"].contains(name)) ++i;
        return i;
    };
    const std::size_t at = with_choice("requested-size");
    const auto replay = [&](const std::function<void(Json&)>& change) {
        Json file = original;
        change(file["steps"][at]["choices"]);
        write("changed.json", file.dump());
        return run("replay --quiet changed.json");
    };
    const Outcome other = replay([](Json& choices) { choices["requested-size"] = 0; });
    EXPECT_EQ(other.code, 1) << other.out;
    const Outcome impossible = replay([](Json& choices) { choices["requested-size"] = 7; });
    EXPECT_EQ(impossible.code, 1) << impossible.out;
    EXPECT_TRUE(has(impossible.out, "at step " + std::to_string(at + 1) + ": "));
    const Outcome none = replay([](Json& choices) { choices = Json::object(); });
    EXPECT_EQ(none.code, 1);
    EXPECT_TRUE(has(none.out, "requested-size, which is not recorded")) << none.out;
    const Outcome more = replay([](Json& choices) { choices["device"] = "BUSY"; });
    EXPECT_EQ(more.code, 1);
    EXPECT_TRUE(has(more.out, "device=BUSY, which is recorded")) << more.out;
    EXPECT_EQ(replay([](Json& choices) { choices["device"] = "NICE"; }).code, 2);
    EXPECT_EQ(replay([](Json& choices) { choices["requested-size"] = "one"; }).code, 2);
}

TEST_F(Replay, VerdictOrPropertyChanged) {
    expect_stale([](Json& file) { file["verdict"] = "reached"; }, {"different verdict"});
    expect_stale([](Json& file) { file["property"] = "not-broken"; },
                 {"different verdict", "not-broken is not violated"});
}

TEST_F(Replay, ConfigurationChanged) {
    expect_stale([](Json& file) { file["mutant"] = nullptr; }, {"diverges at step 4: ", "rm_free", "end of the work"});
    expect_stale([](Json& file) { file["scope"]["removals"] = 0; }, {"diverges at step 2: "});
}

TEST_F(Replay, ChangesChanged) {
    const auto changes = [](Json& file) -> Json& { return file["steps"][0]["changes"]; };
    expect_stale([&](Json& file) { changes(file)["wq.queued"][1] = "yes"; }, {"differs at step 1: wq.queued"});
    expect_stale([&](Json& file) { changes(file).erase("wq.queued"); },
                 {"differs at step 1: wq.queued", "not recorded"});
    expect_stale(
        [&](Json& file) {
            changes(file)["broken"] = {"no", "yes"};
        },
        {"differs at step 1: 'broken' does not change"});
    EXPECT_EQ(tampered([](Json& file) { file["steps"][0].erase("changes"); }).code, 0);
}

TEST_F(Replay, InitialStateChanged) {
    expect_stale([](Json& file) { file["initial"]["plugged_size"] = 1; }, {"diverges at the start", "plugged_size"});
    expect_stale([](Json& file) { file["initial"].erase("wq.queued"); }, {"diverges at the start", "wq.queued"});
}

TEST_F(Replay, UnknownNamesAreRefusedWithTheNearest) {
    expect_refused([](Json& file) { file["release"] = "linux-6.2"; }, {"at /release", "did you mean 'linux-6.1"});
    expect_refused([](Json& file) { file["property"] = "not-brokn"; }, {"at /property", "did you mean 'not-broken'?"});
    expect_refused([](Json& file) { file["mutant"] = "free"; },
                   {"at /mutant", "did you mean 'free-without-unregister'?"});
    expect_refused([](Json& file) { file["verdict"] = "holds"; }, {"at /verdict"});
    expect_refused([](Json& file) { file["auto_online"] = "of"; }, {"at /auto_online", "did you mean 'off'?"});
    expect_refused([](Json& file) { file["steps"][2]["step"] = "rm_lok"; },
                   {"at /steps/2/step (step 3)", "did you mean 'rm_lock'?"});
    expect_refused([](Json& file) { file["steps"][2]["actor"] = "removr"; },
                   {"at /steps/2/actor (step 3)", "did you mean 'remover'?"});
    expect_refused([](Json& file) { file["steps"][0]["choices"]["devise"] = "BUSY"; },
                   {"at /steps/0/choices/devise (step 1)", "did you mean 'device'?"});
    expect_refused([](Json& file) { file["initial"]["wq.qeued"] = "yes"; }, {"did you mean 'wq.queued'?"});
    expect_refused([](Json& file) { file["scope"]["big_blocs"] = 1; }, {"did you mean 'big_blocks'?"});
    expect_refused([](Json& file) { file["faults"]["veto"] = true; }, {"did you mean 'vetoes'?"});
    expect_refused([](Json& file) { file["stepz"] = 1; }, {"did you mean 'steps'?"});
}

TEST_F(Replay, WrongTypesAreRefusedWithThePlace) {
    expect_refused([](Json& file) { file = Json::array(); }, {"must be an object"});
    expect_refused([](Json& file) { file["format"] = "something"; }, {"at /format", "'something'"});
    expect_refused([](Json& file) { file["version"] = 2; }, {"at /version", "is 2"});
    expect_refused([](Json& file) { file["version"] = "1"; }, {"at /version", "whole number"});
    expect_refused([](Json& file) { file["model"] = "sbm"; }, {"at /model", "'sbm'"});
    expect_refused([](Json& file) { file.erase("scope"); }, {"\"scope\" is missing"});
    expect_refused([](Json& file) { file["scope"].erase("pins"); }, {"at /scope", "\"pins\" is missing"});
    expect_refused([](Json& file) { file["scope"]["pins"] = 1.5; }, {"at /scope/pins", "whole number"});
    expect_refused([](Json& file) { file["scope"]["pins"] = 99999999999; }, {"at /scope/pins", "too large"});
    expect_refused([](Json& file) { file["scope"]["pins"] = -1; }, {"at /scope/pins", "negative"});
    expect_refused([](Json& file) { file["scope"]["big_blocks"] = 100; }, {"big blocks must be 1 to 64, not 100"});
    expect_refused([](Json& file) { file["safe_unplug"] = false; }, {"linux-6.12 has no unsafe unplug"});
    expect_refused([](Json& file) { file["faults"]["vetoes"] = 1; }, {"at /faults/vetoes", "true or false"});
    expect_refused([](Json& file) { file["steps"] = Json::object(); }, {"at /steps", "an array"});
    expect_refused([](Json& file) { file["steps"][1] = 5; }, {"at /steps/1 (step 2)", "an object"});
    expect_refused([](Json& file) { file["steps"][1].erase("step"); }, {"at /steps/1 (step 2)", "\"step\" is missing"});
    expect_refused([](Json& file) { file["steps"][0]["changes"]["broken"] = 1; }, {"at /steps/0/changes/broken"});
}

TEST_F(Replay, OneBadFileDoesNotHideTheOthers) {
    const std::string file = saved();
    write("bad.json", "{");
    const Outcome outcome = run("replay --quiet bad.json " + file);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_TRUE(has(outcome.err, "bad.json"));
    EXPECT_TRUE(has(outcome.out, "as recorded"));
}

TEST_F(Replay, AMutexHeldAcrossOfflineReplays) {
    ASSERT_EQ(run("check --mutant mutex-held-across-offline --property lock-discipline" + fast).code, 1);
    const Outcome outcome = run("replay vmemcheck-lock-discipline-linux-6.12.json");
    EXPECT_EQ(outcome.code, 0) << outcome.out;
}

}  // namespace
}  // namespace vmemcheck::test
