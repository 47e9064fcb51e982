// SPDX-License-Identifier: MIT
/// \file
/// What every search has: how it ends, and how what it found becomes a result.
#pragma once

#include <cstddef>
#include <exception>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "checker/archive.hpp"
#include "checker/coverage.hpp"
#include "checker/describe.hpp"
#include "checker/layout.hpp"
#include "checker/memory.hpp"
#include "checker/model.hpp"
#include "checker/monitor.hpp"
#include "checker/options.hpp"
#include "checker/place.hpp"
#include "checker/property.hpp"
#include "checker/result.hpp"
#include "checker/symmetry.hpp"

namespace vmemcheck::checker::detail {

/// What is said of a step that broke the rules of its context.
template <Model M>
[[nodiscard]] std::string misuse_text(const M& model, Misuse how, ActorId actor, const SearchContext& context) {
    std::string where = " (actor " + std::string(model.actor_name(actor));
    const std::span<const StepInfo> steps = model.steps();
    if (context.step() < steps.size()) where += ", step " + std::string(steps[context.step()].name);
    return text(how) + where + ")";
}

/// The part of a search that does not depend on how it goes and what it keeps.
template <Model M>
class SearchFrame {
 public:
    using State = typename M::State;

 protected:
    SearchFrame(const M& model, const std::vector<Property<M>>& properties, const SearchOptions& options)
        : model_(model),
          properties_(properties),
          options_(options),
          limits_(options.max_seconds, options.stop),
          monitor_(model, properties),
          coverage_(model.steps(), model.choices()) {}

    /// Runs the search; what it throws ends it.
    template <class Explore>
    void guarded(const Explore& explore) {
        try {
            explore();
        } catch (const std::bad_alloc&) {
            end(Ended::memory_limit);
        } catch (const CheckpointError&) {
            throw;
        } catch (const std::exception& error) {
            model_failed(std::string("the model threw: ") + error.what());
        }
    }
    void end(Ended why) {
        if (!ended_) ended_ = why;
    }
    /// \param message empty: a field is out of bounds at the end of the run to the place
    void model_failed(std::string message, std::optional<Place> place = std::nullopt) {
        if (ended_ == Ended::model_error) return;
        ended_ = Ended::model_error;
        error_ = std::move(message);
        error_place_ = place;
    }

    /// The result so far: all but the runs, and what only the search knows.
    [[nodiscard]] Result<M> verdicts() {
        Result<M> result;
        result.ended = ended_.value_or(Ended::complete);
        result.complete = !ended_;
        result.model_error = error_;
        for (std::size_t i = 0; i < properties_.size(); ++i) {
            result.verdicts.push_back(monitor_.verdict(i, properties_[i], result.complete));
        }
        statistics_.unclaimed_failures = monitor_.unclaimed_failures();
        statistics_.packed_bits = layout_.bits();
        statistics_.packed_bytes = layout_.packed_bytes();
        return result;
    }
    /// Adds the counterexamples; a run for which there is no memory is left out. Throws NotSymmetric as run_to does.
    /// \param run_to gives the run to a place, without property and message
    template <class RunTo>
    void add_runs(Result<M>& result, const RunTo& run_to) {
        try {
            for (const Hit& hit : hits_) {
                Counterexample<M> run = run_to(hit.place);
                describe(run, model_, hit.property, properties_[hit.property], hit.message);
                result.verdicts[hit.property].counterexample = std::move(run);
            }
            if (!error_place_) return;
            result.model_error_run = run_to(*error_place_);
            if (error_.empty()) result.model_error = bounds_text(model_, layout_, *result.model_error_run);
        } catch (const NotSymmetric&) {
            throw;
        } catch (const std::exception& error) {
            if (result.ended == Ended::model_error && result.model_error.empty()) {
                result.model_error =
                    std::string("a field out of bounds; the run to it cannot be shown: ") + error.what();
            }
        }
    }
    /// Adds statistics and coverage: nothing is to be counted any more.
    void add_figures(Result<M>& result) {
        statistics_.seconds += limits_.seconds();
        statistics_.peak_resident_bytes = peak_resident_bytes();
        result.statistics = statistics_;
        result.coverage = std::move(coverage_);
    }

    const M& model_;
    const std::vector<Property<M>>& properties_;
    const SearchOptions& options_;
    Limits limits_;
    Monitor<M> monitor_;
    Coverage coverage_;
    Statistics statistics_;
    Layout layout_;
    std::vector<Hit> hits_;
    std::optional<Ended> ended_;
    std::string error_;
    std::optional<Place> error_place_;
};

}  // namespace vmemcheck::checker::detail
