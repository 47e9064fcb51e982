// SPDX-License-Identifier: MIT
#include <array>
#include <cstdlib>
#include <memory>
#include <vector>

#include "bench/micro/sample.hpp"
#include "bench/micro/workload.hpp"
#include "bench/peers/bbm/bbm.hpp"
#include "bench/peers/peer.hpp"
#include "bench/peers/tokens/tokens.hpp"
#include "checker/compact_table.hpp"
#include "checker/hash.hpp"
#include "checker/leaf_table.hpp"
#include "checker/packer.hpp"
#include "checker/state_keys.hpp"
#include "model/bbm.hpp"

namespace vmemcheck::bench {

namespace {

using bbm::Bbm;
using Peer = peers::Bbm<4>;

constexpr std::uint64_t table_keys = 200'000;
constexpr std::uint64_t leaf_values = 50'000;
constexpr std::uint64_t sampled = 4'000;

/// The compiler may not leave out what made it.
template <class T>
void keep(const T& value) {
    asm volatile("" : : "r"(&value) : "memory");
}

Bbm big_block_mode() {
    bbm::Config config;
    config.release = *bbm::find_release("linux-6.12");
    config.scope = *bbm::find_scope("small");
    return Bbm(config);
}

// ---- the table of states ----------------------------------------------------------------------------------------

struct Table {
    checker::MemoryBudget budget;
    checker::CompactTable table;
    std::vector<checker::Key> keys;

    explicit Table(unsigned home_bits = 26) : table(home_bits, {2, {10, 10, 0}}, budget) {
        const checker::Mixer mixer(home_bits);
        for (std::uint64_t i = 0; i < table_keys; ++i) {
            const std::uint64_t rest = (i % 1000) | (i % 500) << 32;
            keys.push_back({rest, mixer.mix(static_cast<std::uint32_t>(i * 37), rest)});
        }
    }
    std::uint64_t insert_all() {
        std::uint64_t added = 0;
        for (const checker::Key& key : keys) {
            added += table.insert(table.part_of(key.home), key) == checker::Segment::Done::added ? 1 : 0;
        }
        return added;
    }
};

Work insert_new() {
    const auto table = std::make_shared<Table>();
    return [table] { return table->insert_all(); };
}

Work insert_known() {
    const auto table = std::make_shared<Table>();
    table->insert_all();
    return [table] { return table->insert_all(); };
}

// ---- leaves -----------------------------------------------------------------------------------------------------

struct Leaves {
    checker::MemoryBudget budget;
    checker::LeafTable table{2, 1U << 20, budget};
    std::vector<std::array<std::uint64_t, 2>> values;

    Leaves() {
        for (std::uint64_t i = 0; i < leaf_values; ++i) values.push_back({i * 5, i % 77});
    }
    std::uint64_t number_all() {
        std::uint64_t sum = 0;
        for (const auto& value : values) sum += table.number(value.data());
        return sum;
    }
};

Work number_new() {
    const auto leaves = std::make_shared<Leaves>();
    return [leaves] { return leaves->number_all(); };
}

Work number_known() {
    const auto leaves = std::make_shared<Leaves>();
    leaves->number_all();
    return [leaves] { return leaves->number_all(); };
}

// ---- states to words, and words to keys ---------------------------------------------------------------------------

struct Packing {
    Sample<Bbm> found;
    checker::Packer packer;
    checker::MemoryBudget budget;
    checker::StateKeys keys;
    std::vector<std::uint64_t> words;  ///< of each sampled state in turn

