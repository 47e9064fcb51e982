// SPDX-License-Identifier: MIT
/// \file
/// All that one actor can do in one state.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "checker/context.hpp"
#include "checker/copy_state.hpp"
#include "checker/model.hpp"
#include "checker/result.hpp"

namespace vmemcheck::checker {

/// Whether an actor can move in a state, and if not, why.
struct Moves {
    bool enabled = false;
    bool guarded = false;  ///< some run was blocked
    Guard guard{};  ///< why not: the guard of the last blocked run; its holder is -1 if blocked runs name several
};

/// Runs an actor's step once for each list of answers, and with fusing the local steps that follow.
///
/// A local step (StepInfo::local) commutes with all of the others, is never blocked and changes nothing a property
/// reads, so interleavings that put another actor's step before it reach nothing new (Lipton, CACM 1975). A chain of
/// local steps ends after max_chain, a transition's tree of outcomes stops growing after max_runs: loops of local steps
/// are cut, and go on in the next transition. What is enumerated, and in which order, depends on the state only.
///
/// A Sink has
/// - State& slot(): room for the next outcome; the same until commit()
/// - bool on_step(depth, before, after, actor, context): an enabled run, number `depth` (0, 1, ...) of the transition;
///   false if it must not be followed
/// - void commit(depth): the transition that ends with this run is complete, its state is in slot()
/// - void drop(depth): the transition ends here because on_step said so
/// - void broken(misuse, actor, context): the model broke a rule; the enumeration ends
template <Model M>
class Expander {
 public:
    using State = typename M::State;
    static constexpr unsigned max_chain = 64;
    static constexpr unsigned max_runs = 4096;

    /// \param texts whether Moves::guard gets what the actor waits for, besides the holder: copying what the step just
    /// wrote takes a tenth of a search's time
    Expander(const M& model, bool fuse, bool texts = true) : model_(model), texts_(texts) {
        if constexpr (PredictsSteps<M>) {
            if (!fuse) return;
            bool any = false;
            for (const StepInfo& step : std::span<const StepInfo>(model.steps())) {
                local_.push_back(step.local ? 1 : 0);
                any = any || step.local;
            }
            if (!any) local_.clear();
        }
    }

    /// Whether a transition may be more than one step.
    [[nodiscard]] bool fuses() const { return !local_.empty(); }

    template <class Sink>
    Moves expand(const State& from, ActorId actor, Sink& sink) {
        Moves moves;
        expand(from, actor, sink, moves);
        return moves;
    }
    /// The same, for searches: copying what was just written in smaller pieces would wait for the writes.
    template <class Sink>
    void expand(const State& from, ActorId actor, Sink& sink, Moves& moves) {
        begin(moves);
        run(from, actor, 0, sink, moves);
    }
    /// The same of one actor after the other, sooner: what a call for each would cost is paid once. The sink's
    /// begin(actor) is called before each of them.
    /// \param moves of each actor
    template <class Sink>
    void expand_each(const State& from, std::span<Moves> moves, Sink& sink) {
        SearchContext context;
        const auto count = static_cast<ActorId>(moves.size());
        for (ActorId actor = 0; actor < count; ++actor) {
            sink.begin(actor);
            begin(moves[actor]);
            run_in(context, from, actor, 0, sink, moves[actor]);
            if (broken_) [[unlikely]]
                context = SearchContext();
        }
    }

 private:
    void begin(Moves& moves) {
        moves.enabled = moves.guarded = false;
        runs_ = 0;
        broken_ = false;
    }
    template <class Sink>
    void run(const State& before, ActorId actor, unsigned depth, Sink& sink, Moves& moves) {
        SearchContext context;
        run_in(context, before, actor, depth, sink, moves);
    }
    /// \param context as good as new, before and, unless broken_, after
    template <class Sink>
    [[gnu::always_inline]] void run_in(SearchContext& context, const State& before, ActorId actor, unsigned depth,
                                       Sink& sink, Moves& moves) {
        do {
            State& after = sink.slot();
            detail::copy_state(after, before);
            context.begin();
            model_.step(after, actor, context);
            if (context.misuse() != Misuse::none) [[unlikely]] {
                broken_ = true;
                sink.broken(context.misuse(), actor, context);
                return;
            }
            if (context.is_blocked()) {
                const int holder = context.guard().holder;
                moves.guard.holder = moves.guarded && moves.guard.holder != holder ? -1 : holder;
                moves.guarded = true;
                if (texts_) moves.guard.what = context.guard().what;
                continue;
            }
            moves.enabled = true;
            if constexpr (PredictsSteps<M>) ++runs_;
            if (!sink.on_step(depth, before, after, actor, context)) {
                sink.drop(depth);
            } else if (goes_on(after, actor, depth)) {
                chain(after, actor, depth, sink);
            } else {
                sink.commit(depth);
            }
        } while (!broken_ && context.advance());
        if (context.misuse() != Misuse::none && !broken_) {
            broken_ = true;
            sink.broken(context.misuse(), actor, context);
        }
    }

