// SPDX-License-Identifier: MIT
#include "spec/facts.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <random>
#include <set>
#include <tuple>

#include "spec/engine.hpp"

namespace vmemcheck::bbm::spec {

namespace {

/// What entity a field is of.
enum class Kind : std::uint8_t { none, big_block, memory_block, page_block, page };

struct Use {
    FactPattern::Field field;
    Kind kind = Kind::none;
    int entity = 0;
    std::size_t index = 0;  ///< in the order of describe_state()
};

/// "page[3].kind" is field "page.kind" of entity 3; names in brackets are part of a name.
Use use_of(const std::string& name) {
    Use use;
    use.field.name = name;
    const std::size_t open = name.find('[');
    if (open == std::string::npos || name.find_first_not_of("0123456789", open + 1) != name.find(']')) return use;
    const std::size_t close = name.find(']');
    use.entity = std::stoi(name.substr(open + 1, close - open - 1));
    use.field.name = name.substr(0, open) + name.substr(close + 1);
    const std::string_view what = std::string_view(name).substr(0, open);
    use.kind = what == "bb"         ? Kind::big_block
               : what == "mb"       ? Kind::memory_block
               : what == "isolated" ? Kind::page_block
               : what == "page"     ? Kind::page
                                    : Kind::none;
    return use;
}

/// The memory block and big block that an entity is part of.
struct Place {
    int memory_block = -1;
    int big_block = -1;
};
Place place_of(const Scope& scope, const Use& use) {
    switch (use.kind) {
        case Kind::big_block:
            return {-1, use.entity};
        case Kind::memory_block:
            return {use.entity, use.entity / scope.memory_blocks};
        case Kind::page_block: {
            const int memory_block = use.entity / scope.page_blocks_per_memory_block();
            return {memory_block, memory_block / scope.memory_blocks};
        }
        case Kind::page: {
            const int memory_block = use.entity / scope.pages_per_memory_block();
            return {memory_block, memory_block / scope.memory_blocks};
        }
        default:
            return {};
    }
}

/// Whether an entity is, or is part of, what another field is of.
bool is_of(const Scope& scope, const Use& part, const Use& whole) {
    if (part.kind == Kind::none || whole.kind == Kind::none) return false;
    if (part.kind == whole.kind) return part.entity == whole.entity;
    const Place place = place_of(scope, part);
    if (whole.kind == Kind::big_block) return place.big_block == whole.entity;
    if (whole.kind == Kind::memory_block) return place.memory_block == whole.entity;
    return false;
}

std::string value_text(const FactPattern::Field& field, int value) {
    const int at = value - field.low;
    if (at >= 0 && static_cast<std::size_t>(at) < field.names.size())
        return std::string(field.names[static_cast<std::size_t>(at)]);
    return std::to_string(value);
}

}  // namespace

bool is_amount(std::string_view field) {
    static constexpr std::array<std::string_view, 16> names{
        "worker.bb",     "worker.left",      "worker.item",       "worker.end",        "worker.block", "next_bb",
        "last_usable",   "plugged_size",     "requested_size",    "offline_size",      "op.mb",        "op.block",
        "device.usable", "device.requested", "host.resizes_left", "user.requests_left"};
    return std::find(names.begin(), names.end(), field) != names.end() || field.starts_with("bb_count[") ||
           field.starts_with("managed[");
}

std::string FactPattern::title() const {
    static constexpr std::array<const char*, 4> withs{"", ", worker here", ", operation here", ", op.caller"};
    return guard.name + withs[static_cast<std::size_t>(with)] + ": " + field.name;
}

FactPlan::FactPlan(const Config& config, bool any_size) {
    std::vector<Use> uses;
    State<NativeDomain> state{};
    std::size_t count = 0;
    describe_state(config, state,
                   [&](const std::string& name, auto&, int low, int high, std::span<const std::string_view> names) {
                       Use use = use_of(name);
                       use.index = count++;
                       use.field.low = low;
                       use.field.high = high;
                       use.field.names = names;
                       const bool fits = low >= Facts::least && high <= Facts::most;
                       if (fits && !(any_size && is_amount(name))) uses.push_back(std::move(use));
                   });
    std::map<std::tuple<std::string, FactPattern::With, std::string>, std::size_t> numbers;
    const auto add = [&](const Use& guard, FactPattern::With with, int slot, const Use& field) {
        const auto [at, made] = numbers.try_emplace({guard.field.name, with, field.field.name}, patterns_.size());
        if (made) patterns_.push_back({guard.field, with, field.field});
        instances_.push_back({at->second, slot, guard.index, field.index});
    };
    for (const Use& field : uses) {
        const Place place = place_of(config.scope, field);
        for (const Use& guard : uses) {
            if (guard.index == field.index) continue;
            const std::string& name = guard.field.name;
            if (name == "worker.pc") {
                if (field.kind == Kind::none)
                    add(guard, FactPattern::With::nothing, 0, field);
                else
                    add(guard, FactPattern::With::worker_here, place.big_block, field);
            } else if (name == "op.pc") {
                if (field.kind == Kind::none) {
                    if (field.field.name != "op.caller")
                        add(guard, FactPattern::With::caller, 0, field);
                    else
                        add(guard, FactPattern::With::nothing, 0, field);
                } else if (place.memory_block >= 0) {
                    add(guard, FactPattern::With::operation_here, place.memory_block, field);
                }
            } else if (name == "remover.pc" && field.kind == Kind::none) {
                add(guard, FactPattern::With::nothing, 0, field);
            } else if (is_of(config.scope, field, guard)) {
                add(guard, FactPattern::With::nothing, 0, field);
            }
        }
    }
}

bool Facts::allow(std::size_t pattern, int guard, int value) {
    // Outside its bounds a field breaks fields-in-range, not this.
    if (value < least || value > most || dropped_[pattern]) return false;
    auto bit = allowed_[pattern][guard].values[static_cast<std::size_t>(value - least)];
    if (bit) return false;
    bit = true;
    return true;
}

bool Facts::widen(std::size_t pattern, int guard, int value) {
    constexpr unsigned patience = 2;
    if (!allow(pattern, guard, value)) return false;
    if (++allowed_[pattern][guard].widened > patience) forget(pattern, guard);
    return true;
}

bool Facts::allow(const FactPlan& plan, const Config& config, const State<NativeDomain>& state) {
    bool any = false;
    plan.for_each<NativeDomain>(
        config, state, [&](std::size_t pattern, int guard, int value) { any = allow(pattern, guard, value) || any; });
    return any;
}

bool Facts::hold(const FactPlan& plan, const Config& config, const State<NativeDomain>& state) const {
    bool all = true;
    plan.for_each<NativeDomain>(config, state, [&](std::size_t pattern, int guard, int value) {
        if (dropped_[pattern]) return;
        const auto at = allowed_[pattern].find(guard);
        all = all && at != allowed_[pattern].end() && value >= least && value <= most &&
              at->second.values[static_cast<std::size_t>(value - least)];
    });
    return all;
}

std::vector<std::string> Facts::lines(const FactPattern& pattern, std::size_t number) const {
    const auto guard_text = [&](int guard) {
        switch (pattern.with) {
            case FactPattern::With::worker_here:
                return value_text(pattern.guard, guard / 2) +
                       (guard % 2 == 1 ? " (worker here)" : " (worker elsewhere)");
            case FactPattern::With::operation_here:
                return value_text(pattern.guard, guard / 2) +
                       (guard % 2 == 1 ? " (operation here)" : " (operation elsewhere)");
            case FactPattern::With::caller:
                return value_text(pattern.guard, guard / caller::count) + " (" +
                       std::string(caller::names[static_cast<std::size_t>(guard % caller::count)]) + ')';
            default:
                return value_text(pattern.guard, guard);
        }
    };
    std::vector<std::pair<std::string, std::string>> groups;  // what is allowed, for which values of the guard
    for (const auto& [guard, entry] : allowed_[number]) {
        const Values& values = entry.values;
        if (static_cast<int>(values.count()) > pattern.field.high - pattern.field.low) continue;
        std::string allowed;
        for (int value = pattern.field.low; value <= pattern.field.high; ++value) {
            if (!values[static_cast<std::size_t>(value - least)]) continue;
            allowed += (allowed.empty() ? "" : " or ") + value_text(pattern.field, value);
        }
        const auto same = std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return g.first == allowed; });
        if (same == groups.end())
            groups.emplace_back(allowed, guard_text(guard));
        else
            same->second += ", " + guard_text(guard);
    }
    std::vector<std::string> lines;
    lines.reserve(groups.size());
    for (const auto& [allowed, guards] : groups) lines.push_back(std::string(guards).append(": ").append(allowed));
    return lines;
}

