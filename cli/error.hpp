// SPDX-License-Identifier: MIT
/// \file
/// How vmemcheck ends.
#pragma once

#include <cstdint>
#include <stdexcept>

namespace vmemcheck::cli {

/// Exit codes of the program, in README.md and in every --help.
enum class ExitCode : std::uint8_t {
    as_expected = 0,  ///< everything is as it should be
    violation = 1,    ///< a property is violated, or a counterexample file does not replay
    bad_usage = 2,    ///< bad usage or bad input, or an output that cannot be written
    incomplete = 3,   ///< a limit, memory or an interrupt ended the search before it found anything
};

/// Something the user can put right. what() is the whole message: it names the flag or file and the reason.
class UserError : public std::runtime_error {
 public:
    using std::runtime_error::runtime_error;
};

}  // namespace vmemcheck::cli
