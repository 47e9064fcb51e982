// SPDX-License-Identifier: MIT
/// \file
/// Which actors need to move in a state: partial-order reduction.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "checker/copy_state.hpp"
#include "checker/footprint.hpp"
#include "checker/model.hpp"
#include "checker/monitor.hpp"
#include "checker/property.hpp"
#include "checker/successors.hpp"
#include "checker/symmetry.hpp"

namespace vmemcheck::checker {

/// The objects that a property reads in states and steps along a run: none if it is decided where nothing can move, or
/// by steps alone, whose footprints hold what they read.
template <class M>
[[nodiscard]] ObjectSet objects_seen_by(const Property<M>& property) {
    const bool along_runs =
        property.kind != PropertyKind::end_state &&
        (property.holds != nullptr || property.holds_step != nullptr || property.trigger != nullptr);
    return along_runs ? property.reads : 0;
}

/// Whether the order of two steps may matter: to the steps, or to a property.
/// \param seen what each property reads
[[nodiscard]] inline bool dependent(const Footprint& a, const Footprint& b, std::span<const ObjectSet> seen) {
    const auto both = [&](ObjectSet objects) { return (a.writes & objects) != 0 && (b.writes & objects) != 0; };
    return conflict(a, b) || std::any_of(seen.begin(), seen.end(), both);
}

/// What properties read, each different set once.
template <class M>
[[nodiscard]] std::vector<ObjectSet> objects_seen_by(const std::vector<Property<M>>& properties) {
    std::vector<ObjectSet> all;
    all.reserve(properties.size());
    for (const Property<M>& property : properties) all.push_back(objects_seen_by(property));
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

/// Chooses persistent sets of actors (Godefroid, Partial-Order Methods, LNCS 1032, 1996; Valmari's stubborn sets): of a
/// state, some actors such that nothing that the others can do, in however many steps, matters to what these do next.
/// A search that expands these only finds the same properties violated or reached: in whatever run the others go on
/// alone, a step of the set can come first.
///
/// What else has to be so, for this to be found out of the state alone, by each thread for itself:
/// - A property that sees what two steps write takes them for dependent.
/// - A step of the set leads to a state that is good, and greater in an order of states (where actors are in
///   their programs, then the fields): no run within reduced states goes round in circles, so none is put off for ever.
///   (Topological orders for this: Barnat, Brim, Rockai, 2010.)
/// - Where deadlocks are looked for, a step of a process is in the set, as the environment may move in a deadlock.
template <Model M>
class PersistentSets {
 public:
    using State = typename M::State;
    static constexpr unsigned max_actors = 64;  ///< of more no set is chosen

    /// \param monitor of the search; only what it says of states and steps is asked for
    /// \param symmetry that the search makes use of
    PersistentSets(const M& model, const std::vector<Property<M>>& properties, const Monitor<M>& monitor, bool fuse,
                   const Symmetry& symmetry, std::span<const FieldInfo> fields, const State& sample)
        : model_(model),
          monitor_(monitor),
          symmetry_(symmetry),
          expander_(model, fuse),
          probe_(sample),
          actors_(model.actor_count()),
          processes_only_(monitor.wants_deadlocks()),
          seen_(objects_seen_by(properties)) {
        described_.assign(sizeof(State), 0);
        for (const FieldInfo& field : fields) {
            std::fill_n(described_.begin() + static_cast<std::ptrdiff_t>(field.offset), field.size,
                        static_cast<unsigned char>(0xff));
        }
    }

    /// Bit i: actor i has to be expanded. 0: all have to.
    [[nodiscard]] std::uint64_t choose(const State& state) {
        if constexpr (DeclaresFootprints<M>) {
            if (actors_.size() > max_actors) return 0;
            for (ActorId a = 0; a < actors_.size(); ++a) {
                actors_[a].touches = model_.touches(state, a);
                actors_[a].touches.later = actors_[a].touches.later | actors_[a].touches.next;
            }
            for (ActorId a = 0; a < actors_.size(); ++a) actors_[a].depends = dependent_on(a);
            candidates_.clear();
            for (ActorId a = 0; a < actors_.size(); ++a) {
                if (!may_begin(a)) continue;
                const std::uint64_t set = closure(a);
                if (set != all()) candidates_.push_back({std::popcount(set), a, set});
            }
            std::sort(candidates_.begin(), candidates_.end());
            for (const Candidate& candidate : candidates_) {
                if (goes_on(state, candidate.seed)) return candidate.set;
            }
        }
        return 0;
    }

 private:
    struct Actor {
        Touches touches;
        std::uint64_t depends = 0;  ///< actors that may do something that matters to its next step
    };
    struct Candidate {
        int size;
        ActorId seed;
        std::uint64_t set;
        auto operator<=>(const Candidate&) const = default;  // NOLINT(modernize-use-nullptr): there is no pointer
    };

    [[nodiscard]] static constexpr std::uint64_t bit(ActorId actor) { return std::uint64_t{1} << actor; }
    [[nodiscard]] std::uint64_t all() const {
        return actors_.size() == max_actors ? ~std::uint64_t{0} : bit(static_cast<ActorId>(actors_.size())) - 1;
    }
    [[nodiscard]] bool may_begin(ActorId actor) const {
        return actors_[actor].touches.waits_for < 0 &&
               (!processes_only_ || monitor_.kinds()[actor] == ActorKind::process);
    }
    [[nodiscard]] std::uint64_t dependent_on(ActorId actor) const {
        std::uint64_t found = 0;
        for (ActorId other = 0; other < actors_.size(); ++other) {
            if (other != actor && dependent(actors_[actor].touches.next, actors_[other].touches.later, seen_)) {
                found |= bit(other);
            }
        }
        return found;
    }
    /// Whether an actor waits, over however many others, for one of a set.
    [[nodiscard]] bool waits_for_one_of(ActorId actor, std::uint64_t set) const {
        for (std::size_t steps = 0; steps < actors_.size(); ++steps) {
            const int holder = actors_[actor].touches.waits_for;
            if (holder < 0 || static_cast<std::size_t>(holder) >= actors_.size()) return false;
            actor = static_cast<ActorId>(holder);
            if ((set & bit(actor)) != 0) return true;
        }
        return false;
    }
    /// The least persistent set found from an actor.
    [[nodiscard]] std::uint64_t closure(ActorId seed) const {
        std::uint64_t set = bit(seed);
        std::uint64_t open = set;
        while (open != 0) {
            const auto actor = static_cast<ActorId>(std::countr_zero(open));
            open &= open - 1;
            const Actor& member = actors_[actor];
            // One that waits cannot move before another one does: that one is necessary, and enough.
            const bool waits =
                member.touches.waits_for >= 0 && static_cast<std::size_t>(member.touches.waits_for) < actors_.size();
            std::uint64_t needed =
                (waits ? bit(static_cast<ActorId>(member.touches.waits_for)) : member.depends) & ~set;
            for (; needed != 0; needed &= needed - 1) {
                const auto other = static_cast<ActorId>(std::countr_zero(needed));
                if (!waits && waits_for_one_of(other, set)) continue;
                set |= bit(other);
                open |= bit(other);
            }
        }
        return set;
    }

    /// A sink of the expander that only looks for a transition to a good and greater state.
    struct Probe {
        explicit Probe(const State& sample) : after(sample), kept(sample) {}
        State& slot() { return after; }
        bool on_step(unsigned, const State& before, const State& now, ActorId, const SearchContext& context) const {
            return sets->monitor_.step_good(before, now, context.failures());
        }
        void commit(unsigned) {
            if (found) return;
            detail::copy_state(kept, after);
            sets->symmetry_.normalize(kept);
            found = sets->greater(kept, *from) && sets->monitor_.state_good(kept);
        }
        void drop(unsigned) {}
        void broken(Misuse, ActorId, const SearchContext&) { bad = true; }

        PersistentSets* sets = nullptr;
        const State* from = nullptr;
        State after;
        State kept;
        bool found = false;
        bool bad = false;
    };
    [[nodiscard]] bool goes_on(const State& state, ActorId seed) {
        probe_.sets = this;
        probe_.from = &state;
        probe_.found = probe_.bad = false;
        static_cast<void>(expander_.expand(state, seed, probe_));
        return probe_.found && !probe_.bad;
    }
    /// An order of states. Which one does not matter, but in programs tasks mostly go on to what comes later.
    /// \param than the state that sets are chosen of
    [[nodiscard]] bool greater(const State& state, const State& than) const {
        if constexpr (DeclaresFootprints<M>) {
            for (ActorId a = 0; a < actors_.size(); ++a) {
                const int position = model_.touches(state, a).position;
                if (position != actors_[a].touches.position) return position > actors_[a].touches.position;
            }
        }
        if constexpr (PredictsSteps<M>) {
            for (ActorId a = 0; a < actors_.size(); ++a) {
                const int next = model_.next_step(state, a);
                const int other = model_.next_step(than, a);
                if (next != other) return next > other;
            }
        }
        const auto* const bytes = reinterpret_cast<const unsigned char*>(&state);
        const auto* const others = reinterpret_cast<const unsigned char*>(&than);
        for (std::size_t i = 0; i < sizeof(State); ++i) {
            const int byte = bytes[i] & described_[i];
            const int other = others[i] & described_[i];
            if (byte != other) return byte > other;
        }
        return false;
    }

    const M& model_;
    const Monitor<M>& monitor_;
    Symmetry symmetry_;
    Expander<M> expander_;
    Probe probe_;
    std::vector<Actor> actors_;
    bool processes_only_;
    std::vector<ObjectSet> seen_;           ///< what properties read
    std::vector<unsigned char> described_;  ///< 0xff: a byte of a field
    std::vector<Candidate> candidates_;
};

}  // namespace vmemcheck::checker
