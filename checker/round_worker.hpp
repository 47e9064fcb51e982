// SPDX-License-Identifier: MIT
/// \file
/// What each thread of a search in rounds does: expands states, and makes keys of their successors.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "checker/coverage.hpp"
#include "checker/dependencies.hpp"
#include "checker/discovery_log.hpp"
#include "checker/footprint.hpp"
#include "checker/footprint_audit.hpp"
#include "checker/key_adder.hpp"
#include "checker/known_steps.hpp"
#include "checker/local_audit.hpp"
#include "checker/model.hpp"
#include "checker/monitor.hpp"
#include "checker/options.hpp"
#include "checker/own_lines.hpp"
#include "checker/packer.hpp"
#include "checker/parallel_packer.hpp"
#include "checker/parallel_unpacker.hpp"
#include "checker/persistent_sets.hpp"
#include "checker/place.hpp"
#include "checker/property.hpp"
#include "checker/round_store.hpp"
#include "checker/search_frame.hpp"
#include "checker/seen_prints.hpp"
#include "checker/state_keys.hpp"
#include "checker/step_cache.hpp"
#include "checker/step_lesson.hpp"
#include "checker/successors.hpp"
#include "checker/symmetry.hpp"
#include "checker/symmetry_audit.hpp"
#include "checker/word_mixer.hpp"

namespace vmemcheck::checker::detail {

/// How the model broke a rule.
struct RoundError {
    DiscoveryIndex state = 0;      ///< that was being expanded
    std::uint32_t transition = 0;  ///< of the chunk: the first one that is not before it
    std::string message;           ///< empty: a field is out of bounds
    std::optional<Place> place;
};

/// What a thread works with; the Expander's sink. Aligned, so that no two threads write to one cache line.
template <Model M>
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): one a thread
struct alignas(line_bytes) RoundWorker {
    using State = typename M::State;

    /// \param number_ of the worker, which its buffers have
    RoundWorker(const M& model_, const std::vector<Property<M>>& properties_, const SearchOptions& options_,
                RoundStore& store_, const Symmetry& symmetry_, std::span<const FieldInfo> fields, unsigned number_,
                const State& sample)
        : model(model_),
          properties(properties_),
          options(options_),
          store(store_),
          number(number_),
          buffers(store_.buffers(number_)),
          symmetry(symmetry_),
          monitor(model_, properties),
          expander(model_, options_.fuse, false),
          persistent_sets(model_, properties_, monitor, options_.fuse, symmetry_, fields, sample),
          coverage(model_.steps(), model_.choices()),
          audits_local(options_.audit_local && !options_.fuse && PredictsSteps<M>),
          audits_footprints((options_.audit_footprints || options_.partial_order) && DeclaresFootprints<M>),
          reduces(options_.partial_order && DeclaresFootprints<M>),
          watches_steps(monitor.watches_steps() || options_.check_fused),
          current{sample, {}},
          moves(model_.actor_count()),
          homes(std::max<std::size_t>(most_pending, most_waiting + most_queued()) + WordMixer::lane_words),
          pending(most_pending + packing_room / sizeof(Pending) + 1, Pending{sample}),
          made(pending.data()),
          no_room(made + most_pending) {
        begin_keys();
    }
    /// To be called when the search begins to make keys in another way.
    void begin_keys() {
        packed.assign(store.packer().words(), 0);
        next_packed.assign(store.packer().words(), 0);
        current_packed = false;
        leaves = store.keys().recent_leaves();
        buffers.recent_leaves = leaves.bytes();
        queue.resize(std::max<std::size_t>(most_pending, most_waiting + most_queued()) * packed.size() +
                     WordMixer::lane_words);
        packs_each = !store.parallel_packer().usable() || !(store.keys().plain() || store.keys().short_leaves());
        begin_caching();
        audits = options.audit_each != 0 &&
                 (!symmetry.empty() || audits_local || audits_footprints || with_known([](auto&) {}));
    }

