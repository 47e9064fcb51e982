// SPDX-License-Identifier: MIT
/// \file
/// The steps of the model: identifiers and the table of what each stands for (steps.inc).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "checker/model.hpp"

namespace vmemcheck::bbm {

/// Identifies a step; for actors with a program counter it is also the counter's value.
enum class StepId : std::uint8_t {
#define STEP(id, local, function, why) id,
#include "model/steps.inc"
#undef STEP
    count,

    wk_first = wk_idle,
    wk_last = wk_exit,
    op_first = op_none,
    op_last = op_unlock,
    rm_first = rm_idle,
    rm_last = rm_done,
};

/// Which of the steps that steps.inc calls local are.
enum class Locality : std::uint8_t {
    as_listed,      ///< all of them
    hidden_events,  ///< not those that are so because the driver's callbacks hold hotplug_mutex (fault stop-callbacks)
    none,           ///< none (MutantInfo::breaks_locality)
};

/// Name, kernel function, justification and locality of every step, indexed by StepId.
[[nodiscard]] std::span<const checker::StepInfo> step_infos(Locality locality = Locality::as_listed);
/// The names alone.
[[nodiscard]] std::span<const std::string_view> step_names();

}  // namespace vmemcheck::bbm
