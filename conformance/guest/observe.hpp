// SPDX-License-Identifier: MIT
/// \file
/// Does what a recording shows agree with a state of the model?
#pragma once

#include <optional>
#include <span>
#include <string>

#include "conformance/guest/recording.hpp"
#include "model/bbm.hpp"

namespace vmemcheck::conformance {

/// Whether the recorder's probe for this kind of event exists in this release: some functions are inlined.
[[nodiscard]] bool probed(const bbm::Release& release, bbm::EventKind kind);

/// "notifier_cb(GOING_OFFLINE, mb 1)" and the like.
[[nodiscard]] std::string text(const bbm::Event& event);
[[nodiscard]] std::string text(const Seen& seen);

/// Whether a recorded event is this event of the model, state aside.
/// \return what differs, or nothing
[[nodiscard]] std::optional<std::string> differs(const bbm::Event& event, const Seen& seen);

/// Compares driver state and counters; the first difference in words, or nothing.
/// \param others states of the model as well: where a task may be caught in the middle of a step, each value may be as
/// before or as after it, and sums of pages between them
[[nodiscard]] std::optional<std::string> differs(const Recording& recording, const Seen& seen, const bbm::Bbm::State& s,
                                                 std::span<const bbm::Bbm::State* const> others);

/// The recorded number for the value of an event, or nothing if what is recorded means nothing.
[[nodiscard]] std::optional<std::int64_t> recorded_value(const bbm::Event& event);
/// Whether an event of this kind names a big block, not a memory block.
[[nodiscard]] bool names_big_block(bbm::EventKind kind);

/// A number of pages of the model in pages of a real zone, memory blocks at a time.
[[nodiscard]] std::int64_t in_real_pages(const bbm::Scope& scope, std::int64_t pages_per_memory_block, int pages);

/// How the recorder sees what a page is: struct page::page_type and flags.
struct PageLook {
    std::uint32_t buddy, offline, plain;  ///< page_type
    std::uint64_t dirty;                  ///< PG_dirty
};
[[nodiscard]] const PageLook& page_look(const bbm::Release& release);

/// How a memory block's first and last page look to the recorder.
/// \param stale a failed onlining has left its memmap as it was
[[nodiscard]] PagesSeen look_of(const bbm::Release& release, const bbm::MemoryBlock<bbm::Bbm::State::Int>& block,
                                const bbm::Page<bbm::Bbm::State::Int>& first,
                                const bbm::Page<bbm::Bbm::State::Int>& last, bool stale);

/// A failed onlining leaves an initialised memmap behind; the next onlining, or the block's removal, ends that.
/// \param stale memory blocks with such a memmap before the step, as bits
/// \return the same after it
[[nodiscard]] unsigned stale_memmaps(unsigned stale, unsigned step, const bbm::Bbm::State& after,
                                     const bbm::Scope& scope);

/// A page whose recorded look does not fit its state.
struct PageMismatch {
    int page;  ///< of the model
    std::string what;
};
/// \param others as for differs()
/// \param stale memory blocks whose memmap is as a failed onlining left it, as bits
/// \param stale_before the same in `others`, or more
[[nodiscard]] std::optional<PageMismatch> page_mismatch(const Recording& recording, const Seen& seen,
                                                        const bbm::Bbm::State& s,
                                                        std::span<const bbm::Bbm::State* const> others, unsigned stale,
                                                        unsigned stale_before);

}  // namespace vmemcheck::conformance
