// SPDX-License-Identifier: MIT
/// \file
/// Schedules: where a run leaves its ordinary course. walk() (walk.hpp) follows one.
///
/// The ordinary course needs no decisions: whoever moved last goes on until it is blocked, then the first process that
/// can, and every answer is the first, benign one. A schedule is the list of departures from it. So a schedule bounds
/// preemptions and faults (Musuvathi, Qadeer, PLDI 2007; Emmi, Qadeer, Rakamaric, POPL 2011: most bugs need very few),
/// the empty one is a whole run, and each removed element or lowered number makes a more ordinary run: what RapidCheck
/// shrinks to is short and can be read.
#pragma once

#include <rapidcheck.h>

#include <cstdint>
#include <iosfwd>
#include <vector>

#include "checker/model.hpp"

namespace vmemcheck::properties {

/// One departure from the ordinary course. Any numbers are a decision: what cannot be followed to the letter is
/// followed as far as it goes.
struct Decision {
    std::uint16_t wait = 0;      ///< steps of the ordinary course before it; fewer if nobody can move
    checker::ActorId actor = 0;  ///< who is to move or, being on the move anyway, to get another answer
    std::uint16_t answer = 0;    ///< which of its other outcomes, modulo how many there are
};
using Schedule = std::vector<Decision>;

void showValue(const Decision& decision, std::ostream& out);

/// How schedules are drawn.
struct ScheduleShape {
    /// One weight an actor; actors with weight 0 take no decisions.
    std::vector<unsigned> weights;
    /// Decisions of the longest schedule, at RapidCheck's size 100.
    unsigned decisions = 40;
    /// Longest wait of a decision. Half of all waits are much shorter.
    unsigned wait = 80;
};

[[nodiscard]] rc::Gen<Schedule> schedules(const ScheduleShape& shape);

/// Simpler schedules, the simplest first: without some decisions, then with lower numbers. A decision that is taken out
/// leaves its wait to the next one, so that those behind it stay where they are; then not.
[[nodiscard]] rc::Seq<Schedule> simpler(const Schedule& schedule);

}  // namespace vmemcheck::properties
