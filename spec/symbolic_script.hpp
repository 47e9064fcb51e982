// SPDX-License-Identifier: MIT
/// \file
/// Queries as SMT-LIB 2 scripts, for other solvers to answer again.
#pragma once

#include <z3++.h>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace vmemcheck::bbm::spec {

/// One script: named premises, paths, and queries that are each answered alone. Every check-sat has its expected answer
/// before it (SMT-LIB 2.6, section 4.2.5, :status).
class SmtScript {
 public:
    /// A fact of every query.
    void always(const z3::expr& term);
    /// A conjunct of a premise, to be asserted by name.
    void premise(std::string_view name, const z3::expr& conjunct);
    /// What follows is asked of this path.
    void path(const z3::expr& condition);
    /// \param premises names of what the query rests on; those never defined are true
    /// \param question what a model of premises, path and broken would mean
    void query(const std::vector<std::string_view>& premises, const z3::expr& broken, z3::check_result answer,
               const std::string& question);

    [[nodiscard]] std::string text(const std::string& title) const;

 private:
    /// \param seen ids of the terms already looked at, valid while `term` lives
    void declare(const z3::expr& term, std::set<unsigned>& seen);
    void declare(const z3::expr& term);

    std::set<std::string> declared_;
    std::string declarations_;
    std::string facts_;
    std::map<std::string, std::string, std::less<>> premises_;  ///< conjuncts by name
    std::set<std::string, std::less<>> used_;                   ///< premises that a query names
    std::string queries_;
    bool in_path_ = false;
};

}  // namespace vmemcheck::bbm::spec
