// SPDX-License-Identifier: MIT
/// \file
/// One function for each parser of input from outside, for a fuzzer to call with any bytes, and for the tests to call
/// with the corpus. They hold three things against it: it takes the input or refuses it with one clear line; nothing
/// else is thrown; and what it takes means the same after it was written and read again.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace vmemcheck::fuzz {

/// Something that must not be, whatever the input.
class Broken : public std::logic_error {
 public:
    using std::logic_error::logic_error;
};

/// Throws Broken unless it is so.
void require(bool so, const std::string& what);

/// Throws Broken unless a message can be printed: some text on one line, of a sensible length, without control
/// characters.
void require_clear(const std::string& message);

/// A counterexample file: read, and replayed. So is what the replay's run is written as.
void counterexample(std::string_view input);
/// An ITF trace: the same.
void itf(std::string_view input);
/// A recording: read, and held against the model for some hundred states.
void recording(std::string_view input);
/// The words of a command line, separated by NUL characters if there are any, else by newlines: parsed, and its flags
/// checked.
void command_line(std::string_view input);

}  // namespace vmemcheck::fuzz
