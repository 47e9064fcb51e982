// SPDX-License-Identifier: MIT
/// \file
/// Breadth-first search by several threads, in few bytes a state.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "checker/checkpoint.hpp"
#include "checker/coverage.hpp"
#include "checker/describe.hpp"
#include "checker/discovery_log.hpp"
#include "checker/layout.hpp"
#include "checker/model.hpp"
#include "checker/monitor.hpp"
#include "checker/options.hpp"
#include "checker/property.hpp"
#include "checker/result.hpp"
#include "checker/round_figures.hpp"
#include "checker/round_store.hpp"
#include "checker/round_worker.hpp"
#include "checker/search_frame.hpp"
#include "checker/successors.hpp"
#include "checker/symmetry.hpp"
#include "checker/way_tracer.hpp"

namespace vmemcheck::checker::detail {

/// One search; run() may be called once.
///
/// The states of a level are expanded in rounds. In a round threads first expand chunks of states, and put the keys of
/// successors into one buffer for each part of the table; then each part of the table is given the keys that belong
/// there, by one thread, in the order in which one thread would have made them; then the new ones are put in order
/// again. Everything is found in the same order, however many threads there are and whenever they run. No thread
/// writes to what another one uses, so nothing but the numbers of leaves is locked. (Sorting lookups by the part of a
/// table they go to is what radix joins do: Manegold, Boncz, Kersten, TKDE 2002.)
template <Model M>
class RoundSearch : SearchFrame<M> {
    using Base = SearchFrame<M>;
    using Base::add_figures, Base::add_runs, Base::end, Base::guarded, Base::model_failed, Base::verdicts;
    using Base::coverage_, Base::ended_, Base::hits_, Base::layout_, Base::limits_, Base::model_;
    using Base::monitor_;  // of what all workers found
    using Base::options_, Base::properties_, Base::statistics_;

 public:
    using State = typename M::State;

    RoundSearch(const M& model, const std::vector<Property<M>>& properties, const SearchOptions& options)
        : Base(model, properties, options) {}

    /// \throws CheckpointError if there is a checkpoint that it cannot go on from; nothing was changed then
    Result<M> run() {
        guarded([this] { explore(); });
        guarded([this] { leave_checkpoint(); });
        return result();
    }

 private:
    using Worker = RoundWorker<M>;
    using Full = RoundStore::Full;

    bool over() {
        if (options_.stop_when_decided && monitor_.all_decided()) end(Ended::decided);
        if (const auto limit = limits_.check_now()) end(*limit);
        if (!ended_ && options_.progress && limits_.report_due()) {
            Progress progress{store_->states(),
                              statistics_.transitions,
                              depth_,
                              store_->waiting(),
                              store_->budget().used() + store_->budget().on_disk(),
                              0,
                              0};
            limits_.reported(progress);
            progress.seconds += statistics_.seconds;
            options_.progress(progress);
        }
        return ended_.has_value();
    }

    void explore() {
        std::vector<State> initial;
        model_.initial_states([&initial](const State& state) { initial.push_back(state); });
        if (initial.empty()) return model_failed("the model has no initial state");
        layout_ = layout_of(model_, initial.front());
        if (!layout_.error().empty()) return model_failed(layout_.error());
        if (options_.symmetry) symmetry_ = symmetry_of(model_, initial.front(), layout_.fields());
        if (!symmetry_.error().empty()) return model_failed(symmetry_.error());
        const auto* const bytes = reinterpret_cast<const unsigned char*>(&initial.front());
        store_.emplace(layout_.fields(), std::span<const unsigned char>(bytes, sizeof(State)), coverage_, options_);
        for (unsigned i = 0; i < store_->threads(); ++i) {
            workers_.push_back(std::make_unique<Worker>(model_, properties_, options_, *store_, symmetry_,
                                                        layout_.fields(), i, initial.front()));
        }
        if (!options_.checkpoint.file.empty()) {
            checkpoint_.emplace(options_.checkpoint, identity_of(model_, properties_, layout_, options_));
        }
        if (!go_on(initial.front())) {
            torn_ = true;
            add_initial(initial);
            torn_ = ended_.has_value();
        }
        while (!over()) {
            if (checkpoint_ && !looked_ && checkpoint_->due()) save();
            if (store_->regroup_due()) {
                torn_ = true;
                end_if(store_->regroup());
                torn_ = ended_.has_value();
                for (const auto& worker : workers_) worker->begin_keys();
            } else if (store_->waiting_in_level() == 0) {
                if (!store_->next_level()) {
                    if (store_->approximate()) end(Ended::approximate);
                    return;
                }
                statistics_.max_depth = ++depth_;
            } else {
                round(options_.max_depth != 0 && depth_ >= options_.max_depth);
            }
        }
    }
    void end_if(Full full) {
        if (full != Full::no) end(full == Full::states ? Ended::state_limit : store_full());
    }
    [[nodiscard]] Ended store_full() const {
        return store_->budget().disk_error() != 0 ? Ended::disk_error : Ended::memory_limit;
    }
    void add_initial(const std::vector<State>& initial) {
        std::vector<std::uint64_t> packed(store_->packer().words());
        for (const State& state : initial) {
            State stored = state;
            symmetry_.normalize(stored);
            if (const int bad = store_->packer().pack(stored, packed.data()); bad >= 0) {
                return model_failed(bounds_text(layout_, state, bad) + " in an initial state");
            }
            bool added = false;
            const Full full = store_->add_initial(packed.data(), added);
            if (full != Full::no) return end_if(full);
            if (added) initial_.push_back(state);
        }
    }