namespace {

/// Whose step a guard follows: the worker's outside core MM, core MM's, the remover's.
std::string_view process_of(checker::ActorId who, const Bbm::State& before) {
    if (who == actor::remover) return "remover.pc";
    const int holder = who == actor::worker ? task::worker : task::user;
    if (who != actor::worker && who != actor::user) return {};
    return before.device_hotplug_lock == holder && before.op != static_cast<int>(StepId::op_none) ? "op.pc"
                                                                                                  : "worker.pc";
}

/// Walks, and finds which processes change which fields.
class Walks {
 public:
    Walks(Facts& facts, const FactPlan& plan, const Config& config) : facts_(facts), plan_(plan), config_(config) {}

    void walk(const Bbm& model, Bbm::State state, unsigned length) {
        facts_.allow(plan_, config_, state);
        for (unsigned step = 0; step < length; ++step) {
            const std::optional<checker::ActorId> who = move(model, state);
            if (!who) break;
            facts_.allow(plan_, config_, state);
        }
    }

    /// Drops what speaks of a process and a field that it does not change: nearly anything may be so.
    void drop_unrelated() {
        for (std::size_t i = 0; i < plan_.patterns().size(); ++i) {
            const FactPattern& pattern = plan_.patterns()[i];
            const std::string& guard = pattern.guard.name;
            const bool process = guard == "worker.pc" || guard == "op.pc" || guard == "remover.pc";
            if (process && changed_.count({guard, pattern.field.name}) == 0) facts_.drop(i);
        }
    }

