// SPDX-License-Identifier: MIT
/// \file
/// The symbolic value domain: the model's step functions over Z3 terms.
///
/// `if (condition)` on a symbolic condition asks the path oracle in force. It answers with what is feasible, records
/// the decision, and the step is run again for the other answer: the outcome is the list of all feasible paths of the
/// step, each a path condition and a post-state (the execution tree of King, CACM 1976, walked by re-execution).
#pragma once

#include <z3++.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/domain.hpp"

namespace vmemcheck::bbm::spec {

class PathOracle;

/// A truth value: a constant or a Z3 term.
class SymBool {
 public:
    SymBool(bool value) : constant_(value) {}  // NOLINT(google-explicit-constructor)
    explicit SymBool(z3::expr term);

    [[nodiscard]] bool is_constant() const { return !term_; }
    [[nodiscard]] z3::expr term() const;
    /// Branches: a constant as it is, a term by asking the oracle in force.
    explicit operator bool() const;

    friend SymBool operator!(const SymBool& a);
    friend SymBool operator==(const SymBool& a, const SymBool& b);
    friend SymBool operator!=(const SymBool& a, const SymBool& b) { return !(a == b); }
    friend SymBool operator&&(const SymBool& a, const SymBool& b);
    friend SymBool operator||(const SymBool& a, const SymBool& b);
    // Exact matches for mixed operands: without them the built-in operators on bool compete.
    friend SymBool operator&&(bool a, const SymBool& b) { return a ? b : SymBool(false); }
    friend SymBool operator&&(const SymBool& a, bool b) { return b ? a : SymBool(false); }
    friend SymBool operator||(bool a, const SymBool& b) { return a ? SymBool(true) : b; }
    friend SymBool operator||(const SymBool& a, bool b) { return b ? SymBool(true) : a; }

 private:
    bool constant_ = false;
    std::optional<z3::expr> term_;
};

/// An integer: a constant or a Z3 term of sort Int.
class SymInt {
 public:
    SymInt() = default;
    SymInt(int value) : constant_(value) {}  // NOLINT(google-explicit-constructor)
    explicit SymInt(z3::expr term);

    [[nodiscard]] bool is_constant() const { return !term_; }
    /// Meaningful if is_constant().
    [[nodiscard]] int constant() const { return constant_; }
    [[nodiscard]] z3::expr term() const;

    friend SymInt operator+(const SymInt& a, const SymInt& b);
    friend SymInt operator-(const SymInt& a, const SymInt& b);
    friend SymInt operator*(const SymInt& a, const SymInt& b);
    friend SymBool operator==(const SymInt& a, const SymInt& b);
    friend SymBool operator!=(const SymInt& a, const SymInt& b);
    friend SymBool operator<(const SymInt& a, const SymInt& b);
    friend SymBool operator<=(const SymInt& a, const SymInt& b);
    friend SymBool operator>(const SymInt& a, const SymInt& b);
    friend SymBool operator>=(const SymInt& a, const SymInt& b);

 private:
    int constant_ = 0;
    std::optional<z3::expr> term_;
};

/// Selection and indices over Z3 terms; SymbolicDomain (symbolic.hpp) adds where entities are.
struct SymbolicValues {
    using Int = SymInt;
    using Value = SymInt;
    using Bool = SymBool;

    static SymInt select(const SymBool& condition, const SymInt& then, const SymInt& otherwise);
    /// The value of a term, by forking over all that are feasible.
    static int index(const SymInt& value);
    /// Nobody observes symbolic runs.
    static int shown(const SymInt&) { return 0; }
    /// The same for the index of one of so many elements; see PathOracle::outside().
    static int index(const SymInt& value, int count);
};

/// A solver that leaves SIGINT alone: Z3 puts a handler of its own in place during each check, which is neither safe
/// where others check at the same time nor heard by the program.
[[nodiscard]] z3::solver new_solver(z3::context& context);

/// Thrown out of a step function at a branch, when its oracle was told to stop.
struct Stopped {};

/// Answers branches along one path and knows which paths are left. One oracle is in force at a time (a thread).
class PathOracle {
 public:
    /// \param context must outlive the oracle
    /// \param stop when set, the next branch throws Stopped
    explicit PathOracle(z3::context& context, const std::atomic<bool>* stop = nullptr);
    ~PathOracle();
    PathOracle(const PathOracle&) = delete;
    PathOracle& operator=(const PathOracle&) = delete;

    [[nodiscard]] static PathOracle& current();
    [[nodiscard]] z3::context& context() const { return context_; }

    /// A fact that holds on every path: bounds, the invariant assumed.
    void assume(const z3::expr& fact) { solver_.add(fact); }

    /// Whether anything satisfies the facts assumed.
    [[nodiscard]] bool consistent() { return solver_.check() != z3::unsat; }

    /// To be called before each run of the step.
    void begin();
    /// Prepares the next path; false when all were taken.
    bool advance();

    /// A branch on a condition: the answer of this path.
    bool decide(const z3::expr& condition);
    /// A choice of the environment, 0 .. n - 1: a branch without a condition.
    int choose(int n);

    /// An index is not that of an element: nothing that happens on this path from here on means anything, and that it
    /// is taken at all is a fault of the model or of what was assumed.
    void outside() { outside_ = true; }
    [[nodiscard]] bool is_outside() const { return outside_; }
    /// What is at hand is not kept in this focus: another focus has it, so this path need not be looked at.
    void unkept() { unkept_ = true; }
    [[nodiscard]] bool is_unkept() const { return unkept_; }
    /// A variable of its own, at least 0.
    z3::expr fresh_number();

    /// The conditions of this path, as one term.
    [[nodiscard]] z3::expr path_condition() const;
    /// Solver calls so far.
    [[nodiscard]] std::uint64_t queries() const { return queries_; }

 private:
    struct Decision {
        int answer = 0;
        int last = 0;                  ///< largest answer still to be tried
        std::optional<z3::expr> fact;  ///< the condition or its negation, for branches
    };
    /// Whether the path so far goes on with this; if so a witness is remembered.
    bool feasible(const z3::expr& fact);

    z3::context& context_;
    const std::atomic<bool>* stop_;
    z3::solver solver_;
    std::vector<Decision> decisions_;
    std::size_t next_ = 0;
    bool outside_ = false;
    bool unkept_ = false;
    std::optional<z3::model> witness_;  ///< of the decisions of this run so far, if one is known
    std::vector<z3::expr> fresh_;       ///< what is known of this path's own variables
    std::uint64_t queries_ = 0;
    PathOracle* outer_;
};

}  // namespace vmemcheck::bbm::spec
