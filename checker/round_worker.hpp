// SPDX-License-Identifier: MIT
/// \file
/// What each thread of a search in rounds does: expands states, and makes keys of their successors.
#pragma once

#include <algorithm>
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
#include "checker/local_audit.hpp"
#include "checker/model.hpp"
#include "checker/monitor.hpp"
#include "checker/options.hpp"
#include "checker/packer.hpp"
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

/// What a thread works with; the Expander's sink.
template <Model M>
struct RoundWorker {
    using State = typename M::State;

    /// \param number_ of the worker, which its buffers have
    RoundWorker(const M& model_, const std::vector<Property<M>>& properties_, const SearchOptions& options_,
                RoundStore& store_, const Symmetry& symmetry_, unsigned number_, const State& sample)
        : model(model_),
          properties(properties_),
          options(options_),
          store(store_),
          number(number_),
          buffers(store_.buffers(number_)),
          symmetry(symmetry_),
          monitor(model_, properties),
          expander(model_, options_.fuse),
          coverage(model_.steps(), model_.choices()),
          audits(options_.audit_each != 0 &&
                 (!symmetry.empty() || (options_.audit_local && !options_.fuse && PredictsSteps<M>))),
          watches_steps(monitor.watches_steps() || options_.check_fused),
          current(sample),
          moves(model_.actor_count()),
          pending(most_pending, Pending{sample}) {
        begin_keys();
    }
    /// To be called when the search begins to make keys in another way.
    void begin_keys() {
        packed.resize(store.packer().words());
        next_packed.resize(store.packer().words());
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
    Coverage coverage;
    bool audits;         ///< looks at some states whether reductions may be used
    bool watches_steps;  ///< something is evaluated on steps that fail no assertion
    std::uint64_t transitions = 0;
    std::uint64_t micro_steps = 0;
    std::uint64_t pruned = 0;
    std::uint64_t represented = 0;
    std::vector<Hit> hits;
    std::optional<RoundError> error;
    bool no_memory = false;
    bool good_seen = false;  ///< of states that are only looked at

    // The state being expanded.
    State current;
    std::vector<Moves> moves;
    std::vector<std::uint64_t> packed;
    StateKeys::Core core;
    std::vector<std::uint64_t> next_packed;
    RoundChunk* chunk = nullptr;
    DiscoveryIndex index = 0;
    ActorId actor = 0;
    std::uint64_t outcome = 0;
    StepId first_step = 0;
    std::uint32_t transition = 0;  ///< of the chunk

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
    std::vector<Pending> pending;
    unsigned made = 0;  ///< of them

    State& slot() { return pending[made].state; }
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
        Pending& successor = pending[made];
        successor.outcome = static_cast<std::uint32_t>(outcome);
        successor.actor = actor;
        successor.runs = depth + 1;
        successor.transition = count_transition();
        if (++made == most_pending) pack();
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
                for (unsigned i = 0; i < made; ++i) symmetry.normalize(pending[i].state);
            }
        }
        if (store.keys().plain()) {
            pack_plain();
        } else {
            pack_leaves();
        }
        made = 0;
    }
    void pack_plain() {
        const Packer& packer = store.packer();
        const StateKeys& keys = store.keys();
        const bool approximate = store.approximate();
        for (unsigned i = 0; i < made && !error; ++i) {
            const Pending& successor = pending[i];
            std::uint64_t word = packed[0];
            std::uint64_t changed = 0;
            if (packer.template repack<true>(current, successor.state, &word, changed) >= 0) [[unlikely]]
                return fail({}, Place{index, true, successor.actor, successor.outcome, successor.runs});
            const Key key = keys.key_of_word(word);
            if (approximate) [[unlikely]] {
                add_print(RoundStore::print_of({&word, 1}), key, successor.transition);
            } else {
                add(key, successor.transition);
            }
        }
    }
    void pack_leaves() {
        const Packer& packer = store.packer();
        StateKeys& keys = store.keys();
        std::uint64_t* const words = next_packed.data();  // those of the state, between two successors
        const bool approximate = store.approximate();
        for (unsigned i = 0; i < made && !error; ++i) {
            const Pending& successor = pending[i];
            std::uint64_t changed = 0;
            if (packer.template repack<false>(current, successor.state, words, changed) >= 0) [[unlikely]]
                return fail({}, Place{index, true, successor.actor, successor.outcome, successor.runs});
            Key key;
            if (!keys.key_of_leaves(words, changed, core, key)) [[unlikely]] {
                no_memory = true;
                return;
            }
            if (approximate) [[unlikely]] {
                add_print(RoundStore::print_of(next_packed), key, successor.transition);
            } else {
                add(key, successor.transition);
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
    /// Whether the key was made lately.
    bool again(const Key& key) {
        Key& known = buffers.recent[key.home % RoundBuffers::recent_keys];
        const bool same = ((known.rest ^ key.rest) | (known.home ^ key.home)) == 0;
        known = key;
        return same;
    }
    void add(const Key& key, std::uint32_t number) {
        buffers.records[store.part_of(key)].add_unless(again(key), {key.rest, key.home, number});
    }
    void add_print(std::uint64_t print, const Key& key, std::uint32_t number) {
        buffers.records[SeenPrints::part_of(print)].add_unless(again(key), {key.rest, key.home, number}, print);
    }
    std::uint32_t count_transition() {
        ++outcome;
        if (transition == chunk->steps.size()) [[unlikely]]
            chunk->steps.resize(std::max<std::size_t>(2 * std::size_t{transition}, 1024));
        chunk->steps[transition] = first_step;
        return transition++;
    }
    /// Looks at the state whether reductions may be used.
    void audit() {
        std::string complaint;
        if constexpr (Symmetric<M>) {
            if (!symmetry.empty()) {
                complaint = SymmetryAudit<M>(model, properties, monitor, options)(
                    symmetry, current, index / options.audit_each % symmetry.exchanges());
            }
        }
        if constexpr (PredictsSteps<M>) {
            if (options.audit_local && !options.fuse && complaint.empty()) {
                complaint = LocalAudit<M>(model, properties)(current);
            }
        }
        if (!complaint.empty()) fail(std::move(complaint), Place{index, false, 0, 0, 0});
    }
    void expand_state(const Key& key, bool look) {
        store.keys().packed_of(key, packed.data());
        next_packed = packed;
        core = store.keys().core_of(key);
        store.packer().unpack(packed.data(), current);
        if constexpr (Symmetric<M>) {
            if (!symmetry.empty()) represented += std::min(symmetry.orbit(current), ~represented);
        }
        if (audits && index % options.audit_each == 0) audit();
        const auto hit = [this](std::size_t property, const char* message) {
            hits.push_back({property, message, {index, false, 0, 0, 0}});
        };
        if (!monitor.on_state(current, hit)) {
            ++pruned;
            return;
        }
        if (look) {
            good_seen = true;
            return;
        }
        for (ActorId who = 0; who < moves.size(); ++who) {
            actor = who;
            outcome = 0;
            moves[who] = expander.expand(current, who, *this);
        }
        pack();
        if (!error && monitor.wants_moves()) monitor.on_moves(current, moves, hit);
    }
};

}  // namespace vmemcheck::checker::detail
