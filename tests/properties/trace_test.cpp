// SPDX-License-Identifier: MIT
// Recordings that the model itself makes: the validator explains them, and none of them after a small change.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "conformance/guest/emit.hpp"
#include "conformance/guest/recording.hpp"
#include "conformance/guest/validator.hpp"
#include "properties/falsify.hpp"
#include "properties/scenario.hpp"
#include "tests/conformance/alterations.hpp"

namespace vmemcheck::properties {
namespace {

using bbm::Bbm;
using bbm::Config;
using conformance::Json;
using conformance::TraceVerdict;

rc::Gen<Scenario<>> recordable_scenarios(const ScheduleShape& shape) {
    const auto configs =
        rc::gen::map(rc::gen::tuple(releases(), rc::gen::resize(100, rc::gen::inRange(1, 4)), faults(Trouble::usual)),
                     [](const auto& parts) {
                         Config config = conformance::recordable_config(std::get<0>(parts), std::get<1>(parts));
                         config.faults = std::get<2>(parts);
                         return config;
                     });
    return rc::gen::map(scenarios<>(configs, shape), [](Scenario<> scenario) {
        // The validator looks for a resize shortly before its interrupt.
        Schedule prompt;
        for (const Decision& decision : scenario.schedule) {
            prompt.push_back(decision);
            if (decision.actor == bbm::actor::host) prompt.push_back({0, bbm::actor::interrupt, 0});
        }
        scenario.schedule = std::move(prompt);
        // A recording tells how much was left plugged, not what: the first big blocks.
        scenario.plugged = (std::uint64_t{1} << scenario.plugged % 4) - 1;
        return scenario;
    });
}

std::string recording_of(const Scenario<>& scenario) {
    const Bbm model(scenario.config);
    const Bbm::State initial = scenario.initial(model);
    std::vector<checker::RecordedStep> steps;
    for (const auto& step : walk(model, initial, scenario.schedule, {.steps = 1500}).steps) {
        steps.push_back({step.actor, step.step, step.choices});
    }
    return conformance::recording_text(model, initial, steps);
}

struct Judged {
    TraceVerdict::Status status = TraceVerdict::Status::rejected;
    std::string why;
    std::size_t events = 0;
};

Judged judge(const std::string& text, const bbm::Release& release) {
    const auto read = conformance::parse_recording("generated", text, &release);
    if (const auto* bad = std::get_if<conformance::BadInput>(&read))
        return {TraceVerdict::Status::rejected, bad->message, 0};
    const auto& recording = std::get<conformance::Recording>(read);
    const TraceVerdict verdict = conformance::validate(recording, {.max_examined = 100'000});
    std::string why = "stuck at event " + std::to_string(verdict.stuck_at) + ": " + verdict.stuck_event;
    for (const std::string& alternative : verdict.alternatives) why += "\n  " + alternative;
    return {verdict.status, why, verdict.events};
}

/// How recordings of the model fared.
struct Fared {
    std::size_t most_events = 0;
    int undecided = 0;  ///< the search for a run was given up
};

/// The first recording of the model that the validator rejects.
std::optional<std::string> falsify_explained(const Amount& amount, Fared& fared) {
    const auto all = recordable_scenarios(busy_schedules(60));
    return falsify(amount, [&] {
        const auto scenario = *all;
        RC_ASSERT(!conformance::not_recordable(scenario.config));
        const Judged judged = judge(recording_of(scenario), scenario.config.release);
        fared.most_events = std::max(fared.most_events, judged.events);
        if (judged.status == TraceVerdict::Status::undecided) ++fared.undecided;
        if (judged.status == TraceVerdict::Status::rejected) RC_FAIL(judged.why);
    });
}

TEST(Recordings, SlowOfTheModelAreExplainedByIt) {
    Fared fared;
    const auto failure = falsify_explained({.runs = 300}, fared);
    EXPECT_FALSE(failure) << *failure;
    EXPECT_EQ(fared.undecided, 0);
    EXPECT_GT(fared.most_events, 300U) << "the recordings are short";
}

TEST(Recordings, LongOfTheModelAreExplainedByIt) {
    Fared fared;
    constexpr int runs = 2000;
    const auto failure = falsify_explained({.runs = runs, .seed = 2, .shrinking = false}, fared);
    EXPECT_FALSE(failure) << *failure;
    // Pages that nobody sees are guessed, and there can be too many guesses.
    EXPECT_LE(fared.undecided, runs / 100);
    RecordProperty("undecided", fared.undecided);
}

// --- changed ---

std::vector<Json> lines_of(const std::string& text) {
    std::vector<Json> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(Json::parse(line));
    return lines;
}

/// Whether the task of a line has nothing more to show after it: then the recording might as well have ended there.
bool last_of_its_task(const std::vector<Json>& lines, const std::vector<std::size_t>& at, std::size_t i) {
    return std::none_of(at.begin() + static_cast<std::ptrdiff_t>(i) + 1, at.end(),
                        [&](std::size_t later) { return lines[later]["task"] == lines[at[i]]["task"]; });
}

using Alteration = bool (*)(std::vector<Json>&, const std::vector<std::size_t>&, std::size_t);

/// Recordings with one change, at a place that is drawn or the next one that allows it.
std::optional<std::string> falsify_altered(Alteration alter, const Amount& amount) {
    const auto all = recordable_scenarios(busy_schedules(20));
    return falsify(amount, [&] {
        const auto scenario = *all;
        const std::vector<Json> lines = lines_of(recording_of(scenario));
        const auto at = conformance::protocol_lines(lines);
        RC_PRE(at.size() > 20U);
        const auto drawn = *rc::gen::inRange<std::size_t>(0, at.size());
        std::vector<Json> changed = lines;
        std::size_t i = drawn;
        // An interrupt may come at any time, and so see any state.
        const auto of_a_task = [&] { return lines[at[i]]["task"] != "<idle>-0"; };
        const auto apply = [&] { return of_a_task() && !last_of_its_task(lines, at, i) && alter(changed, at, i); };
        for (std::size_t n = 0; n < at.size() && !apply(); ++n) i = (i + 1) % at.size();
        const bool any = changed != lines;
        RC_PRE(any);
        RC_LOG() << "changed: " << lines[at[i]].dump() << "\n";
        const Judged judged = judge(conformance::text_of(changed), scenario.config.release);
        RC_ASSERT(judged.status != TraceVerdict::Status::accepted);
    });
}

TEST(Recordings, SlowOfTheModelWithoutOneEventAreNotExplained) {
    const auto failure = falsify_altered(conformance::remove_event, {.runs = 150, .discards = 50});
    EXPECT_FALSE(failure) << *failure;
}

TEST(Recordings, SlowOfTheModelWithTwoEventsSwappedAreNotExplained) {
    const auto failure = falsify_altered(conformance::swap_events, {.runs = 150, .discards = 50});
    EXPECT_FALSE(failure) << *failure;
}

TEST(Recordings, SlowOfTheModelWithAnotherActionAreNotExplained) {
    const auto failure = falsify_altered(conformance::change_action, {.runs = 30, .discards = 200});
    EXPECT_FALSE(failure) << *failure;
}

TEST(Recordings, SlowOfTheModelWithAnotherDriverStateAreNotExplained) {
    const auto failure = falsify_altered(conformance::change_driver_state, {.runs = 150, .discards = 50});
    EXPECT_FALSE(failure) << *failure;
}

TEST(Recordings, SlowOfTheModelWithAnotherRefcountOfADriversPageAreNotExplained) {
    const auto failure = falsify_altered(conformance::change_refcount, {.runs = 40, .discards = 100});
    EXPECT_FALSE(failure) << *failure;
}

TEST(Recordings, AreNotMadeOfWhatTheyCannotTell) {
    Config config = conformance::recordable_config(bbm::releases().back(), 2);
    EXPECT_FALSE(conformance::not_recordable(config));
    config.scope.threshold = 3;
    EXPECT_TRUE(conformance::not_recordable(config));
    config = conformance::recordable_config(bbm::releases().back(), 2);
    config.mutant = bbm::Mutant::raw_offline_errors;
    EXPECT_TRUE(conformance::not_recordable(config));
    config = conformance::recordable_config(bbm::releases().back(), 2);
    config.faults.eternal_pins = true;
    EXPECT_TRUE(conformance::not_recordable(config));
}

}  // namespace
}  // namespace vmemcheck::properties
