// SPDX-License-Identifier: MIT
/// \file
/// Whether a model is as symmetric as it says.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "checker/layout.hpp"
#include "checker/model.hpp"
#include "checker/monitor.hpp"
#include "checker/options.hpp"
#include "checker/property.hpp"
#include "checker/symmetry.hpp"
#include "checker/trace.hpp"

namespace vmemcheck::checker {

/// Holds a state against the one in which two interchangeable parts are exchanged: what symmetry reduction is sound by.
/// All steps of all actors must lead to the same states but for the exchange, and every property must say the same.
/// One state says little, all that are reachable say all.
template <Model M>
class SymmetryAudit {
 public:
    using State = typename M::State;

    /// \param options those of the search: which transitions are followed, and whether local steps are fused
    SymmetryAudit(const M& model, const std::vector<Property<M>>& properties, const Monitor<M>& monitor,
                  const SearchOptions& options)
        : model_(model), properties_(properties), monitor_(monitor), options_(options) {}

    /// \param which of symmetry.exchanges()
    /// \return what is not as it should be, or nothing
    [[nodiscard]] std::string operator()(Symmetry& symmetry, const State& state, std::size_t which) const {
        State other = state;
        symmetry.exchange(other, which);
        const std::string what = "the model is not symmetric: with " + symmetry.exchange_text(which) + " exchanged, ";
        for (const Property<M>& property : properties_) {
            for (const auto predicate : {property.holds, property.trigger}) {
                if (predicate != nullptr && predicate(model_, state) != predicate(model_, other)) {
                    return what + "property " + property.id + " says something else";
                }
            }
        }
        if (model_.at_rest(state) != model_.at_rest(other)) return what + "at_rest() says something else";
        const Layout layout = layout_of(model_, state);
        std::vector<Way> expected = ways(layout, state, [&](State& s) { symmetry.exchange(s, which); });
        std::vector<Way> found = ways(layout, other, [](State&) {});
        std::sort(expected.begin(), expected.end());
        std::sort(found.begin(), found.end());
        const auto [a, b] = std::mismatch(expected.begin(), expected.end(), found.begin(), found.end());
        if (a == expected.end() && b == found.end()) return {};
        const bool missing = b == found.end() || (a != expected.end() && *a < *b);
        const StepId step = missing ? a->steps.back() : b->steps.back();
        const std::span<const StepInfo> steps = model_.steps();
        return what + "step " + (step < steps.size() ? std::string(steps[step].name) : std::to_string(step)) +
               (missing ? " does not lead where it should" : " leads where it should not");
    }

 private:
    /// A transition, as far as it must not depend on numbering.
    struct Way {
        std::vector<StepId> steps;
        bool dropped = false;
        std::vector<bool> properties;  ///< what those of steps say of each
        std::vector<std::uint32_t> after;
        auto operator<=>(const Way&) const = default;  // NOLINT(modernize-use-nullptr): there is no pointer
    };

    template <class Rename>
    std::vector<Way> ways(const Layout& layout, const State& from, const Rename& rename) const {
        std::vector<Way> all;
        for (ActorId actor = 0; actor < model_.actor_count(); ++actor) {
            auto sink = transitions_of(model_, monitor_, options_.fuse, options_.check_fused, from, actor);
            for (std::size_t i = 0; i < sink.outcomes.size(); ++i) all.push_back(way(layout, from, sink, i, rename));
        }
        return all;
    }
    template <class Sink, class Rename>
    Way way(const Layout& layout, const State& from, const Sink& sink, std::size_t number, const Rename& rename) const {
        Way way;
        way.dropped = sink.dropped[number];
        const State* before = &from;
        for (const MicroStep<State>& step : sink.outcomes[number].steps) {
            way.steps.push_back(step.step);
            for (const Property<M>& property : properties_) {
                if (property.holds_step == nullptr) continue;
                way.properties.push_back(property.holds_step(model_, *before, step.after));
            }
            before = &step.after;
        }
        State last = *before;
        rename(last);
        way.after.resize(layout.buffer_words());
        static_cast<void>(layout.pack(last, way.after.data()));
        return way;
    }

    const M& model_;
    const std::vector<Property<M>>& properties_;
    const Monitor<M>& monitor_;
    const SearchOptions& options_;
};

}  // namespace vmemcheck::checker
