// SPDX-License-Identifier: MIT
/// \file
/// What vmemcheck checks, under short names.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

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
template <class M>
[[nodiscard]] const checker::Property<M>* find_property(const std::vector<checker::Property<M>>& properties,
                                                        std::string_view id) {
    const auto found = std::find_if(properties.begin(), properties.end(), [id](const auto& p) { return p.id == id; });
    return found == properties.end() ? nullptr : &*found;
}

}  // namespace vmemcheck::cli
