// SPDX-License-Identifier: MIT
/// \file
/// The catalogue's liveness properties: what must happen in the end.
#pragma once

#include <vector>

#include "checker/property.hpp"
#include "model/bbm.hpp"

namespace vmemcheck::bbm::spec {

/// The liveness properties, in the order of reports. They are decided by an exhaustive search only.
///
/// One defect is to be found by one property: an offlining that cannot end any more (a page of its memory block is
/// pinned for ever, or a page block of it is isolated no more) violates offlining-ends, and the others take it for an
/// excuse.
template <class M = Bbm>
[[nodiscard]] std::vector<checker::Property<M>> liveness_properties(const Config& config);

/// Safety, reachability, then liveness: every property there is.
template <class M = Bbm>
[[nodiscard]] std::vector<checker::Property<M>> all_properties(const Config& config);

extern template std::vector<checker::Property<Bbm>> liveness_properties<Bbm>(const Config& config);
extern template std::vector<checker::Property<WideBbm>> liveness_properties<WideBbm>(const Config& config);
extern template std::vector<checker::Property<Bbm>> all_properties<Bbm>(const Config& config);
extern template std::vector<checker::Property<WideBbm>> all_properties<WideBbm>(const Config& config);

}  // namespace vmemcheck::bbm::spec
