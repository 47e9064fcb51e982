// SPDX-License-Identifier: MIT
// vmemcheck report: pages of runs, results and recordings. What a reader sees of them is tested in tests/page.
#include "tests/cli/run.hpp"

namespace vmemcheck::test {
namespace {

const std::string folder = VMEMCHECK_SOURCE_DIR "/tests/";

class ReportPage : public Cli {
 protected:
    /// The data in a page.
    [[nodiscard]] Json data(const std::string& name) const {
        const std::string page = read(name);
        const std::string begin = R"(<script type="application/json" id="data">)";
        const std::size_t at = page.find(begin);
        if (at == std::string::npos) return nullptr;
        const std::size_t from = at + begin.size();
        return Json::parse(page.substr(from, page.find("</script>", from) - from), nullptr, false);
    }
    [[nodiscard]] static Json counterexample() {
        return Json::parse(content(folder + "regressions/linux-6.12-free-without-unregister.json"));
    }
};

TEST_F(ReportPage, IsNamedAfterItsFileAndHasTheRun) {
    ASSERT_EQ(run("report " + folder + "regressions/linux-6.12-free-without-unregister.json").code, 0);
    const Json page = data("linux-6.12-free-without-unregister.html");
    EXPECT_EQ(page["property"], "no-use-after-free");
    EXPECT_EQ(page["steps"].size(), 5U);
    EXPECT_EQ(page["steps"][4]["function"], counterexample()["steps"][4]["function"]);
    EXPECT_EQ(page["as_recorded"], true);
}

TEST_F(ReportPage, CannotBeBrokenOutOfByWhatItShows) {
    const std::string hostile = "</script><script>alert(1)</script><!-- \xe2\x80\xa8 /*DATA*/";
    const Json result{{"format", "vmemcheck-result"},
                      {"command", "x"},
                      {"conclusion", hostile},
                      {"verdicts", Json::array()},
                      {"statistics", Json::object()}};
    write("x.json", result.dump());
    ASSERT_EQ(run("report x.json -o x.html").code, 0);
    EXPECT_FALSE(has(read("x.html"), "<script>alert(1)"));
    EXPECT_EQ(data("x.html")["conclusion"], hostile);
}

TEST_F(ReportPage, ShowsTheLoopOfALasso) {
    Json file = Json::parse(content(VMEMCHECK_SOURCE_DIR "/tests/regressions/linux-6.12-removal-never-ends.json"));
    write("x.json", file.dump());
    ASSERT_EQ(run("report x.json").code, 0);
    EXPECT_EQ(data("x.html")["loop"], file["loop"]);
    EXPECT_EQ(data("x.html")["fairness"][0], "worker-runs");
    file["loop"] = file["steps"].size() + 1;
    write("x.json", file.dump());
    refused("report x.json", {"x.json", "/loop", "a loop begins at a step"});
}

TEST_F(ReportPage, ShowsAResultWithItsRuns) {
    ASSERT_EQ(run(violation + " --json r.json").code, 1);
    ASSERT_EQ(run("report r.json").code, 0);
    const Json page = data("r.html");
    EXPECT_EQ(page["kind"], "result");
    ASSERT_EQ(page["runs"].size(), 1U);
    EXPECT_EQ(page["runs"][0]["property"], "no-use-after-free");

    std::filesystem::remove(path("vmemcheck-no-use-after-free-linux-6.12.json"));
    ASSERT_EQ(run("report r.json").code, 0);
    EXPECT_TRUE(has(data("r.html")["verdicts"][0]["problem"].dump(), "vmemcheck-no-use-after-free-linux-6.12.json"));
}

TEST_F(ReportPage, ShowsARecordingAndItsVerdict) {
    ASSERT_EQ(run("report " + folder + "recordings/linux-6.1/plug-unplug-safe.jsonl -o x.html").code, 0);
    const Json page = data("x.html");
    EXPECT_EQ(page["kind"], "recording");
    EXPECT_EQ(page["verdict"], "accepted");
    EXPECT_TRUE(has(page["lanes"].dump(), "kworker"));
}

TEST_F(ReportPage, RefusesWhatItCannotShow) {
    write("empty.json", "");
    refused("report empty.json", {"empty.json"});
    write("cut.json", R"({"format": "vmemcheck-counterexample", )");
    refused("report cut.json", {"cut.json"});
    write("half.json", R"({"format": "vmemcheck-result", "version": 1})");
    refused("report half.json", {"half.json", "command"});
    write("bad.jsonl", "{\"seq\": 0, \"event\": 7}\n");
    refused("report bad.jsonl", {"bad.jsonl"});
    refused("report none.json", {"none.json"});
    EXPECT_EQ(files(), 4U);
}

TEST_F(ReportPage, RefusesAPlaceItCannotWriteTo) {
    refused("report " + folder + "regressions/linux-6.1-not-broken.json -o none/x.html", {"none/x.html"});
}

}  // namespace
}  // namespace vmemcheck::test
