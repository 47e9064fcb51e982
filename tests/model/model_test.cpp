// SPDX-License-Identifier: MIT
// The model in small scopes: verdicts of the releases, the mutants, and the fusing of local steps.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "spec/engine.hpp"
#include "spec/properties.hpp"

namespace vmemcheck::bbm {
namespace {

/// Small enough for a test under sanitizers: no removal, no leftovers, no users of pages, few requests.
Config quick(std::string_view release) {
    Config config;
    config.release = *find_release(release);
    config.scope = *find_scope("small");
    config.scope.removals = 0;
    config.scope.allocations = 0;
    config.scope.pins = 0;
    config.scope.resizes = 2;
    config.scope.user_requests = 1;
    config.faults.leftovers = false;
    return config;
}

struct Checked {
    std::vector<spec::Property> properties;
    checker::Result<Bbm> result;

    [[nodiscard]] checker::Status status(std::string_view id) const {
        for (std::size_t i = 0; i < properties.size(); ++i) {
            if (properties[i].id == id) return result.verdicts[i].status;
        }
        ADD_FAILURE() << "no property " << id;
        return checker::Status::incomplete;
    }
};

Checked run(const Config& config, bool fuse = true, std::string_view only = "") {
    Checked checked{spec::properties(config), {}};
    if (!only.empty()) std::erase_if(checked.properties, [&](const auto& p) { return p.id != only; });
    checker::SearchOptions options;
    options.fuse = fuse;
    const Bbm model(config);
    checked.result = checker::check(model, checked.properties, options);
    EXPECT_EQ(checked.result.model_error, "");
    return checked;
}

TEST(Verdicts, SafetyHoldsInLinux612) {
    const Checked checked = run(quick("linux-6.12"));
    EXPECT_TRUE(checked.result.complete);
    EXPECT_TRUE(checked.result.as_expected());
    EXPECT_EQ(checked.status("not-broken"), checker::Status::holds);
    EXPECT_EQ(checked.status("notifier-sees-fake-offline/going-offline"), checker::Status::reached);
    EXPECT_EQ(checked.status("notifier-sees-fake-offline/cancel-offline"), checker::Status::reached);
}

TEST(Verdicts, AVetoBreaksTheDeviceInReleasesThatDoNotConvertErrors) {
    for (const char* release : {"linux-5.11", "linux-6.1"}) {
        const Checked checked = run(quick(release));
        for (std::size_t i = 0; i < checked.properties.size(); ++i) {
            EXPECT_EQ(checked.result.verdicts[i].as_expected, checked.properties[i].id != "not-broken")
                << release << ": " << checked.properties[i].id;
        }
    }
}

TEST(Verdicts, WithoutVetoesNothingBreaksTheDevice) {
    Config config = quick("linux-6.1");
    config.faults.veto = false;
    EXPECT_EQ(run(config).status("not-broken"), checker::Status::holds);
}

TEST(Verdicts, EexistFromAddMemoryBreaksEveryRelease) {
    for (const Release& release : releases()) {
        Config config = quick(release.name);
        config.faults.veto = false;
        EXPECT_EQ(run(config).status("not-broken"), checker::Status::holds) << release.name;
        config.faults.add_eexist = true;
        EXPECT_EQ(run(config).status("not-broken"), checker::Status::violated) << release.name;
    }
}

TEST(Verdicts, UnsafeModeNeverShowsFakeOfflineToTheNotifier) {
    Config config = quick("linux-6.1");
    config.safe_unplug = false;
    const Checked checked = run(config);
    EXPECT_EQ(checked.status("notifier-sees-fake-offline/going-offline"), checker::Status::unreached);
    EXPECT_EQ(checked.status("notifier-sees-fake-offline/cancel-offline"), checker::Status::unreached);
    EXPECT_EQ(checked.status("unplug-completes"), checker::Status::reached);
}

/// What a release or a mode is expected to reach or not to reach: docs/releases.md.
TEST(Verdicts, SlowReleasesAndModesDifferWhereTheySay) {
    struct Case {
        const char* release;
        bool safe;
        bool tries, foreign, in_use;
    };
    const std::vector<Case> cases{{"linux-5.11", true, true, false, false},
                                  {"linux-6.1", true, true, true, false},
                                  {"linux-6.12", true, false, true, false},
                                  {"linux-5.11", false, false, false, true},
                                  {"linux-6.1", false, false, false, true}};
    const auto reached = [](bool yes) { return yes ? checker::Status::reached : checker::Status::unreached; };
    for (const Case& c : cases) {
        Config config = quick(c.release);
        config.safe_unplug = c.safe;
        config.scope.allocations = c.in_use ? 1 : 0;
        config.scope.resizes = 3;
        config.scope.user_requests = 2;
        config.faults.veto = false;
        config.faults.device_busy = false;
        config.faults.allocation = false;
        const Checked checked = run(config);
        EXPECT_EQ(checked.status("tries-after-config-change"), reached(c.tries)) << c.release;
        EXPECT_EQ(checked.status("foreign-isolation-undone"), reached(c.foreign)) << c.release;
        EXPECT_EQ(checked.status("in-use-offlined"), reached(c.in_use)) << c.release;
    }
}

TEST(Verdicts, UnplugOnlineOffLeavesOnlineMemoryAlone) {
    Config config = quick("linux-6.12");
    config.unplug_online = false;
    const Checked checked = run(config);
    for (std::size_t i = 0; i < checked.properties.size(); ++i) {
        if (checked.properties[i].kind == checker::PropertyKind::reachability) continue;
        EXPECT_EQ(checked.result.verdicts[i].status, checker::Status::holds) << checked.properties[i].id;
    }
}

TEST(Faults, ASpeculativeReferenceReachesTheWarning) {  // protocol S1
    Config config = quick("linux-6.12");
    config.scope.pins = 1;
    config.faults.speculative_refs = true;
    EXPECT_EQ(run(config).status("no-warn"), checker::Status::violated);
}

TEST(Faults, AStoppedChainLosesTheMutex) {  // protocol F29
    Config config = quick("linux-6.12");
    config.faults.stop_callbacks = true;
    EXPECT_EQ(run(config).status("lock-discipline"), checker::Status::violated);
}

class Mutants : public testing::TestWithParam<MutantInfo> {};

TEST_P(Mutants, SlowDieByTheirProperty) {
    Config config = quick(GetParam().release);
    config.mutant = GetParam().mutant;
    config.scope.removals = 1;
    auto status = run(config, true, GetParam().breaks).status(GetParam().breaks);
    if (status != checker::Status::violated) {  // some need a page that is in use
        config.scope.allocations = 1;
        status = run(config, true, GetParam().breaks).status(GetParam().breaks);
    }
    EXPECT_EQ(status, checker::Status::violated) << GetParam().sentence;
}

TEST_P(Mutants, LongHaveTheSameVerdictsWithoutFusing) {
    Config config = quick(GetParam().release);
    config.mutant = GetParam().mutant;
    config.faults.device_busy = false;
    config.faults.allocation = false;
    const Checked fused = run(config);
    const Checked plain = run(config, false);
    if (GetParam().breaks_locality) {
        EXPECT_EQ(plain.result.statistics.states, fused.result.statistics.states);
    } else {
        EXPECT_GT(plain.result.statistics.states, fused.result.statistics.states);
    }
    // States beyond a violation are cut, so other verdicts may differ in kind only where something is violated.
    EXPECT_EQ(fused.status(GetParam().breaks), plain.status(GetParam().breaks));
    for (std::size_t i = 0; i < fused.properties.size(); ++i) {
        if (fused.properties[i].kind == checker::PropertyKind::reachability) continue;
        EXPECT_EQ(fused.result.verdicts[i].status == checker::Status::violated,
                  plain.result.verdicts[i].status == checker::Status::violated)
            << fused.properties[i].id;
    }
}

std::string mutant_name(const testing::TestParamInfo<MutantInfo>& info) {
    std::string name(info.param.name);
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}
INSTANTIATE_TEST_SUITE_P(All, Mutants, testing::ValuesIn(mutants().begin(), mutants().end()), mutant_name);

TEST(Fusing, SlowGivesTheSameVerdictsInEveryRelease) {
    for (const Release& release : releases()) {
        Config config = quick(release.name);
        const Checked fused = run(config);
        const Checked plain = run(config, false);
        for (std::size_t i = 0; i < fused.properties.size(); ++i) {
            EXPECT_EQ(fused.result.verdicts[i].status, plain.result.verdicts[i].status) << fused.properties[i].id;
        }
    }
}

TEST(Properties, EveryOneIsBrokenByAMutant) {
    for (const auto& property : spec::properties(quick("linux-6.12"))) {
        if (property.kind == checker::PropertyKind::reachability) continue;
        EXPECT_TRUE(std::any_of(mutants().begin(), mutants().end(), [&](const MutantInfo& mutant) {
            return mutant.breaks == property.id;
        })) << property.id;
    }
}

TEST(Properties, MutantsNameAPropertyAndAReleaseThatThereAre) {
    const auto known = spec::properties(quick("linux-6.12"));
    for (std::size_t i = 0; i < mutants().size(); ++i) {
        const MutantInfo& mutant = mutants()[i];
        EXPECT_EQ(static_cast<std::size_t>(mutant.mutant), i + 1) << mutant.name << ": the list is in another order";
        EXPECT_NE(find_release(mutant.release), nullptr) << mutant.name;
        EXPECT_TRUE(std::any_of(known.begin(), known.end(), [&](const auto& p) { return p.id == mutant.breaks; }))
            << mutant.name;
    }
}

TEST(Properties, EveryOneNamesAMutantOrReleaseThatBreaksIt) {
    for (const auto& property : spec::properties(quick("linux-6.12"))) {
        EXPECT_FALSE(property.sentence.empty()) << property.id;
        EXPECT_FALSE(property.source.empty()) << property.id;
        if (property.kind == checker::PropertyKind::reachability) continue;
        const bool known = std::any_of(mutants().begin(), mutants().end(), [&](const MutantInfo& mutant) {
            return mutant.breaks == property.id && property.broken_by.find(mutant.name) != std::string::npos;
        });
        EXPECT_TRUE(known) << property.id << " names " << property.broken_by;
    }
}

TEST(Scopes, ImpossibleBoundsAreTold) {
    Scope scope;
    EXPECT_FALSE(problem(scope));
    scope.big_blocks = 9;
    EXPECT_TRUE(problem(scope));
    scope = Scope{};
    scope.pages = 16;
    scope.page_blocks = 16;
    EXPECT_TRUE(problem(scope));
    scope = Scope{};
    scope.threshold = 1;
    EXPECT_TRUE(problem(scope)) << "less than one big block";
}

TEST(Docs, AtomicityTableIsTheOneOfTheCode) {
    std::ifstream in(std::string(VMEMCHECK_SOURCE_DIR) + "/docs/atomicity.md");
    std::stringstream text;
    text << in.rdbuf();
    std::string page = text.str();
    std::erase(page, '\\');  // Markdown's escapes
    for (const auto& step : step_infos()) {
        if (step.function.empty()) continue;  // no operation, nothing left to do
        EXPECT_NE(page.find(std::string("`") + std::string(step.name) + "`"), std::string::npos) << step.name;
        EXPECT_NE(page.find(step.why), std::string::npos) << step.name;
    }
}

}  // namespace
}  // namespace vmemcheck::bbm
