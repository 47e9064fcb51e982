// SPDX-License-Identifier: MIT
/// \file
/// Writes a run of the model as the recorder of a real guest would have: the other way round of the validator.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "checker/replay.hpp"
#include "model/bbm.hpp"

namespace vmemcheck::conformance {

/// What of a configuration a recording has no words for, and the validator therefore not either; or nothing.
[[nodiscard]] std::optional<std::string> not_recordable(const bbm::Config& config);

/// The largest configuration of a release that is recordable: a device of so many big blocks of two memory blocks of
/// 128 MiB, the defaults for the rest.
[[nodiscard]] bbm::Config recordable_config(const bbm::Release& release, int big_blocks);

/// A run as a recording (docs/traces.md), one JSON object a line. Its times are made up.
/// \param model of a configuration that is recordable
/// \param initial an initial state in which the big blocks left plugged are the first of the device
/// \param steps must be possible one after the other, from the initial state on
[[nodiscard]] std::string recording_text(const bbm::Bbm& model, const bbm::Bbm::State& initial,
                                         const std::vector<checker::RecordedStep>& steps);

}  // namespace vmemcheck::conformance
