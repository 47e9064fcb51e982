// SPDX-License-Identifier: MIT
/// \file
/// Breadth-first search by several threads, in few bytes a state.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "checker/coverage.hpp"
#include "checker/describe.hpp"
#include "checker/discovery_log.hpp"
#include "checker/layout.hpp"
#include "checker/model.hpp"
#include "checker/monitor.hpp"
#include "checker/options.hpp"
#include "checker/property.hpp"
#include "checker/result.hpp"
#include "checker/round_store.hpp"
#include "checker/round_worker.hpp"
#include "checker/successors.hpp"
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
class RoundSearch {
 public:
    using State = typename M::State;

    RoundSearch(const M& model, const std::vector<Property<M>>& properties, const SearchOptions& options)
        : model_(model),
          properties_(properties),
          options_(options),
          limits_(options.max_seconds, options.stop),
          monitor_(model, properties),
          coverage_(model.steps(), model.choices()) {}

    Result<M> run() {
        try {
            explore();
        } catch (const std::bad_alloc&) {
            end(Ended::memory_limit);
        } catch (const std::exception& error) {
            model_failed(std::string("the model threw: ") + error.what());
        }
        return result();
    }

 private:
    using Worker = RoundWorker<M>;
    using Full = RoundStore::Full;

    void end(Ended why) {
        if (!ended_) ended_ = why;
    }
    void model_failed(std::string message, std::optional<RoundPlace> place = std::nullopt) {
        if (ended_ == Ended::model_error) return;
        ended_ = Ended::model_error;
        error_ = std::move(message);
        error_place_ = place;
    }
    bool over() {
        if (options_.stop_when_decided && monitor_.all_decided()) end(Ended::decided);
        if (const auto limit = limits_.check_now()) end(*limit);
        if (!ended_ && options_.progress && limits_.report_due()) {
            Progress progress{store_->log().size(),
                              statistics_.transitions,
                              depth_,
                              store_->waiting(),
                              store_->budget().used(),
                              0,
                              0};
            limits_.reported(progress);
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
        const auto* const bytes = reinterpret_cast<const unsigned char*>(&initial.front());
        store_.emplace(layout_.fields(), std::span<const unsigned char>(bytes, sizeof(State)), coverage_, options_);
        for (unsigned i = 0; i < store_->threads(); ++i) {
            workers_.push_back(std::make_unique<Worker>(model_, properties_, options_, *store_, i, initial.front()));
        }
        add_initial(initial);
        while (!over()) {
            if (store_->regroup_due()) {
                end_if(store_->regroup());
                for (const auto& worker : workers_) worker->begin_keys();
            } else if (store_->waiting_in_level() == 0) {
                if (!store_->next_level()) return;
                statistics_.max_depth = ++depth_;
            } else {
                round(options_.max_depth != 0 && depth_ >= options_.max_depth);
            }
        }
    }
    void end_if(Full full) {
        if (full != Full::no) end(full == Full::states ? Ended::state_limit : Ended::memory_limit);
    }
    void add_initial(const std::vector<State>& initial) {
        std::vector<std::uint64_t> packed(store_->packer().words());
        for (const State& state : initial) {
            if (const int bad = store_->packer().pack(state, packed.data()); bad >= 0) {
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
        const std::size_t chunks = store_->cut(statistics_.transitions / std::max<std::uint64_t>(1, expanded_));
        for (std::size_t i = 0; i < chunks; ++i) expanded_ += store_->chunk(i).states.count;
        store_->each(chunks, [&](std::size_t i, unsigned worker) { workers_[worker]->expand(store_->chunk(i), look); });
        gather();
        if (ended_) return;
        if (!look) return end_if(store_->take_in());
        store_->skip();
        for (const auto& worker : workers_) at_limit_ = at_limit_ || worker->good_seen;
        if (store_->waiting_in_level() == 0 && at_limit_) end(Ended::depth_limit);
    }
    /// Takes over what the workers counted and found. What one thread would have found first counts.
    void gather() {
        std::vector<RoundHit> hits;
        const RoundError* first_error = nullptr;
        for (const auto& worker : workers_) {
            statistics_.transitions += std::exchange(worker->transitions, 0);
            statistics_.micro_steps += std::exchange(worker->micro_steps, 0);
            statistics_.pruned += std::exchange(worker->pruned, 0);
            hits.insert(hits.end(), worker->hits.begin(), worker->hits.end());
            worker->hits.clear();
            if (worker->no_memory) end(Ended::memory_limit);
            if (!worker->error) continue;
            const auto place = [](const RoundError* error) { return error->place ? error->place->state : 0; };
            if (first_error == nullptr || place(&*worker->error) < place(first_error)) first_error = &*worker->error;
        }
        std::stable_sort(hits.begin(), hits.end(),
                         [](const RoundHit& a, const RoundHit& b) { return a.place.state < b.place.state; });
        for (const RoundHit& hit : hits) {
            if (monitor_.decided(hit.property)) continue;
            monitor_.note_decided(hit.property);
            hits_.push_back(hit);
            for (const auto& worker : workers_) worker->monitor.note_decided(hit.property);
        }
        if (first_error != nullptr) model_failed(first_error->message, first_error->place);
    }
    Result<M> result() {
        Result<M> result;
        result.ended = ended_.value_or(Ended::complete);
        result.complete = !ended_;
        result.model_error = error_;
        for (const auto& worker : workers_) {
            monitor_.absorb(worker->monitor);
            coverage_.absorb(worker->coverage);
        }
        if (store_) {
            for (unsigned i = 0; i < store_->threads(); ++i) coverage_.absorb(store_->buffers(i).coverage);
            statistics_.states = store_->log().size();
            statistics_.memory_bytes = store_->budget().used();
            statistics_.peak_memory_bytes = store_->budget().peak();
            store_->release_table();  // makes room for the runs
        }
        for (std::size_t i = 0; i < properties_.size(); ++i) {
            result.verdicts.push_back(monitor_.verdict(i, properties_[i], result.complete));
        }
        statistics_.unclaimed_failures = monitor_.unclaimed_failures();
        statistics_.packed_bits = layout_.bits();
        statistics_.packed_bytes = layout_.packed_bytes();
        add_runs(result);
        statistics_.seconds = limits_.seconds();
        statistics_.peak_resident_bytes = peak_resident_bytes();
        result.statistics = statistics_;
        result.coverage = std::move(coverage_);
        return result;
    }
    /// Adds the counterexamples; a run for which there is no memory is left out.
    void add_runs(Result<M>& result) {
        try {
            const WayTracer<M> tracer(model_, monitor_, options_.fuse, options_.check_fused);
            const auto run_to = [&](const RoundPlace& place) {
                const DiscoveryLog::Way way = store_->log().way_to(place.state);
                auto run = tracer.run(initial_[way.initial], way.transitions);
                if (place.in_transition && place.runs > 0) tracer.append(run, place.actor, place.outcome, place.runs);
                return run;
            };
            for (const RoundHit& hit : hits_) {
                auto run = run_to(hit.place);
                describe(run, model_, hit.property, properties_[hit.property], hit.message);
                result.verdicts[hit.property].counterexample = std::move(run);
            }
            if (!error_place_) return;
            result.model_error_run = run_to(*error_place_);
            if (error_.empty()) result.model_error = bounds_text(model_, layout_, *result.model_error_run);
        } catch (const std::exception& error) {
            if (result.ended == Ended::model_error && result.model_error.empty()) {
                result.model_error =
                    std::string("a field out of bounds; the run to it cannot be shown: ") + error.what();
            }
        }
    }

    const M& model_;
    const std::vector<Property<M>>& properties_;
    const SearchOptions& options_;
    Limits limits_;
    Monitor<M> monitor_;  ///< of what all workers found
    Coverage coverage_;
    Statistics statistics_;
    Layout layout_;
    std::optional<RoundStore> store_;
    std::vector<State> initial_;  ///< different ones, in the order of their discovery
    std::vector<std::unique_ptr<Worker>> workers_;
    std::uint64_t expanded_ = 0;  ///< states
    std::uint64_t depth_ = 0;
    bool at_limit_ = false;
    std::vector<RoundHit> hits_;
    std::optional<Ended> ended_;
    std::string error_;
    std::optional<RoundPlace> error_place_;
};

}  // namespace vmemcheck::checker::detail
