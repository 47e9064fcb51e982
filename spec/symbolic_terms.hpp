// SPDX-License-Identifier: MIT
/// \file
/// Terms over the fields of one state, without Z3: what a transition reads and writes, ready to be put into any step of
/// an unrolling. Every value is a small integer, so sets of values stand for what a term may be.
#pragma once

#include <z3++.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

namespace vmemcheck::bbm::spec {

/// A set of small integers; of truth values, 0 and 1.
class ValueSet {
 public:
    static constexpr int lowest = -64;
    static constexpr int highest = 191;

    ValueSet() = default;
    static ValueSet of(int value) {
        ValueSet set;
        set.insert(value);
        return set;
    }
    static ValueSet range(int low, int high) {
        ValueSet set;
        for (int value = low; value <= high; ++value) set.insert(value);
        return set;
    }
    void insert(int value) { word(value) |= bit(value); }
    void erase(int value) { word(value) &= ~bit(value); }
    [[nodiscard]] bool contains(int value) const {
        return value >= lowest && value <= highest && (words_[index(value)] & bit(value)) != 0;
    }
    [[nodiscard]] bool empty() const { return (words_[0] | words_[1] | words_[2] | words_[3]) == 0; }
    [[nodiscard]] int size() const {
        int n = 0;
        for (const std::uint64_t w : words_) n += std::popcount(w);
        return n;
    }
    /// The smallest member of a set that is not empty.
    [[nodiscard]] int first() const {
        std::size_t i = 0;
        while (words_[i] == 0) ++i;
        return static_cast<int>(i * 64) + std::countr_zero(words_[i]) + lowest;
    }
    template <class Visit>
    void each(Visit&& visit) const {
        for (std::size_t i = 0; i < words_.size(); ++i) {
            for (std::uint64_t rest = words_[i]; rest != 0; rest &= rest - 1)
                visit(static_cast<int>(i * 64) + std::countr_zero(rest) + lowest);
        }
    }
    ValueSet& operator|=(const ValueSet& other) {
        for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
        return *this;
    }
    ValueSet& operator&=(const ValueSet& other) {
        for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
        return *this;
    }
    friend bool operator==(const ValueSet&, const ValueSet&) = default;

 private:
    static std::size_t index(int value) { return static_cast<std::size_t>(value - lowest) / 64; }
    static std::uint64_t bit(int value) { return std::uint64_t{1} << (static_cast<unsigned>(value - lowest) % 64U); }
    std::uint64_t& word(int value) {
        if (value < lowest || value > highest) throw std::out_of_range("a value of a term is not a small integer");
        return words_[index(value)];
    }

    std::array<std::uint64_t, 4> words_{};
};

using TermId = std::uint32_t;

enum class TermKind : std::uint8_t { constant, field, add, subtract, multiply, choose, equal, less, negate, all, any };

/// A term; those that are alike are one. Truth values are the integers 0 and 1.
struct Term {
    TermKind kind{};
    int value = 0;             ///< of a constant; number of a field
    std::vector<TermId> args;  ///< choose: condition, then, otherwise

    friend auto operator<=>(const Term&, const Term&) = default;  // NOLINT(modernize-use-nullptr): there is no pointer
};

/// What each field may hold.
using FieldSets = std::vector<ValueSet>;

/// A pool of terms.
class Terms {
 public:
    [[nodiscard]] const Term& operator[](TermId id) const { return terms_[id]; }
    [[nodiscard]] std::size_t size() const { return terms_.size(); }

    TermId constant(int value) { return intern({TermKind::constant, value, {}}); }
    TermId field(int number) { return intern({TermKind::field, number, {}}); }
    TermId negation(TermId a);
    TermId any(const std::vector<TermId>& args);
    TermId all(const std::vector<TermId>& args);

    /// A Z3 term. Throws std::logic_error at an operator that no step and no predicate uses.
    /// \param fields numbers of the constants in it
    TermId import(const z3::expr& term, const std::unordered_map<std::string, int>& fields);

    /// Numbers of the fields in a term, in order.
    [[nodiscard]] const std::vector<int>& support(TermId id) const { return supports_[id]; }

    /// What a term may be when each field is some member of its set; never less.
    [[nodiscard]] ValueSet possible(TermId id, const FieldSets& sets);

    /// Takes values out of the sets with which some term cannot be true. False: no term of them can, or a set is empty.
    bool refine(const std::vector<TermId>& truths, FieldSets& sets);

 private:
    TermId intern(Term term);
    TermId import_application(const z3::expr& term, const std::vector<TermId>& args);
    TermId equal(TermId a, TermId b);
    TermId less(TermId a, TermId b);
    TermId junction(TermKind kind, int neutral, const std::vector<TermId>& args);
    const ValueSet& evaluate(TermId id, const FieldSets& sets);
    ValueSet computed(const Term& term, const FieldSets& sets);

    std::vector<Term> terms_;
    std::map<Term, TermId> ids_;
    std::vector<std::vector<int>> supports_;
    // Of the last evaluation.
    std::vector<ValueSet> values_;
    std::vector<std::uint64_t> stamps_;
    std::uint64_t stamp_ = 0;
};

}  // namespace vmemcheck::bbm::spec
