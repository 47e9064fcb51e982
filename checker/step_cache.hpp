// SPDX-License-Identifier: MIT
/// \file
/// What actors did in states seen lately, to be done again where nothing that matters to it is another.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "checker/condense.hpp"
#include "checker/model.hpp"
#include "checker/own_lines.hpp"

namespace vmemcheck::checker::detail {

/// Of which actors and steps a StepCache is made.
struct StepLimits {
    static constexpr unsigned most_actors = 64;   ///< of a model whose steps are kept
    static constexpr unsigned most_outcomes = 4;  ///< of a step that is kept
    static constexpr unsigned most_counters = 8;  ///< of one that is kept
};

/// What is seldom looked at of a step that is kept.
struct StepNotes {
    std::array<std::uint16_t, StepLimits::most_counters> counters{};  ///< of Coverage: what one run of the step counts
    std::uint8_t counter_count = 0;
    bool enabled = false;  ///< this, and what follows, is as in Moves
    bool guarded = false;
    int holder = -1;

    friend bool operator==(const StepNotes&, const StepNotes&) = default;
};

/// Steps of the actors of a model. An entry says what an actor did in one state:
/// which bits its packed successors have otherwise. The same is so of all states that agree with that one in the bits
/// that the step depends on, among them all that it may change (caching of transitions: Blom, van de Pol and Weber, CAV
/// 2010).
///
/// Which bits those are may depend on some of them, as a program reads one variable after the other. So an entry is
/// looked for in three steps: by the bits that mattered to all steps of the actor, by those that mattered to all that
/// agree in these, and by all that mattered the last time. Whether it is the right one, only its own bits say: what is
/// looked for in the wrong place is not found, which costs time and nothing else.
///
/// Of states of several words, those bits that ever mattered to the actor are condensed into one word first. If they
/// are more than a word has, the actor's steps are not kept.
///
/// Of one thread.
/// \tparam words of a packed state; if it is one, a bit at least is free, so that no state has them all
template <unsigned words>
class StepCache : public StepLimits {
    struct Actor;

 public:
    using Word = std::array<std::uint64_t, words>;  ///< a packed state, or bits of one

    /// What one actor did in one state.
    struct alignas(64) Entry {
        std::uint64_t seen = all_bits;              ///< bits of the state, condensed; at first what none has
        std::uint64_t depends = all_bits;           ///< those that matter
        std::array<Word, most_outcomes> changes{};  ///< of each outcome, bits that it has otherwise
        StepId step = 0;                            ///< of all outcomes
        std::uint32_t count = 0;                    ///< outcomes
        std::uint64_t hits = 0;                     ///< since they were counted
    };
    static_assert(sizeof(Entry) <= 64 * std::min(words, 2U));
    /// Whether two entries say the same of a step. The states need not be the same.
    [[nodiscard]] static bool same_step(const Entry& a, const Entry& b) {
        return a.count == b.count && a.changes == b.changes && a.step == b.step;
    }

    /// \param actors at most most_actors
    explicit StepCache(unsigned actors) : actors_(actors) {}

    /// Memory that it takes.
    [[nodiscard]] std::size_t bytes() const { return actors_.size() * sizeof(Actor); }
    /// Whether there are actors whose steps it is worth looking for.
    [[nodiscard]] bool useful() const { return useful_ != 0; }
    /// Whether that is so of this actor.
    [[nodiscard]] bool useful(ActorId actor) const { return actors_[actor].useful; }

    /// What the actor does in the state; null: it is not known.
    [[nodiscard]] Entry* find(ActorId actor, const Word& word) { return Finder(*this).find(actor, word); }

    /// find(), for a loop: what it uses can be kept in registers.
    class Finder {
     public:
        explicit Finder(StepCache& cache) : actors_(cache.actors_.data()) {}
        [[nodiscard, gnu::always_inline]] Entry* find(ActorId actor, const Word& word) const {
            Actor& of = actors_[actor];
            const std::uint64_t seen = of.condensed(word);
            const std::uint64_t common = of.common[place_of(seen & of.always, kind_bits)];
            const std::uint64_t depends = of.depends[place_of(seen & common, mask_bits)];
            Entry& entry = of.entries[place_of(seen & depends, entry_bits)];
            return ((seen ^ entry.seen) & entry.depends) == 0 ? &entry : nullptr;
        }

