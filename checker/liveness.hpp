// SPDX-License-Identifier: MIT
/// \file
/// Decides liveness properties over the states that a search has stored.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "checker/deadlock.hpp"
#include "checker/fair_lasso.hpp"
#include "checker/fairness.hpp"
#include "checker/layout.hpp"
#include "checker/monitor.hpp"
#include "checker/options.hpp"
#include "checker/property.hpp"
#include "checker/result.hpp"
#include "checker/revisit.hpp"
#include "checker/state_graph.hpp"
#include "checker/store.hpp"
#include "checker/successors.hpp"
#include "checker/trace.hpp"

namespace vmemcheck::checker {

/// The liveness properties of a list, numbered as in PropertySet, and their predicates.
template <Model M>
class LivenessPredicates {
 public:
    using State = typename M::State;

    /// \param properties must outlive this
    LivenessPredicates(const M& model, const std::vector<Property<M>>& properties) : model_(model) {
        for (std::size_t i = 0; i < properties.size(); ++i) {
            if (!is_liveness(properties[i].kind)) continue;
            index_.push_back(i);
            properties_.push_back(&properties[i]);
        }
    }

    [[nodiscard]] unsigned count() const { return static_cast<unsigned>(index_.size()); }
    /// Where the property is in the list.
    [[nodiscard]] std::size_t index(unsigned i) const { return index_[i]; }
    [[nodiscard]] const Property<M>& property(unsigned i) const { return *properties_[i]; }

    [[nodiscard]] PropertySet holds(const State& state) const { return set(state, &Property<M>::holds); }
    [[nodiscard]] PropertySet triggers(const State& state) const { return set(state, &Property<M>::trigger); }

    /// What a state within a transition adds to its label.
    void pass(const State& middle, EdgeLabel& label) const {
        const PropertySet now = holds(middle);
        label.holds |= now;
        label.fails |= ~now & all();
        label.pending = (label.pending | triggers(middle)) & ~now;
    }

 private:
    [[nodiscard]] PropertySet all() const { return count() == 32 ? ~PropertySet{0} : (PropertySet{1} << count()) - 1; }
    /// \param predicate a missing one is always true
    [[nodiscard]] PropertySet set(const State& state, bool (*Property<M>::*predicate)(const M&, const State&)) const {
        PropertySet set = 0;
        for (unsigned i = 0; i < properties_.size(); ++i) {
            const auto function = properties_[i]->*predicate;
            if (function == nullptr || function(model_, state)) set |= PropertySet{1} << i;
        }
        return set;
    }

    const M& model_;
    std::vector<std::size_t> index_;
    std::vector<const Property<M>*> properties_;
};

namespace detail {

/// Expands the stored states once more and makes a StateGraph of them. It is the Expander's sink.
template <Model M, class Store>
class GraphBuilder {
 public:
    using State = typename M::State;

    /// \param expanded states from this one on were not expanded by the search
    GraphBuilder(const M& model, const Layout& layout, const Store& store, const Monitor<M>& monitor,
                 const LivenessPredicates<M>& predicates, const SearchOptions& options, StateIndex expanded,
                 const State& sample)
        : layout_(layout),
          store_(store),
          monitor_(monitor),
          predicates_(predicates),
          options_(options),
          fairness_(fairness_of(model)),
          revisit_(model, layout, store, monitor, options, expanded, sample),
          slot_(sample) {}

    /// \param over called for each state; the graph is not completed if it says true
    /// \return the graph, if it was completed
    template <class Over>
    [[nodiscard]] std::optional<StateGraph> build(Over&& over) {
        graph_.emplace(store_.size());
        for (StateIndex index = 0; index < store_.size(); ++index) {
            if (over(graph_->bytes())) return std::nullopt;
            add(index);
        }
        return std::move(graph_);
    }

