// SPDX-License-Identifier: MIT
/// \file
/// Configurations that several of the tests use.
#pragma once

#include <string_view>

#include "model/config.hpp"

namespace vmemcheck::bbm {

/// A release in the small scope.
[[nodiscard]] inline Config config_of(std::string_view release, Mutant mutant = Mutant::none) {
    Config config;
    config.release = *find_release(release);
    config.scope = *find_scope("small");
    config.mutant = mutant;
    return config;
}

/// The small scope with one memory block.
[[nodiscard]] inline Config narrow(Mutant mutant = Mutant::none) {
    Config config = config_of("linux-6.12", mutant);
    config.scope.memory_blocks = 1;
    return config;
}

}  // namespace vmemcheck::bbm
