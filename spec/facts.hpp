// SPDX-License-Identifier: MIT
/// \file
/// Invariants that nobody wrote: which values a field may have, given the value of another.
///
/// A pattern pairs a guard with a field: "op.pc, op.caller: hotplug_active", "page.kind: page.refcount". For each value
/// of the guard there is a set of values that the field may have. A pattern of entities says the same of every one of
/// them, so that it means the same in systems of any size. The sets are learned, from random walks first, then from
/// counterexamples to induction, until they are inductive (spec/symbolic_prove.hpp).
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/bbm.hpp"
#include "spec/predicates.hpp"

namespace vmemcheck::bbm::spec {

/// Positions and amounts: fields that a scope bounds and the system does not.
[[nodiscard]] bool is_amount(std::string_view field);

/// One shape of invariants.
struct FactPattern {
    /// What is part of the guard besides a field: whether the worker or the operation of core MM is at this entity, or
    /// who called the operation.
    enum class With : std::uint8_t { nothing, worker_here, operation_here, caller };
    struct Field {
        std::string name;  ///< without indices
        int low = 0;
        int high = 0;
        std::span<const std::string_view> names;
    };
    Field guard;
    With with{};
    Field field;

    /// "op.pc, op.caller: hotplug_active"
    [[nodiscard]] std::string title() const;
};

/// Where the patterns occur in the states of one configuration. All plans have the same patterns, whatever the
/// configuration's scope, but for the bounds of amounts.
class FactPlan {
 public:
    /// \param any_size leave out positions and amounts, which grow with the system
    FactPlan(const Config& config, bool any_size);

    [[nodiscard]] const std::vector<FactPattern>& patterns() const { return patterns_; }

    /// visit(pattern, guard, value) for every instance of a pattern in a state, always in the same order.
    template <class D, class Visit>
    void for_each(const Config& config, const State<D>& state, Visit&& visit) const {
        using Value = typename D::Value;
        std::vector<Value> fields;
        State<D> copy = state;
        describe_state(config, copy, [&](const std::string&, auto& field, int, int, std::span<const std::string_view>) {
            fields.push_back(Value(field));
        });
        const Predicates<D> where{config, state};
        for (const Instance& i : instances_) {
            Value guard = fields[i.guard];
            switch (patterns_[i.pattern].with) {
                case FactPattern::With::nothing:
                    break;
                case FactPattern::With::worker_here:
                    guard = guard * 2 + D::select(where.worker_at(i.slot), 1, 0);
                    break;
                case FactPattern::With::operation_here:
                    guard = guard * 2 + D::select(where.operation_at(i.slot), 1, 0);
                    break;
                case FactPattern::With::caller:
                    guard = guard * static_cast<int>(caller::count) + state.op_caller;
                    break;
            }
            visit(i.pattern, guard, fields[i.field]);
        }
    }

 private:
    struct Instance {
        std::size_t pattern;
        int slot;           ///< of the big block or memory block that the worker or the operation may be at
        std::size_t guard;  ///< index of the field, as is the next
        std::size_t field;
    };

    std::vector<FactPattern> patterns_;
    std::vector<Instance> instances_;
};

/// The values that fields may have, by pattern and value of the guard.
class Facts {
 public:
    /// Largest and smallest value of a field that can be in a pattern.
    static constexpr int least = -8;
    static constexpr int most = 247;
    using Values = std::bitset<most - least + 1>;

    explicit Facts(const FactPlan& plan) : allowed_(plan.patterns().size()), dropped_(plan.patterns().size(), false) {}

    /// What one value of a guard allows.
    struct Entry {
        Values values;
        unsigned widened = 0;  ///< how often
    };
    /// By value of the guard; one without an entry cannot be.
    [[nodiscard]] const std::map<int, Entry>& allowed(std::size_t pattern) const { return allowed_[pattern]; }
    /// \return whether it was not allowed before
    bool allow(std::size_t pattern, int guard, int value);
    /// The same, but what had to be widened a few times says no more: from then on it allows everything.
    bool widen(std::size_t pattern, int guard, int value);
    /// Forgets what was said of one value of a guard.
    void forget(std::size_t pattern, int guard) { allowed_[pattern][guard].values.set(); }
    /// Allows what is so in a state. \return whether any of it was not allowed before
    bool allow(const FactPlan& plan, const Config& config, const State<NativeDomain>& state);
    [[nodiscard]] bool hold(const FactPlan& plan, const Config& config, const State<NativeDomain>& state) const;

    /// Drops a pattern: it says nothing from then on.
    void drop(std::size_t pattern) {
        dropped_[pattern] = true;
        allowed_[pattern].clear();
    }
    [[nodiscard]] bool dropped(std::size_t pattern) const { return dropped_[pattern]; }

    /// What a pattern says: "GUARD, GUARD: VALUE or VALUE", a line for each set of values that is less than the bounds.
    [[nodiscard]] std::vector<std::string> lines(const FactPattern& pattern, std::size_t number) const;

 private:
    std::vector<std::map<int, Entry>> allowed_;
    std::vector<bool> dropped_;
};

/// Allows what is so in the states of random walks from the initial states: `walks` of `length` steps.
void learn_from_walks(Facts& facts, const FactPlan& plan, const Config& config, unsigned walks, unsigned length);

}  // namespace vmemcheck::bbm::spec
