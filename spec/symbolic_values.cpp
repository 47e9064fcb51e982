// SPDX-License-Identifier: MIT
#include "spec/symbolic_values.hpp"

#include <utility>

namespace vmemcheck::bbm::spec {

namespace {
thread_local PathOracle* in_force = nullptr;

z3::context& context() { return PathOracle::current().context(); }

/// Folds constants, else builds the term.
template <class Constant, class Term>
SymBool compare(const SymInt& a, const SymInt& b, Constant constant, Term term) {
    if (a.is_constant() && b.is_constant()) return {constant(a.constant(), b.constant())};
    return SymBool(term(a.term(), b.term()));
}
template <class Constant, class Term>
SymInt combine(const SymInt& a, const SymInt& b, Constant constant, Term term) {
    if (a.is_constant() && b.is_constant()) return {constant(a.constant(), b.constant())};
    return SymInt(term(a.term(), b.term()));
}
}  // namespace

SymBool::SymBool(z3::expr term) : term_(std::move(term)) {
    if (term_->is_true() || term_->is_false()) {
        constant_ = term_->is_true();
        term_.reset();
    }
}
z3::expr SymBool::term() const { return term_ ? *term_ : context().bool_val(constant_); }
SymBool::operator bool() const { return term_ ? PathOracle::current().decide(*term_) : constant_; }

SymBool operator!(const SymBool& a) { return a.is_constant() ? SymBool(!a.constant_) : SymBool(!*a.term_); }
SymBool operator==(const SymBool& a, const SymBool& b) {
    if (a.is_constant()) return a.constant_ ? b : !b;
    if (b.is_constant()) return b.constant_ ? a : !a;
    return SymBool(*a.term_ == *b.term_);
}
SymBool operator&&(const SymBool& a, const SymBool& b) {
    if (a.is_constant()) return a.constant_ ? b : a;
    if (b.is_constant()) return b.constant_ ? a : b;
    return SymBool(*a.term_ && *b.term_);
}
SymBool operator||(const SymBool& a, const SymBool& b) {
    if (a.is_constant()) return a.constant_ ? a : b;
    if (b.is_constant()) return b.constant_ ? b : a;
    return SymBool(*a.term_ || *b.term_);
}

SymInt::SymInt(z3::expr term) : term_(std::move(term)) {
    if (int value = 0; term_->is_numeral_i(value)) {
        constant_ = value;
        term_.reset();
    }
}
z3::expr SymInt::term() const { return term_ ? *term_ : context().int_val(constant_); }

SymInt operator+(const SymInt& a, const SymInt& b) {
    return combine(
        a, b, [](int x, int y) { return x + y; }, [](const z3::expr& x, const z3::expr& y) { return x + y; });
}
SymInt operator-(const SymInt& a, const SymInt& b) {
    return combine(
        a, b, [](int x, int y) { return x - y; }, [](const z3::expr& x, const z3::expr& y) { return x - y; });
}
SymInt operator*(const SymInt& a, const SymInt& b) {
    return combine(
        a, b, [](int x, int y) { return x * y; }, [](const z3::expr& x, const z3::expr& y) { return x * y; });
}
SymBool operator==(const SymInt& a, const SymInt& b) {
    return compare(
        a, b, [](int x, int y) { return x == y; }, [](const z3::expr& x, const z3::expr& y) { return x == y; });
}
SymBool operator!=(const SymInt& a, const SymInt& b) { return !(a == b); }
SymBool operator<(const SymInt& a, const SymInt& b) {
    return compare(
        a, b, [](int x, int y) { return x < y; }, [](const z3::expr& x, const z3::expr& y) { return x < y; });
}
SymBool operator<=(const SymInt& a, const SymInt& b) { return !(b < a); }
SymBool operator>(const SymInt& a, const SymInt& b) { return b < a; }
SymBool operator>=(const SymInt& a, const SymInt& b) { return !(a < b); }

SymInt SymbolicValues::select(const SymBool& condition, const SymInt& then, const SymInt& otherwise) {
    if (condition.is_constant()) return static_cast<bool>(condition) ? then : otherwise;
    return SymInt(z3::ite(condition.term(), then.term(), otherwise.term()));
}

int SymbolicValues::index(const SymInt& value) {
    if (value.is_constant()) return value.constant();
    // Each value is a branch, asked in turn; fields are bounded, so some value fits on every feasible path.
    constexpr int largest = 255;
    for (int guess = 0; guess < largest; ++guess) {
        if (static_cast<bool>(value == guess)) return guess;
        if (guess > 0 && static_cast<bool>(value == -guess)) return -guess;
    }
    return largest;
}

int SymbolicValues::index(const SymInt& value, int count) {
    for (int guess = 0; guess < count; ++guess) {
        if (static_cast<bool>(value == guess)) return guess;
    }
    PathOracle::current().outside();
    return 0;
}

z3::solver new_solver(z3::context& context) {
    z3::solver solver(context);
    solver.set("ctrl_c", false);
    return solver;
}

PathOracle::PathOracle(z3::context& context, const std::atomic<bool>* stop)
    : context_(context), stop_(stop), solver_(new_solver(context)), outer_(std::exchange(in_force, this)) {}
PathOracle::~PathOracle() { in_force = outer_; }
PathOracle& PathOracle::current() { return *in_force; }

void PathOracle::begin() {
    next_ = 0;
    witness_.reset();
    outside_ = false;
    unkept_ = false;
    fresh_.clear();
}

z3::expr PathOracle::fresh_number() {
    z3::expr number = context_.int_const(("any." + std::to_string(fresh_.size())).c_str());
    fresh_.push_back(number >= 0);
    solver_.add(fresh_.back());
    return number;
}

bool PathOracle::advance() {
    while (!decisions_.empty()) {
        Decision& last = decisions_.back();
        if (last.answer < last.last) {
            ++last.answer;
            if (last.fact) last.fact = !*last.fact;
            return true;
        }
        decisions_.pop_back();
    }
    return false;
}

bool PathOracle::feasible(const z3::expr& fact) {
    if (stop_ != nullptr && stop_->load()) throw Stopped();
    ++queries_;
    solver_.push();
    for (std::size_t i = 0; i < next_; ++i) {
        if (decisions_[i].fact) solver_.add(*decisions_[i].fact);
    }
    solver_.add(fact);
    const z3::check_result answer = solver_.check();
    if (answer == z3::sat) {
        witness_ = solver_.get_model();
    } else {
        witness_.reset();
    }
    solver_.pop();
    return answer != z3::unsat;
}

bool PathOracle::decide(const z3::expr& condition) {
    if (next_ < decisions_.size()) return decisions_[next_++].answer == 0;
    // A branch with one feasible answer is recorded too, for the next run asks it again, but it needs no fact.
    // What the witness says of it need not be asked.
    const std::optional<z3::model> witness = witness_;
    std::optional<z3::expr> value;
    if (witness) value = witness->eval(condition, true);
    const bool yes = (value && value->is_true()) || feasible(condition);
    const std::optional<z3::model> if_yes = witness_;
    const bool no = !yes || (value && value->is_false()) || feasible(!condition);
    if (yes) witness_ = if_yes;
    if (yes && no) {
        decisions_.push_back({0, 1, condition});
    } else {
        decisions_.push_back({yes ? 0 : 1, yes ? 0 : 1, std::nullopt});
    }
    ++next_;
    return yes;
}

int PathOracle::choose(int n) {
    if (next_ < decisions_.size()) return decisions_[next_++].answer;
    decisions_.push_back({0, n - 1, std::nullopt});
    ++next_;
    return 0;
}

z3::expr PathOracle::path_condition() const {
    z3::expr all = context_.bool_val(true);
    for (const Decision& decision : decisions_) {
        if (decision.fact) all = all && *decision.fact;
    }
    for (const z3::expr& fact : fresh_) all = all && fact;
    return all;
}

}  // namespace vmemcheck::bbm::spec
