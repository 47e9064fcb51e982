// SPDX-License-Identifier: MIT
// What SARIF 2.1.0 demands beyond its schema, and that the lines named are those of the steps.
#include <map>
#include <set>

#include "tests/cli/run.hpp"

namespace vmemcheck::test {
namespace {

class Sarif : public Cli {
 protected:
    /// The one run of a log that is as the standard wants it.
    [[nodiscard]] Json run_of(const std::string& file) const {
        const Json log = json(file);
        EXPECT_EQ(log["version"], "2.1.0");
        EXPECT_TRUE(log["$schema"].get<std::string>().ends_with("sarif-schema-2.1.0.json"));
        EXPECT_EQ(log["runs"].size(), 1U);
        return log["runs"][0];
    }

    /// A location is a line of this project that names the step, and its indices point to what it says.
    static void expect_location(const Json& run, const Json& location, const std::string& step) {
        const Json& physical = location["physicalLocation"];
        const Json& artifact = physical["artifactLocation"];
        EXPECT_EQ(artifact["uriBaseId"], "SRCROOT");
        EXPECT_EQ(run["artifacts"][artifact["index"].get<std::size_t>()]["location"]["uri"], artifact["uri"]);
        const Json& logical = location["logicalLocations"][0];
        EXPECT_EQ(run["logicalLocations"][logical["index"].get<std::size_t>()]["fullyQualifiedName"],
                  logical["fullyQualifiedName"]);

        std::ifstream source(std::filesystem::path(VMEMCHECK_SOURCE_DIR) / artifact["uri"].get<std::string>());
        std::string line;
        for (std::size_t i = physical["region"]["startLine"]; i > 0; --i) ASSERT_TRUE(std::getline(source, line));
        EXPECT_TRUE(has(line, "StepId::" + step + ':') || has(line, "StepId::" + step + ')') ||
                    has(line, "STEP(" + step + ','))
            << artifact["uri"] << ": " << line << " is not of " << step;
    }

    /// Every result has a rule, and a level that its kind allows (3.27.9, 3.27.10).
    static void expect_results(const Json& run) {
        const Json& rules = run["tool"]["driver"]["rules"];
        std::set<std::string> ids;
        for (const Json& rule : rules) {
            EXPECT_TRUE(ids.insert(rule["id"]).second) << rule["id"] << " twice";
            EXPECT_FALSE(rule["shortDescription"]["text"].get<std::string>().empty());
        }
        for (const Json& result : run["results"]) {
            EXPECT_EQ(rules.at(result["ruleIndex"].get<std::size_t>())["id"], result["ruleId"]);
            EXPECT_EQ(result["level"], result["kind"] == "fail" ? "error" : "none") << result["ruleId"];
            EXPECT_FALSE(result["message"]["text"].get<std::string>().empty());
        }
    }

    /// The thread flows of a result, put together by executionOrder, are the steps of the file saved.
    void expect_run(const Json& run, const Json& result, const Json& saved) const {
        std::map<std::size_t, std::pair<std::string, Json>> order;
        for (const Json& flow : result["codeFlows"][0]["threadFlows"]) {
            for (const Json& at : flow["locations"]) {
                const bool is_new = order.try_emplace(at["executionOrder"], flow["id"], at).second;
                EXPECT_TRUE(is_new) << at["executionOrder"] << " twice";
            }
        }
        ASSERT_EQ(order.size(), saved["steps"].size());
        ASSERT_FALSE(order.empty());
        EXPECT_EQ(order.begin()->first, 1U);
        EXPECT_EQ(order.rbegin()->first, order.size());
        for (const auto& [number, place] : order) {
            const Json& step = saved["steps"][number - 1];
            EXPECT_EQ(place.first, step["actor"]);
            EXPECT_TRUE(has(place.second["location"]["message"]["text"], "[" + step["step"].get<std::string>() + "]"));
            EXPECT_EQ(place.second.contains("state") ? place.second["state"].size() : 0U, step["changes"].size());
            expect_location(run, place.second["location"], step["step"]);
        }
        EXPECT_EQ(order.rbegin()->second.second["importance"], "essential");
        expect_location(run, result["locations"][0], saved["steps"].back()["step"]);
    }
};

TEST_F(Sarif, AViolationIsAtItsStep) {
    const Outcome outcome = run(violation +
                                " --property not-broken --max-depth 8 --sarif r.sarif --json r.json "
                                "--junit r.xml");
    EXPECT_EQ(outcome.code, 1) << outcome.err;
    EXPECT_EQ(json("r.json")["exit_code"], 1);
    EXPECT_TRUE(has(read("r.xml"), "failures=\"1\""));

    const Json log = run_of("r.sarif");
    expect_results(log);
    EXPECT_EQ(log["invocations"][0]["exitCode"], 1);
    EXPECT_EQ(log["invocations"][0]["executionSuccessful"], true);
    EXPECT_EQ(log["properties"]["mutant"], "free-without-unregister");
    std::map<std::string, Json> results;
    for (const Json& result : log["results"]) results[result["ruleId"]] = result;
    ASSERT_EQ(results.size(), 2U);
    EXPECT_EQ(results["not-broken"]["kind"], "open");
    const Json& found = results["no-use-after-free"];
    EXPECT_EQ(found["kind"], "fail");
    EXPECT_EQ(found["attachments"][0]["artifactLocation"]["uri"], "vmemcheck-no-use-after-free-linux-6.12.json");
    EXPECT_EQ(found["partialFingerprints"]["vmemcheckRun/v1"],
              "linux-6.12/free-without-unregister/no-use-after-free/wk_run");
    expect_run(log, found, json("vmemcheck-no-use-after-free-linux-6.12.json"));
}

TEST_F(Sarif, WhatHoldsPasses) {
    EXPECT_EQ(run("check --sarif r.sarif" + tiny).code, 0);
    const Json log = run_of("r.sarif");
    expect_results(log);
    EXPECT_EQ(log["invocations"][0]["exitCode"], 0);
    std::set<std::string> kinds;
    for (const Json& result : log["results"]) kinds.insert(result["kind"]);
    EXPECT_EQ(kinds, (std::set<std::string>{"informational", "pass"}));
}

TEST_F(Sarif, ASearchCutShortHasNotSucceeded) {
    EXPECT_EQ(run("check --max-states 10 --save none --sarif r.sarif").code, 3);
    const Json log = run_of("r.sarif");
    expect_results(log);
    EXPECT_EQ(log["invocations"][0]["exitCode"], 3);
    EXPECT_EQ(log["invocations"][0]["executionSuccessful"], false);
    EXPECT_EQ(run("simulate --seed 1 --walks 3 --steps 20 --sarif s.sarif").code, 0);
    expect_results(run_of("s.sarif"));
}

TEST_F(Sarif, ALassoSaysWhereItBegins) {
    EXPECT_EQ(run("check --property removal-ends --memory-blocks 1 --no-leftovers --allocations 0 --pins 0 "
                  "--user-requests 0 --resizes 2 --sarif r.sarif")
                  .code,
              1);
    const Json log = run_of("r.sarif");
    expect_results(log);
    const Json saved = json("vmemcheck-removal-ends-linux-6.12.json");
    const Json& result = log["results"][0];
    EXPECT_EQ(result["properties"]["loop"], saved["loop"]);
    expect_run(log, result, saved);
}

TEST_F(Sarif, OutputsAreCheckedBeforeTheSearch) {
    const Outcome outcome = run("check --sarif missing/r.sarif");
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.out, "");
    EXPECT_TRUE(has(outcome.err, "missing/r.sarif")) << outcome.err;
}

}  // namespace
}  // namespace vmemcheck::test
