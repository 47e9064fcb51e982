// SPDX-License-Identifier: MIT
#include "cli/config_read.hpp"

#include <algorithm>

#include "cli/config_flags.hpp"
#include "cli/predicate.hpp"
#include "cli/text.hpp"
#include "spec/liveness.hpp"

namespace vmemcheck::cli {

namespace {

/// Runs a function whose UserErrors are about a place.
template <class Function>
auto at_place(const JsonPlace& place, Function&& function) {
    try {
        return function();
    } catch (const UserError& error) {
        place.fail(error.what());
    }
}

bbm::Scope read_scope(const JsonPlace& place) {
    bbm::Scope scope;
    std::vector<std::string> keys{"name"};
    for (const BoundInfo& bound : bound_infos()) keys.push_back(key_of(bound.name));
    place.allow({keys.begin(), keys.end()});
    for (const BoundInfo& bound : bound_infos()) {
        const JsonPlace value = place.at(key_of(bound.name));
        if (bound.any && value.value().is_string()) {
            if (value.text() != "any") value.fail("must be a number or \"any\"");
            scope.*bound.member = -1;
        } else {
            scope.*bound.member = value.number();
            if (scope.*bound.member < 0) value.fail("must not be negative");
        }
    }
    // The name is only good for reports.
    for (const bbm::Scope& known : bbm::scopes()) {
        const bool same = std::all_of(bound_infos().begin(), bound_infos().end(), [&](const BoundInfo& bound) {
            return scope.*bound.member == known.*bound.member;
        });
        if (same) scope.name = known.name;
    }
    return scope;
}

bbm::Faults read_faults(const JsonPlace& place) {
    bbm::Faults faults;
    std::vector<std::string> keys;
    for (const bbm::FaultInfo& fault : bbm::fault_infos()) {
        keys.push_back(key_of(fault.name));
        // A fault that is not named was not known when the file was written.
        faults.*fault.member = place.has(keys.back()) && place.at(keys.back()).boolean();
    }
    place.allow({keys.begin(), keys.end()});
    return faults;
}

}  // namespace

std::size_t index_in(const std::vector<std::string_view>& known, std::string_view what, const JsonPlace& place) {
    const std::string name = place.text();
    const auto found = std::find(known.begin(), known.end(), name);
    if (found == known.end()) place.fail(unknown_name(what, name, known));
    return static_cast<std::size_t>(found - known.begin());
}

Config read_config(const JsonPlace& object) {
    Config config;
    const JsonPlace release = object.at("release");
    config.release = at_place(release, [&] { return release_named(release.text()); });
    config.scope = read_scope(object.at("scope"));
    config.faults = read_faults(object.at("faults"));
    config.safe_unplug = object.at("safe_unplug").boolean();
    config.unplug_online = object.at("unplug_online").boolean();
    const JsonPlace auto_online = object.at("auto_online");
    config.auto_online = at_place(auto_online, [&] { return auto_online_named("auto_online", auto_online.text()); });
    const JsonPlace mutant = object.at("mutant");
    if (!mutant.value().is_null()) config.mutant = at_place(mutant, [&] { return mutant_named(mutant.text()); });
    if (object.has("eject")) {
        const JsonPlace eject = object.at("eject");
        config.eject = at_place(eject, [&] { return eject_named("eject", eject.text()); });
    }
    if (object.has("what_if")) {
        for (const JsonPlace& name : object.at("what_if").elements()) {
            config.what_ifs.add(at_place(name, [&] { return what_if_named(name.text()); }));
        }
    }
    at_place(object, [&] { require_possible(config, bbm::wide_capacity); });
    return config;
}

std::string read_property(const JsonPlace& object, const Config& config) {
    if (const std::string id = object.at("property").text(); id.starts_with(asked_prefix)) {
        const Bbm model(config);
        return at_place(object.at("property"),
                        [&] { return asked_property(std::string_view(id).substr(asked_prefix.size()), model).id; });
    }
    const std::vector<Property> properties = bbm::spec::all_properties(config);
    std::vector<std::string_view> ids;
    ids.reserve(properties.size());
    for (const Property& property : properties) ids.emplace_back(property.id);
    return std::string(ids[index_in(ids, "property", object.at("property"))]);
}

std::string read_verdict(const JsonPlace& object) {
    const std::vector<std::string_view> verdicts{"violated", "reached"};
    return std::string(verdicts[index_in(verdicts, "verdict", object.at("verdict"))]);
}

}  // namespace vmemcheck::cli
