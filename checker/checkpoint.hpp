// SPDX-License-Identifier: MIT
/// \file
/// The file that a search goes on from when it was ended too early.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checker/archive.hpp"
#include "checker/options.hpp"

namespace vmemcheck::checker {

/// The checkpoint of one search. It is written beside the file and then takes its name: there is a whole one at any
/// time, whatever happens.
class CheckpointFile {
 public:
    /// \param identity of the search, a line "what: value" for everything that must be the same in the search that goes
    /// on
    /// \throws CheckpointError if it is something else than a regular file or nothing
    CheckpointFile(const CheckpointOptions& options, std::string identity);

    /// The checkpoint there is, or null. \throws CheckpointError if it is of another search or damaged
    [[nodiscard]] std::unique_ptr<ArchiveReader> open();

    /// Whether it is time to write one: no sooner than the interval after the last, and so that writing takes no more
    /// than about a tenth of the time.
    [[nodiscard]] bool due() const;
    /// Writes one. \param save puts the search into it
    /// \return false if it cannot be written; there is then the one there was before, and
    /// CheckpointOptions::failed was told
    bool write(const std::function<void(ArchiveWriter&)>& save);
    /// The search is complete.
    void remove();

 private:
    using Clock = std::chrono::steady_clock;
    /// A file as the system knows it.
    struct Id {
        dev_t device;
        ino_t inode;
        friend bool operator==(const Id&, const Id&) = default;
    };
    [[nodiscard]] static std::optional<Id> id_of(const std::string& path);
    [[nodiscard]] std::string put_in_place(const std::function<void(ArchiveWriter&)>& save);

    const CheckpointOptions& options_;
    std::string identity_;
    std::string path_;         ///< symbolic links followed
    std::optional<Id> known_;  ///< the file that was read or written last
    Clock::time_point written_ = Clock::now();
    Clock::duration took_{};
};

/// The first difference of two identities, in words: "release is 'a' there and 'b' here"; empty if there is none.
[[nodiscard]] std::string identity_difference(const std::string& there, const std::string& here);

}  // namespace vmemcheck::checker
