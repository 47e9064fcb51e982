// SPDX-License-Identifier: MIT
/// \file
/// Where check and simulate write what they found.
#pragma once

#include <string>

#include "cli/command.hpp"
#include "cli/report.hpp"

namespace vmemcheck::cli {

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
    std::string itf_;
    std::string save_;
    bool coverage_ = false;
    bool verbose_ = false;
};

}  // namespace vmemcheck::cli
