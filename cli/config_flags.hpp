// SPDX-License-Identifier: MIT
/// \file
/// The flags of check and simulate that say what is checked.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.hpp"
#include "cli/model.hpp"

namespace vmemcheck::cli {

/// Adds the flags to a subcommand and makes a Config of them. Must stay where it is while the flags are parsed.
class ConfigFlags {
 public:
    ConfigFlags() = default;
    ConfigFlags(const ConfigFlags&) = delete;
    ConfigFlags& operator=(const ConfigFlags&) = delete;

    void add_to(Command& command);

    /// Throws UserError if the flags do not fit together.
    [[nodiscard]] Config config(const bbm::Capacity& capacity = bbm::native_capacity) const;
    /// Whether a flag says anything about the scope.
    [[nodiscard]] bool scope_given() const;
    /// Which properties a command can decide.
    enum class Decides : std::uint8_t {
        safety,          ///< no liveness
        liveness_named,  ///< liveness if it is named
        all,
    };
    /// The properties asked for; if none were named, all that are decided without being named.
    [[nodiscard]] std::vector<Property> properties(const Config& config, Decides decides = Decides::safety) const;
    /// Whether properties were named.
    [[nodiscard]] bool properties_named() const { return !properties_.empty(); }
    /// Whether the property was asked for by name.
    [[nodiscard]] bool named(std::string_view id) const;
    /// "small", or "custom (small with --pins 2)".
    [[nodiscard]] std::string scope_name() const;

 private:
    struct Bound {
        Flag flag;
        std::string value;
    };
    struct Switch {
        Flag flag;
        bool value = false;
    };
    [[nodiscard]] bbm::Scope scope() const;

    std::string release_ = "linux-6.12";
    std::string scope_ = "small";
    Flag scope_flag_;
    std::string safe_unplug_ = "on";
    std::string unplug_online_ = "on";
    std::string auto_online_ = "any";
    std::string eject_ = "off";
    std::string mutant_;
    Flag mutant_flag_;
    std::vector<std::string> what_ifs_;
    std::vector<std::string> properties_;
    std::deque<Bound> bounds_;   ///< one a bound_infos()
    std::deque<Switch> faults_;  ///< one a fault_infos()
};

/// The release, scope, mutant or what-if with this name. Throws UserError with the nearest name.
[[nodiscard]] const bbm::Release& release_named(std::string_view name);
[[nodiscard]] const bbm::Scope& scope_named(std::string_view name);
[[nodiscard]] bbm::Mutant mutant_named(std::string_view name);
[[nodiscard]] bbm::WhatIf what_if_named(std::string_view name);
[[nodiscard]] bbm::AutoOnline auto_online_named(std::string_view what, std::string_view name);
[[nodiscard]] bbm::Eject eject_named(std::string_view what, std::string_view name);
/// A number, or "any" if that is allowed (-1). \param what the flag, for the message
[[nodiscard]] int bound_value(std::string_view what, std::string_view text, bool any);
/// Throws UserError if no such configuration can be checked, in states of that capacity.
void require_possible(const Config& config, const bbm::Capacity& capacity = bbm::native_capacity);

}  // namespace vmemcheck::cli