    const M& model;
    const std::vector<Property<M>>& properties;
    const SearchOptions& options;
    RoundStore& store;
    unsigned number;
    RoundBuffers& buffers;
    Symmetry symmetry;  ///< what this search makes use of
    Monitor<M> monitor;
    Expander<M> expander;
    PersistentSets<M> persistent_sets;
    Coverage coverage;
    bool audits_local;       ///< looks at some states whether local steps are local
    bool audits_footprints;  ///< looks at some states whether actors touch what the model says
    bool audits = false;     ///< looks at some states whether the model is what it says
    bool reduces;            ///< expands persistent sets only
    bool watches_steps;      ///< something is evaluated on steps that fail no assertion
    bool packs_each = true;  ///< successors of one state at a time, where they are made from what is known of it
    std::uint64_t transitions = 0;
    std::uint64_t micro_steps = 0;
    std::uint64_t pruned = 0;
    std::uint64_t represented = 0;
    std::uint64_t reduced = 0;  ///< states of which some actors were expanded only
    std::vector<Hit> hits;
    std::optional<RoundError> error;
    bool no_memory = false;
    bool good_seen = false;  ///< of states that are only looked at

    // The state being expanded.
    struct Roomy {
        State state;
        std::array<unsigned char, ParallelUnpacker::lane_bytes> room;  ///< for the rest of its last lane
    };
    Roomy current;
    OwnVector<Moves> moves;
    OwnVector<std::uint64_t> packed;
    StateKeys::Core core;
    OwnVector<std::uint64_t> next_packed;  ///< what `current` was made from, if not by a ParallelUnpacker
    bool current_packed = false;           ///< `packed` is that of `current`
    StateKeys::RecentLeaves leaves;
    RoundChunk* chunk = nullptr;
    DiscoveryIndex index = 0;
    ActorId actor = 0;
    std::uint64_t outcome = 0;
    StepId first_step = 0;
    std::uint32_t transition = 0;  ///< of the chunk
    StepId* steps = nullptr;       ///< of the chunk, and how many there is room for
    std::size_t step_room = 0;

    /// Successors are packed when there are some: reading one in words right after a step wrote some bytes would
    /// wait for the writes, and a loop over those of several states costs less than one for each.
    struct Pending {
        State state;
        std::uint32_t transition = 0;
        std::uint32_t outcome = 0;  ///< of the actor's
        ActorId actor = 0;
        unsigned runs = 0;
    };
    static constexpr unsigned most_pending =
        static_cast<unsigned>(std::clamp<std::size_t>(8192 / sizeof(Pending), 32, 128));
    static constexpr std::size_t packing_room = ParallelPacker::most_bytes;  ///< behind them, as it reads whole lanes
    OwnVector<std::uint64_t> queue;  ///< successors, packed; of one word: a WordMixer can read them
    OwnVector<std::uint32_t> homes;  ///< of those of one word
    OwnVector<Pending> pending;
    Pending* made;           ///< the next one
    const Pending* no_room;  ///< behind them all

    // If steps are cached: transitions of what is in the queue are first_queued, first_queued + 1, ... They are of
    // several states, as a long loop over them costs less than many short ones.
    static constexpr std::size_t most_waiting = 128;  ///< to be handed over, before a state is expanded
    std::size_t queued = 0;
    std::uint32_t first_queued = 0;
    StepLesson lesson;
    template <unsigned words>
    using Known = KnownSteps<RoundWorker, words>;
    std::conditional_t<DeclaresDependencies<M>, std::variant<std::monostate, Known<1>, Known<2>, Known<3>>,
                       std::monostate>
        known;

    /// Of one state.
    [[nodiscard]] std::size_t most_queued() const { return moves.size() * StepLimits::most_outcomes; }

    void begin(ActorId who) {
        actor = who;
        outcome = 0;
    }
    State& slot() { return made->state; }
    bool on_step(unsigned depth, const State& before, const State& now, ActorId who, const SearchContext& context) {
        ++micro_steps;
        if (depth == 0) first_step = context.step();
        if (const Misuse how = coverage.record(context.step(), context.taken()); how != Misuse::none) [[unlikely]] {
            broken(how, who, context);
            return false;
        }
        if constexpr (DeclaresDependencies<M>) {
            if (lesson.fit()) lesson.on_run(outcome, context, coverage);
        }
        if (!watches_steps && context.failures().empty()) [[likely]]
            return true;
        const auto hit = [&](unsigned runs) {
            return [this, who, runs](std::size_t property, const char* message) {
                hits.push_back({property, message, {index, true, who, outcome, runs}});
            };
        };
        const bool good = !options.check_fused || depth == 0 || monitor.on_state(before, hit(depth));
        return monitor.on_step(before, now, context.failures(), hit(depth + 1)) && good;
    }
    void commit(unsigned depth) {
        Pending& successor = *made;
        successor.outcome = static_cast<std::uint32_t>(outcome);
        successor.actor = actor;
        successor.runs = depth + 1;
        successor.transition = count_transition();
        if (++made == no_room) pack();
    }
    void drop(unsigned) {
        count_transition();
        ++pruned;
    }
    void broken(Misuse how, ActorId who, const SearchContext& context) {
        fail(misuse_text(model, how, who, context), Place{index, false, 0, 0, 0});
    }
    /// The coverage, once all is counted.
    const Coverage& counted() {
        with_known([](auto& steps_known) { steps_known.count(); });
        return coverage;
    }
    void fail(std::string message, std::optional<Place> place) {
        if (!error) error = RoundError{index, transition, std::move(message), place};
    }

