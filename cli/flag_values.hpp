// SPDX-License-Identifier: MIT
/// \file
/// Values of flags: numbers and sizes, read strictly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "cli/command.hpp"

namespace vmemcheck::cli {

/// A whole number that is not negative. Throws UserError. \param what the flag, for the message
[[nodiscard]] std::uint64_t number_value(std::string_view what, std::string_view text);

/// "512M", "2G", "1000000": K, M, G and T are powers of 1024. Throws UserError.
[[nodiscard]] std::size_t size_value(std::string_view what, std::string_view text);

/// A number of seconds. Throws UserError.
[[nodiscard]] double seconds_value(std::string_view what, std::string_view text);

/// Adds "--NAME N" to a command.
Flag add_number(Command& command, const std::string& name, std::uint64_t& target, const std::string& help);
/// Adds "--NAME SECONDS" to a command.
Flag add_seconds(Command& command, const std::string& name, double& target, const std::string& help);

}  // namespace vmemcheck::cli
