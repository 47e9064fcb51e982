// SPDX-License-Identifier: MIT
/// \file
/// Whether a recorded event can be one that a step in flight shows: by its task, and by its state and pages.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "conformance/guest/node.hpp"
#include "conformance/guest/observe.hpp"
#include "conformance/guest/recording.hpp"

namespace vmemcheck::conformance::explaining {

/// Whether a recorded event can be of the task in a slot. Interrupts borrow any task.
[[nodiscard]] bool belongs(const Seen& seen, std::size_t slot);

class Matcher {
 public:
    /// \param recording must outlive this, as must the model
    Matcher(const Recording& recording, const bbm::Bbm& model) : recording_(recording), model_(model) {}

    /// A work item runs on one kworker, a system call on one task, from beginning to end.
    [[nodiscard]] bool same_task(Node& node, const Seen& seen, std::size_t slot, const Event& event);

    /// How what is recorded differs from the driver's state and the counters when an event was shown, or nothing.
    /// \param at number of the event among those of the step
    [[nodiscard]] std::optional<std::string> state_differs(const Seen& seen, const InFlight& flight, std::size_t at,
                                                           const Node& node, std::size_t slot) const;
    /// The same of pages.
    [[nodiscard]] std::optional<PageMismatch> pages_differ(const Seen& seen, const InFlight& flight, std::size_t at,
                                                           const Node& node, std::size_t slot) const;

 private:
    /// States of the model that a recorded value may stem from besides the one of the moment: loops over pages may be
    /// half done; and where a task can be stopped anywhere, the last step of another one may be.
    template <class Differs>
    [[nodiscard]] auto in_the_middle(const State& s, const Node& node, std::size_t slot, const Differs& differ) const;

    const Recording& recording_;
    const bbm::Bbm& model_;
    std::map<std::string, int> task_numbers_;
};

}  // namespace vmemcheck::conformance::explaining
