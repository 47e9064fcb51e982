// SPDX-License-Identifier: MIT
/// \file
/// The flags of `driver` that say what is run: the source, and the machine it runs on.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.hpp"
#include "conformance/driver/plugin.hpp"
#include "conformance/driver/setup.hpp"

namespace vmemcheck::cli {

/// A driver's source, found.
struct DriverSource {
    std::string driver;     ///< file
    std::string interface;  ///< file
    int kernel_version = 0;
    bbm::Release release;  ///< of core MM
};

class DriverFlags {
 public:
    DriverFlags() = default;
    DriverFlags(const DriverFlags&) = delete;
    DriverFlags& operator=(const DriverFlags&) = delete;

    void add_to(Command& command);
    /// Throws UserError if the flags do not fit together. Touches no file.
    void check() const;
    /// Throws UserError if there is no such source.
    /// \param release whose source is taken if none is named
    [[nodiscard]] DriverSource source(std::string_view release) const;
    /// \param release of the source
    [[nodiscard]] conformance::DriverSetup setup(const bbm::Release& release) const;

 private:
    struct Number {
        std::string name;
        int conformance::DriverSetup::*member;
        std::string value;
        Flag flag;
    };
    struct Switch {
        Flag flag;
        bool value = false;
    };
    std::string source_;
    std::string interface_;
    std::string release_;
    std::string mode_ = "bbm";
    std::string requests_;
    std::string auto_online_ = "movable";
    std::string safe_unplug_ = "on";
    std::string unplug_online_ = "on";
    bool threshold_bites_ = false;
    bool strict_warnings_ = false;
    bool prepare_vetoes_ = false;
    bool entry_points_ = false;
    std::deque<Number> numbers_;
    std::deque<Switch> faults_;
};

/// Where kernel sources are looked for if none is named, in this order, with the name of a release at the end.
[[nodiscard]] std::vector<std::string> kernel_folders(std::string_view release);

}  // namespace vmemcheck::cli
