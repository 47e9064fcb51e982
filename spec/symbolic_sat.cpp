// SPDX-License-Identifier: MIT
#include "spec/symbolic_sat.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace vmemcheck::bbm::spec {

namespace {

/// Interrupts a context, again and again, once a flag is set: an interrupt between two queries would be lost.
class Watch {
 public:
    Watch(z3::context& context, const std::atomic<bool>* stop) {
        if (stop == nullptr) return;
        thread_ = std::thread([this, &context, stop] {
            std::unique_lock lock(mutex_);
            while (!over_.wait_for(lock, std::chrono::milliseconds(20), [this] { return done_; })) {
                if (stop->load(std::memory_order_relaxed)) context.interrupt();
            }
        });
    }
    ~Watch() {
        if (!thread_.joinable()) return;
        {
            const std::lock_guard lock(mutex_);
            done_ = true;
        }
        over_.notify_one();
        thread_.join();
    }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

 private:
    std::thread thread_;
    std::mutex mutex_;
    std::condition_variable over_;
    bool done_ = false;
};

}  // namespace

Sat::Sat() : solver_(context_, "QF_FD") {
    solver_.set("ctrl_c", false);  // as in new_solver()
    clause({fresh()});
}

Literal Sat::fresh() {
    const auto number = static_cast<int>(variables_.size()) + 1;
    const z3::symbol name = context_.int_symbol(number);
    variables_.push_back(context_.constant(name, context_.bool_sort()));
    return number;
}

z3::expr Sat::term(Literal literal) const {
    const z3::expr& variable = variables_[static_cast<std::size_t>(std::abs(literal)) - 1];
    return literal > 0 ? variable : !variable;
}

void Sat::clause(const std::vector<Literal>& literals) {
    z3::expr_vector terms(context_);
    const bool first = clauses_ == 0;  // the one that says what `yes` is
    for (const Literal literal : literals) {
        if (!first && literal == yes) return;
        if (literal != no) terms.push_back(term(literal));
    }
    solver_.add(z3::mk_or(terms));
    ++clauses_;
}

void Sat::at_most_one(std::vector<Literal> literals) {
    // Groups of four, each with a literal that says whether one of it is true; then the same of these.
    constexpr std::size_t group = 4;
    std::erase(literals, no);
    while (literals.size() > group + 2) {
        std::vector<Literal> above;
        for (std::size_t i = 0; i < literals.size(); i += group) {
            const std::size_t end = std::min(i + group, literals.size());
            if (end == i + 1) {
                above.push_back(literals[i]);
                continue;
            }
            const Literal commander = fresh();
            above.push_back(commander);
            for (std::size_t a = i; a < end; ++a) {
                clause({-literals[a], commander});
                for (std::size_t b = a + 1; b < end; ++b) clause({-literals[a], -literals[b]});
            }
        }
        literals = std::move(above);
    }
    for (std::size_t a = 0; a < literals.size(); ++a) {
        for (std::size_t b = a + 1; b < literals.size(); ++b) clause({-literals[a], -literals[b]});
    }
}

std::optional<bool> Sat::solve(const std::vector<Literal>& assumptions, unsigned timeout_ms,
                               const std::atomic<bool>* stop) {
    model_.reset();
    if (stop != nullptr && stop->load(std::memory_order_relaxed)) return std::nullopt;
    try {
        z3::params params(context_);
        params.set("timeout", timeout_ms == 0 ? 4294967295U : timeout_ms);
        solver_.set(params);
        z3::expr_vector terms(context_);
        for (const Literal literal : assumptions) terms.push_back(term(literal));
        const Watch watch(context_, stop);
        switch (solver_.check(terms)) {
            case z3::unsat:
                return false;
            case z3::sat:
                model_ = solver_.get_model();
                return true;
            default:
                return std::nullopt;
        }
    } catch (const z3::exception&) {
        return std::nullopt;
    }
}

bool Sat::value(Literal literal) const {
    const z3::expr& variable = variables_[static_cast<std::size_t>(std::abs(literal)) - 1];
    return model_->eval(variable, true).is_true() == (literal > 0);
}

}  // namespace vmemcheck::bbm::spec
