// SPDX-License-Identifier: MIT
/// \file
/// Expands states by doing again what actors did in others.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "checker/dependencies.hpp"
#include "checker/model.hpp"
#include "checker/place.hpp"
#include "checker/step_cache.hpp"

namespace vmemcheck::checker::detail {

/// The steps that one thread of a search in rounds knows, for a model that DeclaresDependencies.
/// \tparam Worker a RoundWorker, of which it changes what expanding a state changes \tparam words of a packed state
template <class Worker, unsigned words>
class KnownSteps {
 public:
    /// \param of must outlive this
    explicit KnownSteps(Worker& of)
        : of_(of),
          cache_(static_cast<unsigned>(of.moves.size())),
          bits_of_bytes_(of.store.packer().bits_of_bytes(sizeof(typename Worker::State))) {}

    /// Memory that it takes.
    [[nodiscard]] std::size_t bytes() const { return cache_.bytes(); }
    /// Whether it is worth looking for steps.
    [[nodiscard]] bool useful() const { return cache_.useful(); }

    /// As Expander::expand_each() and RoundWorker::pack(), but runs only those steps that are not known: all if the
    /// state is `audited`, to hold them against what is known.
    void expand(bool audited) {
        cache_.next_state();
        const std::size_t most = of_.most_queued();
        if (of_.transition + most > of_.step_room) [[unlikely]]
            of_.grow_steps(most);
        const std::uint32_t begin = of_.transition;
        if (of_.queued == 0) of_.first_queued = begin;
        const std::uint64_t micro_steps_before = of_.micro_steps;
        Word word;
        for (unsigned i = 0; i < words; ++i) word[i] = of_.packed[i];
        if (audited) {
            for (ActorId who = 0; who < of_.moves.size(); ++who) learn(who, word, cache_.find(who, word));
        } else {
            repeat(word);
        }
        of_.micro_steps = micro_steps_before + (of_.transition - begin);  // as nothing is fused
        if (of_.queued > Worker::most_waiting) of_.hand_over();
    }
    /// Adds what was not counted yet to the coverage.
    void count() {
        cache_.each_used([this](Entry& entry, const StepNotes& notes) { count(entry, notes); });
    }

 private:
    using Cache = StepCache<words>;
    using Entry = typename Cache::Entry;
    using Word = typename Cache::Word;

    static constexpr const char* depends_on_more = "depends on a field that it does not name";

    void count(Entry& entry, const StepNotes& notes) {
        for (unsigned i = 0; i < notes.counter_count; ++i) of_.coverage.count(notes.counters[i], entry.hits);
        entry.hits = 0;
    }
    static void put(std::uint64_t* out, const Word& word, const Word& changes) {
        for (unsigned i = 0; i < words; ++i) out[i] = word[i] ^ changes[i];
    }
    void repeat(const Word& word) {
        const auto count = static_cast<ActorId>(of_.moves.size());
        const typename Cache::Finder finder(cache_);
        // What the loop changes, in registers.
        std::uint64_t* out = of_.queue.data() + of_.queued * words;
        StepId* taken = of_.steps + of_.transition;
        for (ActorId who = 0; who < count; ++who) {
            Entry* const known = finder.find(who, word);
            repeated_[who] = known;
            if (known == nullptr) [[unlikely]] {
                of_.queued = static_cast<std::size_t>(out - of_.queue.data()) / words;
                of_.transition = static_cast<std::uint32_t>(taken - of_.steps);
                learn(who, word, nullptr);
                out = of_.queue.data() + of_.queued * words;
                taken = of_.steps + of_.transition;
                continue;
            }
            ++known->hits;
            // Few have more than two outcomes; for less there is no branch.
            put(out, word, known->changes[0]);
            put(out + words, word, known->changes[1]);
            taken[0] = taken[1] = known->step;
            if (known->count > 2) {
                put(out + 2 * words, word, known->changes[2]);
                put(out + 3 * words, word, known->changes[3]);
                taken[2] = taken[3] = known->step;
            }
            out += std::size_t{known->count} * words;
            taken += known->count;
        }
        of_.queued = static_cast<std::size_t>(out - of_.queue.data()) / words;
        of_.transition = static_cast<std::uint32_t>(taken - of_.steps);
        if (!of_.monitor.wants_moves()) return;
        for (ActorId who = 0; who < count; ++who) {
            if (repeated_[who] == nullptr) continue;
            const StepNotes& notes = cache_.notes_of(who, *repeated_[who]);
            of_.moves[who].enabled = notes.enabled;
            of_.moves[who].guarded = notes.guarded;
            of_.moves[who].guard.holder = notes.holder;
        }
    }
    /// Runs a step. \param known what it is believed to do, to be compared; or null
    void learn(ActorId who, const Word& word, const Entry* known) {
        of_.lesson.begin();
        const std::uint32_t first = of_.transition;
        const bool was_error = of_.error.has_value();
        of_.expand_actor(who);
        // Those of all that are still to come may be repeated.
        const std::size_t most = of_.most_queued();
        if (of_.transition + most > of_.step_room) of_.grow_steps(most);
        const bool fit = of_.lesson.fit();
        of_.lesson.give_up();
        const auto count = static_cast<std::size_t>(of_.made - of_.pending.data());
        if (!fit || of_.error.has_value() != was_error || of_.transition - first != count) {
            of_.pack();
            of_.first_queued = of_.transition;
            if (known != nullptr) wrong(who, depends_on_more);
            return;
        }
        const std::span<std::uint64_t> made(of_.queue.data() + of_.queued * words, count * words);
        of_.made = of_.pending.data();
        if (!of_.pack_words(of_.pending.data(), count, made.data())) return;
        of_.queued += count;
        if (known == nullptr) {
            cache_.missed(who);
            if (!cache_.useful(who)) return;
        }
        FieldSet fields(of_.current.state, bits_of_bytes_, words);
        of_.model.depends_on(of_.current.state, who, fields);
        const Entry seen = of_.lesson.template end<words>(word, made, of_.moves[who]);
        Word depends;
        std::uint64_t changes_more = 0;
        for (unsigned i = 0; i < words; ++i) {
            depends[i] = fields.bits(i);
            for (const Word& change : seen.changes) changes_more |= change[i] & ~depends[i];
        }
        if (fields.strange()) return wrong(who, "names something that is no field of the state");
        if (changes_more != 0) return wrong(who, "changes a field that it does not name");
        if (known != nullptr) {
            const bool same = Cache::same_step(*known, seen) && cache_.notes_of(who, *known) == of_.lesson.notes();
            if (!same) wrong(who, depends_on_more);
            return;
        }
        cache_.keep(who, seen, of_.lesson.notes(), word, depends,
                    [this](Entry& entry, const StepNotes& notes) { this->count(entry, notes); });
    }
    void wrong(ActorId who, const char* what) {
        of_.fail("the dependencies are wrong: the step of " + std::string(of_.model.actor_name(who)) + " " + what,
                 Place{of_.index, false, 0, 0, 0});
    }

    Worker& of_;
    Cache cache_;
    std::vector<std::uint64_t> bits_of_bytes_;                ///< of a state: bits of the packed one
    std::array<Entry*, StepLimits::most_actors> repeated_{};  ///< of each actor, in the state being expanded
};

}  // namespace vmemcheck::checker::detail
