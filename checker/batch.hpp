// SPDX-License-Identifier: MIT
/// \file
/// Successors on their way into the store.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "checker/context.hpp"
#include "checker/hash.hpp"
#include "checker/layout.hpp"
#include "checker/store.hpp"

namespace vmemcheck::checker {

/// Some successors, packed and hashed, whose places in the store are being fetched by the time they are inserted: the
/// random lookups of a search then overlap instead of each costing a cache miss. Successors leave in the order they
/// came.
template <class State>
class Batch {
 public:
    static constexpr unsigned capacity = 32;

    /// \param sample any state; State need not be default constructible
    Batch(const State& sample, const Layout& layout)
        : states_(capacity, sample),
          packed_(std::size_t{capacity} * layout.buffer_words()),
          words_(layout.words()),
          stride_(layout.buffer_words()) {}

    /// Room for the next successor. The batch must not be full.
    State& next_state() { return states_[count_]; }

    /// Adds the state in next_state(), reached from `before` by a transition that began with `step`.
    /// \return -1, or the index of a field out of bounds; the state is then not added
    template <class Store>
    int commit(const Layout& layout, const State& before, const std::uint32_t* before_packed, StateIndex parent,
               StepId step, const Store& store) {
        std::uint32_t* const packed = packed_.data() + std::size_t{count_} * stride_;
        std::copy(before_packed, before_packed + words_, packed);
        if (const int bad = layout.repack(before, states_[count_], packed); bad >= 0) return bad;
        add(packed, parent, step, store);
        return -1;
    }
    /// Adds an initial state. \return as commit()
    template <class Store>
    int add_initial(const Layout& layout, const State& state, const Store& store) {
        std::uint32_t* const packed = packed_.data() + std::size_t{count_} * stride_;
        states_[count_] = state;
        if (const int bad = layout.pack(state, packed); bad >= 0) return bad;
        add(packed, no_state, no_step, store);
        return -1;
    }
    [[nodiscard]] bool full() const { return count_ == capacity; }

    /// Inserts all successors and empties the batch; calls added(index, state, step) for each that is new.
    /// \return false if the store was full for one of them
    template <class Store, class Added>
    bool flush(Store& store, Added&& added) {
        for (unsigned i = 0; i < count_; ++i) store.prefetch_candidate(entries_[i].hash);
        bool room = true;
        for (unsigned i = 0; i < count_; ++i) {
            const Entry& entry = entries_[i];
            const Inserted done = store.insert(packed_.data() + std::size_t{i} * stride_, entry.hash, entry.parent);
            if (done.what == Inserted::What::added) added(done.index, states_[i], entry.step);
            if (done.what == Inserted::What::full) room = false;
        }
        count_ = 0;
        return room;
    }

 private:
    struct Entry {
        std::uint64_t hash;
        StateIndex parent;
        StepId step;
    };

    template <class Store>
    void add(const std::uint32_t* packed, StateIndex parent, StepId step, const Store& store) {
        const std::uint64_t hash = hash_words(packed, words_);
        store.prefetch(hash);
        entries_[count_++] = {hash, parent, step};
    }

    std::vector<State> states_;
    std::vector<std::uint32_t> packed_;
    std::array<Entry, capacity> entries_{};
    unsigned words_;
    unsigned stride_;
    unsigned count_ = 0;
};

}  // namespace vmemcheck::checker
