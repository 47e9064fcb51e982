// SPDX-License-Identifier: MIT
#include "spec/symbolic_script.hpp"

namespace vmemcheck::bbm::spec {

namespace {
std::string assertion_of(const z3::expr& term) { return "(assert " + term.to_string() + ")\n"; }
}  // namespace

void SmtScript::declare(const z3::expr& term) {
    std::set<unsigned> seen;
    declare(term, seen);
}

void SmtScript::declare(const z3::expr& term, std::set<unsigned>& seen) {
    if (!seen.insert(Z3_get_ast_id(term.ctx(), term)).second || !term.is_app()) return;
    if (term.is_const() && term.decl().decl_kind() == Z3_OP_UNINTERPRETED) {
        const std::string name = term.to_string();
        if (declared_.insert(name).second)
            declarations_ += "(declare-const " + name + ' ' + term.get_sort().to_string() + ")\n";
        return;
    }
    for (unsigned i = 0; i < term.num_args(); ++i) declare(term.arg(i), seen);
}

void SmtScript::premise(const z3::expr& term, std::string_view name) {
    declare(term);
    if (last_name_ != name) {
        last_name_ = name;
        premises_ += "; " + last_name_ + '\n';
    }
    premises_ += assertion_of(term);
}

void SmtScript::query(const z3::expr& path, const z3::expr& broken, z3::check_result answer,
                      const std::string& question) {
    declare(path);
    declare(broken);
    const char* const status = answer == z3::unsat ? "unsat" : answer == z3::sat ? "sat" : "unknown";
    queries_ += "; " + question + "\n(push 1)\n" + assertion_of(path) + assertion_of(broken) + "(set-info :status " +
                status + ")\n(check-sat)\n(pop 1)\n";
}

std::string SmtScript::text(const std::string& title) const {
    return "; " + title + "\n(set-logic QF_LIA)\n" + declarations_ + premises_ + queries_ + "(exit)\n";
}

}  // namespace vmemcheck::bbm::spec
