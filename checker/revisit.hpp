// SPDX-License-Identifier: MIT
/// \file
/// A second pass over the states that a search has stored.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "checker/layout.hpp"
#include "checker/model.hpp"
#include "checker/monitor.hpp"
#include "checker/options.hpp"
#include "checker/store.hpp"
#include "checker/successors.hpp"
#include "checker/trace.hpp"

namespace vmemcheck::checker {

/// Is shown everything that a search has found, once the search has ended: its second pass calls on_state() for each
/// stored state, in the order in which they were found, and then what leads away from that state. The pass stores
/// nothing, and a search without a visitor does not pay for it.
template <Model M>
class Visitor {
 public:
    using State = typename M::State;  ///< of the model

    Visitor() = default;
    Visitor(const Visitor&) = delete;
    Visitor& operator=(const Visitor&) = delete;
    virtual ~Visitor() = default;

    /// A stored state.
    /// \param expanded false: what leads away from it is not known, as a limit ended the search or it is a violation
    virtual void on_state(const State& state, bool initial, bool expanded) = 0;
    /// A step that the search followed. With fusing, `before` may be a state within a transition: not a stored one.
    virtual void on_step(const State& before, const State& after, ActorId actor, StepId step) = 0;
    /// An actor that cannot move in the state.
    /// \param guard why; its holder is -1 if it waits for several
    virtual void on_wait(const State& state, ActorId actor, const Guard& guard) = 0;
};

namespace detail {

/// Unpacks stored states and expands them once more, as the search did.
template <Model M, class Store>
class Revisit {
 public:
    using State = typename M::State;

    /// \param expanded states from this one on were not expanded by the search
    /// \param sample an initial state: gives the bytes that are not described
    Revisit(const M& model, const Layout& layout, const Store& store, const Monitor<M>& monitor,
            const SearchOptions& options, StateIndex expanded, const State& sample)
        : model_(model),
          layout_(layout),
          store_(store),
          monitor_(monitor),
          expanded_(expanded),
          expander_(model, options.fuse),
          current_(sample),
          packed_(layout.buffer_words()) {}

    /// Makes a stored state the current one. \return whether the search expanded it
    bool load(StateIndex index) {
        const std::uint32_t* const packed = store_.packed(index);
        std::copy(packed, packed + layout_.words(), packed_.begin());
        layout_.unpack(packed_.data(), current_);
        return index < expanded_ && monitor_.state_good(current_);
    }
    /// Everything that an actor can do in the current state.
    template <class Sink>
    Moves expand(ActorId actor, Sink& sink) {
        return expander_.expand(current_, actor, sink);
    }

    [[nodiscard]] const State& current() const { return current_; }
    [[nodiscard]] const std::vector<std::uint32_t>& packed() const { return packed_; }
    [[nodiscard]] unsigned actors() const { return model_.actor_count(); }

 private:
    const M& model_;
    const Layout& layout_;
    const Store& store_;
    const Monitor<M>& monitor_;
    StateIndex expanded_;
    Expander<M> expander_;
    State current_;
    std::vector<std::uint32_t> packed_;
};

/// Shows a visitor what a search has found. It is the Expander's sink.
template <Model M>
class VisitSink {
 public:
    using State = typename M::State;

    VisitSink(Visitor<M>& visitor, const Monitor<M>& monitor, bool check_fused, const State& sample)
        : visitor_(visitor), monitor_(monitor), check_fused_(check_fused), slot_(sample) {}

    State& slot() { return slot_; }
    bool on_step(unsigned depth, const State& before, const State& after, ActorId actor, const SearchContext& context) {
        if (!followed(monitor_, check_fused_, depth, before, after, context.failures())) return false;
        visitor_.on_step(before, after, actor, context.step());
        return true;
    }
    void commit(unsigned) {}
    void drop(unsigned) {}
    void broken(Misuse, ActorId, const SearchContext&) {}  // the search has reported it

 private:
    Visitor<M>& visitor_;
    const Monitor<M>& monitor_;
    bool check_fused_;
    State slot_;
};

}  // namespace detail

}  // namespace vmemcheck::checker
