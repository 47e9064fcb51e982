// SPDX-License-Identifier: MIT
#include "spec/symbolic_terms.hpp"

#include <algorithm>
#include <iterator>

namespace vmemcheck::bbm::spec {

TermId Terms::intern(Term term) {
    const auto found = ids_.find(term);
    if (found != ids_.end()) return found->second;
    const auto id = static_cast<TermId>(terms_.size());
    std::vector<int> support;
    if (term.kind == TermKind::field) support.push_back(term.value);
    for (const TermId arg : term.args) {
        std::vector<int> both;
        std::set_union(support.begin(), support.end(), supports_[arg].begin(), supports_[arg].end(),
                       std::back_inserter(both));
        support = std::move(both);
    }
    supports_.push_back(std::move(support));
    ids_.emplace(term, id);
    terms_.push_back(std::move(term));
    values_.emplace_back();
    stamps_.push_back(0);
    return id;
}

TermId Terms::negation(TermId a) {
    const Term& term = terms_[a];
    if (term.kind == TermKind::constant) return constant(1 - term.value);
    if (term.kind == TermKind::negate) return term.args[0];
    return intern({TermKind::negate, 0, {a}});
}

TermId Terms::junction(TermKind kind, int neutral, const std::vector<TermId>& args) {
    std::vector<TermId> flat;
    for (const TermId arg : args) {
        const Term& term = terms_[arg];
        if (term.kind == kind) {
            flat.insert(flat.end(), term.args.begin(), term.args.end());
        } else if (term.kind != TermKind::constant) {
            flat.push_back(arg);
        } else if (term.value != neutral) {
            return arg;
        }
    }
    std::sort(flat.begin(), flat.end());
    flat.erase(std::unique(flat.begin(), flat.end()), flat.end());
    if (flat.empty()) return constant(neutral);
    if (flat.size() == 1) return flat.front();
    return intern({kind, 0, std::move(flat)});
}
TermId Terms::all(const std::vector<TermId>& args) { return junction(TermKind::all, 1, args); }
TermId Terms::any(const std::vector<TermId>& args) { return junction(TermKind::any, 0, args); }

TermId Terms::equal(TermId a, TermId b) {
    if (a == b) return constant(1);
    if (terms_[a].kind == TermKind::constant && terms_[b].kind == TermKind::constant) return constant(0);
    return intern({TermKind::equal, 0, {std::min(a, b), std::max(a, b)}});
}

TermId Terms::less(TermId a, TermId b) {
    if (terms_[a].kind == TermKind::constant && terms_[b].kind == TermKind::constant)
        return constant(terms_[a].value < terms_[b].value ? 1 : 0);
    return intern({TermKind::less, 0, {a, b}});
}

TermId Terms::import(const z3::expr& term, const std::unordered_map<std::string, int>& fields) {
    // Terms are DAGs: each node is taken once. Post-order with a stack of its own, as sums get deep.
    std::unordered_map<unsigned, TermId> done;
    std::vector<std::pair<z3::expr, bool>> stack{{term, false}};
    while (!stack.empty()) {
        auto [node, expanded] = stack.back();
        stack.pop_back();
        const unsigned key = Z3_get_ast_id(node.ctx(), node);
        if (done.count(key) != 0) continue;
        if (!node.is_app()) throw std::logic_error("a quantifier in a step");
        int value = 0;
        if (node.is_numeral_i(value)) {
            done[key] = constant(value);
        } else if (node.num_args() == 0 && node.decl().decl_kind() == Z3_OP_UNINTERPRETED) {
            done[key] = field(fields.at(node.decl().name().str()));
        } else if (!expanded) {
            stack.emplace_back(node, true);
            for (unsigned i = 0; i < node.num_args(); ++i) stack.emplace_back(node.arg(i), false);
        } else {
            std::vector<TermId> args;
            for (unsigned i = 0; i < node.num_args(); ++i)
                args.push_back(done.at(Z3_get_ast_id(node.ctx(), node.arg(i))));
            done[key] = import_application(node, args);
        }
    }
    return done.at(Z3_get_ast_id(term.ctx(), term));
}

TermId Terms::import_application(const z3::expr& term, const std::vector<TermId>& args) {
    const auto folded = [&](TermKind kind) {
        TermId sum = args[0];
        for (std::size_t i = 1; i < args.size(); ++i) sum = intern({kind, 0, {sum, args[i]}});
        return sum;
    };
    switch (term.decl().decl_kind()) {
        case Z3_OP_TRUE:
            return constant(1);
        case Z3_OP_FALSE:
            return constant(0);
        case Z3_OP_ADD:
            return folded(TermKind::add);
        case Z3_OP_SUB:
            return folded(TermKind::subtract);
        case Z3_OP_MUL:
            return folded(TermKind::multiply);
        case Z3_OP_UMINUS:
            return intern({TermKind::subtract, 0, {constant(0), args[0]}});
        case Z3_OP_ITE:
            if (terms_[args[0]].kind == TermKind::constant) return terms_[args[0]].value == 1 ? args[1] : args[2];
            return args[1] == args[2] ? args[1] : intern({TermKind::choose, 0, args});
        case Z3_OP_EQ:
            return equal(args[0], args[1]);
        case Z3_OP_DISTINCT:
            if (args.size() != 2) throw std::logic_error("more than two distinct terms in a step");
            return negation(equal(args[0], args[1]));
        case Z3_OP_LT:
            return less(args[0], args[1]);
        case Z3_OP_GT:
            return less(args[1], args[0]);
        case Z3_OP_LE:
            return negation(less(args[1], args[0]));
        case Z3_OP_GE:
            return negation(less(args[0], args[1]));
        case Z3_OP_NOT:
            return negation(args[0]);
        case Z3_OP_AND:
            return all(args);
        case Z3_OP_OR:
            return any(args);
        case Z3_OP_IMPLIES:
            return any({negation(args[0]), args[1]});
        default:
            throw std::logic_error("operator " + term.decl().name().str() + " in a step");
    }
}

ValueSet Terms::possible(TermId id, const FieldSets& sets) {
    ++stamp_;
    return evaluate(id, sets);
}

const ValueSet& Terms::evaluate(TermId id, const FieldSets& sets) {
    if (stamps_[id] != stamp_) {
        values_[id] = computed(terms_[id], sets);
        stamps_[id] = stamp_;
    }
    return values_[id];
}

ValueSet Terms::computed(const Term& term, const FieldSets& sets) {
    const auto combined = [&](auto&& combine) {
        const ValueSet a = evaluate(term.args[0], sets);
        const ValueSet b = evaluate(term.args[1], sets);
        ValueSet result;
        a.each([&](int x) { b.each([&](int y) { result.insert(combine(x, y)); }); });
        return result;
    };
    switch (term.kind) {
        case TermKind::constant:
            return ValueSet::of(term.value);
        case TermKind::field:
            return sets[static_cast<std::size_t>(term.value)];
        case TermKind::add:
            return combined([](int x, int y) { return x + y; });
        case TermKind::subtract:
            return combined([](int x, int y) { return x - y; });
        case TermKind::multiply:
            return combined([](int x, int y) { return x * y; });
        case TermKind::equal:
            return combined([](int x, int y) { return x == y ? 1 : 0; });
        case TermKind::less:
            return combined([](int x, int y) { return x < y ? 1 : 0; });
        case TermKind::negate: {
            ValueSet result;
            evaluate(term.args[0], sets).each([&](int x) { result.insert(1 - x); });
            return result;
        }
        case TermKind::choose: {
            const ValueSet condition = evaluate(term.args[0], sets);
            ValueSet result;
            if (condition.contains(1)) result |= evaluate(term.args[1], sets);
            if (condition.contains(0)) result |= evaluate(term.args[2], sets);
            return result;
        }
        default: {
            const int neutral = term.kind == TermKind::all ? 1 : 0;
            bool may_be_neutral = true;
            bool may_be_other = false;
            for (const TermId arg : term.args) {
                const ValueSet& value = evaluate(arg, sets);
                if (!value.contains(neutral)) return ValueSet::of(1 - neutral);
                may_be_neutral = may_be_neutral && value.contains(neutral);
                may_be_other = may_be_other || value.contains(1 - neutral);
            }
            ValueSet result;
            if (may_be_neutral) result.insert(neutral);
            if (may_be_other) result.insert(1 - neutral);
            return result;
        }
    }
}

bool Terms::refine(const std::vector<TermId>& truths, FieldSets& sets) {
    for (bool changed = true; changed;) {
        changed = false;
        for (const TermId truth : truths) {
            int open = -1;
            int count = 0;
            for (const int field : supports_[truth]) {
                const int size = sets[static_cast<std::size_t>(field)].size();
                if (size == 0) return false;
                if (size == 1) continue;
                open = field;
                ++count;
            }
            if (count != 1) {
                if (!possible(truth, sets).contains(1)) return false;
                continue;
            }
            // One field is open: its values are tried one by one.
            ValueSet& set = sets[static_cast<std::size_t>(open)];
            const ValueSet all = set;
            ValueSet kept;
            all.each([&](int value) {
                set = ValueSet::of(value);
                if (possible(truth, sets).contains(1)) kept.insert(value);
            });
            set = kept;
            if (kept.empty()) return false;
            changed = changed || !(kept == all);
        }
    }
    return true;
}

}  // namespace vmemcheck::bbm::spec
