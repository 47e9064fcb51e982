// SPDX-License-Identifier: MIT
/// \file
/// The flags of check for searches that are too long or too large (docs/beyond-memory.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "checker/archive.hpp"
#include "checker/options.hpp"
#include "cli/command.hpp"
#include "cli/error.hpp"
#include "cli/model.hpp"

namespace vmemcheck::cli {

/// Throws UserError unless the search is one of states and steps, breadth first. \param flag that is only for such a
/// one
void require_rounds(std::string_view flag, const checker::SearchOptions& options,
                    const std::vector<Property>& properties, bool certificate);

class BeyondMemoryFlags {
 public:
    void add_to(Command& command);

    /// Throws UserError if such a search can do none of this. Touches no file.
    void check(const checker::SearchOptions& options, const std::vector<Property>& properties, bool certificate) const;
    /// Throws UserError if a checkpoint cannot be written, or is of another search. \param options get what was asked
    /// for; must not outlive the flags
    void apply(checker::SearchOptions& options, const Bbm& model, const std::vector<Property>& properties);

    /// What to say of a checkpoint that cannot be gone on with.
    [[nodiscard]] static UserError user_error(const checker::CheckpointError& error);
    /// Where a search that ended early goes on from, as a sentence; empty if there is no file.
    [[nodiscard]] std::string kept_text(const Result& result) const;

 private:
    /// The flag of those that only such a search has; empty: none was given.
    [[nodiscard]] std::string_view given() const;

    std::string checkpoint_;
    double every_ = 30;
    std::string disk_;
    std::uint64_t hash_compact_ = 0;
    bool hash_compact_given_ = false;
    std::size_t bitstate_ = 0;
    bool bitstate_given_ = false;
    std::uint64_t bitstate_hashes_ = 3;
    std::string last_failure_;
};

}  // namespace vmemcheck::cli
