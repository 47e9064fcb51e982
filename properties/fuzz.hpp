// SPDX-License-Identifier: MIT
/// \file
/// Random testing of Big Block Mode, with shrinking, in scopes of any size. A library of its own: see cli/fuzz.cpp for
/// a user of it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "checker/result.hpp"
#include "model/bbm.hpp"

namespace vmemcheck::bbm::fuzz {

using NativeRun = checker::Counterexample<Bbm>;
using WideRun = checker::Counterexample<WideBbm>;

/// A violation.
struct Found {
    std::string property;
    Config config;                         ///< shrunk
    std::variant<NativeRun, WideRun> run;  ///< shrunk; of the smallest model that has room for the scope
    std::uint64_t walk = 0;                ///< number of the walk that found it, from 0
    std::uint64_t unshrunk_moves = 0;      ///< its length then
    double seconds = 0;                    ///< from the start to its finding
    double shrink_seconds = 0;

    [[nodiscard]] std::size_t steps() const {
        return std::visit([](const auto& one) { return one.steps.size(); }, run);
    }
};

/// What is told while walking.
struct Progress {
    std::uint64_t walks = 0;
    std::uint64_t moves = 0;
    std::uint64_t situations = 0;  ///< different ones (checker::Guidance)
    std::size_t violations = 0;
    double seconds = 0;
};

struct Options {
    Config config;
    bool vary_scope = true;  ///< each walk in a scope of its own, from one big block to the room there is
    /// Swarm testing (Groce, Zhang, Eide, Chen, Regehr, ISSTA 2012): in each walk some of the faults that are on, some
    /// of the environment, and some unplug_online and auto_online; a scope no larger than that of the configuration.
    bool swarm = false;
    std::vector<std::string> properties;            ///< ids; empty: all that can be violated
    std::uint64_t seed = 0;                         ///< the same seed and number of walks give the same results
    std::uint64_t walks = 0;                        ///< 0: no limit
    double seconds = 0;                             ///< 0: no limit
    bool stop_when_decided = true;                  ///< end when every property is violated
    const std::atomic<bool>* stop = nullptr;        ///< set it to end
    std::function<void(const Progress&)> progress;  ///< called about four times a second
};

struct Result {
    std::vector<Found> found;  ///< one a property at most, in the order they were found
    checker::Coverage coverage;
    checker::Ended ended = checker::Ended::complete;  ///< time_limit: Options::seconds
    std::string model_error;                          ///< if ended is model_error
    std::uint64_t walks = 0;
    std::uint64_t out_of_bounds = 0;  ///< walks of a mutant that ended as a field left its bounds
    std::uint64_t moves = 0;
    std::uint64_t situations = 0;
    double seconds = 0;
};

/// Walks at random until a limit, and shrinks what violates a property. A property is found once; later walks keep
/// clear of its violation, so that it does not hide others.
[[nodiscard]] Result fuzz(const Options& options);

/// Looks for a violation of one property.
/// \param config its scope and faults are varied, as swarm testing does
/// \param seconds limit, without the time to shrink
[[nodiscard]] std::optional<Found> find_violation(const Config& config, std::string_view property, double seconds,
                                                  std::uint64_t seed);

}  // namespace vmemcheck::bbm::fuzz
