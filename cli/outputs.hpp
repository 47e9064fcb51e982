// SPDX-License-Identifier: MIT
/// \file
/// Where check and simulate write what they found.
#pragma once

#include <string>

#include "cli/command.hpp"
#include "cli/report.hpp"

namespace vmemcheck::cli {

/// Adds "--save DIR|none" to a command.
void add_save(Command& command, std::string& save, const std::string& group);
/// Throws UserError unless runs can be saved there.
void check_save(const std::string& save);
/// Saves a run as vmemcheck-PROPERTY-RELEASE.json, unless "none" was said.
/// \param save the value of --save: a directory, "none", or empty for the current one
/// \return the file; empty if there is none. Throws UserError if a directory that was asked for cannot be written.
template <class M>
[[nodiscard]] std::string save_run(const std::string& save, const M& model, const checker::Property<M>& property,
                                   const checker::Counterexample<M>& run);

class OutputFlags {
 public:
    OutputFlags() = default;
    OutputFlags(const OutputFlags&) = delete;
    OutputFlags& operator=(const OutputFlags&) = delete;

    void add_to(Command& command);

    /// Throws UserError if an output that was asked for cannot be written. To be called before the search.
    void check() const;

    /// Prints the report, saves the runs that are shown and writes the files. Throws UserError if one cannot be
    /// written.
    void deliver(Report& report) const;

 private:
    void save_runs(Report& report) const;
    void write_itf(const Report& report) const;

    std::string json_;
    std::string junit_;
    std::string sarif_;
    std::string itf_;
    std::string save_;
    bool coverage_ = false;
    bool verbose_ = false;
};

}  // namespace vmemcheck::cli
