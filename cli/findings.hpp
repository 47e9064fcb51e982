// SPDX-License-Identifier: MIT
/// \file
/// What a check found: the verdicts in words, and the runs to be shown.
#pragma once

#include <string>
#include <vector>

#include "cli/config_flags.hpp"
#include "cli/error.hpp"
#include "cli/model.hpp"

namespace vmemcheck::cli {

/// A property and what was found of it.
struct Finding {
    const Property* property = nullptr;
    const Verdict* verdict = nullptr;
    bool show = false;  ///< the run is to be printed and saved
    /// Present if there is a run; ends where the property is decided.
    std::optional<Run> run;
    std::string unconfirmed;  ///< why the run does not replay, if it does not: a fault of the checker
    std::string file;         ///< where the run was saved

    [[nodiscard]] bool goal() const { return property->kind == checker::PropertyKind::reachability; }
    /// Violated, or reached or unreached against expectation.
    [[nodiscard]] bool violation() const {
        return verdict->status != checker::Status::incomplete && !verdict->as_expected;
    }
};

/// Replays a run and cuts it to where the property is decided: a fused transition may go on.
/// \return why it does not replay; empty if it does
[[nodiscard]] std::string confirm(const Bbm& model, const Property& property, Run& run);

/// Replays the runs of a result: that confirms them, and cuts what follows the violation in a fused transition.
/// \param named which properties were asked for by name: their witnesses are shown
[[nodiscard]] std::vector<Finding> findings_of(const Bbm& model, const std::vector<Property>& properties,
                                               const Result& result, const ConfigFlags& named);

/// "holds", "violated", "reached", "unreachable", "incomplete".
[[nodiscard]] const char* verdict_word(checker::Status status);

/// \param random walks were taken rather than a search: what they have not found counts for nothing
[[nodiscard]] ExitCode exit_code_of(const std::vector<Finding>& findings, const Result& result, bool random);

}  // namespace vmemcheck::cli
