// SPDX-License-Identifier: MIT
/// \file
/// A run of the model without its states: it can be run again in another configuration, which is how configurations
/// are shrunk.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "checker/schedule.hpp"
#include "properties/fuzz.hpp"
#include "spec/properties.hpp"

namespace vmemcheck::bbm::fuzz {

/// What a run is a run of, where it begins and who moves.
struct Plan {
    Config config;
    std::uint64_t left_plugged = 0;  ///< big blocks an earlier driver left plugged, a bit each
    checker::Schedule moves;
};

/// The safety property with this id in a configuration, if there is one.
template <class M>
[[nodiscard]] std::optional<checker::Property<M>> property_named(const Config& config, std::string_view id) {
    for (auto& property : spec::properties<M>(config)) {
        if (property.id == id) return std::move(property);
    }
    return std::nullopt;
}

/// Whether this is a property that random walks can violate.
template <class M>
[[nodiscard]] bool can_be_violated(const checker::Property<M>& property) {
    return property.kind != checker::PropertyKind::reachability || !property.expected;
}

/// The schedule for another scope: pages, memory blocks and sizes are those at the same place, or at the nearest there
/// is.
[[nodiscard]] checker::Schedule moved(const checker::Schedule& moves, const Scope& from, const Scope& to);

/// A walk that violates the property, among some in one configuration.
/// \param length most moves of a walk
/// \param budget most moves in all
/// \return nothing if no walk did
[[nodiscard]] std::optional<Plan> find_again(const Config& config, std::string_view property, std::uint64_t seed,
                                             std::uint64_t length, std::uint64_t budget, const std::atomic<bool>* stop);

/// Shrinks a run and its configuration: smaller scope, fewer faults, bounds no larger than what happens; then the run,
/// as checker::Shrinker does. Deterministic for a seed.
/// \param plan a run that violates the property
/// \param asked what was to be tested: the faults and options that another run may have
[[nodiscard]] Found shrink(Plan plan, std::string_view property, const Config& asked, std::uint64_t seed,
                           const std::atomic<bool>* stop);

}  // namespace vmemcheck::bbm::fuzz
