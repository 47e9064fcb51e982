// SPDX-License-Identifier: MIT
#include "properties/fuzz_vary.hpp"

#include <algorithm>
#include <array>

#include "checker/hash.hpp"

namespace vmemcheck::bbm::fuzz {

namespace {

/// One of a few values, each as likely as it is often in the list.
template <std::size_t N>
int one_of(const std::array<int, N>& values, Dice& dice) {
    return values[dice.below(N)];
}

/// From one big block to the room there is. What is plugged, onlined and taken away again within a walk is found with
/// few big blocks as well, and sooner; but most walks have more than any search.
Scope any_scope(Dice& dice) {
    static constexpr std::array<int, 12> big_blocks{1, 1, 2, 2, 3, 4, 4, 6, 8, 16, 32, 64};
    static constexpr std::array<int, 5> memory_blocks{1, 2, 2, 3, 4};
    static constexpr std::array<int, 4> few{1, 1, 1, 2};
    static constexpr std::array<int, 4> pages{1, 1, 2, 4};
    Scope scope;
    do {
        scope.big_blocks = one_of(big_blocks, dice);
        scope.memory_blocks = one_of(memory_blocks, dice);
        scope.sections = one_of(few, dice);
        scope.page_blocks = one_of(few, dice);
        scope.pages = one_of(pages, dice);
    } while (problem(scope, wide_capacity));
    scope.allocations = dice.one_in(3) ? 0 : dice.between(1, std::max(1, scope.total_pages() / 2));
    scope.pins = dice.one_in(2) ? 0 : dice.between(1, 3);
    scope.contig_tries = dice.between(1, 5);
    scope.usable_slack = dice.between(0, 2);
    if (dice.one_in(3)) {
        scope.threshold =
            dice.between(scope.memory_blocks, std::min(4 * scope.memory_blocks, wide_capacity.memory_blocks));
    }
    return scope;
}

/// A scope no larger than this one.
Scope smaller(Scope scope, Dice& dice) {
    for (int Scope::*size : {&Scope::big_blocks, &Scope::memory_blocks, &Scope::sections, &Scope::page_blocks,
                             &Scope::pages, &Scope::contig_tries}) {
        if (dice.one_in(2)) scope.*size = dice.between(1, scope.*size);
    }
    for (int Scope::*bound : {&Scope::allocations, &Scope::pins, &Scope::removals}) {
        if (dice.one_in(2)) scope.*bound = dice.between(0, scope.*bound);
    }
    scope.name = "custom";
    return scope;
}

}  // namespace

Dice::Dice(std::uint64_t seed, std::uint64_t walk)
    : random_(checker::detail::fold_multiply(seed ^ 0x9e3779b97f4a7c15ULL, walk ^ 0xd1b54a32d192ed03ULL)) {}

std::uint64_t Dice::below(std::uint64_t count) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>(static_cast<Wide>(random_()) * count >> 64);
}

int Dice::between(int low, int high) {
    return high <= low ? low : low + static_cast<int>(below(static_cast<std::uint64_t>(high - low) + 1));
}

Config vary(const Options& options, Dice& dice) {
    Config config = options.config;
    if (options.vary_scope) {
        config.scope = any_scope(dice);
    } else if (options.swarm) {
        config.scope = smaller(config.scope, dice);
    }
    // An unbound driver does nothing more.
    if (!dice.one_in(4)) config.scope.removals = 0;
    if (!options.swarm) return config;
    for (const FaultInfo& fault : fault_infos()) {
        config.faults.*fault.member = config.faults.*fault.member && dice.one_in(2);
    }
    if (config.unplug_online) config.unplug_online = !dice.one_in(4);
    if (config.auto_online == AutoOnline::any) config.auto_online = static_cast<AutoOnline>(dice.below(4));
    return config;
}

std::uint64_t draw_left_plugged(const Config& config, Dice& dice) {
    if (!config.faults.leftovers || dice.one_in(2)) return 0;
    const auto blocks = static_cast<unsigned>(config.scope.big_blocks);
    if (config.scope.big_blocks <= native_capacity.big_blocks) return dice.below(std::uint64_t{1} << blocks);
    const unsigned length = 1 + static_cast<unsigned>(dice.below(blocks));
    return (~std::uint64_t{0} >> (64 - length)) << dice.below(blocks - length + 1);
}

}  // namespace vmemcheck::bbm::fuzz
