// SPDX-License-Identifier: MIT
/// \file
/// Looks for a shorter way from a state of a run to a later one, or to the violation, by searching breadth first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "checker/hash.hpp"
#include "checker/schedule.hpp"
#include "checker/store.hpp"
#include "checker/successors.hpp"

namespace vmemcheck::checker {

/// A way that is shorter than the run it was found for.
struct Shortcut {
    std::size_t to = 0;    ///< the moves of the run up to here are replaced
    bool decides = false;  ///< the way itself violates the property
    Schedule way;
    std::size_t saved = 0;  ///< moves
};

/// A bounded search around a run. Local steps are fused, as in a check.
template <Model M>
class ShortcutSearch {
 public:
    using State = typename M::State;

    /// \param budget most states of a search
    ShortcutSearch(const LenientRunner<M>& runner, std::uint64_t budget)
        : model_(runner.model()), layout_(runner.layout()), properties_{runner.property()}, budget_(budget) {}

    /// The shortcut found that saves most.
    /// \param start the state of the run after `from` moves
    /// \param states hashes of the states of the run
    std::optional<Shortcut> find(const State& start, std::size_t from, std::span<const std::uint64_t> states) {
        store_.emplace(layout_.words(), 0, budget_);
        nodes_.clear();
        best_.reset();
        from_ = from;
        end_ = states.size() - 1;
        index_.clear();
        for (std::size_t i = from + 1; i < states.size(); ++i) index_[states[i]] = i;
        sample_ = start;
        std::vector<std::uint32_t> packed(layout_.buffer_words());
        if (layout_.pack(start, packed.data()) >= 0) return std::nullopt;
        insert(packed, no_state, {});
        Monitor<M> monitor(model_, properties_);
        Expander<M> expander(model_, true);
        for (StateIndex i = 0; i < store_->size() && !decided_ && !full_; ++i) {
            // From here on nothing can be saved any more.
            if (nodes_[i].steps + 1 >= end_ - from_) break;
            State state = sample_;
            layout_.unpack(store_->packed(i), state);
            if (i > 0 && decides(monitor, state, i)) break;
            for (ActorId actor = 0; actor < model_.actor_count() && !full_; ++actor) {
                Sink sink{*this, monitor, state, i, {}, {}};
                expander.expand(state, actor, sink);
            }
        }
        explored_ += store_->size();
        decided_ = full_ = false;
        return std::exchange(best_, std::nullopt);
    }

    /// States stored by all searches.
    [[nodiscard]] std::uint64_t explored() const { return explored_; }

 private:
    /// How a stored state was reached from its parent.
    struct Node {
        StateIndex parent = no_state;
        std::size_t steps = 0;  ///< moves from the start
        Schedule moves;
    };

    /// What the expander tells.
    struct Sink {
        ShortcutSearch& search;
        Monitor<M>& monitor;
        State slot_;
        StateIndex parent = 0;
        Schedule path;
        std::vector<std::uint32_t> packed;

        State& slot() { return slot_; }
        bool on_step(unsigned depth, const State& before, const State& after, ActorId actor,
                     const SearchContext& context) {
            path.resize(depth);
            Move& move = path.emplace_back(Move{actor, {}});
            for (const auto& taken : context.taken()) move.answers.emplace_back(taken.choice, taken.value);
            bool found = false;
            monitor.on_step(before, after, context.failures(), [&](std::size_t, const char*) { found = true; });
            if (found) search.decide(parent, path);
            return !found && !search.decided_ && context.failures().empty();
        }
        void commit(unsigned) {
            if (search.decided_ || search.full_) return;
            packed.resize(search.layout_.buffer_words());
            if (search.layout_.pack(slot_, packed.data()) < 0) search.insert(packed, parent, path);
        }
        void drop(unsigned) {}
        void broken(Misuse, ActorId, const SearchContext&) {}
    };

    bool decides(Monitor<M>& monitor, const State& state, StateIndex at) {
        bool found = false;
        const auto hit = [&](std::size_t, const char*) { found = true; };
        monitor.on_state(state, hit);
        if (!found && monitor.wants_moves()) {
            find_moves(model_, monitor, state, moves_);
            monitor.on_moves(state, moves_, hit);
        }
        if (found) decide(nodes_[at].parent, nodes_[at].moves);
        return found;
    }

    void insert(const std::vector<std::uint32_t>& packed, StateIndex parent, const Schedule& moves) {
        const std::uint64_t hash = hash_words(packed.data(), layout_.words());
        const Inserted inserted = store_->insert(packed.data(), hash, parent);
        if (inserted.what == Inserted::What::full) full_ = true;
        if (inserted.what != Inserted::What::added) return;
        const std::size_t steps = (parent == no_state ? 0 : nodes_[parent].steps) + moves.size();
        nodes_.push_back({parent, steps, moves});
        const auto known = index_.find(hash);
        if (known != index_.end()) offer(known->second, false, parent, moves);
    }
    void decide(StateIndex parent, const Schedule& last) {
        decided_ = true;
        offer(end_, true, parent, last);
    }
    void offer(std::size_t to, bool decides, StateIndex parent, const Schedule& last) {
        const std::size_t steps = (parent == no_state ? 0 : nodes_[parent].steps) + last.size();
        if (steps >= to - from_) return;
        const std::size_t saved = to - from_ - steps;
        if (best_ && best_->saved >= saved) return;
        Schedule way = last;
        for (StateIndex i = parent; i != no_state; i = nodes_[i].parent) {
            way.insert(way.begin(), nodes_[i].moves.begin(), nodes_[i].moves.end());
        }
        best_ = Shortcut{to, decides, std::move(way), saved};
    }

    const M& model_;
    const Layout& layout_;
    std::vector<Property<M>> properties_;
    std::uint64_t budget_;
    State sample_{};
    std::optional<ExactStore> store_;
    std::vector<Node> nodes_;
    std::vector<Moves> moves_;
    std::unordered_map<std::uint64_t, std::size_t> index_;  ///< of a state of the run: its last place
    std::optional<Shortcut> best_;
    std::size_t from_ = 0;
    std::size_t end_ = 0;
    std::uint64_t explored_ = 0;
    bool decided_ = false;
    bool full_ = false;
};

}  // namespace vmemcheck::checker
