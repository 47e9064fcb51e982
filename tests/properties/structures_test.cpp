// SPDX-License-Identifier: MIT
// The data structures of a search under any sequence of calls, against simple ones (rc::state).
#include <gtest/gtest.h>
#include <rapidcheck/state.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "checker/batch.hpp"
#include "checker/hash.hpp"
#include "checker/store.hpp"
#include "properties/falsify.hpp"

namespace vmemcheck::properties {
namespace {

using checker::ExactStore;
using checker::Inserted;
using checker::StateIndex;
using Packed = std::vector<std::uint32_t>;

// --- the store ---

/// What a store must contain: the states in the order they came, and each one's parent.
struct StoreModel {
    unsigned words = 1;
    std::uint64_t room = 0;  ///< states it may hold; 0: any number
    std::map<Packed, StateIndex> index;
    std::vector<Packed> order;
    std::vector<StateIndex> parents;
    bool released = false;  ///< can be read only
};

using StoreCommand = rc::state::Command<StoreModel, ExactStore>;

/// Inserts states that follow from one another: many at once make the store grow.
struct Insert : StoreCommand {
    explicit Insert(const StoreModel& model) {
        first = *rc::gen::inRange(0U, 3000U);
        count = *rc::gen::weightedOneOf<unsigned>(
            {{3, rc::gen::inRange(1U, 4U)}, {1, rc::gen::resize(100, rc::gen::inRange(1U, 1500U))}});
        parent = *rc::gen::inRange<StateIndex>(0, static_cast<StateIndex>(model.order.size()) + 1);
    }
    void checkPreconditions(const StoreModel& model) const override { RC_PRE(!model.released); }

    [[nodiscard]] Packed state(const StoreModel& model, unsigned i) const {
        Packed packed(model.words, 0);
        packed.front() = first + i;
        packed.back() += (first + i) / 7 * 0x10001U;
        return packed;
    }
    static bool full(const StoreModel& model) { return model.room != 0 && model.order.size() >= model.room; }

    void apply(StoreModel& model) const override {
        for (unsigned i = 0; i < count; ++i) {
            Packed packed = state(model, i);
            if (model.index.count(packed) != 0 || full(model)) continue;
            model.index.emplace(packed, static_cast<StateIndex>(model.order.size()));
            model.order.push_back(std::move(packed));
            model.parents.push_back(parent);
        }
    }
    void run(const StoreModel& before, ExactStore& store) const override {
        StoreModel model = before;
        for (unsigned i = 0; i < count; ++i) {
            const Packed packed = state(model, i);
            const std::uint64_t hash = checker::hash_words(packed.data(), model.words);
            store.prefetch(hash);
            store.prefetch_candidate(hash);
            const Inserted done = store.insert(packed.data(), hash, parent);
            const auto known = model.index.find(packed);
            if (known != model.index.end()) {
                RC_ASSERT(done.what == Inserted::What::found);
                RC_ASSERT(done.index == known->second);
            } else if (full(model)) {
                RC_ASSERT(done.what == Inserted::What::full);
            } else {
                RC_ASSERT(done.what == Inserted::What::added);
                RC_ASSERT(done.index == model.order.size());
                model.index.emplace(packed, done.index);
                model.order.push_back(packed);
            }
            RC_ASSERT(store.size() == model.order.size());
        }
        // It may have grown, by copying.
        for (StateIndex i = 0; i < store.size(); ++i)
            RC_ASSERT(Packed(store.packed(i), store.packed(i) + store.words()) == model.order[i]);
    }
    void show(std::ostream& out) const override {
        out << "insert " << first << " .. " << first + count - 1 << " with parent " << parent;
    }

