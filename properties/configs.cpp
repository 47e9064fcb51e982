// SPDX-License-Identifier: MIT
#include "properties/configs.hpp"

#include <algorithm>
#include <array>
#include <ostream>
#include <tuple>

namespace vmemcheck::bbm {

void showValue(const Scope& scope, std::ostream& out) {
    out << scope.big_blocks << " x " << scope.memory_blocks << " memory blocks x " << scope.sections << " sections x "
        << scope.page_blocks << " page blocks x " << scope.pages << " pages, " << scope.allocations << " in use, "
        << scope.pins << " pinned, " << scope.resizes << " resizes, " << scope.user_requests << " user requests, "
        << scope.removals << " removals, " << scope.contig_tries << " tries, threshold " << scope.offline_threshold()
        << ", slack " << scope.usable_slack;
}

void showValue(const Config& config, std::ostream& out) {
    constexpr std::array<std::string_view, 4> policies{"any", "off", "kernel", "movable"};
    out << config.release.name << ", " << (config.safe_unplug ? "safe" : "unsafe") << " unplug, "
        << (config.unplug_online ? "" : "offline memory only, ") << "auto-online "
        << policies[static_cast<std::size_t>(config.auto_online)] << "; faults:";
    for (const FaultInfo& fault : fault_infos()) {
        if (config.faults.*fault.member) out << ' ' << fault.name;
    }
    if (config.eject != bbm::Eject::off) {
        out << "; eject " << bbm::eject_names[static_cast<std::size_t>(config.eject)];
    }
    for (const bbm::WhatIfInfo& info : bbm::what_ifs()) {
        if (config.what_if(info.what_if)) out << "; what-if " << info.name;
    }
    if (config.mutant != Mutant::none) {
        out << "; mutant " << mutants()[static_cast<std::size_t>(config.mutant) - 1].name;
    }
    out << "\n  scope: ";
    showValue(config.scope, out);
}

}  // namespace vmemcheck::bbm

namespace vmemcheck::properties {

using bbm::Config;
using bbm::Faults;
using bbm::Release;
using bbm::Scope;

namespace {

/// Both ends included; shrinks to the lower.
rc::Gen<int> number(int low, int high) { return rc::gen::resize(100, rc::gen::inRange(low, high + 1)); }

/// Cut to what fits, the last factor first: smaller numbers stay smaller.
void fit(Scope& scope, const bbm::Capacity& capacity) {
    scope.memory_blocks = std::min(
        {scope.memory_blocks, capacity.memory_blocks / scope.big_blocks, capacity.memory_blocks_per_big_block});
    const int page_blocks = std::min(capacity.page_blocks, capacity.pages) / scope.total_memory_blocks();
    scope.sections = std::min(scope.sections, page_blocks);
    scope.page_blocks = std::min(scope.page_blocks, page_blocks / scope.sections);
    scope.pages = std::min(scope.pages, capacity.pages / scope.total_page_blocks());
    if (scope.threshold > 0) scope.threshold = std::max(scope.threshold, scope.memory_blocks);
}

}  // namespace

rc::Gen<Scope> scopes(const bbm::Capacity& capacity) {
    return rc::gen::map(rc::gen::tuple(number(1, bbm::max_big_blocks), number(1, bbm::max_memory_blocks_per_big_block),
                                       number(1, 3), number(1, 3), number(1, 3), number(0, 4), number(0, 2),
                                       rc::gen::tuple(number(-1, 5), number(-1, 5), number(0, 1), number(1, 5),
                                                      number(0, capacity.memory_blocks), number(0, 2))),
                        [capacity](const auto& numbers) {
                            Scope scope;
                            const auto& [big_blocks, memory_blocks, sections, page_blocks, pages, allocations, pins,
                                         bounds] = numbers;
                            scope.big_blocks = big_blocks;
                            scope.memory_blocks = memory_blocks;
                            scope.sections = sections;
                            scope.page_blocks = page_blocks;
                            scope.pages = pages;
                            scope.allocations = allocations;
                            scope.pins = pins;
                            std::tie(scope.resizes, scope.user_requests, scope.removals, scope.contig_tries,
                                     scope.threshold, scope.usable_slack) = bounds;
                            fit(scope, capacity);
                            return scope;
                        });
}

rc::Gen<Release> releases() {
    return rc::gen::map(number(0, static_cast<int>(bbm::releases().size()) - 1), [](int back) {
        return bbm::releases()[bbm::releases().size() - 1 - static_cast<std::size_t>(back)];
    });
}

rc::Gen<Faults> faults(Trouble trouble) {
    return rc::gen::map(rc::gen::container<std::vector<bool>>(bbm::fault_infos().size(), rc::gen::arbitrary<bool>()),
                        [trouble](const std::vector<bool>& chosen) {
                            Faults faults;
                            for (std::size_t i = 0; i < chosen.size(); ++i) {
                                bool& fault = faults.*bbm::fault_infos()[i].member;
                                fault = chosen[i] && (trouble == Trouble::anything || fault);
                            }
                            return faults;
                        });
}

rc::Gen<Config> configs(rc::Gen<Scope> scope, Trouble trouble) {
    return rc::gen::map(rc::gen::tuple(releases(), std::move(scope), faults(trouble), rc::gen::arbitrary<bool>(),
                                       rc::gen::arbitrary<bool>(), number(0, 3)),
                        [](const auto& parts) {
                            Config config;
                            bool unsafe = false;
                            bool offline_only = false;
                            int policy = 0;
                            std::tie(config.release, config.scope, config.faults, unsafe, offline_only, policy) = parts;
                            config.safe_unplug = !(unsafe && config.release.has_unsafe_unplug);
                            config.unplug_online = !offline_only;
                            config.auto_online = static_cast<bbm::AutoOnline>(policy);
                            return config;
                        });
}

Scope largest_scope(const bbm::Capacity& capacity) {
    Scope scope;
    scope.big_blocks = capacity.big_blocks;
    scope.memory_blocks = 2;
    scope.page_blocks = 2;
    scope.pages = 4;
    scope.allocations = capacity.pages;
    scope.pins = capacity.pages;
    scope.usable_slack = 2;
    fit(scope, capacity);
    return scope;
}

}  // namespace vmemcheck::properties
