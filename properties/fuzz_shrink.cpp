// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <utility>

#include "checker/shrink.hpp"
#include "properties/fuzz_plan.hpp"

namespace vmemcheck::bbm::fuzz {

namespace {

/// Where a page is.
struct Place {
    int big_block, memory_block, section, page_block, page;
};

Place place_of(int page, const Scope& scope) {
    Place place{};
    place.page = page % scope.pages;
    page /= scope.pages;
    place.page_block = page % scope.page_blocks;
    page /= scope.page_blocks;
    place.section = page % scope.sections;
    page /= scope.sections;
    place.memory_block = page % scope.memory_blocks;
    place.big_block = page / scope.memory_blocks;
    return place;
}

int moved_page(int page, const Scope& from, const Scope& to) {
    const Place place = place_of(page, from);
    const auto at = [](int index, int count) { return std::min(index, count - 1); };
    int number = at(place.big_block, to.big_blocks);
    number = number * to.memory_blocks + at(place.memory_block, to.memory_blocks);
    number = number * to.sections + at(place.section, to.sections);
    number = number * to.page_blocks + at(place.page_block, to.page_blocks);
    return number * to.pages + at(place.page, to.pages);
}

std::uint64_t moved_set(std::uint64_t set, int big_blocks) {
    return big_blocks >= 64 ? set : set & ((std::uint64_t{1} << static_cast<unsigned>(big_blocks)) - 1);
}

/// Scopes to be tried first, the smallest in front.
struct Size {
    int big_blocks, memory_blocks, sections, page_blocks, pages;
};
constexpr std::array<Size, 10> sizes{{{1, 1, 1, 1, 1},
                                      {1, 2, 1, 1, 1},
                                      {2, 1, 1, 1, 1},
                                      {2, 2, 1, 1, 1},
                                      {1, 2, 1, 2, 1},
                                      {1, 2, 2, 1, 1},
                                      {3, 1, 1, 1, 1},
                                      {3, 2, 1, 1, 1},
                                      {2, 2, 1, 2, 1},
                                      {4, 2, 1, 1, 1}}};

class ConfigShrinker {
 public:
    ConfigShrinker(Plan plan, std::string_view property, std::uint64_t seed, const std::atomic<bool>* stop)
        : plan_(std::move(plan)), property_(property), seed_(seed), stop_(stop) {}

    Found run() {
        shrink_scope();
        return shrink_there();
    }

    /// Keeps the scope.
    Found shrink_there() {
        reduce();
        shrink_environment();
        shrink_bounds();
        Found found = finish();
        // What the shorter run no longer needs may give a smaller space to search in.
        if (shrink_environment() || shrink_bounds()) found = finish();
        return found;
    }

 private:
    bool accept(const Config& config, std::uint64_t left_plugged, const checker::Schedule& moves) {
        if (problem(config.scope, wide_capacity)) return false;
        auto executed = with_model(config.scope, [&]<class M>(std::type_identity<M>) {
            const auto property = property_named<M>(config, property_);
            if (!property || !can_be_violated(*property)) return std::optional<checker::Executed>{};
            const M model(config);
            checker::LenientRunner<M> runner(model, *property, model.initial_state(left_plugged));
            return runner(moves);
        });
        if (!executed) return false;
        plan_ = {config, left_plugged, std::move(executed->moves)};
        return true;
    }
    bool accept(const Config& config) { return accept(config, plan_.left_plugged, plan_.moves); }

    bool smaller(const Size& size) const {
        const Scope& s = plan_.config.scope;
        const bool fits = size.big_blocks <= s.big_blocks && size.memory_blocks <= s.memory_blocks &&
                          size.sections <= s.sections && size.page_blocks <= s.page_blocks && size.pages <= s.pages;
        const Size now{s.big_blocks, s.memory_blocks, s.sections, s.page_blocks, s.pages};
        return fits && s.total_pages() > 1 &&
               (size.big_blocks < now.big_blocks || size.memory_blocks < now.memory_blocks ||
                size.sections < now.sections || size.page_blocks < now.page_blocks || size.pages < now.pages);
    }
    Config resized(const Size& size) const {
        Config config = plan_.config;
        Scope& scope = config.scope;
        scope.name = "custom";
        scope.big_blocks = size.big_blocks;
        scope.memory_blocks = size.memory_blocks;
        scope.sections = size.sections;
        scope.page_blocks = size.page_blocks;
        scope.pages = size.pages;
        scope.allocations = std::min(scope.allocations, scope.total_pages());
        scope.usable_slack = std::min(scope.usable_slack, native_capacity.big_blocks);
        if (scope.threshold != 0)
            scope.threshold = std::clamp(scope.threshold, scope.memory_blocks, native_capacity.memory_blocks);
        return config;
    }
    bool accept_size(const Size& size) {
        const Config config = resized(size);
        return accept(config, moved_set(plan_.left_plugged, size.big_blocks),
                      moved(plan_.moves, plan_.config.scope, config.scope));
    }

    /// The smallest scope that shows the violation: the same run moved there, or another found there.
    void shrink_scope() {
        constexpr std::uint64_t length_of_a_try = 400;
        constexpr std::uint64_t moves_of_a_try = 150'000;
        for (const Size& size : sizes) {
            if (!smaller(size)) continue;
            if (accept_size(size)) break;
            if (auto other = find_again(resized(size), property_, seed_, length_of_a_try, moves_of_a_try, stop_)) {
                plan_ = std::move(*other);
                break;
            }
        }
        for (int Scope::*member :
             {&Scope::big_blocks, &Scope::pages, &Scope::page_blocks, &Scope::sections, &Scope::memory_blocks}) {
            while (plan_.config.scope.*member > 1) {
                Scope scope = plan_.config.scope;
                scope.*member = scope.*member > 8 ? scope.*member / 2 : scope.*member - 1;
                if (!accept_size(
                        {scope.big_blocks, scope.memory_blocks, scope.sections, scope.page_blocks, scope.pages}))
                    break;
            }
        }
    }

