// SPDX-License-Identifier: MIT
/// \file
/// What is told of a search: the run that explains the recording, or where it came to an end and why.
#pragma once

#include <cstddef>
#include <set>
#include <string>

#include "conformance/guest/search_tree.hpp"
#include "conformance/guest/validator.hpp"

namespace vmemcheck::conformance::explaining {

class Explanation {
 public:
    /// \param recording must outlive this, as must the model
    Explanation(const Recording& recording, const bbm::Bbm& model);

    /// Why the search does not go on from a node in some way; those of nodes that explain most are kept.
    void reject_reason(const Node& node, const std::string& what);

    // The verdict; at most one of these may be called.
    /// \param at a node that explains all
    [[nodiscard]] TraceVerdict accept(const SearchTree& nodes, std::size_t at);
    [[nodiscard]] TraceVerdict reject(const SearchTree& nodes, TraceVerdict::Status status);
    /// Of a recording that is not searched for, see Recording::missing_interrupt.
    [[nodiscard]] TraceVerdict missing_interrupt();

 private:
    TraceVerdict finish(const SearchTree& nodes, std::size_t at);

    const Recording& recording_;
    const bbm::Bbm& model_;
    std::size_t reasons_at_ = 0;
    std::set<std::string> reasons_;
    TraceVerdict verdict_;
};

}  // namespace vmemcheck::conformance::explaining