    /// Expands the states of a chunk. \param look only evaluate properties of the states
    void expand(RoundChunk& work, bool look) {
        chunk = &work;
        queued = 0;
        work.worker = number;
        work.starts.clear();
        const unsigned parts = store.parts();
        for (unsigned p = 0; p < parts; ++p) work.begin[p] = buffers.records[p].size();
        transition = 0;
        steps = work.steps.data();
        step_room = work.steps.size();
        guarded([&] {
            for (std::uint32_t i = 0; i < work.states.count && !error && !no_memory; ++i) {
                index = work.first + i;
                work.starts.push_back(transition);
                expand_state(work.states[i], look);
            }
        });
        // After an error, too: a successor made before may be wrong.
        guarded([this] { pack(); });
        work.transitions = transition;
        transitions += transition;
        for (unsigned p = 0; p < parts; ++p) {
            work.count[p] = buffers.records[p].size() - work.begin[p];
        }
    }

 private:
    template <class, unsigned>
    friend class KnownSteps;

    /// Does something that may run out of memory, or in which the model may throw.
    template <class Work>
    void guarded(Work&& work) {
        try {
            work();
        } catch (const std::bad_alloc&) {
            no_memory = true;
        } catch (const std::exception& thrown) {
            fail(std::string("the model threw: ") + thrown.what(), std::nullopt);
        }
    }
    /// Gives the pending successors to the parts of the table that their keys belong to.
    void pack() {
        hand_over();
        lesson.give_up();
        if constexpr (Symmetric<M>) {
            if (!symmetry.empty()) {
                for (Pending* next = pending.data(); next != made; ++next) symmetry.normalize(next->state);
            }
        }
        const Pending* const first = pending.data();
        const auto count = static_cast<std::size_t>(made - first);
        made = pending.data();
        if (!pack_words(first, count, queue.data())) [[unlikely]]
            return;
        add_queue(count, [first](std::size_t i) { return first[i].transition; });
    }
    /// Gives packed successors, those in the queue, to the parts of the table. \param number_of the transition of each
    template <class NumberOf>
    void add_queue(std::size_t count, NumberOf number_of) {
        StateKeys& keys = store.keys();
        if (keys.plain()) return add_words(count, number_of);
        if (keys.short_leaves() && keys.leaves() == 2)
            return add_keys(StateKeys::LeafKeys<2>(keys, leaves), count, number_of);
        if (keys.short_leaves()) return add_keys(StateKeys::LeafKeys<3>(keys, leaves), count, number_of);
        add_keys(LongLeafKeys{*this}, count, number_of);
    }
    /// add_queue() of states that are their own keys.
    template <class NumberOf>
    void add_words(std::size_t count, NumberOf number_of) {
        const std::uint64_t* const words = queue.data();
        store.word_mixer().homes(words, count, homes.data());
        const KeyAdder adder(buffers, store);
        const std::uint32_t* const home = homes.data();
        // Two loops, as a fingerprint in the common one costs it 1.5 % of a search's instructions.
        if (store.approximate()) [[unlikely]] {
            for (std::size_t i = 0; i < count; ++i) {
                adder.add(adder.again(words[i], home[i]), {words[i], home[i], number_of(i)},
                          RoundStore::print_of({&words[i], 1}));
            }
            return;
        }
        for (std::size_t i = 0; i < count; ++i) {
            adder.add(adder.again(words[i], home[i]), {words[i], home[i], number_of(i)});
        }
    }
    /// Gives the queued successors to the parts of the table.
    void hand_over() {
        if (queued == 0) return;
        const std::uint32_t first = first_queued;
        add_queue(queued, [first](std::size_t i) { return first + static_cast<std::uint32_t>(i); });
        queued = 0;
    }
    /// \param words the packed successors, one after the other
    /// \return false if a field of a successor is out of bounds; it was reported
    bool pack_words(const Pending* first, std::size_t count, std::uint64_t* words) {
        if (const ParallelPacker& packer = store.parallel_packer(); packer.usable()) {
            const auto* const bytes = reinterpret_cast<const unsigned char*>(&first->state);
            if (packer.pack(bytes, sizeof(Pending), count, words)) [[likely]]
                return true;
        }
        const Packer& packer = store.packer();
        const std::size_t size = packed.size();
        for (std::size_t i = 0; i < count; ++i, words += size) {
            std::copy(packed.begin(), packed.end(), words);
            std::uint64_t changed = 0;
            const int bad = size == 1 ? packer.template repack<true>(current.state, first[i].state, words, changed)
                                      : packer.template repack<false>(current.state, first[i].state, words, changed);
            if (bad >= 0) [[unlikely]] {
                out_of_bounds(first[i]);
                return false;
            }
        }
        return true;
    }
    /// Makes keys of successors of the state being expanded, whose leaves may have several words.
    struct LongLeafKeys {
        RoundWorker& of;

