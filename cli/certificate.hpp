// SPDX-License-Identifier: MIT
/// \file
/// Certificates: the closed set of reached states as a file (docs/certificates-of-states.md).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "checker/options.hpp"
#include "cli/model.hpp"

namespace vmemcheck::cli {

/// The ids of the properties that a certificate speaks of: invariants, assertions and transition properties.
[[nodiscard]] std::vector<std::string> certified_ids(const std::vector<Property>& properties);

/// Writes a certificate. Throws UserError if the file cannot be written.
/// \param states all states of a complete search without fusing
void write_certificate(const std::string& path, const Bbm& model, const std::vector<Property>& properties,
                       const checker::StoredStates& states);

}  // namespace vmemcheck::cli
