// SPDX-License-Identifier: MIT
/// \file
/// What steps read and write, as far as a model says it: what partial-order reduction rests on.
#pragma once

#include <concepts>
#include <cstdint>

#include "checker/model.hpp"

namespace vmemcheck::checker {

/// A set of up to 64 objects: parts of the state, as a model numbers them for itself. Bit i: object i.
using ObjectSet = std::uint64_t;
/// All of them: what is in doubt.
inline constexpr ObjectSet every_object = ~ObjectSet{0};

/// What a step may read and write. Every field of the state that it reads (to find out whether it is blocked, or
/// whether an assertion fails, too) belongs to an object of `reads`, every field that it changes to one of `writes`.
struct Footprint {
    ObjectSet reads = 0;   ///< objects read
    ObjectSet writes = 0;  ///< objects written; those that are read as well are in both

    /// Both footprints in one.
    [[nodiscard]] friend constexpr Footprint operator|(const Footprint& a, const Footprint& b) {
        return {a.reads | b.reads, a.writes | b.writes};
    }
};

/// Whether the order of two steps may matter: one writes what the other reads or writes.
[[nodiscard]] constexpr bool conflict(const Footprint& a, const Footprint& b) {
    return ((a.writes & (b.reads | b.writes)) | (b.writes & a.reads)) != 0;
}
/// Whether a footprint holds all of another one.
[[nodiscard]] constexpr bool covers(const Footprint& whole, const Footprint& part) {
    return (part.reads & ~whole.reads) == 0 && (part.writes & ~whole.writes) == 0;
}

/// What an actor may touch, of a state.
struct Touches {
    /// Of the step that it takes next, whatever the answers. It must not matter what other actors do before it, unless
    /// they touch something of this. Of steps that it is fused with (StepInfo::local) only the first counts.
    Footprint next{};
    /// Of all steps it can ever take in runs from here, local ones included; `next` counts as part of it. It must not
    /// grow in any run: an actor that another one may wake up later touches what it will touch then.
    Footprint later{};
    /// An actor that has to move before this one can: the one that holds the lock it waits for. -1: it can move, or it
    /// is not known whom it waits for.
    int waits_for = -1;
    /// Where in its program it is: a number that grows with its steps, but for those that close a loop. The more often
    /// it grows, the more is left out; nothing else depends on it.
    int position = 0;
};

/// A model that says what its actors touch. Searches may then leave out orders of steps that do not matter
/// (SearchOptions::partial_order). What it says must be so; FootprintAudit looks at states whether it is.
template <class M>
concept DeclaresFootprints = requires(const M& model, const typename M::State& state, ActorId actor) {
    { model.touches(state, actor) } -> std::convertible_to<Touches>;
};

}  // namespace vmemcheck::checker