    /// Expands some states of the level, and stores their successors. \param look only evaluate properties of the
    /// states
    void round(bool look) {
        if (checkpoint_) {
            // States that were only looked at are not expanded by a search that may go further.
            if (look && !looked_) save();
            before_ = figures();
        }
        looked_ = looked_ || look;
        torn_ = true;
        const std::size_t chunks = store_->cut(statistics_.transitions / std::max<std::uint64_t>(1, expanded_));
        for (std::size_t i = 0; i < chunks; ++i) expanded_ += store_->chunk(i).states.count;
        store_->each_chunk([&](std::size_t i, unsigned worker) { workers_[worker]->expand(store_->chunk(i), look); });
        gather();
        if (ended_) {
            torn_ = ended_ == Ended::model_error;
            return;
        }
        if (!look) {
            end_if(store_->take_in());
            torn_ = false;
            return;
        }
        store_->skip();
        for (const auto& worker : workers_) at_limit_ = at_limit_ || worker->good_seen;
        if (store_->waiting_in_level() == 0 && at_limit_) end(Ended::depth_limit);
    }
    /// Takes over what the workers counted and found. What one thread would have found first counts.
    void gather() {
        std::vector<Hit> hits;
        const RoundError* error = nullptr;
        for (const auto& worker : workers_) {
            statistics_.transitions += std::exchange(worker->transitions, 0);
            statistics_.micro_steps += std::exchange(worker->micro_steps, 0);
            statistics_.pruned += std::exchange(worker->pruned, 0);
            const std::uint64_t represented = std::exchange(worker->represented, 0);
            statistics_.represented += std::min(represented, ~statistics_.represented);
            statistics_.reduced += std::exchange(worker->reduced, 0);
            hits.insert(hits.end(), worker->hits.begin(), worker->hits.end());
            worker->hits.clear();
            if (worker->no_memory) end(Ended::memory_limit);
            if (worker->error && (error == nullptr || worker->error->state < error->state)) error = &*worker->error;
        }
        std::stable_sort(hits.begin(), hits.end(),
                         [](const Hit& a, const Hit& b) { return a.place.state < b.place.state; });
        for (const Hit& hit : hits) {
            if (monitor_.decided(hit.property)) continue;
            if (error != nullptr && hit.place.state > error->state) break;
            monitor_.note_decided(hit.property);
            hits_.push_back(hit);
            for (const auto& worker : workers_) worker->monitor.note_decided(hit.property);
        }
        if (error != nullptr) model_failed(error->message, error->place);
    }

