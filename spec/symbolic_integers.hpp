// SPDX-License-Identifier: MIT
/// \file
/// Small integers in clauses: a literal for each value one may have.
#pragma once

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "spec/symbolic_sat.hpp"
#include "spec/symbolic_terms.hpp"

namespace vmemcheck::bbm::spec {

/// An integer in clauses: a literal for each value it may have, of which exactly one is true. Sorted by value. Of a
/// truth value, that of 1.
struct Integer {
    std::vector<std::pair<int, Literal>> values;

    [[nodiscard]] Literal is(int value) const {
        const auto found = std::lower_bound(values.begin(), values.end(), std::pair{value, -Sat::yes},
                                            [](const auto& a, const auto& b) { return a.first < b.first; });
        return found != values.end() && found->first == value ? found->second : Sat::no;
    }
    [[nodiscard]] bool is_constant() const { return values.size() == 1; }
};

/// Makes integers and truth values of others; what they are is said in clauses.
class Integers {
 public:
    [[nodiscard]] Sat& sat() { return sat_; }

    /// A fresh integer.
    [[nodiscard]] Integer integer(const ValueSet& set);
    [[nodiscard]] static Integer constant(int value) { return {{{value, Sat::yes}}}; }
    /// A literal as an integer, 0 or 1.
    [[nodiscard]] static Integer truth(Literal literal);
    /// At least one of them.
    [[nodiscard]] Literal some(std::vector<Literal> any);
    /// All of them.
    [[nodiscard]] Literal every(std::vector<Literal> all);
    [[nodiscard]] Literal equal(const Integer& a, const Integer& b);
    [[nodiscard]] Literal less(const Integer& a, const Integer& b);
    [[nodiscard]] Integer chosen(Literal condition, const Integer& then, const Integer& otherwise);
    /// Values with what leads to each; one of all does.
    [[nodiscard]] Integer from(std::map<int, std::vector<Literal>>& ways);
    /// The results of an operation on each pair of values.
    template <class Combine>
    [[nodiscard]] Integer combined(const Integer& a, const Integer& b, Combine combine) {
        std::map<int, std::vector<Literal>> ways;
        for (const auto& [x, i] : a.values) {
            for (const auto& [y, j] : b.values) ways[combine(x, y)].push_back(every({i, j}));
        }
        return from(ways);
    }

 protected:
    Sat sat_;
};

}  // namespace vmemcheck::bbm::spec
