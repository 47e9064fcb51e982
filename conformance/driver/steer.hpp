// SPDX-License-Identifier: MIT
/// \file
/// Drives the real code along a run of the model: is there a schedule in which it shows the same events, in this order?
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "checker/choices.hpp"
#include "checker/replay.hpp"
#include "conformance/driver/machine.hpp"
#include "model/bbm.hpp"

namespace vmemcheck::conformance {

/// A run of the model: a counterexample or a witness; of a lasso, the stem and its cycle once.
struct ModelRun {
    const bbm::Bbm& model;  ///< of a configuration that is recordable (guest/emit.hpp)
    bbm::Bbm::State initial;
    std::vector<checker::RecordedStep> steps;
    std::string property;  ///< that it violates; empty if none. The run of the driver may end with the same violation.
};

struct SteerOptions {
    std::size_t max_examined = 200'000;  ///< points of choice before the search gives up
};

struct SteerResult {
    bool driven = false;
    /// The machine ended the run with a violation of the same property, before or with the last event.
    bool same_violation = false;
    bool gave_up = false;            ///< at max_examined; else, if not driven, there is no such schedule
    std::string error;               ///< the run cannot be asked for on this machine
    checker::Choices schedule;       ///< of the run, or of the one that came furthest
    std::vector<std::string> want;   ///< what the model's run shows and what its surroundings do, in order
    std::size_t reached = 0;         ///< of these, by the run that came furthest
    std::vector<std::string> stuck;  ///< what the driver showed there instead, on the ways tried
    std::size_t examined = 0;
};

/// A machine for such a run: its release, sizes, parameters, faults, and counts large enough for it.
[[nodiscard]] DriverSetup setup_for(const ModelRun& run);

/// Searches depth first for a schedule that shows the events of the run in their order; what the run's surroundings do
/// in between (the host, users of pages, user space, the device, the timer) is done where the run does it. Users of
/// pages act on the last page of a memory block, whichever page of it the run names. The device answers and interrupts
/// at once.
/// \param machine of setup_for(run); left where the last schedule led
[[nodiscard]] SteerResult steer(Machine& machine, const ModelRun& run, const SteerOptions& options = {});

/// Both sequences side by side, for people.
[[nodiscard]] std::string text(const SteerResult& result);

}  // namespace vmemcheck::conformance
