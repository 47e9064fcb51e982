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

void SmtScript::always(const z3::expr& term) {
    declare(term);
    facts_ += assertion_of(term);
}

void SmtScript::premise(std::string_view name, const z3::expr& conjunct) {
    declare(conjunct);
    premises_[std::string(name)] += "\n  " + conjunct.to_string();
}

void SmtScript::path(const z3::expr& condition) {
    declare(condition);
    queries_ += (in_path_ ? "(pop 1)\n(push 1)\n" : "(push 1)\n") + assertion_of(condition);
    in_path_ = true;
}

void SmtScript::query(const std::vector<std::string_view>& premises, const z3::expr& broken, z3::check_result answer,
                      const std::string& question) {
    declare(broken);
    queries_ += "; " + question + "\n(push 1)\n";
    for (const std::string_view name : premises) {
        if (premises_.find(name) == premises_.end()) continue;
        used_.emplace(name);
        queries_ += "(assert " + std::string(name) + ")\n";
    }
    const char* const status = answer == z3::unsat ? "unsat" : answer == z3::sat ? "sat" : "unknown";
    queries_ += assertion_of(broken) + "(set-info :status " + status + ")\n(check-sat)\n(pop 1)\n";
}

std::string SmtScript::text(const std::string& title) const {
    std::string definitions;
    for (const std::string& name : used_)
        definitions += "(define-fun " + name + " () Bool (and true" + premises_.find(name)->second + "))\n";
    return "; " + title + "\n(set-logic QF_LIA)\n" + declarations_ + definitions + facts_ + queries_ +
           (in_path_ ? "(pop 1)\n" : "") + "(exit)\n";
}

}  // namespace vmemcheck::bbm::spec
