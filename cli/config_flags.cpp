// SPDX-License-Identifier: MIT
#include "cli/config_flags.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "cli/config_text.hpp"
#include "cli/error.hpp"
#include "cli/text.hpp"
#include "spec/liveness.hpp"

namespace vmemcheck::cli {

namespace {

template <class List>
const auto& named_in(const List& list, std::string_view what, std::string_view name, std::string_view command) {
    const auto found = std::find_if(list.begin(), list.end(), [name](const auto& item) { return item.name == name; });
    if (found != list.end()) return *found;
    throw UserError(fmt::format("{} ('vmemcheck {}' lists all)", unknown_name(what, name, names_of(list)), command));
}

bool on_or_off(std::string_view flag, std::string_view value) {
    if (value == "on") return true;
    if (value == "off") return false;
    throw UserError(fmt::format("{} is on or off, not {}", flag, quote(value)));
}

bool chosen_by(const std::string& name, std::string_view id) { return name == id || name == bbm::spec::group_of(id); }

}  // namespace

const bbm::Release& release_named(std::string_view name) {
    return named_in(bbm::releases(), "release", name, "releases");
}
const bbm::Scope& scope_named(std::string_view name) { return named_in(bbm::scopes(), "scope", name, "scopes"); }
bbm::Mutant mutant_named(std::string_view name) { return named_in(bbm::mutants(), "mutant", name, "mutants").mutant; }
bbm::WhatIf what_if_named(std::string_view name) {
    return named_in(bbm::what_ifs(), "what-if", name, "what-ifs").what_if;
}

bbm::AutoOnline auto_online_named(std::string_view what, std::string_view name) {
    const auto names = auto_online_names();
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) throw UserError(unknown_name(what, name, {names.begin(), names.end()}));
    return static_cast<bbm::AutoOnline>(found - names.begin());
}

bbm::Eject eject_named(std::string_view what, std::string_view name) {
    const auto& names = bbm::eject_names;
    const auto* const found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) throw UserError(unknown_name(what, name, {names.begin(), names.end()}));
    return static_cast<bbm::Eject>(found - names.begin());
}

int bound_value(std::string_view what, std::string_view text, bool any) {
    if (any && text == "any") return -1;
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < 0) {
        throw UserError(fmt::format("{} must be a number{}, not {}", what, any ? " or any" : "", quote(text)));
    }
    return value;
}

void require_possible(const Config& config, const bbm::Capacity& capacity) {
    if (const auto problem = bbm::problem(config.scope, capacity)) throw UserError("impossible scope: " + *problem);
    if (!config.safe_unplug && !config.release.has_unsafe_unplug) {
        std::vector<std::string> with;
        for (const bbm::Release& release : bbm::releases()) {
            if (release.has_unsafe_unplug) with.emplace_back(release.name);
        }
        throw UserError(
            fmt::format("{} has no unsafe unplug (bbm_safe_unplug was removed in v6.5); releases that have it: {}",
                        config.release.name, join(with, ", ")));
    }
    for (const bbm::WhatIfInfo& info : bbm::what_ifs()) {
        if (!config.what_if(info.what_if)) continue;
        if (const auto reason = bbm::changes_nothing(info.what_if, config)) {
            throw UserError(
                fmt::format("the what-if {} changes nothing in {}: {}", info.name, config.release.name, *reason));
        }
    }
}

