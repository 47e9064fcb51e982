// SPDX-License-Identifier: MIT
#include <map>
#include <set>

#include "tests/cli/run.hpp"

namespace vmemcheck::test {
namespace {

using Sarif = Cli;

/// The rules of SARIF 2.1.0 (OASIS, 27 March 2020) that apply to what is written, by the sections of the standard.
void expect_rules(const Json& log) {
    EXPECT_EQ(log.at("version"), "2.1.0");  // 3.13.2
    ASSERT_EQ(log.at("runs").size(), 1U);   // 3.13.4
    const Json& run = log["runs"][0];
    const Json& driver = run.at("tool").at("driver");  // 3.14.6, 3.18.2
    EXPECT_EQ(driver.at("name"), "vmemcheck");         // 3.19.8
    std::set<std::string> ids;
    for (const Json& rule : driver.at("rules")) {
        EXPECT_TRUE(ids.insert(rule.at("id").get<std::string>()).second);  // 3.49.3
        EXPECT_FALSE(rule.at("shortDescription").at("text").empty());      // 3.49.9
    }
    for (const Json& invocation : run.at("invocations")) {
        EXPECT_TRUE(invocation.at("executionSuccessful").is_boolean());  // 3.20.14
    }
    const std::set<std::string> kinds{"notApplicable", "pass", "fail", "review", "open", "informational"};
    for (const Json& result : run.at("results")) {
        const auto index = result.at("ruleIndex").get<std::size_t>();
        EXPECT_EQ(driver["rules"].at(index).at("id"), result.at("ruleId"));        // 3.27.5, 3.27.6
        EXPECT_FALSE(result.at("message").at("text").get<std::string>().empty());  // 3.27.11
        EXPECT_TRUE(kinds.contains(result.at("kind").get<std::string>()));         // 3.27.9
        if (result["kind"] != "fail") {
            EXPECT_EQ(result.at("level"), "none");  // 3.27.10
        }
    }
}

TEST_F(Sarif, ViolationIsLocatedAtItsStepWithTheRunToIt) {
    EXPECT_EQ(run(violation + " --save none --sarif s.sarif --json r.json --junit r.xml").code, 1);
    const Json log = json("s.sarif");
    expect_rules(log);
    const Json& run = log["runs"][0];
    EXPECT_EQ(run["invocations"][0]["exitCode"], 1);
    EXPECT_EQ(run["invocations"][0]["executionSuccessful"], true);
    const Json& result = run["results"].at(0);
    EXPECT_EQ(result["ruleId"], "no-use-after-free");
    EXPECT_EQ(result["kind"], "fail");
    EXPECT_EQ(result["level"], "error");

    // Threads, by the order of execution, are the whole run; the violation is at its last step.
    std::map<int, Json> steps;
    for (const Json& thread : result["codeFlows"].at(0)["threadFlows"]) {
        EXPECT_FALSE(thread.at("locations").empty());
        for (const Json& location : thread["locations"]) {
            EXPECT_TRUE(steps.emplace(location["executionOrder"].get<int>(), location["location"]).second);
            EXPECT_TRUE(has(location["location"]["message"]["text"], thread["id"].get<std::string>() + ": "));
        }
    }
    ASSERT_EQ(steps.size(), json("r.json")["verdicts"][0]["steps"].get<std::size_t>());
    EXPECT_EQ(steps.begin()->first, 1);
    EXPECT_EQ(steps.rbegin()->first, static_cast<int>(steps.size()));
    EXPECT_EQ(steps.rbegin()->second, result["locations"].at(0));

    // Each place is where the function of the step is that the message names, in one of the files listed.
    std::set<std::string> files;
    for (const Json& artifact : run["artifacts"]) files.insert(artifact["location"]["uri"].get<std::string>());
    EXPECT_TRUE(files.contains("model/steps.inc"));
    std::map<std::string, std::string> lines;
    for (const auto& [order, location] : steps) {
        const Json& place = location["physicalLocation"];
        const std::string file = place["artifactLocation"]["uri"];
        EXPECT_TRUE(files.contains(file)) << file;
        EXPECT_TRUE(run["originalUriBaseIds"].contains(place["artifactLocation"]["uriBaseId"].get<std::string>()));
        const std::string text = location["message"]["text"];
        const std::string id = text.substr(text.find('[') + 1, text.find(']') - text.find('[') - 1);
        std::ifstream source(std::string(VMEMCHECK_SOURCE_DIR) + "/" + file);
        std::string line;
        for (int i = 0; i < place["region"]["startLine"].get<int>(); ++i) std::getline(source, line);
        lines[id] = file;
        lines[id].append(":").append(line);
        EXPECT_TRUE(has(line, " void ") || has(line, "case StepId::" + id + ":") ||
                    line.starts_with("STEP(" + id + ","))
            << lines[id];
    }
    EXPECT_EQ(lines["wk_idle"], "model/worker.hpp:    void idle() {");
    EXPECT_EQ(lines["rm_free"], "model/environment.hpp:            case StepId::rm_free:");
}

TEST_F(Sarif, WhatHoldsPassesAndWhatIsOpenStaysOpen) {
    EXPECT_EQ(run("check --sarif s.sarif" + tiny).code, 0);
    Json log = json("s.sarif");
    expect_rules(log);
    EXPECT_EQ(log["runs"][0]["results"].size(), log["runs"][0]["tool"]["driver"]["rules"].size());
    for (const Json& result : log["runs"][0]["results"]) EXPECT_NE(result["kind"], "fail");
    EXPECT_EQ(run("check --max-states 10 --property not-broken --sarif s.sarif" + tiny).code, 3);
    log = json("s.sarif");
    expect_rules(log);
    EXPECT_EQ(log["runs"][0]["results"][0]["kind"], "open");
    EXPECT_EQ(log["runs"][0]["invocations"][0]["executionSuccessful"], false);
    refused("check --sarif none/s" + tiny, {"none/s"});
    EXPECT_EQ(run("simulate --seed 1 --walks 2 --steps 20 --sarif w.sarif" + tiny).code, 0);
    expect_rules(json("w.sarif"));
}

}  // namespace
}  // namespace vmemcheck::test