        [[nodiscard]] bool key_of(const std::uint64_t* words, Key& key) const {
            std::uint64_t changed = 0;
            for (std::size_t i = 0; i < of.packed.size(); ++i) {
                changed |= std::uint64_t{words[i] != of.packed[i] ? 1U : 0U} << (i % 64);
            }
            return of.store.keys().key_of_leaves(words, changed, of.core, key);
        }
    };
    /// add_queue() of states that have leaves.
    template <class Keys, class NumberOf>
    void add_keys(const Keys& keys, std::size_t count, NumberOf number_of) {
        const std::size_t size = packed.size();
        const std::uint64_t* words = queue.data();
        const bool approximate = store.approximate();
        const KeyAdder adder(buffers, store);
        for (std::size_t i = 0; i < count; ++i, words += size) {
            Key key;
            if (!keys.key_of(words, key)) [[unlikely]] {
                no_memory = true;
                return;
            }
            const RoundRecord record{key.rest, key.home, number_of(i)};
            if (approximate) [[unlikely]] {
                adder.add(adder.again(key), record, RoundStore::print_of({words, size}));
            } else {
                adder.add(adder.again(key), record);
            }
        }
    }
    void out_of_bounds(const Pending& successor) {
        const auto after = std::upper_bound(chunk->starts.begin(), chunk->starts.end(), successor.transition);
        const DiscoveryIndex from = chunk->first + static_cast<std::uint64_t>(after - chunk->starts.begin()) - 1;
        // What comes later may have been found wrong before.
        if (error && error->transition <= successor.transition) return;
        error = RoundError{
            from, successor.transition, {}, Place{from, true, successor.actor, successor.outcome, successor.runs}};
    }
    std::uint32_t count_transition() {
        ++outcome;
        if (transition == step_room) [[unlikely]]
            grow_steps();
        steps[transition] = first_step;
        return transition++;
    }
    /// Makes room for some more steps.
    void grow_steps(std::size_t more = 1) {
        chunk->steps.resize(std::max<std::size_t>(2 * (step_room + more), 1024));
        steps = chunk->steps.data();
        step_room = chunk->steps.size();
    }
    /// Looks at the state whether reductions may be used.
    void audit() {
        std::string complaint;
        if constexpr (Symmetric<M>) {
            if (!symmetry.empty()) {
                complaint = SymmetryAudit<M>(model, properties, monitor, options)(
                    symmetry, current.state, index / options.audit_each % symmetry.exchanges());
            }
        }
        if constexpr (PredictsSteps<M>) {
            if (audits_local && complaint.empty()) complaint = LocalAudit<M>(model, properties)(current.state);
        }
        if constexpr (DeclaresFootprints<M>) {
            if (audits_footprints && complaint.empty()) {
                complaint = FootprintAudit<M>(model, properties, monitor)(current.state);
            }
        }
        if (!complaint.empty()) fail(std::move(complaint), Place{index, false, 0, 0, 0});
    }
    /// \param key as it waits: a state that is its own key as its word, see KeyFormat
    void expand_state(const Key& key, bool look) {
        const bool plain = store.keys().plain();
        if (plain) {
            packed[0] = key.rest;
        } else {
            core = store.keys().core_of(key);
            store.keys().packed_of(core, packed.data());
        }
        if (const ParallelUnpacker& unpacker = store.parallel_unpacker(); unpacker.usable()) {
            unpacker.unpack(packed.data(), reinterpret_cast<unsigned char*>(&current));
        } else if (current_packed) [[likely]] {
            // It was found right after the one before, so it is much like that.
            store.packer().unpack_changes(packed.data(), next_packed.data(), current.state);
        } else {
            store.packer().unpack(packed.data(), current.state);
            next_packed = packed;
            current_packed = true;
        }
        if constexpr (Symmetric<M>) {
            if (!symmetry.empty()) represented += std::min(symmetry.orbit(current.state), ~represented);
        }
        if (audits && index % options.audit_each == 0) audit();
        const auto hit = [this](std::size_t property, const char* message) {
            hits.push_back({property, message, {index, false, 0, 0, 0}});
        };
        if (!monitor.on_state(current.state, hit)) {
            ++pruned;
            return;
        }
        if (look) {
            good_seen = true;
            return;
        }
        if constexpr (DeclaresFootprints<M>) {
            if (reduces) [[unlikely]] {
                if (const std::uint64_t set = persistent_sets.choose(current.state); set != 0) {
                    ++reduced;
                    for (std::uint64_t left = set; left != 0; left &= left - 1) {
                        expand_actor(static_cast<ActorId>(std::countr_zero(left)));
                    }
                    pack_if_due();
                    return;  // one of them can move, so it is no deadlock
                }
            }
        }
        if (!expand_known()) {
            expander.expand_each(current.state, moves, *this);
            pack_if_due();
        }
        if (error || !monitor.wants_moves()) return;
        monitor.on_moves(current.state, moves, [&](std::size_t property, const char* message) {
            if (made != pending.data()) pack();
            if (!error) hit(property, message);
        });
    }
    /// Packs what is pending, unless successors of the next states may join it.
    void pack_if_due() {
        // What is queued has no transitions but its own between its first and last.
        if (packs_each || queued != 0) [[unlikely]]
            pack();
    }
    void expand_actor(ActorId who) {
        begin(who);
        expander.expand(current.state, who, *this, moves[who]);
    }