void ConfigFlags::add_to(Command& command) {
    const std::string system = "The system";
    command.add_option("--release", release_, "the Linux release ('vmemcheck releases' lists them)")
        .type_name("R")
        .show_default()
        .group(system);
    command.add_option("--safe-unplug", safe_unplug_, "module parameter bbm_safe_unplug, on or off")
        .type_name("on|off")
        .show_default()
        .group(system);
    command.add_option("--unplug-online", unplug_online_, "module parameter unplug_online, on or off")
        .type_name("on|off")
        .show_default()
        .group(system);
    command
        .add_option("--auto-online", auto_online_,
                    "what add_memory() onlines memory to: any (each time anything), off, kernel or movable")
        .type_name("A")
        .show_default()
        .group(system);
    command
        .add_option("--eject", eject_,
                    "the device may also be ejected through ACPI: off, by-the-rules (while nothing is plugged or "
                    "requested) or any-size")
        .type_name("E")
        .show_default()
        .group(system);
    mutant_flag_ =
        command.add_option("--mutant", mutant_, "put a known bug into the model ('vmemcheck mutants' lists them)")
            .type_name("M")
            .group(system);
    command
        .add_option("--what-if", what_ifs_,
                    "put a proposed change of the kernel into the model; may be repeated ('vmemcheck what-ifs' lists "
                    "them)")
        .type_name("W")
        .one_value()
        .group(system);

    command
        .add_option("--property", properties_,
                    "a property, or a group of them (the part before '/'), to be checked; may be repeated; default: "
                    "all ('vmemcheck properties' lists them)")
        .type_name("P")
        .one_value()
        .group("Properties");

    const std::string scope = "Scope";
    scope_flag_ =
        command
            .add_option("--scope", scope_, "how much of the system: small, medium or large; the next flags change it")
            .type_name("S")
            .show_default()
            .group(scope);
    for (const BoundInfo& bound : bound_infos()) {
        Bound& entry = bounds_.emplace_back();
        entry.flag = command.add_option(fmt::format("--{}", bound.name), entry.value, std::string(bound.sentence))
                         .type_name(bound.any ? "N|any" : "N")
                         .group(scope);
    }

    const bbm::Faults defaults;
    for (const bbm::FaultInfo& fault : bbm::fault_infos()) {
        Switch& entry = faults_.emplace_back();
        const bool taken = command.has(fmt::format("--{}", fault.name));
        const std::string flag = (taken ? "" : fmt::format("--{},", fault.name)) + fmt::format("!--no-{}", fault.name);
        const std::string_view by_default = defaults.*fault.member ? "on" : "off";
        entry.flag = command.add_flag(flag, entry.value, fmt::format("{} (default: {})", fault.sentence, by_default))
                         .group("Faults");
    }
}

bbm::Scope ConfigFlags::scope() const {
    bbm::Scope scope = scope_named(scope_);
    for (std::size_t i = 0; i < bounds_.size(); ++i) {
        const BoundInfo& bound = bound_infos()[i];
        if (!bounds_[i].flag.given()) continue;
        const int value = bound_value(fmt::format("--{}", bound.name), bounds_[i].value, bound.any);
        if (value == scope.*bound.member) continue;
        scope.*bound.member = value;
        scope.name = "custom";
    }
    return scope;
}

std::string ConfigFlags::scope_name() const {
    if (scope().name != "custom") return scope_;
    std::string name = "custom (" + scope_ + " with";
    for (std::size_t i = 0; i < bounds_.size(); ++i) {
        if (bounds_[i].flag.given()) name += fmt::format(" --{} {}", bound_infos()[i].name, bounds_[i].value);
    }
    return name + ')';
}

bool ConfigFlags::scope_given() const {
    return scope_flag_.given() ||
           std::any_of(bounds_.begin(), bounds_.end(), [](const Bound& bound) { return bound.flag.given(); });
}

Config ConfigFlags::config(const bbm::Capacity& capacity) const {
    Config config;
    config.release = release_named(release_);
    config.scope = scope();
    for (std::size_t i = 0; i < faults_.size(); ++i) {
        if (faults_[i].flag.given()) config.faults.*bbm::fault_infos()[i].member = faults_[i].value;
    }
    if (mutant_flag_.given()) config.mutant = mutant_named(mutant_);
    for (const std::string& name : what_ifs_) config.what_ifs.add(what_if_named(name));
    config.safe_unplug = on_or_off("--safe-unplug", safe_unplug_);
    config.unplug_online = on_or_off("--unplug-online", unplug_online_);
    config.auto_online = auto_online_named("--auto-online", auto_online_);
    config.eject = eject_named("--eject", eject_);
    require_possible(config, capacity);
    return config;
}

std::vector<Property> ConfigFlags::properties(const Config& config, Decides decides) const {
    std::vector<Property> all = bbm::spec::all_properties(config);
    const auto liveness = [](const Property& property) { return checker::is_liveness(property.kind); };
    if (decides == Decides::safety || (decides == Decides::liveness_named && properties_.empty())) {
        for (const Property& property : all) {
            if (liveness(property) && named(property.id)) {
                throw UserError(
                    fmt::format("'{}' is a liveness property: only 'vmemcheck check' decides it", property.id));
            }
        }
        std::erase_if(all, liveness);
    }
    if (properties_.empty()) return all;
    for (const std::string& name : properties_) {
        if (std::any_of(all.begin(), all.end(), [&](const Property& p) { return chosen_by(name, p.id); })) continue;
        std::vector<std::string_view> known;
        for (const Property& property : all) {
            known.emplace_back(property.id);
            known.push_back(bbm::spec::group_of(property.id));
        }
        throw UserError(unknown_name("property", name, known) + " ('vmemcheck properties' lists all)");
    }
    std::erase_if(all, [this](const Property& property) { return !named(property.id); });
    return all;
}

bool ConfigFlags::named(std::string_view id) const {
    return std::any_of(properties_.begin(), properties_.end(),
                       [id](const std::string& name) { return chosen_by(name, id); });
}

}  // namespace vmemcheck::cli
