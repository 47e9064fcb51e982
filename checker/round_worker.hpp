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
#include <string>
#include <utility>
#include <vector>

#include "checker/coverage.hpp"
#include "checker/discovery_log.hpp"
#include "checker/footprint.hpp"
#include "checker/footprint_audit.hpp"
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
#include "checker/successors.hpp"
#include "checker/symmetry.hpp"
#include "checker/symmetry_audit.hpp"

namespace vmemcheck::checker::detail {

/// How the model broke a rule.
struct RoundError {
    DiscoveryIndex state = 0;  ///< that was being expanded
    std::string message;       ///< empty: a field is out of bounds
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
          audits(options_.audit_each != 0 && (!symmetry.empty() || audits_local || audits_footprints)),
          reduces(options_.partial_order && DeclaresFootprints<M>),
          watches_steps(monitor.watches_steps() || options_.check_fused),
          current{sample, {}},
          moves(model_.actor_count()),
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
    bool audits;             ///< looks at some states whether reductions may be used
    bool reduces;            ///< expands persistent sets only
    bool watches_steps;      ///< something is evaluated on steps that fail no assertion
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
    OwnVector<std::uint64_t> next_packed;  ///< `packed`, between two successors
    bool current_packed = false;           ///< `packed` is that of `current`
    RoundChunk* chunk = nullptr;
    DiscoveryIndex index = 0;
    ActorId actor = 0;
    std::uint64_t outcome = 0;
    StepId first_step = 0;
    std::uint32_t transition = 0;  ///< of the chunk
    StepId* steps = nullptr;       ///< of the chunk, and how many there is room for
    std::size_t step_room = 0;

    /// Successors are packed when there are some: reading one in words right after a step wrote some bytes would
    /// wait for the writes, and a short loop keeps more of them in flight.
    struct Pending {
        State state;
        std::uint32_t transition = 0;
        std::uint32_t outcome = 0;  ///< of the actor's
        ActorId actor = 0;
        unsigned runs = 0;
    };
    static constexpr unsigned most_pending = 32;
    static constexpr std::size_t packing_room = ParallelPacker::most_bytes;  ///< behind them, as it reads whole lanes
    OwnVector<Pending> pending;
    Pending* made;           ///< the next one
    const Pending* no_room;  ///< behind them all

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
    void fail(std::string message, std::optional<Place> place) {
        if (!error) error = RoundError{index, std::move(message), place};
    }

    /// Expands the states of a chunk. \param look only evaluate properties of the states
    void expand(RoundChunk& work, bool look) {
        chunk = &work;
        work.worker = number;
        work.starts.clear();
        const unsigned parts = store.parts();
        for (unsigned p = 0; p < parts; ++p) work.begin[p] = buffers.records[p].size();
        transition = 0;
        steps = work.steps.data();
        step_room = work.steps.size();
        try {
            for (std::uint32_t i = 0; i < work.states.count && !error && !no_memory; ++i) {
                index = work.first + i;
                work.starts.push_back(transition);
                expand_state(work.states[i], look);
            }
        } catch (const std::bad_alloc&) {
            no_memory = true;
        } catch (const std::exception& thrown) {
            fail(std::string("the model threw: ") + thrown.what(), std::nullopt);
        }
        work.transitions = transition;
        transitions += transition;
        for (unsigned p = 0; p < parts; ++p) {
            work.count[p] = buffers.records[p].size() - work.begin[p];
        }
    }

