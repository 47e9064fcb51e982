// SPDX-License-Identifier: MIT
/// \file
/// Generators of what a run is about: scopes, releases, environments. They shrink to fewer and smaller things, the
/// newest release and no faults.
#pragma once

#include <rapidcheck.h>

#include <iosfwd>

#include "model/config.hpp"

namespace vmemcheck::bbm {

// RapidCheck finds these by the types of its examples.
void showValue(const Scope& scope, std::ostream& out);
void showValue(const Config& config, std::ostream& out);

}  // namespace vmemcheck::bbm

namespace vmemcheck::properties {

/// Any scope that states of that capacity have room for (bbm::problem() finds nothing wrong with it).
[[nodiscard]] rc::Gen<bbm::Scope> scopes(const bbm::Capacity& capacity = bbm::native_capacity);

/// One of the known releases.
[[nodiscard]] rc::Gen<bbm::Release> releases();

/// What a generated environment may do.
enum class Trouble : std::uint8_t {
    usual,    ///< the faults that are on by default, or fewer of them: properties are meant to hold
    anything  ///< any fault
};

/// Faults, each on or off.
[[nodiscard]] rc::Gen<bbm::Faults> faults(Trouble trouble);

/// A release, a mode it has, faults and an auto-online policy, in a generated scope. No mutant.
[[nodiscard]] rc::Gen<bbm::Config> configs(rc::Gen<bbm::Scope> scope, Trouble trouble);

/// As many big blocks as states of that capacity have room for, and all else as large as then fits: so large that only
/// walks can be taken in it.
[[nodiscard]] bbm::Scope largest_scope(const bbm::Capacity& capacity = bbm::native_capacity);

}  // namespace vmemcheck::properties
