// SPDX-License-Identifier: MIT
/// \file
/// Exhaustive search of the states of a model.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "checker/batch.hpp"
#include "checker/coverage.hpp"
#include "checker/describe.hpp"
#include "checker/lasso.hpp"
#include "checker/layout.hpp"
#include "checker/liveness.hpp"
#include "checker/model.hpp"
#include "checker/monitor.hpp"
#include "checker/options.hpp"
#include "checker/place.hpp"
#include "checker/property.hpp"
#include "checker/result.hpp"
#include "checker/revisit.hpp"
#include "checker/round_search.hpp"
#include "checker/search_frame.hpp"
#include "checker/store.hpp"
#include "checker/successors.hpp"
#include "checker/trace.hpp"

namespace vmemcheck::checker {

namespace detail {

/// One search; run() may be called once. It is the Expander's sink as well.
template <Model M, class Store>
class Search : SearchFrame<M> {
    using Base = SearchFrame<M>;
    using Base::add_figures, Base::add_runs, Base::end, Base::guarded, Base::model_failed, Base::verdicts;
    using Base::coverage_, Base::ended_, Base::hits_, Base::layout_, Base::limits_, Base::model_, Base::monitor_;
    using Base::options_, Base::properties_, Base::statistics_;

 public:
    using State = typename M::State;

    Search(const M& model, const std::vector<Property<M>>& properties, const SearchOptions& options)
        : Base(model, properties, options),
          expander_(model, options.fuse),
          liveness_(model, properties),
          moves_(model.actor_count()) {}

    /// \param visitor shown what was found, unless null
    Result<M> run(Visitor<M>* visitor = nullptr) {
        guarded([&] {
            explore();
            if (liveness_.count() > 0 && ended_ != Ended::model_error) decide_liveness();
            if (visitor != nullptr && ended_ != Ended::model_error) show(*visitor);
        });
        return result();
    }

    State& slot() { return batch_->next_state(); }

    bool on_step(unsigned depth, const State& before, const State& after, ActorId actor, const SearchContext& context) {
        ++statistics_.micro_steps;
        if (depth == 0) first_step_ = context.step();
        if (const Misuse how = coverage_.record(context.step(), context.taken()); how != Misuse::none) [[unlikely]] {
            broken(how, actor, context);
            return false;
        }
        const auto hit = [&](unsigned runs) {
            return [this, actor, runs](std::size_t property, const char* message) {
                hits_.push_back({property, message, {current_index_, true, actor, outcome_, runs}});
            };
        };
        const bool good = !options_.check_fused || depth == 0 || monitor_.on_state(before, hit(depth));
        return monitor_.on_step(before, after, context.failures(), hit(depth + 1)) && good;
    }
    void commit(unsigned depth) {
        ++statistics_.transitions;
        ++outcome_;
        if (ended_) return;
        const int bad =
            batch_->commit(layout_, *current_, current_packed_.data(), current_index_, first_step_, *store_);
        if (bad >= 0) [[unlikely]] {
            model_failed({}, Place{current_index_, true, current_actor_, outcome_ - 1, depth + 1});
        } else if (batch_->full()) {
            flush();
        }
    }
    void drop(unsigned) {
        ++statistics_.transitions;
        ++statistics_.pruned;
        ++outcome_;
    }
    void broken(Misuse how, ActorId actor, const SearchContext& context) {
        model_failed(misuse_text(model_, how, actor, context), Place{current_index_, false, 0, 0, 0});
    }

 private:
    struct Lasso {
        bool decided = false;
        std::optional<Counterexample<M>> run;
    };
    struct Open {
        StateIndex index;
        std::uint32_t depth;
    };

    /// Whether the search is to end; looks after progress reports.
    bool over() {
        if (options_.stop_when_decided && monitor_.all_decided()) end(Ended::decided);
        if (const auto limit = limits_.check()) end(*limit);
        if (!ended_) report_progress();
        return ended_.has_value();
    }
    void report_progress() {
        if (!options_.progress || !limits_.report_due()) return;
        Progress progress{
            store_->size(), statistics_.transitions, depth_, frontier_, memory() + statistics_.graph_bytes, 0, 0};
        limits_.reported(progress);
        options_.progress(progress);
    }
    [[nodiscard]] std::size_t memory() const {
        return (store_ ? store_->bytes() : 0) + stack_.capacity() * sizeof(Open) +
               fresh_.capacity() * sizeof(StateIndex) + pruned_.size() * sizeof(StateIndex);
    }

