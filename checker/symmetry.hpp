// SPDX-License-Identifier: MIT
/// \file
/// Interchangeable parts of a state, and one state for all that differ in how they are numbered.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "checker/field_bytes.hpp"
#include "checker/model.hpp"

namespace vmemcheck::checker {

/// A set of interchangeable parts of a state: processes, caches, pages (a scalarset: Ip, Dill, Better verification
/// through symmetry, FMSD 1996). Fields are given by their offset in the state.
struct Scalarset {
    std::string name;                            ///< for messages: "caches"
    unsigned size = 0;                           ///< number of parts
    std::vector<std::vector<std::size_t>> part;  ///< fields of each part, the same in the same order
    /// Fields that each two parts have: [i][j], the same in the same order; [i][i] too.
    std::vector<std::vector<std::vector<std::size_t>>> pair;
    /// A field that names a part.
    struct Reference {
        std::size_t field = 0;  ///< offset in the state, in bytes
        int first = 0;          ///< value that names part 0; first + size and more, and less than first, name none
    };
    std::vector<Reference> references;  ///< fields that name a part
};

/// Collects the sets of a model; see Symmetric. Sets are numbered in the order of their declaration.
class SymmetrySink {
 public:
    /// \param base the state whose fields it will be given
    explicit SymmetrySink(const void* base) : base_(static_cast<const char*>(base)) {}

    /// Begins a set of so many parts. \return its number
    std::size_t set(std::string name, unsigned size) {
        sets_.push_back(
            {std::move(name),
             size,
             std::vector<std::vector<std::size_t>>(size),
             std::vector<std::vector<std::vector<std::size_t>>>(size, std::vector<std::vector<std::size_t>>(size)),
             {}});
        return sets_.size() - 1;
    }
    /// A field of a part. \param i 0 .. size - 1
    template <class Int>
    void part(std::size_t set, unsigned i, const Int& field) {
        sets_.at(set).part.at(i).push_back(offset(field));
    }
    /// A field that two parts have, in this order, like the channel from one to the other.
    template <class Int>
    void pair(std::size_t set, unsigned i, unsigned j, const Int& field) {
        sets_.at(set).pair.at(i).at(j).push_back(offset(field));
    }
    /// A field whose value first + i names part i; it may be a field of a part or of a pair as well.
    template <class Int>
    void reference(std::size_t set, const Int& field, int first = 0) {
        sets_.at(set).references.push_back({offset(field), first});
    }

    /// The sets declared. To be called once.
    [[nodiscard]] std::vector<Scalarset> take() { return std::move(sets_); }

 private:
    template <class Int>
    std::size_t offset(const Int& field) const {
        static_assert(std::is_trivially_copyable_v<Int> && (sizeof(Int) == 1 || sizeof(Int) == 2));
        return static_cast<std::size_t>(reinterpret_cast<const char*>(&field) - base_);
    }

    const char* base_;
    std::vector<Scalarset> sets_;
};

/// A model some parts of which are interchangeable: symmetries() declares them. What it declares must be so: when the
/// parts of a state are numbered otherwise, the same steps lead to the same states but for that numbering, and every
/// property says the same. A search that makes use of it looks at samples of both (SearchOptions::audit_each).
template <class M>
concept Symmetric = requires(const M& model, const typename M::State& state, SymmetrySink& sink) {
    model.symmetries(state, sink);
};

/// A model is not as symmetric as it says. what() is a sentence.
class NotSymmetric : public std::runtime_error {
 public:
    using std::runtime_error::runtime_error;
};

/// How the parts of a state may be numbered anew.
///
/// normalize() puts one state in the place of all that differ in the numbering of interchangeable parts. Parts are
/// first sorted by what does not depend on numbers; among those that this leaves alike, all orders are tried, but not
/// more than most_orders of them: beyond, two such states may stay apart, which costs reduction and nothing else.
class Symmetry {
 public:
    /// Orders that are tried at most: 8!
    static constexpr std::uint64_t most_orders = 40320;

    /// None.
    Symmetry() = default;
    /// \param fields what Model::describe reported
    /// Does not throw for wrong sets: error() then says what is wrong.
    Symmetry(std::span<const Scalarset> sets, std::span<const FieldInfo> fields, std::size_t state_bytes);

    /// Empty when it can be used.
    [[nodiscard]] const std::string& error() const { return error_; }
    /// Whether there is nothing to be exchanged.
    [[nodiscard]] bool empty() const { return sets_.empty(); }

