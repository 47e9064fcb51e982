// SPDX-License-Identifier: MIT
// Runs that are recorded and run again; counterexample files that are written, read and written again.
#include "checker/replay.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cli/counterexample.hpp"
#include "cli/run_text.hpp"
#include "properties/falsify.hpp"
#include "properties/scenario.hpp"
#include "spec/properties.hpp"

namespace vmemcheck::properties {
namespace {

using bbm::Bbm;
using bbm::Config;
namespace fs = std::filesystem;

TEST(Replays, OfWalksGiveTheSameStates) {
    const auto all = scenarios<>(configs(scopes(), Trouble::anything), busy_schedules());
    const auto failure = falsify({.runs = 200}, [&] {
        const auto scenario = *all;
        const Bbm model(scenario.config);
        const Bbm::State initial = scenario.initial(model);
        const auto run = walk(model, initial, scenario.schedule);
        const checker::Layout layout = checker::layout_of(model, initial);
        // A walk that ends in a failed assertion may leave a field out of its bounds.
        const auto again = checker::replay(model, initial, run.steps);
        RC_ASSERT(!again.diverged_at);
        RC_ASSERT(again.states.size() == run.steps.size() + 1);
        for (std::size_t i = 0; i < run.steps.size(); ++i) {
            RC_ASSERT(layout.equal(again.states[i + 1], run.steps[i].after));
        }
    });
    EXPECT_FALSE(failure) << *failure;
}

TEST(Replays, OfAnotherStepDivergeThere) {
    const auto all = scenarios<>(configs(scopes(), Trouble::anything), busy_schedules());
    const auto failure = falsify({.runs = 200}, [&] {
        const auto scenario = *all;
        const Bbm model(scenario.config);
        const Bbm::State initial = scenario.initial(model);
        auto run = walk(model, initial, scenario.schedule);
        RC_PRE(!run.steps.empty());
        const auto at = *rc::gen::inRange<std::size_t>(0, run.steps.size());
        auto& step = run.steps[at];
        switch (*rc::gen::inRange(0, 3)) {
            case 0:  // a step has a name of its own in each actor, and only one is next
                step.step = (step.step + 1) % static_cast<checker::StepId>(model.steps().size());
                break;
            case 1:
                step.choices.emplace_back(bbm::choice::allocation, 0);
                break;
            default:
                step.actor = static_cast<checker::ActorId>(model.actor_count());
                break;
        }
        const auto again = checker::replay(model, initial, run.steps);
        RC_ASSERT(again.diverged_at.has_value());
        RC_ASSERT(*again.diverged_at == at);
        RC_ASSERT(!again.reason.empty());
    });
    EXPECT_FALSE(failure) << *failure;
}

// --- files ---

/// Violations of mutants and releases, in generated scopes.
rc::Gen<Config> faulty_configs() {
    return rc::gen::map(rc::gen::tuple(configs(scopes(), Trouble::usual),
                                       rc::gen::resize(100, rc::gen::inRange<std::size_t>(0, bbm::mutants().size()))),
                        [](const auto& parts) {
                            Config config = std::get<0>(parts);
                            const bbm::MutantInfo& mutant = bbm::mutants()[std::get<1>(parts)];
                            config.mutant = mutant.mutant;
                            config.release = *bbm::find_release(mutant.release);
                            config.safe_unplug = true;
                            return config;
                        });
}

/// A walk to a violation, as a counterexample; nothing if there is none.
std::optional<checker::Counterexample<Bbm>> counterexample(const Scenario<>& scenario,
                                                           const std::vector<bbm::spec::Property>& properties) {
    const Bbm model(scenario.config);
    const Bbm::State initial = scenario.initial(model);
    SafetyWatch<Bbm> watch(model, properties, initial);
    auto run = walk(model, initial, scenario.schedule, watch);
    if (!watch.violation() || watch.violation()->first.empty()) return std::nullopt;
    checker::Counterexample<Bbm> found{0, watch.violation()->second, initial, std::move(run.steps), {}};
    while (properties[found.property].id != watch.violation()->first) ++found.property;
    return found;
}

/// A file that is gone when the test is.
struct TemporaryFile {
    TemporaryFile() : path(fs::temp_directory_path() / ("vmemcheck-" + std::to_string(::getpid()) + ".json")) {}
    ~TemporaryFile() { fs::remove(path); }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;