    unsigned first = 0;
    unsigned count = 0;
    StateIndex parent = 0;
};

/// Reads everything that was inserted.
struct ReadAll : StoreCommand {
    void run(const StoreModel& model, ExactStore& store) const override {
        RC_ASSERT(store.size() == model.order.size());
        for (StateIndex i = 0; i < store.size(); ++i) {
            RC_ASSERT(Packed(store.packed(i), store.packed(i) + store.words()) == model.order[i]);
            RC_ASSERT(store.parent(i) == model.parents[i]);
        }
        RC_ASSERT(store.bytes() <= store.peak_bytes());
        RC_ASSERT(store.bytes() >= model.order.size() * model.words * sizeof(std::uint32_t));
    }
    void show(std::ostream& out) const override { out << "read all"; }
};

/// Frees the table: from then on states can only be read.
struct ReleaseIndex : StoreCommand {
    void checkPreconditions(const StoreModel& model) const override { RC_PRE(model.order.size() > 100); }
    void apply(StoreModel& model) const override { model.released = true; }
    void run(const StoreModel& model, ExactStore& store) const override {
        store.release_index();
        const Packed packed(model.words, 0xfffffffeU);
        const std::uint64_t hash = checker::hash_words(packed.data(), model.words);
        store.prefetch_candidate(hash);
        RC_ASSERT(store.insert(packed.data(), hash, 0).what == Inserted::What::full);
    }
    void show(std::ostream& out) const override { out << "release the index"; }
};

TEST(Structures, TheStoreIsAnOrderedSetWithParents) {
    const auto failure = falsify({.runs = 40, .size = 40}, [] {
        StoreModel model;
        // The wider a state, the sooner the store has to grow.
        const auto root = *rc::gen::inRange(1U, 9U);
        model.words = root * root;
        model.room = *rc::gen::weightedOneOf<std::uint64_t>(
            {{3, rc::gen::just<std::uint64_t>(0)}, {1, rc::gen::inRange<std::uint64_t>(1, 3000)}});
        ExactStore store(model.words, 0, model.room);
        rc::state::check(model, store,
                         rc::state::gen::execOneOfWithArgs<Insert, Insert, Insert, ReadAll, ReleaseIndex>());
    });
    EXPECT_FALSE(failure) << *failure;
}

// --- batches of successors ---

/// A state of two numbers, for batches.
struct Pair {
    std::int8_t a;
    std::int16_t b;
};
bool operator==(const Pair& one, const Pair& other) { return one.a == other.a && one.b == other.b; }

checker::Layout pair_layout() {
    static constexpr Pair sample{0, 0};
    checker::FieldSink sink(&sample);
    sink("a", sample.a, -3, 9);
    sink("b", sample.b, 0, 50);
    return checker::Layout(sink.take(), sizeof(Pair));
}

/// A successor on its way.
struct Waiting {
    Pair state;
    StateIndex parent;
    checker::StepId step;
};

/// A queue, and the set of what has left it.
struct BatchModel {
    std::deque<Waiting> waiting;
    std::vector<Pair> stored;
};

/// The batch with what it needs.
struct BatchUnderTest {
    BatchUnderTest() : layout(pair_layout()), batch(Pair{0, 0}, layout), store(layout.words()) {}

    checker::Layout layout;
    checker::Batch<Pair> batch;
    ExactStore store;
};

using BatchCommand = rc::state::Command<BatchModel, BatchUnderTest>;
constexpr Pair origin{0, 0};

rc::Gen<Pair> pairs() {
    // One value too many on either side now and then.
    return rc::gen::map(rc::gen::resize(100, rc::gen::pair(rc::gen::inRange(-4, 11), rc::gen::inRange(-1, 52))),
                        [](const std::pair<int, int>& drawn) {
                            return Pair{static_cast<std::int8_t>(drawn.first), static_cast<std::int16_t>(drawn.second)};
                        });
}

struct Commit : BatchCommand {
    explicit Commit(const BatchModel& model)
        : state(*pairs()),
          parent(*rc::gen::inRange<StateIndex>(0, static_cast<StateIndex>(model.stored.size()) + 1)),
          step(*rc::gen::inRange(0U, 5U)),
          initial(*rc::gen::inRange(0, 4) == 0) {}