    bool goes_on(const State& state, ActorId actor, unsigned depth) const {
        if constexpr (PredictsSteps<M>) {
            if (local_.empty() || depth + 1 >= max_chain || runs_ >= max_runs) return false;
            const int next = model_.next_step(state, actor);
            return next >= 0 && static_cast<std::size_t>(next) < local_.size() &&
                   local_[static_cast<unsigned>(next)] != 0;
        } else {
            return false;
        }
    }

    template <class Sink>
    void chain(const State& state, ActorId actor, unsigned depth, Sink& sink) {
        const State middle = state;
        Moves moves;
        run(middle, actor, depth + 1, sink, moves);
        if (moves.enabled || broken_) return;
        sink.slot() = middle;  // a local step that is blocked after all
        sink.commit(depth);
    }

    const M& model_;
    bool texts_;
    std::vector<char> local_;  ///< one a step; empty: nothing is fused
    unsigned runs_ = 0;
    bool broken_ = false;
};

/// One thing an actor can do.
template <class State>
struct Outcome {
    std::vector<MicroStep<State>> steps;  ///< at least one
    std::vector<Failure> failures;        ///< of the last of them
};

/// All outcomes of an actor, and if there are none, why.
template <class State>
struct Outcomes {
    std::vector<Outcome<State>> all;
    Moves moves;
    Misuse misuse = Misuse::none;
};

namespace detail {

/// Collects whole transitions. `follow(depth, before, after, context)` is asked what Sink::on_step is.
template <class State, class Follow>
class PathSink {
 public:
    PathSink(const State& sample, Follow follow) : slot_(sample), follow_(follow) {}

    State& slot() { return slot_; }
    bool on_step(unsigned depth, const State& before, const State& after, ActorId actor, const SearchContext& context) {
        path_.resize(depth, MicroStep<State>{0, 0, {}, slot_, false});
        MicroStep<State> step{actor, context.step(), {}, after, depth == 0};
        for (const auto& taken : context.taken()) step.choices.emplace_back(taken.choice, taken.value);
        path_.push_back(std::move(step));
        failures_.assign(context.failures().begin(), context.failures().end());
        return follow_(depth, before, after, context);
    }
    void commit(unsigned depth) {
        path_.resize(depth + 1, MicroStep<State>{0, 0, {}, slot_, false});
        outcomes.push_back({path_, failures_});
        dropped.push_back(false);
    }
    void drop(unsigned depth) {
        commit(depth);
        dropped.back() = true;
    }
    void broken(Misuse how, ActorId, const SearchContext&) { misuse = how; }

    std::vector<Outcome<State>> outcomes;
    std::vector<bool> dropped;  ///< one an outcome
    Misuse misuse = Misuse::none;

 private:
    State slot_;
    Follow follow_;
    std::vector<MicroStep<State>> path_;
    std::vector<Failure> failures_;
};

}  // namespace detail

/// Everything an actor can do in a state; for reports and tools, not for searching.
template <Model M>
[[nodiscard]] Outcomes<typename M::State> outcomes(const M& model, const typename M::State& state, ActorId actor,
                                                   bool fuse = false) {
    using State = typename M::State;
    Expander<M> expander(model, fuse);
    const auto follow = [](unsigned, const State&, const State&, const SearchContext& context) {
        return context.failures().empty();
    };
    detail::PathSink<State, decltype(follow)> sink(state, follow);
    Outcomes<State> result;
    result.moves = expander.expand(state, actor, sink);
    result.all = std::move(sink.outcomes);
    result.misuse = sink.misuse;
    return result;
}

}  // namespace vmemcheck::checker
