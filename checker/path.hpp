// SPDX-License-Identifier: MIT
/// \file
/// The run that an exploration of a program is in, and the way back along it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "checker/choices.hpp"
#include "checker/program.hpp"

namespace vmemcheck::checker {

/// A point of choice on the run.
struct PathPoint {
    std::vector<Alternative> alternatives;
    std::size_t taken = 0;                ///< the one that the run took; index into alternatives
    std::size_t next = 0;                 ///< for the exploration: the first that it has not looked at
    std::uint64_t cost = 0;               ///< of the alternatives taken before
    std::unique_ptr<ProgramState> saved;  ///< the program at this point, or null
};

/// The points of a run with what was taken at each. It goes back to a point from the nearest state saved at or before
/// it, or from the beginning, by taking the same again.
class Path {
 public:
    /// \param max_bytes of states saved at a time
    Path(Program& program, std::size_t max_bytes) : program_(program), max_bytes_(max_bytes) {}

    /// Begins a new run.
    void restart();
    /// Adds the point at which the program is.
    PathPoint& arrive();
    /// Takes an alternative at the last point. \throws std::logic_error if the program does not offer it any more
    void take(std::size_t index);
    /// Drops the last point. The program is not there any more either: call back_to_last() before anything is taken.
    void drop();
    /// Brings the program back to the last point. \throws std::logic_error if it does not run as it did before
    void back_to_last();
    /// Saves the program at the last point, where it has to be, if it can and there is room.
    void save();

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] PathPoint& last() { return points_[size_ - 1]; }
    [[nodiscard]] PathPoint& at(std::size_t i) { return points_[i]; }
    /// Points since the last state that was saved.
    [[nodiscard]] std::size_t unsaved() const;
    /// What was taken so far: up to the last point, this included if the program has gone on from it.
    [[nodiscard]] Choices choices() const;
    /// Of the alternatives taken so far. Not between drop() and back_to_last().
    [[nodiscard]] std::uint64_t cost() const { return cost_; }

    [[nodiscard]] std::size_t bytes() const { return bytes_; }
    [[nodiscard]] std::size_t peak_bytes() const { return peak_bytes_; }
    [[nodiscard]] std::uint64_t saves() const { return saves_; }
    [[nodiscard]] std::uint64_t restores() const { return restores_; }
    /// Alternatives taken again to come back to a point.
    [[nodiscard]] std::uint64_t retaken() const { return retaken_; }

 private:
    Program& program_;
    std::size_t max_bytes_;
    std::vector<PathPoint> points_;  ///< more than size_, so that their vectors are used again
    std::size_t size_ = 0;
    bool gone_on_ = false;  ///< from the last point
    std::uint64_t cost_ = 0;
    std::vector<std::size_t> saved_;  ///< the points with a state, in order
    std::size_t bytes_ = 0;
    std::size_t peak_bytes_ = 0;
    std::uint64_t saves_ = 0;
    std::uint64_t restores_ = 0;
    std::uint64_t retaken_ = 0;
};

}  // namespace vmemcheck::checker
