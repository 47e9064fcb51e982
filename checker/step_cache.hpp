// SPDX-License-Identifier: MIT
/// \file
/// What actors did in states seen lately, to be done again where nothing that matters to it is another.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "checker/model.hpp"
#include "checker/own_lines.hpp"

namespace vmemcheck::checker::detail {

/// Steps of the actors of a model whose packed states have one word. An entry says what an actor did in one state:
/// which bits its successors have otherwise. The same is so of all states that agree with that one in the bits that the
/// step depends on, among them all that it may change (caching of transitions: Blom, van de Pol and Weber, CAV 2010).
///
/// Which bits those are may depend on some of them, as a program reads one variable after the other. So an entry is
/// looked for in three steps: by the bits that mattered to all steps of the actor, by those that mattered to all that
/// agree in these, and by all that mattered the last time. Whether it is the right one, only its own bits say: what is
/// looked for in the wrong place is not found, which costs time and nothing else.
///
/// Of one thread.
class StepCache {
    struct Actor;

 public:
    static constexpr unsigned most_actors = 64;   ///< of a model whose steps are kept
    static constexpr unsigned most_outcomes = 4;  ///< of a step that is kept
    static constexpr unsigned most_counters = 8;  ///< of one that is kept

    /// What one actor did in one state.
    struct alignas(64) Entry {
        /// The state. None of those that are packed at first: a word has free bits.
        std::uint64_t word = ~std::uint64_t{0};
        std::uint64_t depends = ~std::uint64_t{0};           ///< bits of it that matter
        std::array<std::uint64_t, most_outcomes> changes{};  ///< of each outcome, bits that it has otherwise
        StepId step = 0;                                     ///< of all outcomes
        std::uint32_t count = 0;                             ///< outcomes
        std::uint64_t hits = 0;                              ///< since they were counted
    };
    static_assert(sizeof(Entry) == 64);
    /// Whether two entries say the same of a step. The states need not be the same.
    [[nodiscard]] static bool same_step(const Entry& a, const Entry& b) {
        return a.count == b.count && a.changes == b.changes && a.step == b.step;
    }
    /// What is seldom looked at of an entry.
    struct Notes {
        std::array<std::uint16_t, most_counters> counters{};  ///< of Coverage: what one run of the step counts
        std::uint8_t counter_count = 0;
        bool enabled = false;  ///< this, and what follows, is as in Moves
        bool guarded = false;
        int holder = -1;

        friend bool operator==(const Notes&, const Notes&) = default;
    };

    /// Of no use.
    StepCache() = default;
    /// \param actors at most most_actors
    explicit StepCache(unsigned actors) : actors_(actors) {}

    /// Memory that it takes.
    [[nodiscard]] std::size_t bytes() const { return actors_.size() * sizeof(Actor); }
    /// Whether there are actors whose steps it is worth looking for.
    [[nodiscard]] bool useful() const { return useful_ != 0; }
    /// Whether that is so of this actor.
    [[nodiscard]] bool useful(ActorId actor) const { return actors_[actor].useful; }

    /// What the actor does in the state; null: it is not known.
    [[nodiscard]] Entry* find(ActorId actor, std::uint64_t word) { return Finder(*this).find(actor, word); }

    /// find(), for a loop: what it uses can be kept in registers.
    class Finder {
     public:
        explicit Finder(StepCache& cache) : actors_(cache.actors_.data()) {}
        [[nodiscard, gnu::always_inline]] Entry* find(ActorId actor, std::uint64_t word) const {
            Actor& of = actors_[actor];
            const std::uint64_t common = of.common[place_of(word & of.always, kind_bits)];
            const std::uint64_t depends = of.depends[place_of(word & common, mask_bits)];
            Entry& entry = of.entries[place_of(word & depends, entry_bits)];
            return ((word ^ entry.word) & entry.depends) == 0 ? &entry : nullptr;
        }

     private:
        Actor* actors_;
    };
    /// \param entry one of this actor
    [[nodiscard]] Notes& notes_of(ActorId actor, const Entry& entry) {
        Actor& of = actors_[actor];
        return of.notes[static_cast<std::size_t>(&entry - of.entries.data())];
    }
    /// The entry that is to say what the actor does in the state; what it said before is to be counted first.
    [[nodiscard]] Entry& place(ActorId actor, std::uint64_t word, std::uint64_t depends) {
        Actor& of = actors_[actor];
        of.always &= depends;
        std::uint64_t& common = of.common[place_of(word & of.always, kind_bits)];
        common &= depends;
        of.depends[place_of(word & common, mask_bits)] = depends;
        return of.entries[place_of(word & depends, entry_bits)];
    }
    /// To be called for each state: one step of each actor is going to be looked for.
    void next_state() { ++states_; }
    /// Takes note that a step was not known; gives up on an actor of whom two in three are not.
    void missed(ActorId actor) {
        Actor& of = actors_[actor];
        if (++of.misses % sample != 0) return;
        const std::uint64_t looked_for = states_ - of.since;
        of.since = states_;
        if (!of.useful || looked_for >= sample + sample / 2) return;
        of.useful = false;
        --useful_;
    }
    /// Calls count(entry, notes) for each entry that was of use since it was counted.
    template <class Count>
    void each_used(Count&& count) {
        for (Actor& of : actors_) {
            for (std::size_t i = 0; i < of.entries.size(); ++i) {
                if (of.entries[i].hits != 0) count(of.entries[i], of.notes[i]);
            }
        }
    }

 private:
    static constexpr unsigned kind_bits = 6;
    static constexpr unsigned mask_bits = 8;
    static constexpr unsigned entry_bits = 8;
    static constexpr std::uint64_t sample = 8192;

    struct Actor {
        Actor() { common.fill(~std::uint64_t{0}); }

        std::array<Entry, std::size_t{1} << entry_bits> entries;           ///< by bits that matter
        std::array<Notes, std::size_t{1} << entry_bits> notes;             ///< of each entry
        std::uint64_t always = ~std::uint64_t{0};                          ///< bits that mattered to all its steps
        std::array<std::uint64_t, std::size_t{1} << kind_bits> common{};   ///< by those: that mattered to all of these
        std::array<std::uint64_t, std::size_t{1} << mask_bits> depends{};  ///< by those: that mattered the last time
        std::uint64_t misses = 0;
        std::uint64_t since = 0;  ///< of states, when it was last asked whether there are too many
        bool useful = true;
    };

    [[nodiscard]] static std::size_t place_of(std::uint64_t bits, unsigned place_bits) {
        return static_cast<std::size_t>(bits * 0x9e3779b97f4a7c15ULL >> (64 - place_bits));
    }

    OwnVector<Actor> actors_;
    std::size_t useful_ = actors_.size();
    std::uint64_t states_ = 0;
};

}  // namespace vmemcheck::checker::detail