    /// Faults that need not strike, choices that can be fixed.
    bool shrink_environment() {
        bool changed = false;
        for (const FaultInfo& fault : fault_infos()) {
            if (!(plan_.config.faults.*fault.member)) continue;
            Config config = plan_.config;
            config.faults.*fault.member = false;
            const bool leftovers = fault.member == &Faults::leftovers;
            changed = accept(config, leftovers ? 0 : plan_.left_plugged, plan_.moves) || changed;
        }
        if (plan_.config.auto_online == AutoOnline::any) {
            for (const AutoOnline online : {AutoOnline::off, AutoOnline::kernel, AutoOnline::movable}) {
                Config config = plan_.config;
                config.auto_online = online;
                if (!accept(config)) continue;
                changed = true;
                break;
            }
        }
        return changed;
    }

    /// Bounds no larger than what happens.
    bool shrink_bounds() {
        bool changed = false;
        const auto count = [this](actor::Id who) {
            return static_cast<int>(std::count_if(plan_.moves.begin(), plan_.moves.end(),
                                                  [who](const checker::Move& move) { return move.actor == who; }));
        };
        const auto lower = [&](int Scope::*member, int value) {
            const int now = plan_.config.scope.*member;
            if (now >= 0 && now <= value) return false;
            Config config = plan_.config;
            config.scope.name = "custom";
            config.scope.*member = value;
            const bool accepted = accept(config);
            changed = changed || accepted;
            return accepted;
        };
        lower(&Scope::resizes, count(actor::host));
        lower(&Scope::user_requests, count(actor::user_space));
        lower(&Scope::removals, 0);
        lower(&Scope::threshold, 0);
        for (int Scope::*member : {&Scope::allocations, &Scope::pins}) {
            for (int value = 0; value < plan_.config.scope.*member && !lower(member, value); ++value) {
            }
        }
        for (int value = 1; value < plan_.config.scope.contig_tries && !lower(&Scope::contig_tries, value); ++value) {
        }
        return changed;
    }

    /// Shrinks the run by what needs no search.
    void reduce() {
        auto moves = with_model(plan_.config.scope, [&]<class M>(std::type_identity<M>) {
            const auto property = property_named<M>(plan_.config, property_);
            const M model(plan_.config);
            checker::Shrinker<M> shrinker(model, *property, model.initial_state(plan_.left_plugged), options<M>());
            return shrinker.reduced(plan_.moves);
        });
        if (moves) plan_.moves = std::move(*moves);
    }

    Found finish() {
        Found found;
        found.property = property_;
        found.config = plan_.config;
        with_model(plan_.config.scope, [&]<class M>(std::type_identity<M>) {
            const auto property = property_named<M>(plan_.config, property_);
            const M model(plan_.config);
            checker::Shrinker<M> shrinker(model, *property, model.initial_state(plan_.left_plugged), options<M>());
            auto run = shrinker.shrink(plan_.moves);
            if (!run) return;  // not possible: the plan was run in this configuration
            plan_.moves.clear();
            for (const auto& step : run->steps) plan_.moves.push_back({step.actor, step.choices});
            found.run = std::move(*run);
        });
        return found;
    }

    template <class M>
    [[nodiscard]] checker::ShrinkOptions options() const {
        checker::ShrinkOptions options;
        options.seed = seed_;
        options.stop = stop_;
        if constexpr (std::is_same_v<M, WideBbm>) {
            options.search_states = 2'000;
            options.max_work = 300'000;
        }
        return options;
    }

    Plan plan_;
    std::string property_;
    std::uint64_t seed_;
    const std::atomic<bool>* stop_;
};

}  // namespace

checker::Schedule moved(const checker::Schedule& moves, const Scope& from, const Scope& to) {
    checker::Schedule result = moves;
    for (checker::Move& move : result) {
        for (auto& [question, value] : move.answers) {
            if (question == choice::size) {
                value = std::min(value, to.big_blocks);
            } else if (question == choice::page_number) {
                value = moved_page(value, from, to);
            } else if (question == choice::user_block) {
                value = moved_page(value * from.pages_per_memory_block(), from, to) / to.pages_per_memory_block();
            }
        }
    }
    return result;
}

Found shrink(Plan plan, std::string_view property, const Config& asked, std::uint64_t seed,
             const std::atomic<bool>* stop) {
    // Another violation of the same property, found in the small scope, may shrink to a shorter run.
    constexpr std::uint64_t others = 8;
    constexpr std::uint64_t moves_of_a_try = 50'000;
    const Scope original = plan.config.scope;
    Found best = ConfigShrinker(std::move(plan), property, seed, stop).run();
    if (problem(best.config.scope)) return best;
    Config config = asked;
    config.scope = best.config.scope;
    config.scope.resizes = original.resizes;
    config.scope.user_requests = original.user_requests;
    config.scope.removals = original.removals;
    config.scope.allocations = std::min(original.allocations, config.scope.total_pages());
    config.scope.pins = std::min(original.pins, config.scope.total_pages());
    for (std::uint64_t i = 1; i <= others; ++i) {
        // Walks have moves that do not matter; those of a shorter run fit all the same.
        const std::uint64_t length = 2 * best.steps();
        auto other = find_again(config, property, seed + i, length, moves_of_a_try, stop);
        if (!other) continue;
        Found found = ConfigShrinker(std::move(*other), property, seed, stop).shrink_there();
        if (found.steps() < best.steps()) best = std::move(found);
    }
    return best;
}

}  // namespace vmemcheck::bbm::fuzz
