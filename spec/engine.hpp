// SPDX-License-Identifier: MIT
/// \file
/// The checker's searches of this model, compiled once, in spec/engine.cpp: elsewhere that would take long each time,
/// and the command line is compiled with little optimization.
#pragma once

#include <vector>

#include "checker/search.hpp"
#include "checker/simulate.hpp"
#include "checker/successors.hpp"
#include "model/bbm.hpp"

namespace vmemcheck::checker {

extern template Result<bbm::Bbm> check(const bbm::Bbm& model, const std::vector<Property<bbm::Bbm>>& properties,
                                       const SearchOptions& options);
extern template Result<bbm::Bbm> survey(const bbm::Bbm& model, const std::vector<Property<bbm::Bbm>>& properties,
                                        const SearchOptions& options, Visitor<bbm::Bbm>& visitor);
extern template Result<bbm::Bbm> simulate(const bbm::Bbm& model, const std::vector<Property<bbm::Bbm>>& properties,
                                          const SimulationOptions& options);
extern template Outcomes<bbm::Bbm::State> outcomes(const bbm::Bbm& model, const bbm::Bbm::State& state, ActorId actor,
                                                   bool fuse);
extern template Outcomes<bbm::WideBbm::State> outcomes(const bbm::WideBbm& model, const bbm::WideBbm::State& state,
                                                       ActorId actor, bool fuse);

}  // namespace vmemcheck::checker
