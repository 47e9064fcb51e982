// SPDX-License-Identifier: MIT
#include "model/config.hpp"
#include "model/steps.hpp"
#include "spec/liveness.hpp"
#include "spec/properties.hpp"
#include "tests/cli/run.hpp"

namespace vmemcheck::test {
namespace {

using Lists = Cli;

TEST_F(Lists, AreComplete) {
    const Outcome releases = run("releases");
    EXPECT_EQ(releases.code, 0);
    for (const auto& release : bbm::releases()) EXPECT_TRUE(has(releases.out, std::string(release.name) + '\n'));
    const Outcome scopes = run("scopes");
    EXPECT_EQ(scopes.code, 0);
    for (const auto& scope : bbm::scopes()) EXPECT_TRUE(has(scopes.out, std::string(scope.name) + '\n'));
    EXPECT_TRUE(has(scopes.out, "--resizes=any"));
    const Outcome mutants = run("mutants");
    EXPECT_EQ(mutants.code, 0);
    for (const auto& mutant : bbm::mutants()) {
        EXPECT_TRUE(has(mutants.out, std::string(mutant.name) + '\n'));
        EXPECT_TRUE(has(mutants.out, "breaks: " + std::string(mutant.breaks)));
    }
    const Outcome steps = run("steps");
    const Outcome table = run("steps --markdown");
    EXPECT_EQ(steps.code, 0);
    EXPECT_EQ(table.code, 0);
    for (const auto& step : bbm::step_infos()) {
        if (step.function.empty()) continue;
        EXPECT_TRUE(has(steps.out, "  " + std::string(step.name) + ' ')) << step.name;
        EXPECT_TRUE(has(table.out, "\n| `" + std::string(step.name) + "` | `")) << step.name;
    }
    EXPECT_TRUE(table.out.starts_with("# "));
}

TEST_F(Lists, Properties) {
    bbm::Config config;
    config.release = *bbm::find_release("linux-6.12");
    const auto properties = bbm::spec::all_properties(config);
    const Outcome text = run("properties");
    const Outcome table = run("properties --markdown --release linux-5.11");
    EXPECT_EQ(text.code, 0);
    EXPECT_EQ(table.code, 0);
    EXPECT_EQ(run("properties --json p.json").code, 0);
    const Json list = json("p.json");
    ASSERT_EQ(list["properties"].size(), properties.size());
    for (std::size_t i = 0; i < properties.size(); ++i) {
        EXPECT_TRUE(has(text.out, properties[i].id + '\n'));
        EXPECT_TRUE(has(table.out, "\n| " + properties[i].id + " | "));
        EXPECT_EQ(list["properties"][i]["id"], properties[i].id);
        EXPECT_EQ(list["properties"][i]["sentence"], properties[i].sentence);
        EXPECT_NE(list["properties"][i]["source"], "");
    }
}

TEST_F(Lists, HelpAndVersion) {
    const Outcome version = run("--version");
    EXPECT_EQ(version.code, 0);
    EXPECT_TRUE(version.out.starts_with("vmemcheck "));
    const Outcome help = run("--help");
    EXPECT_EQ(help.code, 0);
    EXPECT_EQ(help.err, "");
    for (const std::string command : {"check", "replay", "simulate", "fuzz", "properties", "releases", "scopes",
                                      "mutants", "steps", "fairness", "what-ifs", "trace", "graph"}) {
        EXPECT_TRUE(has(help.out, "\n  " + command + ' ')) << command;
        const Outcome own = run(command + " --help");
        EXPECT_EQ(own.code, 0) << command;
        EXPECT_TRUE(has(own.out, "Usage: vmemcheck " + command)) << own.out;
    }
    EXPECT_TRUE(has(help.out, "Exit codes: 0 "));
    EXPECT_TRUE(has(run("check --help").out, "Examples:\n"));
    EXPECT_TRUE(has(run("check --help").out, "--[no-]vetoes"));
}

TEST_F(Lists, RegressionsHaveAnIndex) {
    const std::filesystem::path folder = VMEMCHECK_SOURCE_DIR "/tests/regressions";
    const std::string index = content(folder / "README.md");
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() != ".json") continue;
        ++count;
        EXPECT_TRUE(has(index, "(" + entry.path().filename().string() + ")")) << entry.path();
    }
    EXPECT_GE(count, bbm::mutants().size() + 4);
    for (const auto& mutant : bbm::mutants()) {
        EXPECT_TRUE(
            std::filesystem::exists(folder / (std::string(mutant.release) + '-' + std::string(mutant.name) + ".json")))
            << mutant.name;
    }
}

TEST_F(Lists, SlowARunCanBeAddedToTheRegressions) {
    ASSERT_EQ(shell("cp -r '" VMEMCHECK_SOURCE_DIR "/tests/regressions' .").code, 0);
    const std::string file = saved();
    const std::string add = "regressions/add " + file + " --what 'a new run' --source 'a test' '" VMEMCHECK_CLI "'";
    const Outcome added = shell(add);
    EXPECT_EQ(added.code, 0) << added.err;
    const std::string name = "no-use-after-free-linux-6.12.json";
    EXPECT_EQ(read("regressions/added.tsv"), name + "\ta new run\ta test\n");
    EXPECT_EQ(read("regressions/" + name), read(file));
    const std::string row = "| [" + name + "](" + name + ") | a new run | a test | linux-6.12 | no-use-after-free | ";
    EXPECT_TRUE(has(read("regressions/README.md"), row)) << read("regressions/README.md");
    // All else is as it was: the page that is kept is the one that the files give.
    const std::string kept = content(VMEMCHECK_SOURCE_DIR "/tests/regressions/README.md");
    EXPECT_TRUE(read("regressions/README.md").starts_with(kept));

    EXPECT_EQ(shell(add).code, 2) << "it is there already";
    EXPECT_EQ(shell("regressions/add " + file + " --what x").code, 2);
    write("broken.json", "{}");
    EXPECT_EQ(shell("regressions/add broken.json --what x --source y '" VMEMCHECK_CLI "'").code, 2);
}

}  // namespace
}  // namespace vmemcheck::test
