// SPDX-License-Identifier: MIT
/// \file
/// The states of the search for a run that explains a recording (validator.hpp).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "checker/context.hpp"
#include "conformance/guest/last_step.hpp"
#include "model/bbm.hpp"

namespace vmemcheck::conformance::explaining {

using State = bbm::Bbm::State;
using bbm::Event;

/// An event a step has shown, with the state at that moment.
struct Shown {
    Event event;
    State state;
};

/// A step taken, with all that it shows.
struct Taken {
    std::vector<Shown> shown;
    State after;
    unsigned stale = 0;  ///< blocks whose memmap a failed onlining had left before the step, as bits
};

/// A step whose events have not all been found in the recording yet: other tasks' events may stand between them.
struct InFlight {
    std::shared_ptr<const Taken> taken;
    std::size_t next = 0;

    [[nodiscard]] bool active() const { return taken != nullptr; }
    [[nodiscard]] const Shown& head() const { return taken->shown[next]; }
};

/// Tasks that can be in the middle of a step: worker, user, remover.
inline constexpr std::size_t task_slots = 3;
/// The config interrupt is stopped in its middle by nobody, but its handler may be on a machine of our own.
inline constexpr std::size_t interrupt_slot = task_slots;

/// A state of the search: how far the recording is explained, and by what.
struct Node {
    State state;
    std::size_t event = 0;    ///< recorded events explained so far
    std::uint32_t calls = 0;  ///< page functions of a collapsed event already matched, as bits
    std::array<InFlight, task_slots + 1> flight;
    /// The last step of each, where a task can be stopped anywhere and a recorder would see something of it; else null.
    std::array<std::shared_ptr<const LastStep>, task_slots + 1> last;
    unsigned stale = 0;         ///< blocks whose memmap a failed onlining left, as bits
    unsigned cost = 0;          ///< steps that the recording did not ask for
    unsigned idle_cost = 0;     ///< of those, since the last event
    int unrecorded = 0;         ///< interrupts assumed
    int missed_resize = 0;      ///< the resize of the last one
    std::size_t outside = 0;    ///< acts outside, where they are known, that were done
    bool in_interrupt = false;  ///< the config interrupt was shown, and its handler has not done anything yet
    int worker_task = -1, user_task = -1;  ///< indices of task names
    std::ptrdiff_t parent = -1;
    // the step that led here
    unsigned actor = 0;
    unsigned step = 0;
    std::vector<std::pair<checker::ChoiceId, int>> choices;
    bool is_step = false;
    std::int64_t shows = -1;  ///< sequence number of the event matched on the way here
};

}  // namespace vmemcheck::conformance::explaining