    void write(const std::string& text) const { std::ofstream(path) << text; }

    fs::path path;
};

/// The initial state that a file tells, which names the fields that are not zero.
std::optional<Bbm::State> initial_of(const cli::CounterexampleFile& file, const Bbm& model) {
    const checker::Layout layout = checker::layout_of(model, model.initial_state(0));
    std::optional<Bbm::State> found;
    model.initial_states([&](const Bbm::State& state) {
        for (std::size_t i = 0; i < layout.fields().size(); ++i) {
            const checker::FieldInfo& field = layout.fields()[i];
            const auto told = file.initial.find(field.name);
            const int value = layout.get(state, i);
            if (told == file.initial.end() ? value != 0 : *told != cli::field_json(field, value)) return;
        }
        found = state;
    });
    return found;
}

TEST(CounterexampleFiles, SurviveBeingReadAndWrittenAgain) {
    const TemporaryFile file;
    std::size_t violations = 0;
    const auto all = scenarios<>(faulty_configs(), busy_schedules());
    const auto failure = falsify({.runs = 25, .discards = 100}, [&] {
        const auto scenario = *all;
        const auto properties = bbm::spec::properties(scenario.config);
        const auto run = counterexample(scenario, properties);
        RC_PRE(run.has_value());
        ++violations;
        const Bbm model(scenario.config);
        const std::string text = cli::counterexample_text(model, properties[run->property], *run);
        file.write(text);

        const cli::CounterexampleFile read = cli::read_counterexample(file.path.string());
        const Bbm again(read.config);
        const auto told = bbm::spec::properties(read.config);
        const auto* property = cli::find_property(told, read.property);
        RC_ASSERT(property != nullptr);
        RC_ASSERT(read.verdict == "violated");
        const auto initial = initial_of(read, again);
        RC_ASSERT(initial.has_value());
        std::vector<checker::RecordedStep> steps;
        for (const cli::FileStep& step : read.steps) steps.push_back(step.step);
        const auto replay = checker::replay(again, *initial, steps, property);
        RC_ASSERT(!replay.diverged_at);
        RC_ASSERT(replay.status == checker::Status::violated);
        RC_ASSERT(replay.decided_at == steps.size());

        checker::Counterexample<Bbm> second{0, run->message, *initial, {}, {}};
        for (std::size_t i = 0; i < steps.size(); ++i) {
            second.steps.push_back({steps[i].actor, steps[i].step, steps[i].choices, replay.states[i + 1], true});
        }
        RC_ASSERT(cli::counterexample_text(again, *property, second) == text);
    });
    EXPECT_FALSE(failure) << *failure;
    EXPECT_GE(violations, 25U);
}

/// The program itself says of such a file that it is as recorded, and of one whose end is cut off that it is not.
TEST(CounterexampleFiles, SlowGiveTheVerdictTheyWereWrittenWith) {
    const TemporaryFile file;
    const auto all = scenarios<>(faulty_configs(), busy_schedules());
    const auto replayed = [&] {
        const std::string command =
            std::string(VMEMCHECK_CLI) + " replay --quiet " + file.path.string() + " >/dev/null";
        return std::system(command.c_str());
    };
    const auto failure = falsify({.runs = 20, .discards = 100, .shrinking = false}, [&] {
        const auto scenario = *all;
        const auto properties = bbm::spec::properties(scenario.config);
        auto run = counterexample(scenario, properties);
        RC_PRE(run.has_value());
        const Bbm model(scenario.config);
        file.write(cli::counterexample_text(model, properties[run->property], *run));
        RC_ASSERT(replayed() == 0);
        run->steps.pop_back();
        file.write(cli::counterexample_text(model, properties[run->property], *run));
        RC_ASSERT(replayed() != 0);
    });
    EXPECT_FALSE(failure) << *failure;
}

}  // namespace
}  // namespace vmemcheck::properties
