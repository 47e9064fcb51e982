// SPDX-License-Identifier: MIT
#include "cli/config_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/text.hpp"

namespace vmemcheck::cli {

namespace {

using bbm::Scope;

constexpr std::array<BoundInfo, 13> bounds{{
    {"big-blocks", "big blocks of the device", &Scope::big_blocks},
    {"memory-blocks", "memory blocks a big block", &Scope::memory_blocks},
    {"sections", "sections a memory block", &Scope::sections},
    {"page-blocks", "page blocks (units of isolation) a section", &Scope::page_blocks},
    {"pages", "pages a page block", &Scope::pages},
    {"allocations", "most pages in use or on per-cpu lists at a time", &Scope::allocations},
    {"pins", "most pinned pages at a time", &Scope::pins},
    {"resizes", "resize requests of the host over a run", &Scope::resizes, true},
    {"user-requests", "writes to memoryX/state over a run", &Scope::user_requests, true},
    {"removals", "how often the driver is unbound, 0 or 1", &Scope::removals},
    {"contig-tries", "tries of alloc_contig_range() in ZONE_MOVABLE; the driver makes 5", &Scope::contig_tries},
    {"threshold", "offline_threshold in memory blocks; 0: two big blocks", &Scope::threshold},
    {"usable-slack", "big blocks of the usable region beyond requested_size", &Scope::usable_slack},
}};

constexpr std::array<std::string_view, 4> auto_onlines{"any", "off", "kernel", "movable"};

struct FaultStrikes {
    std::string_view fault;
    std::array<Answer, 12> answers;
};
constexpr std::array<FaultStrikes, 11> strikes{{
    {"vetoes",
     {{{"veto-before-driver", "-EBUSY"},
       {"veto-before-driver", "NOTIFY_BAD"},
       {"veto-before-driver", "-ENOMEM"},
       {"veto-before-driver", "-EAGAIN"},
       {"veto-after-driver", "-EBUSY"},
       {"veto-after-driver", "NOTIFY_BAD"},
       {"veto-after-driver", "-ENOMEM"},
       {"veto-after-driver", "-EAGAIN"}}}},
    {"device-busy", {{{"device", "BUSY"}}}},
    {"allocation-failures", {{{"allocation", "-ENOMEM"}, {"add-memory", "-ENOMEM"}, {"migration", "-ENOMEM"}}}},
    {"pins", {{{"page-action", "pin"}}}},
    {"signals", {{{"signal", "pending"}}}},
    {"eternal-pins", {{{"page-action", "pin-for-ever"}}}},
    {"speculative-references", {{{"page-action", "walker-reference"}}}},
    {"add-eexist", {{{"add-memory", "-EEXIST"}}}},
    {"stop-callbacks", {{{"stop-before-driver", "OK|STOP"}}}},
    {"device-error", {{{"device", "ERROR"}}}},
    {"device-nack", {{{"device", "NACK"}}}},
}};

std::string at_most(const BoundInfo& bound, const Scope& scope, std::string_view what) {
    const int value = scope.*bound.member;
    return value < 0 ? fmt::format("any number of {}s", what)
                     : fmt::format("{} {}{}", value, what, value == 1 ? "" : "s");
}

const BoundInfo& bound(std::string_view name) {
    return *std::find_if(bounds.begin(), bounds.end(), [name](const BoundInfo& b) { return b.name == name; });
}

}  // namespace

std::span<const BoundInfo> bound_infos() { return bounds; }

std::string key_of(std::string_view name) {
    std::string key(name);
    std::replace(key.begin(), key.end(), '-', '_');
    return key;
}

std::string bound_text(const BoundInfo& bound, const Scope& scope) {
    const int value = scope.*bound.member;
    return bound.any && value < 0 ? "any" : std::to_string(value);
}

std::string scope_text(const Scope& scope) {
    return fmt::format(
        "{} of {} of {} of {} of {}; at a time {} in use and {} pinned; over a run {}, {} and {}; {} of "
        "alloc_contig_range(); offline threshold {}",
        counted(static_cast<unsigned>(scope.big_blocks), "big block"),
        counted(static_cast<unsigned>(scope.memory_blocks), "memory block"),
        counted(static_cast<unsigned>(scope.sections), "section"),
        counted(static_cast<unsigned>(scope.page_blocks), "page block"),
        counted(static_cast<unsigned>(scope.pages), "page"), counted(static_cast<unsigned>(scope.allocations), "page"),
        scope.pins, at_most(bound("resizes"), scope, "resize"), at_most(bound("user-requests"), scope, "user request"),
        at_most(bound("removals"), scope, "removal"),
        scope.contig_tries == 1 ? "1 try" : fmt::format("{} tries", scope.contig_tries),
        counted(static_cast<unsigned>(scope.offline_threshold()), "memory block"));
}

std::string_view auto_online_name(bbm::AutoOnline value) { return auto_onlines[static_cast<std::size_t>(value)]; }
std::span<const std::string_view> auto_online_names() { return auto_onlines; }

std::string mode_text(const Config& config) {
    std::string text =
        fmt::format("{} unplug, unplug_online {}, auto-online {}", config.safe_unplug ? "safe" : "unsafe",
                    config.unplug_online ? "on" : "off", auto_online_name(config.auto_online));
    if (config.eject != bbm::Eject::off) {
        text += fmt::format(", eject {}", bbm::eject_names[static_cast<std::size_t>(config.eject)]);
    }
    return text;
}

std::span<const Answer> strikes_of(std::string_view fault) {
    for (const FaultStrikes& entry : strikes) {
        if (entry.fault != fault) continue;
        const auto end = std::find(entry.answers.begin(), entry.answers.end(), Answer{});
        return {entry.answers.begin(), end};
    }
    return {};
}

std::vector<std::string> assumptions(const Config& config) {
    std::vector<std::string> list;
    for (const bbm::FaultInfo& fault : bbm::fault_infos()) {
        if (config.faults.*fault.member) continue;
        list.push_back(fmt::format("it never happens that {} (--{})", fault.sentence, fault.name));
    }
    const Scope& scope = config.scope;
    list.push_back("the scope is all there is: " + scope_text(scope));
    if (config.faults.pins && scope.pins == 0) list.emplace_back("no page is ever pinned (--pins 1)");
    if (scope.removals == 0) list.emplace_back("the driver is never unbound (--removals 1)");
    if (scope.removals > 0 && config.eject == bbm::Eject::off) {
        list.emplace_back("the driver is unbound, its device never ejected (--eject by-the-rules)");
    }
    if (scope.contig_tries < 5) {
        list.push_back(fmt::format("alloc_contig_range() is tried {} rather than 5 times (--contig-tries 5)",
                                   scope.contig_tries == 1 ? "once" : std::to_string(scope.contig_tries)));
    }
    if (config.auto_online != bbm::AutoOnline::any) {
        list.push_back(fmt::format("memory is added with auto-online {} (--auto-online any)",
                                   auto_online_name(config.auto_online)));
    }
    return list;
}

void put_config(Json& object, const Config& config) {
    object["release"] = config.release.name;
    Json scope;
    scope["name"] = config.scope.name;
    for (const BoundInfo& b : bounds) {
        const int value = config.scope.*b.member;
        if (b.any && value < 0) {
            scope[key_of(b.name)] = "any";
        } else {
            scope[key_of(b.name)] = value;
        }
    }
    object["scope"] = std::move(scope);
    Json faults;
    for (const bbm::FaultInfo& fault : bbm::fault_infos()) {
        faults[key_of(fault.name)] = config.faults.*fault.member;
    }
    object["faults"] = std::move(faults);
    object["safe_unplug"] = config.safe_unplug;
    object["unplug_online"] = config.unplug_online;
    object["auto_online"] = auto_online_name(config.auto_online);
    const auto known = bbm::mutants();
    const auto mutant =
        std::find_if(known.begin(), known.end(), [&](const auto& info) { return info.mutant == config.mutant; });
    object["mutant"] = mutant == known.end() ? Json(nullptr) : Json(mutant->name);
    if (config.eject != bbm::Eject::off) object["eject"] = bbm::eject_names[static_cast<std::size_t>(config.eject)];
    if (config.what_ifs.empty()) return;
    Json& names = object["what_if"] = Json::array();
    for (const bbm::WhatIfInfo& info : bbm::what_ifs()) {
        if (config.what_if(info.what_if)) names.push_back(info.name);
    }
}

}  // namespace vmemcheck::cli
