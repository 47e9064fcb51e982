// SPDX-License-Identifier: MIT
/// \file
/// What the modes of checker/explore.hpp have in common: limits, and the account of runs.
#pragma once

#include <chrono>
#include <cstdint>

#include "checker/explore.hpp"

namespace vmemcheck::checker {

/// An exploration under way.
class Exploration {
 public:
    Exploration(Program& program, const ExploreOptions& options, ExploreObserver* observer);

    [[nodiscard]] Program& program() const { return program_; }
    [[nodiscard]] const ExploreOptions& options() const { return options_; }

    /// To be called after each alternative taken for the first time. \param length points of the run so far
    void count_point(std::size_t length) {
        ++result.points;
        if (length > result.longest) result.longest = length;
        if (result.points % points_a_look == 0) look();
    }
    /// The program has come to the end of a run. \param again the run was counted before
    void run_ended(const Choices& schedule, std::uint64_t cost, bool again = false);
    void run_left(const Choices& schedule, RunLeft why);

    /// A limit is reached, or a violation that ends the exploration was found.
    [[nodiscard]] bool over() const { return over_; }
    /// For progress reports.
    void set_bound(std::uint16_t bound) { bound_ = bound; }
    void set_memory(std::size_t bytes) { memory_ = bytes; }

    /// Why it ended (complete, if over() is false), and the rest of the result.
    ExploreResult finish();

    ExploreResult result;  ///< to be filled in by the mode: pruning, memory, bound

 private:
    using Clock = std::chrono::steady_clock;
    static constexpr std::uint64_t points_a_look = 256;

    void end(ExploreEnded why);
    void look();  ///< at the clock
    void note(const ProgramEnd& end, const Choices& schedule, std::uint64_t cost, bool again);
    [[nodiscard]] double seconds() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

    Program& program_;
    const ExploreOptions& options_;
    ExploreObserver* observer_;
    Clock::time_point begin_ = Clock::now();
    double reported_ = 0;
    bool over_ = false;
    std::uint16_t bound_ = 0;
    std::size_t memory_ = 0;
};

void explore_bounded(Exploration& exploration);
void explore_exhaustively(Exploration& exploration);
void walk_at_random(Exploration& exploration);
void walk_as_swarm(Exploration& exploration);

}  // namespace vmemcheck::checker
