// SPDX-License-Identifier: MIT
/// \file
/// The driver against the model: runs of one held against the other, both ways (docs/driver.md).
#pragma once

#include <string>
#include <vector>

#include "checker/explore.hpp"
#include "cli/config_text.hpp"
#include "cli/terminal.hpp"
#include "conformance/driver/machine.hpp"
#include "conformance/driver/steer.hpp"

namespace vmemcheck::cli {

/// Keeps the runs of an exploration, to be held against the model afterwards: those that came to their end, and of
/// those that were left what there was of them.
class RunsForModel : public checker::ExploreObserver {
 public:
    /// \param most runs kept; the others are counted only
    explicit RunsForModel(std::size_t most) : most_(most) {}
    void on_run_end(const checker::Choices& run, const checker::ProgramEnd&) override { keep(run); }
    void on_run_left(const checker::Choices& run, checker::RunLeft left) override {
        if (left != checker::RunLeft::redundant) keep(run);
    }
    [[nodiscard]] const std::vector<checker::Choices>& runs() const { return runs_; }
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
    void keep(const checker::Choices& run);
    std::size_t most_;
    std::vector<checker::Choices> runs_;
    std::uint64_t dropped_ = 0;
};

/// What came of holding runs against the model.
struct AgainstModel {
    std::uint64_t held = 0;       ///< runs
    std::uint64_t not_held = 0;   ///< more than were kept
    std::uint64_t different = 0;  ///< of these that showed what none before had
    std::uint64_t rejected = 0, undecided = 0;
    double seconds = 0;
    std::string first;  ///< difference, for people: both sequences
    checker::Choices schedule;
};
[[nodiscard]] AgainstModel hold_against_model(conformance::Machine& machine, const RunsForModel& runs,
                                              const std::atomic<bool>* stop);
[[nodiscard]] std::string against_model_text(const AgainstModel& result, const Style& style);

/// A counterexample file of the model as a run to be followed. Throws UserError for what is none, or does not replay,
/// or has no words on the machine.
class FollowedRun {
 public:
    explicit FollowedRun(const std::string& path);
    ~FollowedRun();
    FollowedRun(const FollowedRun&) = delete;
    FollowedRun& operator=(const FollowedRun&) = delete;
    [[nodiscard]] const conformance::ModelRun& run() const;
    [[nodiscard]] const bbm::Config& config() const;

 private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

/// A page of a run of the driver (docs/reports.md). \param file what the run was saved as, for the page
[[nodiscard]] std::string driver_page(conformance::Machine& machine, const checker::Choices& schedule,
                                      const std::string& property, const std::string& message, const std::string& file);

}  // namespace vmemcheck::cli