 private:
    std::optional<checker::ActorId> move(const Bbm& model, Bbm::State& state) {
        // Actors in a random order until one can move; processes mostly, as the environment nearly always can.
        std::array<checker::ActorId, actor::count> order{};
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<checker::ActorId>(i);
        std::shuffle(order.begin(), order.end(), random_);
        if (random_() % 16 != 0) {
            std::stable_partition(order.begin(), order.end(), [&](checker::ActorId who) {
                return model.actor_kind(who) == checker::ActorKind::process;
            });
        }
        for (const checker::ActorId who : order) {
            const auto next = checker::outcomes(model, state, who, false);
            if (next.all.empty()) continue;
            const Bbm::State before = state;
            state = next.all[random_() % next.all.size()].steps.back().after;
            if (const std::string_view process = process_of(who, before); !process.empty())
                note_changes(std::string(process), before, state);
            return who;
        }
        return std::nullopt;
    }

    void note_changes(const std::string& process, const Bbm::State& before, const Bbm::State& after) {
        const auto values = [&](Bbm::State state) {
            std::vector<int> list;
            describe_state(config_, state,
                           [&](const std::string&, auto& field, int, int, std::span<const std::string_view>) {
                               list.push_back(field);
                           });
            return list;
        };
        const std::vector<int> old = values(before);
        std::size_t i = 0;
        Bbm::State copy = after;
        describe_state(config_, copy,
                       [&](const std::string& name, auto& field, int, int, std::span<const std::string_view>) {
                           if (field != old[i++]) changed_.emplace(process, use_of(name).field.name);
                       });
    }

    Facts& facts_;
    const FactPlan& plan_;
    const Config& config_;
    std::set<std::pair<std::string, std::string>> changed_;  ///< process and field
    std::mt19937 random_{1};                                 ///< the same each time
};

}  // namespace

void learn_from_walks(Facts& facts, const FactPlan& plan, const Config& config, unsigned walks, unsigned length) {
    const Bbm any(config);
    // Once the driver is unbound a walk is over, so most must do without.
    Config bound = config;
    bound.scope.removals = 0;
    const Bbm stays(bound);
    std::vector<Bbm::State> initial;
    any.initial_states([&](const Bbm::State& state) { initial.push_back(state); });
    Walks learned(facts, plan, config);
    for (unsigned i = 0; i < walks; ++i) learned.walk(i % 4 == 0 ? any : stays, initial[i % initial.size()], length);
    learned.drop_unrelated();
}

}  // namespace vmemcheck::bbm::spec
