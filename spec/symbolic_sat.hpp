// SPDX-License-Identifier: MIT
/// \file
/// Clauses over Z3's SAT solver, which is incremental.
#pragma once

#include <z3++.h>

#include <atomic>
#include <initializer_list>
#include <optional>
#include <vector>

namespace vmemcheck::bbm::spec {

/// A literal: a variable, or with a minus its negation.
using Literal = int;

class Sat {
 public:
    static constexpr Literal yes = 1;
    static constexpr Literal no = -1;

    Sat();

    [[nodiscard]] Literal fresh();
    /// At least one of them is true. Throws z3::exception if Z3 fails.
    void clause(const std::vector<Literal>& literals);
    /// At most one of them is true.
    void at_most_one(std::vector<Literal> literals);

    /// \param timeout_ms 0: none
    /// \param stop if it becomes true the answer is unknown
    /// \return whether the clauses and the assumptions can be true together; nothing if unknown
    [[nodiscard]] std::optional<bool> solve(const std::vector<Literal>& assumptions, unsigned timeout_ms,
                                            const std::atomic<bool>* stop);
    /// After solve() said true.
    [[nodiscard]] bool value(Literal literal) const;

    [[nodiscard]] std::size_t variables() const { return variables_.size(); }
    [[nodiscard]] std::size_t clauses() const { return clauses_; }

 private:
    [[nodiscard]] z3::expr term(Literal literal) const;

    mutable z3::context context_;
    z3::solver solver_;
    std::optional<z3::model> model_;
    std::vector<z3::expr> variables_;
    std::size_t clauses_ = 0;
};

}  // namespace vmemcheck::bbm::spec
