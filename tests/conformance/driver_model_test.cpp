// SPDX-License-Identifier: MIT
// Runs of the real driver against the model, and runs of the model on the real driver.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "checker/explore.hpp"
#include "checker/program_audit.hpp"
#include "conformance/driver/conform.hpp"
#include "conformance/driver/steer.hpp"
#include "conformance/guest/emit.hpp"
#include "tests/conformance/driver_kernel.hpp"

namespace vmemcheck::conformance {
namespace {

using testing_driver::Kernel;

class DriverAndModel : public testing::TestWithParam<Kernel> {
 protected:
    void SetUp() override {
        if (testing_driver::tree_of(GetParam()).empty()) {
            GTEST_SKIP() << "no kernel source: './run kernel' gets it, or " << GetParam().variable << " names a tree";
        }
        plugin_ = testing_driver::plugin(GetParam());
        ASSERT_NE(plugin_, nullptr);
    }
    Plugin* plugin_ = nullptr;
};

INSTANTIATE_TEST_SUITE_P(Kernels, DriverAndModel,
                         testing::Values(testing_driver::linux_6_1, testing_driver::linux_6_12),
                         [](const auto& kernel) {
                             return std::string(kernel.param.variable).substr(sizeof("VMEMCHECK_KERNEL_") - 1);
                         });

checker::Choices default_run(Machine& machine) {
    machine.restart();
    return checker::replay_leniently(machine, {}, 10'000).taken;
}

struct Runs final : checker::ExploreObserver {
    void on_run_end(const checker::Choices& run, const checker::ProgramEnd&) override { found.push_back(run); }
    std::vector<checker::Choices> found;
};

std::vector<checker::Choices> random_runs(Machine& machine, std::uint64_t count) {
    Runs runs;
    checker::ExploreOptions options;
    options.mode = checker::ExploreMode::random;
    options.max_runs = count;
    options.deviations = 4;
    options.keep_going = true;
    EXPECT_EQ(checker::explore(machine, options, &runs).error, "");
    return std::move(runs.found);
}

/// \return how many are rejected
int rejected(Machine& machine, const std::vector<checker::Choices>& runs, bool say_so) {
    ModelCheck check(machine);
    int count = 0;
    for (const checker::Choices& run : runs) {
        const RunVerdict verdict = check.check(run);
        if (verdict.accepted()) continue;
        ++count;
        if (say_so) ADD_FAILURE() << difference_text(verdict, check.events());
    }
    return count;
}

// What an exploration believes of the machine: runs that repeat to the last bit, and all that a step touches told.
TEST_P(DriverAndModel, SlowTheMachineKeepsTheRulesOfAProgram) {
    for (const auto& [mode, entries] :
         {std::pair{DriverMode::bbm, false}, {DriverMode::sbm, false}, {DriverMode::bbm, true}}) {
        DriverSetup setup = testing_driver::setup(GetParam());
        setup.mode = mode;
        setup.entry_points = entries;
        if (mode == DriverMode::sbm) setup.page_blocks = 2;
        setup.requests = {setup.units(), 0};
        Machine machine(*plugin_, setup);
        checker::ProgramAuditOptions options;
        options.walks = 40;
        const checker::ProgramAudit audit = checker::audit(machine, options);
        for (const checker::ProgramFinding& finding : audit.findings) ADD_FAILURE() << finding.what;
        EXPECT_GT(audit.exchanged, 100U);
        EXPECT_GT(audit.enabled, 100U);
        EXPECT_GT(audit.restored, 10U);
    }
}

TEST_P(DriverAndModel, DefaultRunIsExplained) {
    Machine machine(*plugin_, testing_driver::setup(GetParam()));
    const RunVerdict verdict = check_against_model(machine, default_run(machine));
    EXPECT_TRUE(verdict.accepted());
    EXPECT_GT(verdict.trace.events, 200U);
}

TEST_P(DriverAndModel, SlowRandomRunsAreExplained) {
    Machine machine(*plugin_, testing_driver::setup(GetParam()));
    EXPECT_EQ(rejected(machine, random_runs(machine, 60), true), 0);
}

TEST_P(DriverAndModel, SlowRandomRunsOfUnsafeModeAreExplained) {
    DriverSetup setup = testing_driver::setup(GetParam());
    if (!setup.release.has_unsafe_unplug) GTEST_SKIP() << "the release is always safe";
    setup.safe_unplug = false;
    setup.auto_online = bbm::AutoOnline::off;
    Machine machine(*plugin_, setup);
    EXPECT_EQ(rejected(machine, random_runs(machine, 30), true), 0);
}

TEST_P(DriverAndModel, SlowSmallChangesOfARunAreRejected) {
    Machine machine(*plugin_, testing_driver::setup(GetParam()));
    RunRecorder recorder(machine);
    ASSERT_FALSE(record_run(machine, default_run(machine), recorder));
    const Recording recording = recorder.recording();
    ASSERT_EQ(validate(recording).status, TraceVerdict::Status::accepted);
    int tried = 0;
    for (std::size_t i = 1; i < recording.events.size(); i += 7) {
        Recording changed = recording;
        if (i % 2 == 0) {  // an event is missing
            changed.events.erase(changed.events.begin() + static_cast<std::ptrdiff_t>(i));
        } else if (changed.events[i].driver && changed.events[i].driver->offline_size) {
            *changed.events[i].driver->offline_size += changed.memory_block_bytes;
        } else if (changed.events[i].value && changed.events[i].kind != bbm::EventKind::bbset) {
            *changed.events[i].value += 1;
        } else {
            continue;
        }
        ++tried;
        EXPECT_EQ(validate(changed).status, TraceVerdict::Status::rejected)
            << "event " << i << ' ' << recording.events[i].name;
    }
    EXPECT_GT(tried, 15);
}

TEST_P(DriverAndModel, TheTextSaysTheSame) {
    Machine machine(*plugin_, testing_driver::setup(GetParam()));
    const checker::Choices run = random_runs(machine, 3).back();
    RunRecorder recorder(machine);
    ASSERT_FALSE(record_run(machine, run, recorder));
    const std::optional<std::string> text = recording_text(machine, run);
    ASSERT_TRUE(text);
    const auto read = parse_recording("run", *text, nullptr);
    ASSERT_TRUE(std::holds_alternative<Recording>(read)) << std::get<BadInput>(read).message;
    const auto& recording = std::get<Recording>(read);
    EXPECT_EQ(recording.events.size(), recorder.events().size());
    ASSERT_TRUE(recording.outside);
    EXPECT_EQ(recording.outside->size(), recorder.recording().outside->size());
    EXPECT_EQ(validate(recording).status, TraceVerdict::Status::accepted);
}

TEST_P(DriverAndModel, SlowAnotherDriverIsRejected) {
    std::ifstream in(testing_driver::plugin(GetParam())->source().driver);
    std::stringstream source;
    source << in.rdbuf();
    std::string text = source.str();
    // What is unplugged counts as plugged.
    const std::string line = "vm->plugged_size -= size;";
    const auto at = text.find(line);
    ASSERT_NE(at, std::string::npos);
    text.replace(at, line.size(), ";");
    const std::string file = testing::TempDir() + GetParam().release + "-other_virtio_mem.c";
    std::ofstream(file) << text;
    const std::unique_ptr<Plugin> other = testing_driver::build(GetParam(), file);
    ASSERT_NE(other, nullptr);
    Machine machine(*other, testing_driver::setup(GetParam()));
    const RunVerdict verdict = check_against_model(machine, default_run(machine));
    EXPECT_EQ(verdict.trace.status, TraceVerdict::Status::rejected);
    EXPECT_NE(difference_text(verdict, {}).find("plugged is recorded as"), std::string::npos);
}

/// The model plugs a big block and unplugs it again, with answers that are all benign.
ModelRun benign_run(const bbm::Bbm& model) {
    ModelRun run{model, model.initial_state(0), {}, ""};
    bbm::Bbm::State state = run.initial;
    const auto take = [&](unsigned actor, std::vector<checker::ChoiceTaken> choices) {
        checker::SearchContext first;
        first.begin();
        bbm::Bbm::State probe = state;
        model.step(probe, actor, first);
        if (first.is_blocked() && choices.empty()) return false;
        if (choices.empty()) {
            for (const auto& taken : first.taken()) choices.emplace_back(taken.choice, taken.value);
        }
        const auto nobody = [](const bbm::Bbm::State&, const bbm::Event&) {};
        checker::RecordingContext context(choices, nobody);
        model.step(state, actor, context);
        run.steps.push_back({actor, context.step(), choices});
        return true;
    };
    const auto settle = [&] {
        while (take(bbm::actor::device, {}) || take(bbm::actor::interrupt, {}) || take(bbm::actor::worker, {})) {
        }
    };
    settle();
    for (const int size : {1, 0}) {
        take(bbm::actor::host, {{bbm::choice::size, size}});
        settle();
    }
    return run;
}

bbm::Config steered_config(const Kernel& kernel) {
    bbm::Config config = recordable_config(*bbm::find_release(kernel.release), 1);
    config.auto_online = bbm::AutoOnline::movable;
    return config;
}

TEST_P(DriverAndModel, ARunOfTheModelIsDriven) {
    const bbm::Bbm model(steered_config(GetParam()));
    const ModelRun run = benign_run(model);
    Machine machine(*plugin_, setup_for(run));
    const SteerResult result = steer(machine, run);
    EXPECT_TRUE(result.driven) << text(result);
    EXPECT_GT(result.want.size(), 100U);
    EXPECT_TRUE(check_against_model(machine, result.schedule).accepted());
}

TEST_P(DriverAndModel, SlowARunOfAMutantIsNotDriven) {
    bbm::Config config = steered_config(GetParam());
    config.mutant = bbm::Mutant::skip_fake_offline;
    const bbm::Bbm model(config);
    const ModelRun run = benign_run(model);
    Machine machine(*plugin_, setup_for(run));
    const SteerResult result = steer(machine, run);
    EXPECT_FALSE(result.driven);
    EXPECT_FALSE(result.gave_up);
    EXPECT_GT(result.reached, 50U);
    EXPECT_NE(text(result).find("vm_offline_and_remove"), std::string::npos) << text(result);
}

}  // namespace
}  // namespace vmemcheck::conformance