    Packing() : found(sample(big_block_mode(), sampled)), packer(made(big_block_mode(), found)), keys(packer, budget) {
        words.resize(found.states.size() * packer.words());
        pack_all();
    }
    static checker::Packer made(const Bbm& model, const Sample<Bbm>& found) {
        const checker::Layout layout = checker::layout_of(model, found.states.front());
        return {layout.fields(), sizeof(Bbm::State), checker::StateKeys::most_plain_bits};
    }
    std::uint64_t pack_all() {
        std::uint64_t* into = words.data();
        for (const auto& state : found.states) {
            if (packer.pack(state, into) >= 0) std::abort();
            into += packer.words();
        }
        return sum(words);
    }
    std::uint64_t unpack_all() {
        Bbm::State state = found.states.front();
        std::uint64_t last = 0;
        for (std::size_t i = 0; i < found.states.size(); ++i) {
            packer.unpack(words.data() + i * packer.words(), state);
            keep(state);
            last += static_cast<std::uint64_t>(reinterpret_cast<const unsigned char*>(&state)[i % sizeof state]);
        }
        return last;
    }
    std::uint64_t repack_all() {
        std::vector<std::uint64_t> now(packer.words());
        std::uint64_t total = 0;
        for (std::size_t i = 0; i < sampled; ++i) {
            const auto& [before, after] = found.pairs.at(i);
            std::uint64_t changed = 0;
            if (packer.repack<false>(before, after, now.data(), changed) >= 0) std::abort();
            total += now.back();
        }
        return total;
    }
    std::uint64_t key_all() {
        std::uint64_t total = 0;
        for (std::size_t i = 0; i < found.states.size(); ++i) {
            checker::Key key;
            if (!keys.key_of(words.data() + i * packer.words(), key)) std::abort();
            total += key.home;
        }
        return total;
    }
    static std::uint64_t sum(const std::vector<std::uint64_t>& all) {
        std::uint64_t total = 0;
        for (const std::uint64_t word : all) total += word;
        return total;
    }
};

template <std::uint64_t (Packing::*work)()>
Work packing() {
    const auto packing = std::make_shared<Packing>();
    return [packing] { return ((*packing).*work)(); };
}

Work make_keys() {
    const auto packing = std::make_shared<Packing>();
    packing->key_all();
    return [packing] { return packing->key_all(); };
}

Work hash_states() {
    const auto packed = std::make_shared<std::vector<std::uint32_t>>();
    constexpr unsigned words = 9;
    for (std::uint32_t i = 0; i < sampled * words; ++i) packed->push_back(i * 0x9e3779b1U);
    return [packed] {
        std::uint64_t total = 0;
        for (std::size_t i = 0; i < sampled; ++i) total += checker::hash_words(packed->data() + i * words, words);
        return total;
    };
}

// ---- successors, and a whole search -------------------------------------------------------------------------------

template <class M>
Work expand_all(const M& model) {
    const auto found = std::make_shared<Sample<M>>(sample(model, sampled));
    return [found, model] {
        checker::Expander<M> expander(model, true);
        std::uint64_t outcomes = 0;
        const auto seen = [&outcomes](const auto& state) {
            keep(state);
            ++outcomes;
        };
        for (const auto& state : found->states) expand(expander, model, state, seen);
        return outcomes;
    };
}

Work expand_peer() { return expand_all(Peer{}); }
Work expand_bbm() { return expand_all(big_block_mode()); }

Work search_tokens() {
    return [] { return peers::search(peers::Tokens<8>{}, 1).statistics.transitions; };
}

constexpr std::array all{
    Workload{"insert-new-keys", "key", table_keys, insert_new},
    Workload{"insert-known-keys", "key", table_keys, insert_known},
    Workload{"number-new-leaves", "leaf", leaf_values, number_new},
    Workload{"number-known-leaves", "leaf", leaf_values, number_known},
    Workload{"pack-states", "state", sampled, packing<&Packing::pack_all>},
    Workload{"unpack-states", "state", sampled, packing<&Packing::unpack_all>},
    Workload{"repack-successors", "state", sampled, packing<&Packing::repack_all>},
    Workload{"make-keys", "state", sampled, make_keys},
    Workload{"hash-states", "state", sampled, hash_states},
    Workload{"expand-bbm-peer", "state", sampled, expand_peer},
    Workload{"expand-bbm", "state", sampled, expand_bbm},
    Workload{"search-tokens", "transition", 99'072, search_tokens},
};

}  // namespace

std::span<const Workload> workloads() { return all; }

}  // namespace vmemcheck::bench
