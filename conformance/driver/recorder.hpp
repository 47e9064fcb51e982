// SPDX-License-Identifier: MIT
/// \file
/// Records a run of the driver on the machine as the recorder of a guest would (docs/traces.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "checker/choices.hpp"
#include "conformance/driver/machine.hpp"
#include "conformance/guest/recording.hpp"

namespace vmemcheck::conformance {

/// What of a setup the model has no words for, or nothing: such runs cannot be held against it.
[[nodiscard]] std::optional<std::string> not_in_model(const DriverSetup& setup);
/// What of a setup a recording as text has no words for besides, or nothing.
[[nodiscard]] std::optional<std::string> not_recordable(const DriverSetup& setup);

/// An event as the recorder of a guest has it, without state; nothing if it has no probe there. Page functions are not
/// summed up.
[[nodiscard]] std::optional<Seen> seen_of(const bbm::Release& release, const DriverEvent& event);

/// Sees one run.
class RunRecorder final : public DriverObserver {
 public:
    /// \param machine of a setup that is in the model; observe it with record(this)
    explicit RunRecorder(const Machine& machine) : machine_(machine) {}
    void event(const DriverEvent& event) override;
    void resized(std::uint64_t bytes) override;
    void page_used(int block, unsigned action) override;
    void printed(std::string_view) override {}

    /// Before each run.
    void clear();
    [[nodiscard]] const std::vector<Seen>& events() const { return events_; }
    /// The run so far, with what is known of it beyond a guest's recording: which faults were possible, and when the
    /// host resized.
    [[nodiscard]] Recording recording() const;
    /// The same as text, one JSON object a line.
    [[nodiscard]] std::string text() const;

 private:
    void page_function(const DriverEvent& event);
    /// All that is to be seen, at every event: that nothing has changed is worth holding against the model, too.
    void look(Seen& seen);
    [[nodiscard]] DriverSeen driver_state() const;
    [[nodiscard]] std::vector<PagesSeen> page_looks() const;
    [[nodiscard]] std::int64_t real_pages(std::int64_t pages) const;
    [[nodiscard]] std::int64_t first_big_block() const;

    const Machine& machine_;
    std::vector<Seen> events_;
    std::vector<OutsideAct> outside_;
    std::uint64_t holder_ = 0;
};

/// Runs a schedule, choice by choice, with a recorder looking on; the machine is left where the last choice led.
/// \return what is wrong with the schedule, or nothing
[[nodiscard]] std::optional<std::string> record_run(Machine& machine, const checker::Choices& schedule,
                                                    RunRecorder& recorder);

/// A run as text for `vmemcheck trace`. \param machine of a setup that is recordable
/// \return nothing if the schedule is not possible
[[nodiscard]] std::optional<std::string> recording_text(Machine& machine, const checker::Choices& schedule);

}  // namespace vmemcheck::conformance