    void explore() {
        std::vector<State> initial;
        model_.initial_states([&initial](const State& state) { initial.push_back(state); });
        if (initial.empty()) return model_failed("the model has no initial state");
        layout_ = layout_of(model_, initial.front());
        if (!layout_.error().empty()) return model_failed(layout_.error());
        current_.emplace(initial.front());
        current_packed_.resize(layout_.buffer_words());
        store_.emplace(layout_.words(), options_.max_memory_bytes, options_.max_states);
        batch_.emplace(initial.front(), layout_);
        for (const State& state : initial) {
            if (const int bad = batch_->add_initial(layout_, state, *store_); bad >= 0) {
                return model_failed(bounds_text(layout_, state, bad) + " in an initial state");
            }
            if (batch_->full()) flush();
        }
        flush();
        if (options_.strategy == Strategy::breadth_first) {
            breadth_first();
        } else {
            depth_first();
        }
    }

    void breadth_first() {
        StateIndex& next = expanded_;
        StateIndex level_end = store_->size();
        while (!over()) {
            if (next == level_end) {
                flush();
                level_end = store_->size();
                if (next == level_end) return;
                statistics_.max_depth = ++depth_;
            }
            if (skip(next)) {
                ++next;
                continue;
            }
            if (options_.max_depth != 0 && depth_ >= options_.max_depth) return end(Ended::depth_limit);
            frontier_ = store_->size() - next;
            expand(next++);
        }
    }
    /// Whether a state is not to be expanded; asked once for each state, in their order.
    bool skip(StateIndex index) {
        if (pruned_.empty() || pruned_.front() != index) return false;
        pruned_.pop_front();
        return true;
    }

    void depth_first() {
        bool cut = false;
        open_fresh(0);
        while (!stack_.empty() && !over()) {
            const Open open = stack_.back();
            stack_.pop_back();
            depth_ = open.depth;
            statistics_.max_depth = std::max(statistics_.max_depth, depth_);
            if (options_.max_depth != 0 && depth_ >= options_.max_depth) {
                cut = true;
                continue;
            }
            frontier_ = stack_.size();
            expand(open.index);
            flush();
            open_fresh(open.depth + 1);
            if (options_.max_memory_bytes != 0 && memory() > options_.max_memory_bytes) end(Ended::memory_limit);
        }
        if (cut) end(Ended::depth_limit);
    }
    void open_fresh(std::uint32_t depth) {
        for (std::size_t i = fresh_.size(); i-- > 0;) stack_.push_back({fresh_[i], depth});
        fresh_.clear();
    }

    void expand(StateIndex index) {
        const std::uint32_t* const packed = store_->packed(index);
        std::copy(packed, packed + layout_.words(), current_packed_.begin());
        layout_.unpack(current_packed_.data(), *current_);
        current_index_ = index;
        for (ActorId actor = 0; actor < moves_.size(); ++actor) {
            current_actor_ = actor;
            outcome_ = 0;
            moves_[actor] = expander_.expand(*current_, actor, *this);
        }
        if (!ended_ && monitor_.wants_moves()) monitor_.on_moves(*current_, moves_, hit_at(index));
    }

