// SPDX-License-Identifier: MIT
/// \file
/// The flags of check for searches that are too long or too large (docs/beyond-memory.md).
#pragma once

#include <string>
#include <vector>

#include "checker/options.hpp"
#include "cli/command.hpp"
#include "cli/model.hpp"

namespace vmemcheck::cli {

class BeyondMemoryFlags {
 public:
    void add_to(Command& command);

    /// Throws UserError if such a search can do none of this. Touches no file.
    void check(const checker::SearchOptions& options, const std::vector<Property>& properties, bool certificate) const;
    /// Throws UserError if a checkpoint cannot be written, or is of another search. \param options get what was asked
    /// for; must not outlive the flags
    void apply(checker::SearchOptions& options, const Bbm& model, const std::vector<Property>& properties);

    /// Where a search that ended early goes on from, as a sentence; empty if there is no file.
    [[nodiscard]] std::string kept_text(const Result& result) const;

 private:
    std::string checkpoint_;
    double every_ = 30;
    std::string last_failure_;
};

}  // namespace vmemcheck::cli
