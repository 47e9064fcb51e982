// SPDX-License-Identifier: MIT
#include "spec/engine.hpp"

namespace vmemcheck::checker {

template Result<bbm::Bbm> check(const bbm::Bbm& model, const std::vector<Property<bbm::Bbm>>& properties,
                                const SearchOptions& options);
template Result<bbm::Bbm> survey(const bbm::Bbm& model, const std::vector<Property<bbm::Bbm>>& properties,
                                 const SearchOptions& options, Visitor<bbm::Bbm>& visitor);
template Result<bbm::Bbm> simulate(const bbm::Bbm& model, const std::vector<Property<bbm::Bbm>>& properties,
                                   const SimulationOptions& options);
template Outcomes<bbm::Bbm::State> outcomes(const bbm::Bbm& model, const bbm::Bbm::State& state, ActorId actor,
                                            bool fuse);
template Outcomes<bbm::WideBbm::State> outcomes(const bbm::WideBbm& model, const bbm::WideBbm::State& state,
                                                ActorId actor, bool fuse);

}  // namespace vmemcheck::checker