    /// What was counted and found so far; also what the limit of states leaves out of the result.
    [[nodiscard]] RoundFigures<M> figures() const {
        RoundFigures<M> now{statistics_, expanded_, depth_, {}, coverage_, hits_};
        now.statistics.seconds += limits_.seconds();
        Monitor<M> all = monitor_;
        for (const auto& worker : workers_) {
            all.absorb(worker->monitor);
            now.coverage.absorb(worker->counted());
        }
        for (unsigned i = 0; i < store_->threads(); ++i) {
            now.coverage.absorb(store_->buffers(i).coverage);
            now.coverage.absorb(store_->buffers(i).beyond);
        }
        now.seen = all.seen();
        return now;
    }
    /// Writes a checkpoint.
    void save() {
        RoundFigures<M> now = store_->mid_round() ? before_ : figures();
        now.statistics.states = store_->log().size();
        checkpoint_->write([&](ArchiveWriter& to) {
            now.save(to);
            to.list(std::span<const State>(initial_));
            store_->save(to);
        });
    }
    /// Goes on from the checkpoint, if there is one. \return whether there is. \param sample any state
    bool go_on(const State& sample) {
        const std::unique_ptr<ArchiveReader> from = checkpoint_ ? checkpoint_->open() : nullptr;
        if (from == nullptr) return false;
        RoundFigures<M> then;
        then.coverage = coverage_;
        then.load(*from, properties_.size(), messages_);
        initial_.assign(from->length(sizeof(State)), sample);
        from->get(initial_.data(), initial_.size() * sizeof(State));
        bool loaded = false;
        try {
            loaded = store_->load(*from);
        } catch (const std::bad_alloc&) {
            // as without memory
        }
        statistics_ = then.statistics;
        depth_ = then.depth;
        expanded_ = then.expanded;
        coverage_ = std::move(then.coverage);
        hits_ = std::move(then.hits);
        monitor_.take_over(then.seen);
        untouched_ = true;
        if (!loaded) {
            end(store_full());
            workers_.clear();
            store_.reset();
            return true;
        }
        from->finish();
        for (const auto& worker : workers_) {
            worker->begin_keys();
            for (std::size_t i = 0; i < properties_.size(); ++i) {
                if (monitor_.decided(i)) worker->monitor.note_decided(i);
            }
        }
        limits_.begin_at(statistics_.transitions);
        if (options_.checkpoint.continued) {
            options_.checkpoint.continued(store_->log().size(), depth_, statistics_.seconds);
        }
        // It may be beyond a limit that is lower now.
        const bool deep = options_.max_depth != 0 &&
                          (depth_ > options_.max_depth || (depth_ == options_.max_depth && store_->next_level_begun()));
        if (deep) end(Ended::depth_limit);
        if (options_.max_states != 0 && store_->log().size() >= options_.max_states) end(Ended::state_limit);
        untouched_ = ended_.has_value();
        return true;
    }
    /// Removes the checkpoint of a search that is complete; else leaves the last one.
    void leave_checkpoint() {
        if (!checkpoint_ || ended_ == Ended::model_error) return;
        if (!ended_ || ended_ == Ended::decided || ended_ == Ended::approximate) return checkpoint_->remove();
        if (store_ && store_->mid_round() && !store_->can_forget()) return;
        if (!torn_ && !looked_ && !untouched_ && store_) save();
    }
    Result<M> result() {
        for (const auto& worker : workers_) {
            monitor_.absorb(worker->monitor);
            coverage_.absorb(worker->counted());
        }
        Result<M> result = verdicts();
        if (store_) {
            for (unsigned i = 0; i < store_->threads(); ++i) coverage_.absorb(store_->buffers(i).coverage);
            statistics_.states = store_->states();
            const MemoryBudget& budget = store_->budget();
            statistics_.memory_bytes = budget.used() + budget.on_disk();
            statistics_.peak_memory_bytes = budget.peak() + budget.peak_on_disk();
            statistics_.peak_disk_bytes = budget.peak_on_disk();
            if (store_->approximate()) {
                statistics_.omission_bound = store_->prints().any_omission(statistics_.states);
                statistics_.expected_coverage = 1 - store_->prints().omission(statistics_.states);
            }
            store_->release_table();  // makes room for the runs
            WayTracer<M> tracer(model_, properties_, monitor_, options_, layout_, symmetry_);
            try {
                add_runs(result, [&](const Place& place) {
                    const DiscoveryLog::Way way = store_->log().way_to(place.state);
                    return tracer.run(initial_[way.initial], way.transitions, place);
                });
            } catch (const NotSymmetric& error) {
                model_failed(error.what());
                result = verdicts();
                // Nobody knows what is found by runs that there are.
                for (auto& verdict : result.verdicts) verdict.status = Status::incomplete;
            }
        }
        add_figures(result);
        return result;
    }

    Symmetry symmetry_;  ///< what is made use of
    std::optional<RoundStore> store_;
    std::vector<State> initial_;  ///< different ones, in the order of their discovery, as the model gave them
    std::vector<std::unique_ptr<Worker>> workers_;
    std::uint64_t expanded_ = 0;  ///< states
    std::uint64_t depth_ = 0;
    bool at_limit_ = false;
    std::optional<CheckpointFile> checkpoint_;
    std::deque<std::string> messages_;  ///< of hits that were read
    RoundFigures<M> before_;            ///< the round
    bool looked_ = false;               ///< at states that are not expanded
    bool torn_ = false;                 ///< in the middle of a change: not to be saved
    bool untouched_ = false;            ///< nothing was done since the checkpoint was read
};

}  // namespace vmemcheck::checker::detail
