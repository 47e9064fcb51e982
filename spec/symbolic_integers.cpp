// SPDX-License-Identifier: MIT
#include "spec/symbolic_integers.hpp"

namespace vmemcheck::bbm::spec {

Integer Integers::integer(const ValueSet& set) {
    Integer result;
    std::vector<Literal> literals;
    set.each([&](int value) { result.values.emplace_back(value, Sat::yes); });
    if (result.is_constant()) return result;
    if (result.values.size() == 2) {
        result.values[0].second = sat_.fresh();
        result.values[1].second = -result.values[0].second;
        return result;
    }
    for (auto& [value, literal] : result.values) literals.push_back(literal = sat_.fresh());
    sat_.clause(literals);
    sat_.at_most_one(literals);
    return result;
}

Integer Integers::truth(Literal literal) {
    if (literal == Sat::yes) return constant(1);
    if (literal == Sat::no) return constant(0);
    return {{{0, -literal}, {1, literal}}};
}

Literal Integers::some(std::vector<Literal> any) {
    std::erase(any, Sat::no);
    std::sort(any.begin(), any.end());
    any.erase(std::unique(any.begin(), any.end()), any.end());
    if (any.empty()) return Sat::no;
    if (any.size() == 1) return any.front();
    for (const Literal one : any) {
        if (one == Sat::yes || std::binary_search(any.begin(), any.end(), -one)) return Sat::yes;
    }
    const Literal result = sat_.fresh();
    for (const Literal one : any) sat_.clause({-one, result});
    any.push_back(-result);
    sat_.clause(any);
    return result;
}

Literal Integers::every(std::vector<Literal> all) {
    for (Literal& one : all) one = -one;
    return -some(std::move(all));
}

Literal Integers::equal(const Integer& a, const Integer& b) {
    if (a.is_constant()) return b.is(a.values.front().first);
    if (b.is_constant()) return a.is(b.values.front().first);
    if (a.values == b.values) return Sat::yes;
    std::vector<Literal> common;
    for (const auto& [value, literal] : a.values) {
        if (b.is(value) != Sat::no) common.push_back(every({literal, b.is(value)}));
    }
    return some(std::move(common));
}

Literal Integers::less(const Integer& a, const Integer& b) {
    std::vector<Literal> any;
    for (const auto& [x, literal] : a.values) {
        std::vector<Literal> above;
        for (const auto& [y, other] : b.values) {
            if (y > x) above.push_back(other);
        }
        if (above.size() == b.values.size()) {
            any.push_back(literal);
        } else if (!above.empty()) {
            any.push_back(every({literal, some(std::move(above))}));
        }
    }
    return some(std::move(any));
}

Integer Integers::chosen(Literal condition, const Integer& then, const Integer& otherwise) {
    if (condition == Sat::yes) return then;
    if (condition == Sat::no) return otherwise;
    std::map<int, std::vector<Literal>> ways;
    for (const auto& [value, literal] : then.values) ways[value].push_back(every({condition, literal}));
    for (const auto& [value, literal] : otherwise.values) ways[value].push_back(every({-condition, literal}));
    return from(ways);
}

Integer Integers::from(std::map<int, std::vector<Literal>>& ways) {
    if (ways.size() == 1) return constant(ways.begin()->first);
    Integer result;
    for (auto& [value, literals] : ways) {
        const Literal one = some(std::move(literals));
        if (one != Sat::no) result.values.emplace_back(value, one);
    }
    return result;
}

}  // namespace vmemcheck::bbm::spec
