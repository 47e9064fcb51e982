// SPDX-License-Identifier: MIT
/// \file
/// Does what a recording shows agree with a state of the model?
#pragma once

#include <optional>
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
/// \param low, high states of the model between which a loop over pages may be caught (the same state if none is)
[[nodiscard]] std::optional<std::string> differs(const Recording& recording, const Seen& seen, const bbm::Bbm::State& s,
                                                 const bbm::Bbm::State& other);

/// A page whose recorded look does not fit its state.
struct PageMismatch {
    int page;  ///< of the model
    std::string what;
};
/// \param stale memory blocks whose memmap is as a failed onlining left it, as bits
[[nodiscard]] std::optional<PageMismatch> page_mismatch(const Recording& recording, const Seen& seen,
                                                        const bbm::Bbm::State& s, const bbm::Bbm::State& other,
                                                        unsigned stale);

}  // namespace vmemcheck::conformance
