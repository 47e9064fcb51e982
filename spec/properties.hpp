// SPDX-License-Identifier: MIT
/// \file
/// The catalogue: what must hold of Big Block Mode, for the checker. Compiled for Bbm and WideBbm, in properties.cpp.
#pragma once

#include <vector>

#include "checker/property.hpp"
#include "model/bbm.hpp"

namespace vmemcheck::bbm::spec {

using Property = checker::Property<Bbm>;
using WideProperty = checker::Property<WideBbm>;

/// The safety and reachability properties, in the order of reports. Expectations of reachability depend on the
/// configuration: what safe mode must show, unsafe mode must not.
template <class M = Bbm>
[[nodiscard]] std::vector<checker::Property<M>> properties(const Config& config);

/// The lemmas of the proofs as invariants, to be checked like properties.
template <class M = Bbm>
[[nodiscard]] std::vector<checker::Property<M>> lemma_properties();

/// The part of an id before '/': properties that share it are chosen together.
[[nodiscard]] std::string_view group_of(std::string_view id);

extern template std::vector<Property> properties<Bbm>(const Config& config);
extern template std::vector<WideProperty> properties<WideBbm>(const Config& config);
extern template std::vector<Property> lemma_properties<Bbm>();
extern template std::vector<WideProperty> lemma_properties<WideBbm>();

}  // namespace vmemcheck::bbm::spec