    /// Index of the first field out of bounds, or -1.
    [[nodiscard]] int bad() const {
        if (state.a < -3 || state.a > 9) return 0;
        return state.b < 0 || state.b > 50 ? 1 : -1;
    }
    void checkPreconditions(const BatchModel& model) const override {
        RC_PRE(model.waiting.size() < checker::Batch<Pair>::capacity);
    }
    void apply(BatchModel& model) const override {
        if (bad() >= 0) return;
        model.waiting.push_back({state, initial ? checker::no_state : parent, initial ? checker::no_step : step});
    }
    void run(const BatchModel& model, BatchUnderTest& sut) const override {
        RC_ASSERT(!sut.batch.full());
        if (initial) {
            RC_ASSERT(sut.batch.add_initial(sut.layout, state, sut.store) == bad());
        } else {
            Packed before(sut.layout.buffer_words());
            RC_ASSERT(sut.layout.pack(origin, before.data()) == -1);
            sut.batch.next_state() = state;
            RC_ASSERT(sut.batch.commit(sut.layout, origin, before.data(), parent, step, sut.store) == bad());
        }
        const std::size_t waiting = model.waiting.size() + (bad() < 0 ? 1 : 0);
        RC_ASSERT(sut.batch.full() == (waiting == checker::Batch<Pair>::capacity));
    }
    void show(std::ostream& out) const override {
        out << (initial ? "add initial (" : "commit (") << int{state.a} << ", " << state.b << "), parent " << parent
            << ", step " << step;
    }

    Pair state;
    StateIndex parent;
    checker::StepId step;
    bool initial;
};

struct Flush : BatchCommand {
    /// Calls added(index, waiting) for those that are new.
    template <class Added>
    static void drain(BatchModel& model, Added&& added) {
        for (; !model.waiting.empty(); model.waiting.pop_front()) {
            const Waiting next = model.waiting.front();
            if (std::find(model.stored.begin(), model.stored.end(), next.state) != model.stored.end()) continue;
            added(model.stored.size(), next);
            model.stored.push_back(next.state);
        }
    }
    void apply(BatchModel& model) const override {
        drain(model, [](std::size_t, const Waiting&) {});
    }
    void run(const BatchModel& before, BatchUnderTest& sut) const override {
        BatchModel model = before;
        std::deque<std::pair<std::size_t, Waiting>> expected;
        drain(model, [&](std::size_t index, const Waiting& waiting) { expected.emplace_back(index, waiting); });
        const bool room = sut.batch.flush(sut.store, [&](StateIndex index, const Pair& state, checker::StepId step) {
            RC_ASSERT(!expected.empty());
            const auto [at, waiting] = expected.front();
            expected.pop_front();
            RC_ASSERT(index == at);
            RC_ASSERT(state == waiting.state);
            RC_ASSERT(step == waiting.step);
            RC_ASSERT(sut.store.parent(index) == waiting.parent);
        });
        RC_ASSERT(room);
        RC_ASSERT(expected.empty());
        RC_ASSERT(!sut.batch.full());
    }
    void show(std::ostream& out) const override { out << "flush"; }
};

TEST(Structures, ABatchIsAQueueIntoTheStore) {
    const auto failure = falsify({.runs = 300, .size = 200}, [] {
        BatchUnderTest sut;
        rc::state::check(BatchModel{}, sut, rc::state::gen::execOneOfWithArgs<Commit, Commit, Commit, Commit, Flush>());
    });
    EXPECT_FALSE(failure) << *failure;
}

TEST(Structures, ABatchSaysSoWhenTheStoreIsFull) {
    const auto failure = falsify({.runs = 50}, [] {
        const auto room = *rc::gen::inRange<std::uint64_t>(1, 20);
        const auto states = *rc::gen::container<std::vector<Pair>>(24, pairs());
        const checker::Layout layout = pair_layout();
        ExactStore store(layout.words(), 0, room);
        checker::Batch<Pair> batch(origin, layout);
        std::vector<Pair> distinct;
        for (const Pair& state : states) {
            if (batch.add_initial(layout, state, store) >= 0) continue;
            if (std::find(distinct.begin(), distinct.end(), state) == distinct.end()) distinct.push_back(state);
        }
        std::size_t added = 0;
        const bool all = batch.flush(store, [&](StateIndex, const Pair&, checker::StepId) { ++added; });
        RC_ASSERT(all == (distinct.size() <= room));
        RC_ASSERT(added == std::min<std::size_t>(distinct.size(), room));
    });
    EXPECT_FALSE(failure) << *failure;
}

}  // namespace
}  // namespace vmemcheck::properties
