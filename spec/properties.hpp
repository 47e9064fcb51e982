// SPDX-License-Identifier: MIT
/// \file
/// The catalogue: what must hold of Big Block Mode, for the checker.
#pragma once

#include <vector>

#include "checker/property.hpp"
#include "model/bbm.hpp"

namespace vmemcheck::bbm::spec {

using Property = checker::Property<Bbm>;

/// The safety and reachability properties, in the order of reports. Expectations of reachability depend on the
/// configuration: what safe mode must show, unsafe mode must not.
[[nodiscard]] std::vector<Property> properties(const Config& config);

/// The lemmas of the proofs as invariants, to be checked like properties.
[[nodiscard]] std::vector<Property> lemma_properties();

/// The part of an id before '/': properties that share it are chosen together.
[[nodiscard]] std::string_view group_of(std::string_view id);

}  // namespace vmemcheck::bbm::spec