    /// Decides the liveness properties over the stored states, as far as these were expanded.
    void decide_liveness() {
        if (fairness_of(model_).size() > max_fairness)
            return model_failed("the model states more than 31 fairness assumptions");
        if (liveness_.count() > max_liveness) return model_failed("more than 32 liveness properties in one search");
        // Whoever ended the search early by hand, or for want of time or memory, wants no second pass.
        const bool limited = ended_ == Ended::state_limit || ended_ == Ended::depth_limit;
        const bool breadth_first = options_.strategy == Strategy::breadth_first;
        if (!store_ || (ended_ && !(limited && breadth_first))) return;
        const double begin = limits_.seconds();
        const std::optional<Ended> early = std::exchange(ended_, std::nullopt);
        const StateIndex expanded = breadth_first ? expanded_ : store_->size();
        std::uint64_t done = 0;
        GraphBuilder<M, Store> builder(model_, layout_, *store_, monitor_, liveness_, options_, expanded, *current_);
        const auto graph = builder.build([&](std::size_t bytes) {
            statistics_.graph_bytes = bytes;
            if (options_.max_memory_bytes != 0 && memory() + bytes > options_.max_memory_bytes)
                end(Ended::memory_limit);
            if (const auto limit = limits_.check()) end(*limit);
            frontier_ = store_->size() - ++done;
            report_progress();
            return ended_.has_value();
        });
        if (graph) {
            statistics_.graph_transitions = graph->edges();
            find_lassos(*graph);
        }
        if (early) ended_ = early;
        statistics_.graph_seconds = limits_.seconds() - begin;
    }
    /// Shows a visitor what was found, as far as it was expanded. Only Ctrl-C ends that early: the limits were for the
    /// search, and what it found before it reached them is to be seen.
    void show(Visitor<M>& visitor) {
        if (!store_ || ended_ == Ended::interrupted) return;
        const StateIndex expanded =
            options_.strategy == Strategy::breadth_first ? expanded_ : (ended_ ? 0 : store_->size());
        Revisit<M, Store> revisit(model_, layout_, *store_, monitor_, options_, expanded, *current_);
        VisitSink<M> sink(visitor, monitor_, options_.check_fused, *current_);
        for (StateIndex index = 0; index < store_->size(); ++index) {
            if (options_.stop != nullptr && *options_.stop) return end(Ended::interrupted);
            const bool known = revisit.load(index);
            visitor.on_state(revisit.current(), store_->parent(index) == no_state, known);
            if (!known) continue;
            for (ActorId actor = 0; actor < revisit.actors(); ++actor) {
                const Moves moves = revisit.expand(actor, sink);
                if (!moves.enabled && moves.guarded) visitor.on_wait(revisit.current(), actor, moves.guard);
            }
        }
    }
    void find_lassos(const StateGraph& graph) {
        const std::span<const FairnessInfo> fairness = fairness_of(model_);
        const Tracer<M, Store> tracer(model_, layout_, *store_, monitor_, options_.fuse, options_.check_fused,
                                      *current_);
        decided_liveness_.resize(liveness_.count());
        for (unsigned i = 0; i < liveness_.count(); ++i) {
            const Property<M>& property = liveness_.property(i);
            LivenessQuery query{property.kind, i, 0, 0, 0};
            query.weak = property.fairness & of_kind(fairness, FairnessKind::weak);
            query.strong = property.fairness & of_kind(fairness, FairnessKind::strong);
            query.ceases = property.fairness & of_kind(fairness, FairnessKind::ceases);
            LassoSearch found = find_fair_lasso(graph, query, options_.stop);
            statistics_.graph_bytes = std::max(statistics_.graph_bytes, graph.bytes() + found.bytes);
            if (found.interrupted) return end(Ended::interrupted);
            Lasso& lasso = decided_liveness_[i];
            lasso.decided = true;
            if (!found.lasso) continue;
            lasso.run = run_of(*found.lasso, model_, tracer, liveness_, graph);
            lasso.run->property = liveness_.index(i);
            describe_lasso(*lasso.run, model_, property);
            if (!found.lasso->shortest) lasso.run->message += " (there may be a shorter one)";
        }
    }
    void add_liveness(Result<M>& result) {
        for (unsigned i = 0; i < decided_liveness_.size(); ++i) {
            Lasso& lasso = decided_liveness_[i];
            Verdict<M>& verdict = result.verdicts[liveness_.index(i)];
            if (!lasso.decided) continue;
            if (lasso.run) {
                verdict.status = Status::violated;
                verdict.counterexample = std::move(lasso.run);
            } else {
                verdict.status = result.complete ? Status::holds : Status::incomplete;
            }
            verdict.as_expected = verdict.status == Status::holds;
        }
        for (unsigned i = 0; i < liveness_.count(); ++i) {
            if (i < decided_liveness_.size() && decided_liveness_[i].decided) continue;
            Verdict<M>& verdict = result.verdicts[liveness_.index(i)];
            verdict.status = Status::incomplete;
            verdict.as_expected = false;
        }
    }
    auto hit_at(StateIndex index) {
        return [this, index](std::size_t property, const char* message) {
            hits_.push_back({property, message, {index, false, 0, 0, 0}});
        };
    }

    void flush() {
        if (ended_) return;
        const bool room = batch_->flush(*store_, [this](StateIndex index, const State& state, StepId step) {
            if (step != no_step) coverage_.new_state(step);
            const bool good = monitor_.on_state(state, hit_at(index));
            if (!good) ++statistics_.pruned;
            if (options_.strategy == Strategy::depth_first) {
                if (good) fresh_.push_back(index);
            } else if (!good) {
                pruned_.push_back(index);
            }
        });
        if (room) return;
        const bool states = options_.max_states != 0 && store_->size() >= options_.max_states;
        end(states ? Ended::state_limit : Ended::memory_limit);
    }

