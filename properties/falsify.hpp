// SPDX-License-Identifier: MIT
/// \file
/// Runs a RapidCheck property a stated number of times.
///
/// rc::check() takes amounts and the seed from the environment (RC_PARAMS), by default 100 runs of growing size from a
/// random seed. A check that is to say the same thing every day has to say how much it tries.
#pragma once

#include <rapidcheck.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace vmemcheck::properties {

/// How much is tried of a property.
struct Amount {
    int runs = 100;          ///< that must succeed
    int size = 100;          ///< RapidCheck's size of the largest example: what it means is up to the generators
    std::uint64_t seed = 1;  ///< the same seed tries the same examples
    int discards = 10;       ///< examples that may be discarded for each that is tried
    bool shrinking = true;   ///< look for a smaller example once one fails
};

/// \return the description of a failure, with the smallest example found; nothing if all runs succeeded
[[nodiscard]] std::optional<std::string> failure_of(const rc::detail::Property& property, const Amount& amount);

/// Tests a property: a function of generated arguments that returns bool or uses RC_ASSERT.
/// \return the smallest example that falsifies it, in words; nothing if there is none among the runs
template <class Testable>
[[nodiscard]] std::optional<std::string> falsify(const Amount& amount, Testable&& testable) {
    return failure_of(rc::detail::toProperty(std::forward<Testable>(testable)), amount);
}

}  // namespace vmemcheck::properties
