// SPDX-License-Identifier: MIT
#include <sys/stat.h>

#include <regex>
#include <set>

#include "tests/cli/run.hpp"

namespace vmemcheck::test {
namespace {

using Output = Cli;

/// A minimal reader of XML: checks that tags nest and that text has no bare '<' or '&'. Returns the names of elements.
std::vector<std::string> elements(const std::string& xml) {
    std::vector<std::string> names;
    std::vector<std::string> open;
    static const std::regex tag(R"(^<(/?)([a-z-]+)((?: [a-z]+="[^"<]*")*)(/?)>)");
    for (std::size_t i = 0; i < xml.size();) {
        if (xml.compare(i, 5, "<?xml") == 0) {
            i = xml.find("?>", i) + 2;
        } else if (xml[i] == '<') {
            std::smatch match;
            const std::string rest = xml.substr(i, xml.find('>', i) + 1 - i);
            if (!std::regex_search(rest, match, tag)) {
                ADD_FAILURE() << "not a tag: " << rest;
                return names;
            }
            if (match[1].length() > 0) {
                EXPECT_FALSE(open.empty());
                EXPECT_EQ(open.back(), match[2]);
                open.pop_back();
            } else {
                names.push_back(match[2]);
                if (match[4].length() == 0) open.push_back(match[2]);
            }
            i += rest.size();
        } else {
            if (xml[i] == '&') {
                static const std::regex entity("^&(amp|lt|gt|quot|apos);");
                EXPECT_TRUE(std::regex_search(xml.substr(i, 8), entity)) << xml.substr(i, 20);
            }
            ++i;
        }
    }
    EXPECT_TRUE(open.empty());
    return names;
}

TEST_F(Output, Json) {
    EXPECT_EQ(run("check --json r.json" + fast).code, 0);
    const Json result = json("r.json");
    EXPECT_EQ(result["format"], "vmemcheck-result");
    EXPECT_EQ(result["version"], 1);
    EXPECT_EQ(result["command"], "check");
    EXPECT_EQ(result["release"], "linux-6.12");
    EXPECT_EQ(result["scope"]["allocations"], 0);
    EXPECT_EQ(result["exit_code"], 0);
    EXPECT_EQ(result["complete"], true);
    EXPECT_EQ(result["ended"], "complete");
    EXPECT_EQ(result["options"]["search"], "bfs");
    ASSERT_GE(result["verdicts"].size(), 15U);
    std::set<std::string> words;
    for (const Json& verdict : result["verdicts"]) {
        EXPECT_EQ(verdict["as_expected"], true) << verdict["property"];
        words.insert(verdict["verdict"]);
    }
    EXPECT_EQ(words, (std::set<std::string>{"holds", "reached", "unreachable"}));
    EXPECT_GT(result["statistics"]["states"], 10000);
    EXPECT_GT(result["statistics"]["transitions"], result["statistics"]["states"]);
    EXPECT_GT(result["statistics"]["depth"], 50);
    EXPECT_GT(result["statistics"]["peak_resident_bytes"], 1000000);
    EXPECT_GT(result["coverage"]["steps"]["wk_run"]["runs"], 0);
    EXPECT_GT(result["coverage"]["choices"]["veto-before-driver"]["NOTIFY_BAD"], 0);
    EXPECT_EQ(result["coverage"]["steps"]["user_page"]["runs"], 0);
    EXPECT_GE(result["assumptions"].size(), 6U);
    EXPECT_FALSE(result["warnings"].empty());
}

TEST_F(Output, JsonOfAViolation) {
    EXPECT_EQ(run(violation + " --json r.json").code, 1);
    const Json result = json("r.json");
    EXPECT_EQ(result["exit_code"], 1);
    EXPECT_EQ(result["mutant"], "free-without-unregister");
    ASSERT_EQ(result["verdicts"].size(), 1U);
    const Json& verdict = result["verdicts"][0];
    EXPECT_EQ(verdict["property"], "no-use-after-free");
    EXPECT_EQ(verdict["verdict"], "violated");
    EXPECT_EQ(verdict["as_expected"], false);
    EXPECT_EQ(verdict["steps"], 5);
    EXPECT_EQ(verdict["file"], "vmemcheck-no-use-after-free-linux-6.12.json");
}

TEST_F(Output, JUnit) {
    EXPECT_EQ(run(violation + " --property not-broken --max-depth 8 --junit r.xml").code, 1);
    const std::string xml = read("r.xml");
    const std::vector<std::string> names = elements(xml);
    EXPECT_EQ(std::count(names.begin(), names.end(), "testsuite"), 1);
    EXPECT_EQ(std::count(names.begin(), names.end(), "testcase"), 2);
    EXPECT_EQ(std::count(names.begin(), names.end(), "failure"), 1);
    EXPECT_EQ(std::count(names.begin(), names.end(), "skipped"), 1);
    EXPECT_TRUE(has(xml, R"(<testsuites name="vmemcheck" tests="2" failures="1" errors="0" time=")"));
    EXPECT_TRUE(has(xml, R"( skipped="1">)"));
    EXPECT_TRUE(has(xml, R"(name="no-use-after-free" classname="vmemcheck.linux-6.12.custom")"));
    EXPECT_TRUE(has(xml, "virtio_mem_run_wq() of a freed device"));
    EXPECT_TRUE(has(xml, "wq.queued: yes -&gt; no"));
}

/// The rules of tests/cli/junit.xsd are those that readers of JUnit documents have in common.
TEST_F(Output, JUnitKeepsTheRulesOfItsReaders) {
    if (shell("command -v xmllint").code != 0) GTEST_SKIP() << "no xmllint (libxml2-utils)";
    const std::string validate = "xmllint --nonet --noout --schema '" VMEMCHECK_SOURCE_DIR "/tests/cli/junit.xsd' ";
    EXPECT_EQ(run(violation + " --property not-broken --max-depth 8 --junit found.xml").code, 1);
    EXPECT_EQ(run("check --property not-broken" + tiny + " --junit holds.xml").code, 0);
    for (const std::string name : {"found.xml", "holds.xml"}) {
        const Outcome valid = shell(validate + name);
        EXPECT_EQ(valid.code, 0) << valid.err;
    }
    // The rules do refuse something: a suite that does not say how many tests it has.
    std::string broken = read("holds.xml");
    const std::size_t suite = broken.find("<testsuite ");
    ASSERT_NE(suite, std::string::npos);
    broken.replace(broken.find("tests=", suite), 6, "texts=");
    write("broken.xml", broken);
    EXPECT_NE(shell(validate + "broken.xml").code, 0);
}

TEST_F(Output, Itf) {
    EXPECT_EQ(run(violation + " --itf run.itf.json").code, 1);
    const Json trace = json("run.itf.json");
    EXPECT_EQ(trace["#meta"]["format"], "ITF");
    EXPECT_TRUE(trace["#meta"].contains("format-description"));
    EXPECT_TRUE(trace["#meta"].contains("source"));
    EXPECT_TRUE(trace["#meta"].contains("description"));
    const Json& types = trace["#meta"]["varTypes"];
    EXPECT_EQ(types["bb_0_state"], "Str");
    EXPECT_EQ(types["plugged_size"], "Int");
    EXPECT_EQ(types["action_taken"], "Str");
    std::set<std::string> names;
    const std::regex identifier("[A-Za-z][A-Za-z0-9_]*");
    for (const Json& name : trace["vars"]) {
        EXPECT_TRUE(names.insert(name).second) << name << " twice";
        EXPECT_TRUE(std::regex_match(name.get<std::string>(), identifier)) << name;
        EXPECT_TRUE(types.contains(name.get<std::string>()));
    }
    ASSERT_EQ(trace["states"].size(), 6U);
    std::size_t index = 0;
    for (const Json& state : trace["states"]) {
        EXPECT_EQ(state["#meta"]["index"], index++);
        EXPECT_EQ(state.size(), names.size() + 1);
        for (const std::string& name : names) {
            ASSERT_TRUE(state.contains(name)) << name;
            if (types[name] == "Str") {
                EXPECT_TRUE(state[name].is_string()) << name;
            } else {
                EXPECT_TRUE(state[name]["#bigint"].is_string()) << name;
            }
        }
    }
    EXPECT_EQ(trace["states"][0]["action_taken"], "init");
    EXPECT_EQ(trace["states"][5]["action_taken"], "wk_run");
    EXPECT_EQ(trace["states"][4]["actor"], "remover");
    EXPECT_EQ(trace["states"][0]["wq_queued"], "yes");
    EXPECT_EQ(trace["states"][1]["wq_queued"], "no");
}

TEST_F(Output, ItfIntoADirectoryAndOfAReplay) {
    std::filesystem::create_directory(path("itf"));
    EXPECT_EQ(run("check --property notifier-sees-fake-offline --itf itf" + fast).code, 0);
    const std::string name = "vmemcheck-notifier-sees-fake-offline-going-offline-linux-6.12";
    EXPECT_TRUE(std::filesystem::exists(path("itf/" + name + ".itf.json")));
    EXPECT_TRUE(
        std::filesystem::exists(path("itf/vmemcheck-notifier-sees-fake-offline-cancel-offline-linux-6.12.itf.json")));
    EXPECT_EQ(run("replay --quiet " + name + ".json --itf again.itf.json").code, 0);
    EXPECT_EQ(read("again.itf.json"), read("itf/" + name + ".itf.json"));

    const Outcome nothing = run("check --property not-broken --itf none.itf.json" + tiny);
    EXPECT_EQ(nothing.code, 0);
    EXPECT_TRUE(has(nothing.out, "none.itf.json was not written"));
    EXPECT_FALSE(std::filesystem::exists(path("none.itf.json")));
}

TEST_F(Output, FilesAreReplacedAsAWhole) {
    write("real.json", "old");
    ::chmod(path("real.json").c_str(), 0640);
    std::filesystem::create_symlink("real.json", path("link.json"));
    EXPECT_EQ(run("check --max-states 10 --save none --json link.json").code, 3);
    EXPECT_TRUE(std::filesystem::is_symlink(path("link.json")));
    EXPECT_EQ(json("real.json")["format"], "vmemcheck-result");
    EXPECT_EQ(std::filesystem::status(path("real.json")).permissions(), static_cast<std::filesystem::perms>(0640));
    EXPECT_EQ(files(), 2U);
}

TEST_F(Output, SimulateIsReproducible) {
    const std::string walks =
        "simulate --mutant offline-size-kept-on-add-failure --property offline-size-exact --seed 7 --walks 2000 "
        "--steps "
        "500 --no-leftovers --removals 0 --allocations 0";
    const Outcome first = run(walks + " --json r.json");
    EXPECT_EQ(first.code, 1) << first.out;
    EXPECT_TRUE(has(first.out, "--seed 7"));
    EXPECT_TRUE(has(first.out, "not the shortest"));
    const std::string file = "vmemcheck-offline-size-exact-linux-6.12.json";
    const std::string run_found = read(file);
    EXPECT_EQ(run("replay --quiet " + file).code, 0);
    EXPECT_EQ(json("r.json")["options"]["seed"], 7);
    EXPECT_EQ(run(walks).code, 1);
    EXPECT_EQ(read(file), run_found);
}

TEST_F(Output, SimulateThatFindsNothing) {
    const Outcome outcome = run("simulate --seed 1 --walks 20 --steps 50" + fast);
    EXPECT_EQ(outcome.code, 0) << outcome.out;
    EXPECT_TRUE(has(outcome.out, "none seen"));
    EXPECT_TRUE(has(outcome.out, "random walks prove nothing"));
    EXPECT_FALSE(has(outcome.out, "holds"));
    EXPECT_EQ(run("simulate --scope large --walks 100000000 --max-time 0.2").code, 3);
}

}  // namespace
}  // namespace vmemcheck::test