    // ---- steps that are known ----

    void begin_caching() {
        if constexpr (DeclaresDependencies<M>) {
            static_cast<void>(counted());
            known.template emplace<0>();
            buffers.step_cache = 0;
            const StateKeys& keys = store.keys();
            const bool caches = options.cache_steps && (keys.plain() || keys.short_leaves()) && symmetry.empty() &&
                                !expander.fuses() && !watches_steps && moves.size() <= StepLimits::most_actors &&
                                coverage.counters() <= 0xffff;
            const bool condenses = options.parallel_packing && ParallelUnpacker::supported();
            if (!caches || (packed.size() > 1 && !condenses)) return;
            if (packed.size() == 1) known.template emplace<1>(*this);
            if (packed.size() == 2) known.template emplace<2>(*this);
            if (packed.size() == 3) known.template emplace<3>(*this);
            with_known([this](const auto& steps_known) { buffers.step_cache = steps_known.bytes(); });
        }
    }
    /// Does something with the steps that are known, if any are to be. \return whether it did
    template <class Work>
    bool with_known(Work&& work) {
        if constexpr (DeclaresDependencies<M>) {
            switch (known.index()) {
                case 1:
                    work(*std::get_if<1>(&known));
                    return true;
                case 2:
                    work(*std::get_if<2>(&known));
                    return true;
                case 3:
                    work(*std::get_if<3>(&known));
                    return true;
                default:
                    break;
            }
        }
        return false;
    }
    /// Expands the state by what is known of steps. \return whether it did
    bool expand_known() {
        bool done = false;
        with_known([&](auto& steps_known) {
            if (!steps_known.useful()) return;
            if (made != pending.data()) [[unlikely]]
                pack();
            steps_known.expand(audits && index % options.audit_each == 0);
            done = true;
        });
        return done;
    }
};

}  // namespace vmemcheck::checker::detail