    /// Puts the parts of a state in the order that all states have that differ in it only.
    template <class State>
    void normalize(State& state) {
        normalize_bytes(reinterpret_cast<unsigned char*>(&state));
    }
    /// How many different states a normalized state stands for, itself included; at most 2^64 - 1. An estimate, too
    /// large, where more than most_orders orders would have to be tried.
    template <class State>
    [[nodiscard]] std::uint64_t orbit(const State& state) {
        return orbit_bytes(reinterpret_cast<const unsigned char*>(&state));
    }
    /// Ways of exchanging two neighbours of a set; they generate all others.
    [[nodiscard]] std::size_t exchanges() const { return exchanges_.size(); }
    /// \param which 0 .. exchanges() - 1
    template <class State>
    void exchange(State& state, std::size_t which) {
        exchange_bytes(reinterpret_cast<unsigned char*>(&state), which);
    }
    /// "caches 1 and 2"
    [[nodiscard]] std::string exchange_text(std::size_t which) const;

 private:
    struct Field {
        std::uint32_t offset = 0;  ///< bytes into the state
        std::uint8_t size = 0;     ///< 1 or 2 bytes
    };
    struct Reference {
        Field field;
        int first = 0;
    };
    struct Set {
        std::string name;
        unsigned size = 0;
        bool entangled = false;  ///< its parts have pairs or references: sorting them is not enough
        std::vector<std::vector<Field>> part;
        std::vector<std::vector<Field>> plain;  ///< of a part: those that name no part of any set
        std::vector<std::vector<std::vector<Field>>> pair;
        std::vector<std::vector<std::vector<Field>>> plain_pair;
        std::vector<std::vector<Reference>> own;  ///< of a part: fields that name a part of this set
        std::vector<Reference> outside;           ///< fields of no part and no pair that name a part
        std::vector<Reference> references;        ///< all
        std::vector<unsigned> order;              ///< order[i]: the part that goes to place i
        std::vector<std::vector<int>> keys;       ///< of each part, while it is sorted
    };
    struct Tie {
        std::size_t set = 0;  ///< of the entangled
        unsigned begin = 0;   ///< places begin .. end - 1 of its order
        unsigned end = 0;
    };

    static int load(const unsigned char* state, Field field) { return load_field(state, field.offset, field.size); }
    static void store(unsigned char* state, Field field, int value) {
        store_field(state, field.offset, field.size, value);
    }
    [[nodiscard]] std::string adopt(const Scalarset& declared, std::span<const FieldInfo> fields,
                                    std::size_t state_bytes);
    /// Finds out which fields name parts, and whether sets can be sorted. \return what is wrong, or nothing
    [[nodiscard]] std::string classify();
    void sort_plain(Set& set, unsigned char* state) const;
    void make_keys(Set& set, const unsigned char* state) const;
    /// Sorts the orders of entangled sets by their keys, and finds where they leave a choice.
    void find_ties(const unsigned char* state);
    /// Puts the parts of entangled sets into their orders. \param to another state than from
    void arrange(const unsigned char* from, unsigned char* to) const;
    static void arrange_set(const Set& set, const unsigned char* from, unsigned char* to);
    /// Goes through the orders of the ties; calls look() for each.
    template <class Look>
    void each_order(const Look& look);
    void normalize_bytes(unsigned char* state);
    std::uint64_t orbit_bytes(const unsigned char* state);
    void exchange_bytes(unsigned char* state, std::size_t which);

    std::string error_;
    std::size_t bytes_ = 0;
    std::vector<Set> sets_;
    bool any_entangled_ = false;
    std::vector<std::pair<std::size_t, unsigned>> exchanges_;  ///< set, and the first of the two parts
    std::vector<Tie> ties_;
    std::vector<unsigned char> from_;
    std::vector<unsigned char> to_;
    std::vector<unsigned char> best_;
};

/// The symmetry that a model declares; none if it declares none.
template <Model M>
[[nodiscard]] Symmetry symmetry_of(const M& model, const typename M::State& sample, std::span<const FieldInfo> fields) {
    if constexpr (Symmetric<M>) {
        SymmetrySink sink(&sample);
        model.symmetries(sample, sink);
        return Symmetry(sink.take(), fields, sizeof(typename M::State));
    } else {
        return {};
    }
}

}  // namespace vmemcheck::checker