    Result<M> result() {
        Result<M> result = verdicts();
        statistics_.memory_bytes = memory();
        if (store_) {
            statistics_.states = store_->size();
            statistics_.peak_memory_bytes = std::max(store_->peak_bytes(), statistics_.memory_bytes);
            store_->release_index();  // makes room for the runs
            if (options_.states && result.complete && statistics_.pruned == 0) {
                options_.states({store_->size(), layout_.words(), [this](std::uint64_t index) {
                                     return store_->packed(static_cast<StateIndex>(index));
                                 }});
            }
            const Tracer<M, Store> tracer(model_, layout_, *store_, monitor_, options_.fuse, options_.check_fused,
                                          *current_);
            add_runs(result, [&tracer](const Place& place) { return tracer.run_to(place); });
            add_liveness(result);
        }
        add_figures(result);
        return result;
    }

    Expander<M> expander_;
    LivenessPredicates<M> liveness_;
    std::vector<Lasso> decided_liveness_;  ///< one a liveness property, when they have been looked at
    std::optional<Store> store_;
    std::optional<Batch<State>> batch_;

    // The state being expanded.
    std::optional<State> current_;
    std::vector<std::uint32_t> current_packed_;
    StateIndex current_index_ = no_state;
    ActorId current_actor_ = 0;
    std::uint64_t outcome_ = 0;  ///< number of the transition being made, among the actor's
    StepId first_step_ = 0;      ///< the step it began with
    std::vector<Moves> moves_;   ///< one an actor

    StateIndex expanded_ = 0;  ///< breadth first: states below were expanded, or skipped
    std::uint64_t depth_ = 0;
    std::uint64_t frontier_ = 0;
    std::deque<StateIndex> pruned_;  ///< breadth first: stored states not to be expanded, ahead of the search
    std::vector<StateIndex> fresh_;  ///< depth first: states not yet on the stack
    std::vector<Open> stack_;        ///< depth first
};

}  // namespace detail

/// Explores every state of a model, or as many as the limits allow, and says of each property whether it holds.
///
/// Liveness properties are decided when the search has ended, over the graph of the states it stored (see
/// liveness.hpp), unless it went depth first and ended early.
///
/// States that violate an invariant, and steps that violate an assertion or transition property, are reported (the
/// first of each property; breadth first that is one of the shortest) and not followed: behind a violation a model
/// means little. "holds" of the other properties then means: up to the violations; Statistics::pruned says how much was
/// not followed. States that violate a deadlock or end_state property are followed. Which states a step that fails an
/// assertion gives is not stored. An assertion no property asks about is ignored (Statistics::unclaimed_failures).
///
/// With fusing (see Expander), reachability and triggers are not evaluated on the states inside a fused transition
/// unless check_fused is set, as local steps change nothing that properties read.
///
/// \tparam Store see ExactStore
/// \param options see SearchOptions; what it points to must outlive the call
/// Does not throw, whatever the model does (SearchOptions::states may); a model that breaks a rule ends the search as
/// Ended::model_error.
template <class Store, Model M>
[[nodiscard]] Result<M> check_with(const M& model, const std::vector<Property<M>>& properties,
                                   const SearchOptions& options = {}) {
    return detail::Search<M, Store>(model, properties, options).run();
}

/// check_with() the exact store, and shows the visitor everything that was found: a second pass, about as long as the
/// search. A search that was interrupted, or that went depth first and ended early, shows nothing of what follows a
/// state.
template <Model M>
[[nodiscard]] Result<M> survey(const M& model, const std::vector<Property<M>>& properties, const SearchOptions& options,
                               Visitor<M>& visitor) {
    return detail::Search<M, ExactStore>(model, properties, options).run(&visitor);
}

/// Explores every state of a model, as check_with() does; breadth first, where only states and steps are asked about,
/// by SearchOptions::threads threads and in few bytes a state (see RoundSearch). The answers are the same.
///
/// \throws std::invalid_argument if SearchOptions asks for files or an approximation of a search that can do neither
/// \throws CheckpointError if there is a SearchOptions::checkpoint that it cannot go on from, or if it can have none
template <Model M>
[[nodiscard]] Result<M> check(const M& model, const std::vector<Property<M>>& properties,
                              const SearchOptions& options = {}) {
    const bool indexed = std::any_of(properties.begin(), properties.end(),
                                     [](const Property<M>& property) { return is_liveness(property.kind); });
    if (indexed || options.states || options.strategy == Strategy::depth_first) {
        if (!options.checkpoint.file.empty()) {
            throw CheckpointError("cannot use '" + options.checkpoint.file +
                                  "' for checkpoints: only a breadth-first search of states and steps has any");
        }
        if (!options.disk_folder.empty() || options.approximation.any()) {
            throw std::invalid_argument("only a breadth-first search of states and steps goes to disk or approximates");
        }
        return check_with<ExactStore>(model, properties, options);
    }
    return detail::RoundSearch<M>(model, properties, options).run();
}

}  // namespace vmemcheck::checker
