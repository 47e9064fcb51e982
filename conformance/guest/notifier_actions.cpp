// SPDX-License-Identifier: MIT
#include "conformance/guest/notifier_actions.hpp"

#include <array>
#include <utility>

namespace vmemcheck::conformance {

namespace {

constexpr std::array<std::pair<int, bbm::NotifierAction>, 6> actions_as_bits{
    {{1, bbm::NotifierAction::online},
     {2, bbm::NotifierAction::going_offline},
     {4, bbm::NotifierAction::offline},
     {8, bbm::NotifierAction::going_online},
     {16, bbm::NotifierAction::cancel_online},
     {32, bbm::NotifierAction::cancel_offline}}};
constexpr std::array<std::pair<int, bbm::NotifierAction>, 8> actions_as_enum{
    {{0, bbm::NotifierAction::online},
     {1, bbm::NotifierAction::going_offline},
     {2, bbm::NotifierAction::offline},
     {3, bbm::NotifierAction::going_online},
     {4, bbm::NotifierAction::cancel_online},
     {5, bbm::NotifierAction::cancel_offline},
     {6, bbm::NotifierAction::prepare_online},
     {7, bbm::NotifierAction::finish_offline}}};

template <class Table>
std::optional<bbm::NotifierAction> action_of(const Table& table, std::int64_t number) {
    for (const auto& [value, action] : table) {
        if (value == number) return action;
    }
    return std::nullopt;
}

}  // namespace

ActionNumbers action_numbers(const bbm::Release& release) {
    return release.notifies_prepare_and_finish ? ActionNumbers::enumerators : ActionNumbers::bits;
}

std::optional<bbm::NotifierAction> action_of(ActionNumbers numbers, std::int64_t number) {
    return numbers == ActionNumbers::bits ? action_of(actions_as_bits, number) : action_of(actions_as_enum, number);
}

std::optional<int> action_number(const bbm::Release& release, bbm::NotifierAction action) {
    const auto find = [action](const auto& table) -> std::optional<int> {
        for (const auto& [number, known] : table) {
            if (known == action) return number;
        }
        return std::nullopt;
    };
    return action_numbers(release) == ActionNumbers::enumerators ? find(actions_as_enum) : find(actions_as_bits);
}

}  // namespace vmemcheck::conformance
