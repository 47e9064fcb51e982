// SPDX-License-Identifier: MIT
/// \file
/// Holds runs of the real driver against the model: is there a run of the model that shows the same?
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>

#include "checker/choices.hpp"
#include "conformance/driver/machine.hpp"
#include "conformance/driver/recorder.hpp"
#include "conformance/guest/validator.hpp"

namespace vmemcheck::conformance {

/// What came of a run.
struct RunVerdict {
    TraceVerdict trace;  ///< of the model against the run
    bool known = false;  ///< accepted without a search: a run that showed the same was accepted before
    std::string error;   ///< the schedule is not possible
    [[nodiscard]] bool accepted() const { return error.empty() && trace.status == TraceVerdict::Status::accepted; }
};

/// Holds one run after the other against the model. Runs that show the same are held against it once.
class ModelCheck {
 public:
    /// \param machine of a setup that is in the model (not_in_model()); must outlive this
    explicit ModelCheck(Machine& machine, const TraceOptions& options = {})
        : machine_(machine), options_(options), recorder_(machine) {}

    /// Runs the schedule again, on a machine that is at rest afterwards: restart it or restore a state.
    [[nodiscard]] RunVerdict check(const checker::Choices& schedule);
    /// The events of the last run.
    [[nodiscard]] const std::vector<Seen>& events() const { return recorder_.events(); }

 private:
    Machine& machine_;
    TraceOptions options_;
    RunRecorder recorder_;
    std::unordered_set<std::string> accepted_;
};

/// One run.
[[nodiscard]] RunVerdict check_against_model(Machine& machine, const checker::Choices& schedule,
                                             const TraceOptions& options = {});

/// The end of both sequences side by side, for people: what the driver showed up to the event that no run of the model
/// explains, and what the model could have shown.
[[nodiscard]] std::string difference_text(const RunVerdict& verdict, const std::vector<Seen>& events);

}  // namespace vmemcheck::conformance