    State& slot() { return slot_; }
    bool on_step(unsigned depth, const State& before, const State& after, ActorId actor, const SearchContext& context) {
        labels_.resize(depth + 1);
        EdgeLabel& label = labels_[depth];
        label = depth == 0 ? EdgeLabel{} : labels_[depth - 1];
        if (depth > 0) predicates_.pass(before, label);
        const FairnessSet actions = actions_of(fairness_, actor, context.step(), context.taken());
        label.actions |= actions;
        if (depth == 0) enabled_ |= actions;
        return followed(monitor_, options_.check_fused, depth, before, after, context.failures());
    }
    void commit(unsigned depth) {
        const std::size_t at = successors_.size();
        words_.resize((at + 1) * layout_.buffer_words());
        std::uint32_t* const packed = words_.data() + at * layout_.buffer_words();
        std::copy(revisit_.packed().begin(), revisit_.packed().end(), packed);
        if (layout_.repack(revisit_.current(), slot_, packed) >= 0) return;  // the search has reported it
        const std::uint64_t hash = hash_words(packed, layout_.words());
        store_.prefetch(hash);
        successors_.push_back({hash, labels_[depth]});
    }
    void drop(unsigned) {}
    void broken(Misuse, ActorId, const SearchContext&) {}

 private:
    struct Successor {
        std::uint64_t hash = 0;
        EdgeLabel label;
    };

    void add(StateIndex index) {
        const bool expanded = revisit_.load(index);
        const State& state = revisit_.current();
        enabled_ = 0;
        successors_.clear();
        if (expanded) {
            for (ActorId actor = 0; actor < revisit_.actors(); ++actor) revisit_.expand(actor, *this);
        }
        bool whole = expanded;
        for (std::size_t i = 0; i < successors_.size(); ++i) {
            const StateIndex target = store_.find(words_.data() + i * layout_.buffer_words(), successors_[i].hash);
            whole = target != no_state && graph_->add_edge(target, successors_[i].label) && whole;
        }
        const StateIndex parent = store_.parent(index);
        const std::uint32_t distance = parent == no_state ? 0 : graph_->distance(parent) + 1;
        graph_->add_state(enabled_, predicates_.holds(state), predicates_.triggers(state), distance, whole);
    }

    const Layout& layout_;
    const Store& store_;
    const Monitor<M>& monitor_;
    const LivenessPredicates<M>& predicates_;
    const SearchOptions& options_;
    std::span<const FairnessInfo> fairness_;
    Revisit<M, Store> revisit_;
    std::optional<StateGraph> graph_;

    // The state being added.
    State slot_;
    FairnessSet enabled_ = 0;
    std::vector<EdgeLabel> labels_;  ///< one a run of the transition being made
    std::vector<Successor> successors_;
    std::vector<std::uint32_t> words_;  ///< packed successors
};

/// The steps of an edge: an outcome that leads to its target and has its label.
template <Model M, class Store>
[[nodiscard]] std::vector<MicroStep<typename M::State>> steps_of(const M& model, const Tracer<M, Store>& tracer,
                                                                 const LivenessPredicates<M>& predicates,
                                                                 const StateGraph& graph, StateIndex from,
                                                                 StateGraph::Edge edge) {
    const auto begin = tracer.state(from);
    return tracer.find_outcome(begin, tracer.state(graph.target(edge)), [&](const auto& steps) {
        EdgeLabel label;
        for (std::size_t i = 0; i < steps.size(); ++i) {
            if (i > 0) predicates.pass(steps[i - 1].after, label);
            label.actions |= actions_of(fairness_of(model), steps[i].actor, steps[i].step, steps[i].choices);
        }
        return label == graph.label(graph.label_id(edge));
    });
}

}  // namespace detail

/// The run that a lasso of the graph stands for.
template <Model M, class Store>
[[nodiscard]] Counterexample<M> run_of(const AbstractLasso& lasso, const M& model, const Tracer<M, Store>& tracer,
                                       const LivenessPredicates<M>& predicates, const StateGraph& graph) {
    Counterexample<M> run = tracer.run_to(Place{lasso.root, false, 0, 0, 0});
    StateIndex at = lasso.root;
    for (std::size_t i = 0; i < lasso.edges.size(); ++i) {
        if (i == lasso.loop) run.loop = run.steps.size();
        for (auto& step : detail::steps_of(model, tracer, predicates, graph, at, lasso.edges[i])) {
            run.steps.push_back(std::move(step));
        }
        at = graph.target(lasso.edges[i]);
    }
    if (!run.loop) run.loop = run.steps.size();
    return run;
}

}  // namespace vmemcheck::checker
