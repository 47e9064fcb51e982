// SPDX-License-Identifier: MIT
/// \file
/// The kernel's numbers for notifier actions (enum memory_block_action, MEM_ONLINE and the like before it).
#pragma once

#include <cstdint>
#include <optional>

#include "model/config.hpp"
#include "model/event.hpp"

namespace vmemcheck::conformance {

/// Single bits until v6.12's enum.
enum class ActionNumbers : std::uint8_t { bits, enumerators };
[[nodiscard]] ActionNumbers action_numbers(const bbm::Release& release);

/// The notifier action that has a number. Nothing if none has it.
[[nodiscard]] std::optional<bbm::NotifierAction> action_of(ActionNumbers numbers, std::int64_t number);

/// The number of a notifier action in a release. Nothing if it has none.
[[nodiscard]] std::optional<int> action_number(const bbm::Release& release, bbm::NotifierAction action);

}  // namespace vmemcheck::conformance