     private:
        Actor* actors_;
    };
    /// \param entry one of this actor
    [[nodiscard]] StepNotes& notes_of(ActorId actor, const Entry& entry) {
        Actor& of = actors_[actor];
        return of.notes[static_cast<std::size_t>(&entry - of.entries.data())];
    }
    /// Keeps what the actor does in the state. \param step without `seen` and `depends` \param word the state
    /// \param depends the bits that matter to the step \param count(entry, notes) what an entry said before counts
    template <class Count>
    void keep(ActorId actor, const Entry& step, const StepNotes& notes, const Word& word, const Word& depends,
              Count&& count) {
        Actor& of = actors_[actor];
        if (!of.knows(depends)) {
            each_used(of, count);
            if (!of.widen(depends)) return give_up(of);
        }
        const std::uint64_t seen = of.condensed(word);
        const std::uint64_t matters = of.condensed(depends);
        of.always &= matters;
        std::uint64_t& common = of.common[place_of(seen & of.always, kind_bits)];
        common &= matters;
        of.depends[place_of(seen & common, mask_bits)] = matters;
        Entry& place = of.entries[place_of(seen & matters, entry_bits)];
        StepNotes& place_notes = notes_of(actor, place);
        if (place.hits != 0) count(place, place_notes);
        place = step;
        place.seen = seen;
        place.depends = matters;
        place_notes = notes;
    }
    /// To be called for each state: one step of each actor is going to be looked for.
    void next_state() { ++states_; }
    /// Takes note that a step was not known; gives up on an actor of whom two in three are not.
    void missed(ActorId actor) {
        Actor& of = actors_[actor];
        if (++of.misses % sample != 0) return;
        const std::uint64_t looked_for = states_ - of.since;
        of.since = states_;
        if (looked_for < sample + sample / 2) give_up(of);
    }
    /// Calls count(entry, notes) for each entry that was of use since it was counted.
    template <class Count>
    void each_used(Count&& count) {
        for (Actor& of : actors_) each_used(of, count);
    }

 private:
    static constexpr unsigned kind_bits = 6;
    static constexpr unsigned mask_bits = 8;
    static constexpr unsigned entry_bits = 8;
    static constexpr std::uint64_t sample = 8192;
    static constexpr std::uint64_t all_bits = ~std::uint64_t{0};

    // NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): one an actor
    struct Actor {
        Actor() { forget(); }

        /// Those bits that ever mattered to it.
        [[nodiscard, gnu::always_inline]] std::uint64_t condensed(const Word& word) const {
            if constexpr (words == 1) {
                return word[0];
            } else {
                std::uint64_t sum = 0;
                for (unsigned i = 0; i < words; ++i) sum |= condense(word[i], mattered[i]) << shift[i];
                return sum;
            }
        }
        /// Whether these bits are among them.
        [[nodiscard]] bool knows(const Word& bits) const {
            if constexpr (words == 1) return true;
            for (unsigned i = 0; i < words; ++i) {
                if ((bits[i] & ~mattered[i]) != 0) return false;
            }
            return true;
        }
        /// Adds bits to them, and forgets all entries. \return false if they are too many
        [[nodiscard]] bool widen(const Word& bits) {
            forget();
            unsigned all = 0;
            for (unsigned i = 0; i < words; ++i) {
                mattered[i] |= bits[i];
                shift[i] = all;
                all += static_cast<unsigned>(std::popcount(mattered[i]));
                if (all > 63) break;
            }
            if (all <= 63) return true;
            mattered.fill(0);
            shift.fill(0);
            return false;
        }
        void forget() {
            entries.fill({});
            always = all_bits;
            common.fill(all_bits);
            depends.fill(0);
        }

        std::array<Entry, std::size_t{1} << entry_bits> entries;           ///< by bits that matter
        std::array<StepNotes, std::size_t{1} << entry_bits> notes;         ///< of each entry
        std::uint64_t always = all_bits;                                   ///< bits that mattered to all its steps
        std::array<std::uint64_t, std::size_t{1} << kind_bits> common{};   ///< by those: that mattered to all of these
        std::array<std::uint64_t, std::size_t{1} << mask_bits> depends{};  ///< by those: that mattered the last time
        std::array<std::uint64_t, words == 1 ? 0 : words> mattered{};      ///< ever, of each word
        std::array<unsigned, words == 1 ? 0 : words> shift{};              ///< where they are of the condensed ones
        std::uint64_t misses = 0;
        std::uint64_t since = 0;  ///< of states, when it was last asked whether there are too many
        bool useful = true;
    };

    template <class Count>
    static void each_used(Actor& of, Count&& count) {
        for (std::size_t i = 0; i < of.entries.size(); ++i) {
            if (of.entries[i].hits != 0) count(of.entries[i], of.notes[i]);
        }
    }
    void give_up(Actor& of) {
        if (of.useful) --useful_;
        of.useful = false;
    }
    [[nodiscard]] static std::size_t place_of(std::uint64_t bits, unsigned place_bits) {
        return static_cast<std::size_t>((bits * 0x9e3779b97f4a7c15ULL) >> (64 - place_bits));
    }

    OwnVector<Actor> actors_;
    std::size_t useful_ = actors_.size();
    std::uint64_t states_ = 0;
};

}  // namespace vmemcheck::checker::detail
