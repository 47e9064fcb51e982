// SPDX-License-Identifier: MIT
#include "model/steps.hpp"

#include <array>
#include <cstddef>

namespace vmemcheck::bbm {

namespace {
constexpr auto step_count = static_cast<std::size_t>(StepId::count);

constexpr std::array<checker::StepInfo, step_count> infos{{
#define STEP(id, local, function, why) checker::StepInfo{#id, function, why, local},
#include "model/steps.inc"
#undef STEP
}};

constexpr std::array<std::string_view, step_count> names{{
#define STEP(id, local, function, why) #id,
#include "model/steps.inc"
#undef STEP
}};
}  // namespace

std::span<const checker::StepInfo> step_infos() { return infos; }
std::span<const std::string_view> step_names() { return names; }

}  // namespace vmemcheck::bbm
