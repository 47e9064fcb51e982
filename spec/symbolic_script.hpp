// SPDX-License-Identifier: MIT
/// \file
/// Queries as SMT-LIB 2 scripts, for other solvers to answer again.
#pragma once

#include <z3++.h>

#include <set>
#include <string>
#include <string_view>

namespace vmemcheck::bbm::spec {

/// One script: premises, then queries that are each answered alone. Every check-sat has its expected answer before it
/// (SMT-LIB 2.6, section 4.2.5, :status).
class SmtScript {
 public:
    void premise(const z3::expr& term, std::string_view name);
    /// \param question what a model of premises, path and broken would mean
    void query(const z3::expr& path, const z3::expr& broken, z3::check_result answer, const std::string& question);

    [[nodiscard]] std::string text(const std::string& title) const;

 private:
    /// \param seen ids of the terms already looked at, valid while `term` lives
    void declare(const z3::expr& term, std::set<unsigned>& seen);
    void declare(const z3::expr& term);

    std::set<std::string> declared_;
    std::string declarations_;
    std::string premises_;
    std::string queries_;
    std::string last_name_;
};

}  // namespace vmemcheck::bbm::spec