 private:
    /// Gives the pending successors to the parts of the table that their keys belong to.
    void pack() {
        if constexpr (Symmetric<M>) {
            if (!symmetry.empty()) {
                for (Pending* next = pending.data(); next != made; ++next) symmetry.normalize(next->state);
            }
        }
        if (store.keys().plain()) {
            pack_plain();
        } else {
            pack_leaves();
        }
        made = pending.data();
    }
    void pack_plain() {
        std::array<std::uint64_t, most_pending> words;  // NOLINT(cppcoreguidelines-pro-type-member-init)
        const Pending* const first = pending.data();
        const auto count = static_cast<std::size_t>(made - first);
        if (!pack_words(first, count, words.data())) [[unlikely]]
            return;
        const unsigned home_bits = store.keys().home_bits();
        const Mixer mixer = store.keys().mixer();
        const Adder adder(*this);
        const auto key = [&](std::size_t i) { return StateKeys::key_of_word(words[i], home_bits, mixer); };
        // Two loops, as a fingerprint in the common one costs it 1.5 % of a search's instructions.
        if (store.approximate()) [[unlikely]] {
            for (std::size_t i = 0; i < count; ++i) {
                adder.add(key(i), first[i].transition, RoundStore::print_of({&words[i], 1}));
            }
            return;
        }
        for (std::size_t i = 0; i < count; ++i) adder.add(key(i), first[i].transition);
    }
    /// \return false if a field of a successor is out of bounds; it was reported
    bool pack_words(const Pending* first, std::size_t count, std::uint64_t* words) {
        if (const ParallelPacker& packer = store.parallel_packer(); packer.usable()) {
            const auto* const bytes = reinterpret_cast<const unsigned char*>(&first->state);
            if (packer.pack(bytes, sizeof(Pending), count, words)) [[likely]]
                return true;
        }
        const Packer& packer = store.packer();
        const std::uint64_t own = packed[0];
        for (std::size_t i = 0; i < count; ++i) {
            words[i] = own;
            std::uint64_t changed = 0;
            if (packer.template repack<true>(current.state, first[i].state, words + i, changed) >= 0) [[unlikely]] {
                out_of_bounds(first[i]);
                return false;
            }
        }
        return true;
    }
    void pack_leaves() {
        const Packer& packer = store.packer();
        StateKeys& keys = store.keys();
        std::uint64_t* const words = next_packed.data();
        const bool approximate = store.approximate();
        const Adder adder(*this);
        for (const Pending *next = pending.data(), *end = made; next != end; ++next) {
            std::uint64_t changed = 0;
            if (packer.template repack<false>(current.state, next->state, words, changed) >= 0) [[unlikely]]
                return out_of_bounds(*next);
            Key key;
            if (!keys.key_of_leaves(words, changed, core, key)) [[unlikely]] {
                no_memory = true;
                return;
            }
            if (approximate) [[unlikely]] {
                adder.add(key, next->transition, RoundStore::print_of(next_packed));
            } else {
                adder.add(key, next->transition);
            }
            if (next_packed.size() > 64) {
                next_packed = packed;
            } else {
                for (; changed != 0; changed &= changed - 1) {
                    const auto word = static_cast<unsigned>(std::countr_zero(changed));
                    words[word] = packed[word];
                }
            }
        }
    }
    void out_of_bounds(const Pending& successor) {
        fail({}, Place{index, true, successor.actor, successor.outcome, successor.runs});
    }
    /// Puts keys where they belong, except those made lately. For a loop: what it uses can be kept in registers.
    class Adder {
     public:
        explicit Adder(RoundWorker& worker)
            : recent_(worker.buffers.recent.data()),
              records_(worker.buffers.records.data()),
              in_part_bits_(worker.store.approximate() ? 0 : worker.store.in_part_bits()) {}
        void add(const Key& key, std::uint32_t number) const {
            records_[key.home >> in_part_bits_].add_unless(again(key), {key.rest, key.home, number});
        }
        void add(const Key& key, std::uint32_t number, std::uint64_t print) const {
            records_[SeenPrints::part_of(print)].add_unless(again(key), {key.rest, key.home, number}, print);
        }

     private:
        [[nodiscard]] bool again(const Key& key) const {
            Key& known = recent_[key.home % RoundBuffers::recent_keys];
            const bool same = ((known.rest ^ key.rest) | (known.home ^ key.home)) == 0;
            known = key;
            return same;
        }

        Key* recent_;
        RoundRecords* records_;
        unsigned in_part_bits_;
    };
    std::uint32_t count_transition() {
        ++outcome;
        if (transition == step_room) [[unlikely]] {
            chunk->steps.resize(std::max<std::size_t>(2 * step_room, 1024));
            steps = chunk->steps.data();
            step_room = chunk->steps.size();
        }
        steps[transition] = first_step;
        return transition++;
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
    void expand_state(const Key& key, bool look) {
        store.keys().packed_of(key, packed.data());
        core = store.keys().core_of(key);
        if (const ParallelUnpacker& unpacker = store.parallel_unpacker(); unpacker.usable()) {
            unpacker.unpack(packed.data(), reinterpret_cast<unsigned char*>(&current));
            if (!store.keys().plain()) next_packed = packed;
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
                    return pack();  // one of them can move, so it is no deadlock
                }
            }
        }
        expander.expand_each(current.state, moves, *this);
        pack();
        if (!error && monitor.wants_moves()) monitor.on_moves(current.state, moves, hit);
    }
    void expand_actor(ActorId who) {
        begin(who);
        expander.expand(current.state, who, *this, moves[who]);
    }
};

}  // namespace vmemcheck::checker::detail
