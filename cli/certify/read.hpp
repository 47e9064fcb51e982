// SPDX-License-Identifier: MIT
/// \file
/// Certificates from outside.
#pragma once

#include <string>

#include "cli/certify/certifier.hpp"

namespace vmemcheck::certify {

/// Reads a certificate. Throws cli::UserError, which says what is wrong, for a file that is none, is truncated or
/// changed, or is of another model.
[[nodiscard]] Claim read_claim(const std::string& path);

}  // namespace vmemcheck::certify
