// SPDX-License-Identifier: MIT
/// \file
/// Generators of whole states, reachable or not, from the description of a state.
#pragma once

#include <rapidcheck.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "checker/layout.hpp"
#include "model/bbm.hpp"
#include "properties/configs.hpp"
#include "properties/schedule.hpp"

namespace vmemcheck::properties {

/// A state and what it is a state of.
struct Situation {
    bbm::Config config;
    bbm::Bbm::State state;
};

/// The configuration, and the fields that are not at their simplest.
void showValue(const Situation& situation, std::ostream& out);

/// The value of a field nearest to zero: what it shrinks to.
[[nodiscard]] int simplest(const checker::FieldInfo& field);

/// What a generated state must satisfy.
using StatePredicate = std::function<bool(const bbm::Config&, const bbm::Bbm::State&)>;

/// Any state with every field within its bounds; the ends of a field's range are as likely as all the rest of it.
[[nodiscard]] rc::Gen<Situation> any_situations(rc::Gen<bbm::Config> configs);

/// A state that satisfies a predicate which every reachable state satisfies: from one that a walk reaches, by changes
/// of single fields that keep the predicate. It need not be reachable. It shrinks likewise, field by field. \param
/// shape of the walks \param changes tried, at RapidCheck's size 100
[[nodiscard]] rc::Gen<Situation> satisfying_situations(rc::Gen<bbm::Config> configs, const ScheduleShape& shape,
                                                       unsigned changes, const StatePredicate& holds);

}  // namespace vmemcheck::properties
