// SPDX-License-Identifier: MIT
/// \file
/// What vmemcheck checks, under short names.
#pragma once

#include "checker/result.hpp"
#include "model/bbm.hpp"
#include "spec/properties.hpp"

namespace vmemcheck::cli {

using bbm::Bbm;
using bbm::Config;
using bbm::spec::Property;
using State = Bbm::State;
using Result = checker::Result<Bbm>;
using Run = checker::Counterexample<Bbm>;
using Verdict = checker::Verdict<Bbm>;

/// Name of the model in files.
inline constexpr std::string_view model_name = "virtio-mem-bbm";

/// The property with this id, or null.
[[nodiscard]] const Property* find_property(const std::vector<Property>& properties, std::string_view id);

}  // namespace vmemcheck::cli
