// SPDX-License-Identifier: MIT
/// \file
/// What a recording says is still to come, and so which steps may help now, for a search that would otherwise try
/// everything at every moment.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "conformance/guest/node.hpp"
#include "conformance/guest/recording.hpp"

namespace vmemcheck::conformance::explaining {

class Outlook {
 public:
    /// \param recording must outlive this
    explicit Outlook(const Recording& recording) : recording_(recording) {}

    /// The first recorded event that the node does not explain, or null.
    [[nodiscard]] const Seen* next_seen(const Node& node) const;

    /// Whether this actor's next step may be needed now. Steps that could never help are left out.
    [[nodiscard]] bool wanted(const Node& node, unsigned who) const;
    /// The same of an outcome of the step, by what the environment answers.
    [[nodiscard]] bool worth_trying(const Node& node, unsigned who,
                                    const std::vector<std::pair<checker::ChoiceId, int>>& answers) const;
    /// Sizes worth trying: what the driver has read last, and the next other one it will read. A size that it never
    /// reads shows only by a PLUG that the device refuses: nothing requested explains any such.
    [[nodiscard]] bool plausible_size(const Node& node, int size) const;

    /// Something is known to have been done outside before the next event, and has not been done yet.
    [[nodiscard]] bool outside_is_due(const Node& node) const;
    /// A step of the model shows a call, and reads what a resize after that call has changed (send_unplug and
    /// config_changed): the resize may come one event early.
    [[nodiscard]] bool resize_may_be_early(const Node& node) const;

 private:
    /// Where a task can be stopped anywhere, one that has shown the beginning of a step may go on with it only after an
    /// interrupt that is shown later.
    [[nodiscard]] bool interrupt_is_near(const Node& node) const;
    /// A resize shows by its interrupt, soon recorded or missed, and matters only to the driver's next read of the
    /// size and to the device's next answer: elsewhere it commutes with every other step.
    [[nodiscard]] bool resize_helps(const Node& node) const;
    /// The memory block whose pages decide what alloc_contig_range() or offline_pages() does next, or -1.
    [[nodiscard]] int page_user_block(const Node& node) const;
    /// The page of a block that stands for all between the first and the last.
    [[nodiscard]] int decisive_page(int block) const;
    /// A page nobody saw decides whether isolation or allocation fails: it matters if a failure is recorded soon, or
    /// if the page was taken for an earlier one and must be given back.
    [[nodiscard]] bool pages_matter(const Node& node) const;
    [[nodiscard]] bool no_interrupt_from(std::size_t event) const;

    const Recording& recording_;
};

}  // namespace vmemcheck::conformance::explaining
