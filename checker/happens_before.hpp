// SPDX-License-Identifier: MIT
/// \file
/// What happens before what in a run, by vector clocks, and which events of it race.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "checker/choices.hpp"
#include "checker/program.hpp"

namespace vmemcheck::checker {

/// Whether two parts of a run touch something in common that one of them writes.
[[nodiscard]] bool conflict(std::span<const Touched> a, std::span<const Touched> b);

/// The events of a run, one for each alternative taken. An event happens before a later one if both are of one actor
/// or conflict, or by way of others.
class HappensBefore {
 public:
    /// Adds an event.
    /// \return the earlier events of other actors that conflict with it and do not happen before what its actor did
    /// until now: each pair may be had the other way round. Valid until the next call.
    std::span<const std::size_t> push(const Choice& choice, std::span<const Touched> touched);
    /// Removes the last event.
    void pop();

    /// The events that could come first if event `before` came only after the last one: of those from it on that do not
    /// happen after it, and the last, the ones with none of them before (initials: Abdulla et al., POPL 2014).
    /// Valid until the next call.
    std::span<const std::size_t> initials(std::size_t before);

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] const Choice& choice(std::size_t event) const { return events_[event].choice; }
    [[nodiscard]] std::span<const Touched> touched(std::size_t event) const { return events_[event].touched; }

 private:
    using Clock = std::vector<std::uint32_t>;  ///< for each actor, how many of its events happen before; short: then 0

    struct Event {
        Choice choice;
        std::size_t actor = 0;     ///< in the order of appearance
        std::uint32_t number = 0;  ///< of the events of the actor, from 1
        Clock clock;               ///< itself included
        std::vector<Touched> touched;
    };
    struct Access {
        std::size_t event;
        bool written;
    };

    std::size_t index_of(std::uint16_t actor);
    [[nodiscard]] static std::uint32_t at(const Clock& clock, std::size_t i) { return i < clock.size() ? clock[i] : 0; }
    static void join(Clock& clock, const Clock& other);

    std::unordered_map<std::uint16_t, std::size_t> indices_;
    std::vector<std::vector<std::size_t>> actors_;                     ///< their events
    std::unordered_map<std::uint64_t, std::vector<Access>> accesses_;  ///< by object, in order
    std::vector<Event> events_;                                        ///< more than size_, to use their memory again
    std::size_t size_ = 0;
    std::vector<std::size_t> races_;
    std::vector<std::size_t> initials_;
    Clock first_;  ///< of initials(): for each actor the number of its first event that counts, or 0
};

}  // namespace vmemcheck::checker
