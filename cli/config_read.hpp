// SPDX-License-Identifier: MIT
/// \file
/// A configuration, and names of the model, read from files.
#pragma once

#include <string_view>
#include <vector>

#include "cli/error.hpp"
#include "cli/json_reader.hpp"

namespace vmemcheck::cli {

/// The index of a name among those known; fails with the nearest. \param what the kind of name, for the message
[[nodiscard]] std::size_t index_in(const std::vector<std::string_view>& known, std::string_view what,
                                   const JsonPlace& place);

/// The members "release" to "mutant" that put_config() writes.
[[nodiscard]] Config read_config(const JsonPlace& object);

/// The member "property": an id of this configuration.
[[nodiscard]] std::string read_property(const JsonPlace& object, const Config& config);
/// The member "verdict".
[[nodiscard]] std::string read_verdict(const JsonPlace& object);

}  // namespace vmemcheck::cli
