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

namespace vmemcheck::properties {
namespace {

using bbm::Bbm;
using bbm::Config;
using conformance::TraceVerdict;
using Json = nlohmann::ordered_json;

rc::Gen<Scenario<>> recordable_scenarios(const ScheduleShape& shape) {
    const auto configs =
        rc::gen::map(rc::gen::tuple(releases(), rc::gen::resize(100, rc::gen::inRange(1, 4)), faults(Trouble::usual)),
                     [](const auto& parts) {
                         Config config = conformance::recordable_config(std::get<0>(parts), std::get<1>(parts));
                         config.faults = std::get<2>(parts);
                         return config;
                     });
    return rc::gen::map(scenarios<>(configs, shape), [](Scenario<> scenario) {
        // A recording tells how much was left plugged, not what: the first big blocks.
        scenario.plugged = (std::uint64_t{1} << scenario.plugged % 4) - 1;
        return scenario;
    });
}

std::string recording_of(const Scenario<>& scenario) {
    const Bbm model(scenario.config);
    const Bbm::State initial = scenario.initial(model);
    std::vector<checker::RecordedStep> steps;
    for (const auto& step : walk(model, initial, scenario.schedule, {.steps = 600}).steps) {
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
    if (const auto* bad = std::get_if<conformance::BadInput>(&read)) return {{}, bad->message, 0};
    const auto& recording = std::get<conformance::Recording>(read);
    const TraceVerdict verdict = conformance::validate(recording, {.max_examined = 100'000});
    std::string why = "stuck at event " + std::to_string(verdict.stuck_at) + ": " + verdict.stuck_event;
    for (const std::string& alternative : verdict.alternatives) why += "\n  " + alternative;
    return {verdict.status, why, verdict.events};
}

TEST(Recordings, OfTheModelAreExplainedByIt) {
    const auto all = recordable_scenarios(busy_schedules(20));
    const auto failure = falsify({.runs = 300}, [&] {
        const auto scenario = *all;
        RC_ASSERT(!conformance::not_recordable(scenario.config));
        const Judged judged = judge(recording_of(scenario), scenario.config.release);
        if (judged.status != TraceVerdict::Status::accepted) RC_FAIL(judged.why);
    });
    EXPECT_FALSE(failure) << *failure;
}

}  // namespace
}  // namespace vmemcheck::properties
