// SPDX-License-Identifier: MIT
#include "tests/spec/agreement.hpp"

#include <stdexcept>

namespace vmemcheck::bbm::spec {

namespace {

Disagreement compare_failures(const std::vector<assertion::Id>& path, std::span<const checker::Failure> native) {
    const std::size_t kept = std::min<std::size_t>(path.size(), checker::ContextBase::max_failures);
    bool equal = native.size() == kept;
    for (std::size_t i = 0; equal && i < kept; ++i) equal = native[i].assertion == path[i];
    if (equal) return std::nullopt;
    return "other assertions fail: " + std::to_string(path.size()) + " in the path, " + std::to_string(native.size()) +
           " natively";
}

}  // namespace

std::vector<SymInt> fields_of(const Config& config, const SymbolicState& state) {
    std::vector<SymInt> fields;
    SymbolicState copy = state;
    describe_state(config, copy,
                   [&](const std::string&, const SymInt& field, int, int, std::span<const std::string_view>) {
                       fields.push_back(field);
                   });
    return fields;
}

bool same_term(const SymInt& a, const SymInt& b) {
    if (a.is_constant() || b.is_constant()) {
        return a.is_constant() && b.is_constant() && a.constant() == b.constant();
    }
    return z3::eq(a.term(), b.term());
}

// --- programs ---

unsigned Program::emit(Op op, unsigned a, unsigned b, unsigned c) {
    code_.push_back({op, static_cast<int>(a), static_cast<int>(b), static_cast<int>(c)});
    return static_cast<unsigned>(registers() - 1);
}

unsigned Program::compile(const z3::expr& term) {
    if (const auto known = compiled_.find(term.id()); known != compiled_.end()) return known->second;
    unsigned value = 0;
    if (term.is_numeral()) {
        value = emit(Op::constant, static_cast<unsigned>(term.get_numeral_int()));
    } else if (term.is_const() && term.decl().decl_kind() == Z3_OP_UNINTERPRETED) {
        const std::string name = term.decl().name().str();
        const int field = name.rfind("s.", 0) == 0 ? layout_->find(name.substr(2)) : -1;
        if (field < 0) throw std::invalid_argument("no field is called " + name);
        value = static_cast<unsigned>(field);
    } else {
        std::vector<unsigned> arguments;
        for (unsigned i = 0; i < term.num_args(); ++i) arguments.push_back(compile(term.arg(i)));
        value = application(term, arguments);
    }
    compiled_.emplace(term.id(), value);
    order_.push_back(term.id());
    return value;
}

void Program::forget(std::size_t known) {
    for (; order_.size() > known; order_.pop_back()) compiled_.erase(order_.back());
}

unsigned Program::application(const z3::expr& term, const std::vector<unsigned>& arguments) {
    const auto chain = [&](Op op) {
        unsigned value = arguments.at(0);
        for (std::size_t i = 1; i < arguments.size(); ++i) value = emit(op, value, arguments[i]);
        return value;
    };
    const auto binary = [&](Op op, bool swapped = false) {
        if (arguments.size() != 2) throw std::invalid_argument("not two arguments: " + term.to_string());
        return swapped ? emit(op, arguments[1], arguments[0]) : emit(op, arguments[0], arguments[1]);
    };
    switch (term.decl().decl_kind()) {
        case Z3_OP_TRUE:
            return emit(Op::constant, 1);
        case Z3_OP_FALSE:
            return emit(Op::constant, 0);
        case Z3_OP_NOT:
            return emit(Op::negation, arguments.at(0));
        case Z3_OP_AND:
            return chain(Op::both);
        case Z3_OP_OR:
            return chain(Op::either);
        case Z3_OP_IMPLIES:
            return emit(Op::either, emit(Op::negation, arguments.at(0)), arguments.at(1));
        case Z3_OP_ITE:
            return emit(Op::select, arguments.at(0), arguments.at(1), arguments.at(2));
        case Z3_OP_EQ:
        case Z3_OP_IFF:
            return binary(Op::equal);
        case Z3_OP_DISTINCT:
            return emit(Op::negation, binary(Op::equal));
        case Z3_OP_LT:
            return binary(Op::less);
        case Z3_OP_LE:
            return binary(Op::at_most);
        case Z3_OP_GT:
            return binary(Op::less, true);
        case Z3_OP_GE:
            return binary(Op::at_most, true);
        case Z3_OP_ADD:
            return chain(Op::plus);
        case Z3_OP_SUB:
            return chain(Op::minus);
        case Z3_OP_MUL:
            return chain(Op::times);
        case Z3_OP_UMINUS:
            return emit(Op::minus, emit(Op::constant, 0), arguments.at(0));
        default:
            throw std::invalid_argument("a term of unknown kind: " + term.to_string());
    }
}

void Program::run(std::vector<int>& registers, unsigned first, unsigned last) const {
    int* const r = registers.data();
    int* out = r + layout_->fields().size() + first;
    for (unsigned i = first; i < last; ++i, ++out) {
        const Instruction& in = code_[i];
        switch (in.op) {
            case Op::constant:
                *out = in.a;
                break;
            case Op::negation:
                *out = r[in.a] == 0 ? 1 : 0;
                break;
            case Op::both:
                *out = r[in.a] & r[in.b];
                break;
            case Op::either:
                *out = r[in.a] | r[in.b];
                break;
            case Op::select:
                *out = r[in.a] != 0 ? r[in.b] : r[in.c];
                break;
            case Op::equal:
                *out = r[in.a] == r[in.b] ? 1 : 0;
                break;
            case Op::less:
                *out = r[in.a] < r[in.b] ? 1 : 0;
                break;
            case Op::at_most:
                *out = r[in.a] <= r[in.b] ? 1 : 0;
                break;
            case Op::plus:
                *out = r[in.a] + r[in.b];
                break;
            case Op::minus:
                *out = r[in.a] - r[in.b];
                break;
            case Op::times:
                *out = r[in.a] * r[in.b];
                break;
        }
    }
}

// --- steps ---

StepPaths::StepPaths(z3::context& context, const Config& config, const StepInstance& instance)
    : instance(instance),
      pinned(pinned_state(context, config, instance)),
      paths(paths_of(config, instance.actor, pinned.fresh.state, pinned.fresh.bounds && pinned.premise)) {
    // Natively nothing may be indexed that is not there.
    for (const SymbolicPath& path : paths) {
        if (path.outside) outside.push_back(path.condition);
    }
    paths.erase(std::remove_if(paths.begin(), paths.end(), [](const SymbolicPath& path) { return path.outside; }),
                paths.end());
}

CompiledStep::CompiledStep(const Setting& setting, const StepPaths& step)
    : setting_(&setting), instance_(step.instance), program_(setting.layout) {
    z3::context& context = step.pinned.premise.ctx();
    const PathOracle oracle(context);  // constants become terms
    const std::vector<SymInt> before = fields_of(setting.config, step.pinned.fresh.state);
    // NOLINTNEXTLINE(cppcoreguidelines-prefer-member-initializer): PathOracle has to be there
    premise_ = program_.compile(step.pinned.premise);
    std::vector<z3::expr> constants;  // kept while terms are told apart by their ids
    for (std::size_t field = 0; field < before.size(); ++field) {
        if (!before[field].is_constant()) continue;
        constants.push_back(before[field].term());
        pins_.push_back({field, program_.compile(constants.back())});
    }
    for (const z3::expr& condition : step.outside) outside_.push_back(program_.compile(condition));
    for (const SymbolicPath& path : step.paths) {
        Path& compiled = paths_.emplace_back();
        compiled.condition = program_.compile(path.condition);
        compiled.blocked = path.blocked;
        compiled.failures = path.failures;
        compiled.choices = path.choices;
    }
    conditions_end_ = program_.size();
    const std::size_t known = program_.known();
    for (std::size_t i = 0; i < paths_.size(); ++i) {
        Path& compiled = paths_[i];
        compiled.first = compiled.last = program_.size();
        if (compiled.blocked) continue;
        const std::vector<SymInt> after = fields_of(setting.config, step.paths[i].after);
        for (std::size_t field = 0; field < after.size(); ++field) {
            if (same_term(before[field], after[field])) continue;
            constants.push_back(after[field].term());
            compiled.writes.push_back({field, program_.compile(constants.back())});
        }
        compiled.last = program_.size();
        program_.forget(known);
    }
    program_.forget(0);
    seen_.resize(paths_.size());
    registers_.resize(program_.registers());
    expected_.resize(before.size());
}

std::string CompiledStep::name() const {
    return setting_->model.actor_name(instance_.actor) + " at " +
           std::string(step_names()[static_cast<std::size_t>(instance_.step)]);
}

void CompiledStep::load(const Bbm::State& state) {
    for (std::size_t field = 0; field < expected_.size(); ++field) {
        registers_[field] = setting_->layout.get(state, field);
    }
}

bool CompiledStep::applies(const Bbm::State& state) {
    if (setting_->layout.check(state) >= 0) return false;
    load(state);
    program_.run(registers_, 0, conditions_end_);
    for (const Write& pin : pins_) {
        if (registers_[pin.field] != registers_[pin.value]) return false;
    }
    if (std::any_of(outside_.begin(), outside_.end(), [&](auto condition) { return registers_[condition] != 0; })) {
        return false;
    }
    return registers_[premise_] != 0;
}

void CompiledStep::find_satisfied(const Bbm::State& before) {
    if (!applies(before)) throw std::logic_error("the step is not the next in this state: " + name());
    satisfied_.clear();
    for (std::size_t i = 0; i < paths_.size(); ++i) {
        if (registers_[paths_[i].condition] == 0) continue;
        satisfied_.push_back(i);
        seen_[i] = true;
    }
}

Disagreement CompiledStep::compare_run(const Bbm::State& after, const checker::SearchContext& context) {
    const auto taken = context.taken();
    const Path* path = nullptr;
    for (const std::size_t i : satisfied_) {
        const auto& choices = paths_[i].choices;
        const bool mine = std::equal(
            choices.begin(), choices.end(), taken.begin(), taken.end(),
            [](const checker::ChoiceTaken& a, const auto& b) { return a.first == b.choice && a.second == b.value; });
        if (!mine) continue;
        if (path != nullptr) return "two paths for one native run";
        path = &paths_[i];
    }
    if (path == nullptr) return "no path for a native run";
    if (context.step() != static_cast<checker::StepId>(instance_.step)) return "another step runs natively";
    if (path->blocked != context.is_blocked()) {
        return path->blocked ? "the path is blocked, the native run is not" : "the native run is blocked, not the path";
    }
    if (auto differs = compare_failures(path->failures, context.failures())) return differs;
    if (path->blocked) return std::nullopt;
    finish(*path);
    std::copy_n(registers_.begin(), expected_.size(), expected_.begin());
    for (const Write& write : path->writes) expected_[write.field] = registers_[write.value];
    for (std::size_t field = 0; field < expected_.size(); ++field) {
        if (const int value = setting_->layout.get(after, field); value != expected_[field]) {
            return setting_->layout.field_text(after, field) + " natively, " + std::to_string(expected_[field]) +
                   " in the path";
        }
    }
    return std::nullopt;
}

std::vector<Bbm::State> CompiledStep::successors(const Bbm::State& before) {
    find_satisfied(before);
    std::vector<Bbm::State> all;
    for (const std::size_t i : satisfied_) {
        const Path& path = paths_[i];
        if (path.blocked || !path.failures.empty()) continue;
        finish(path);
        Bbm::State& after = all.emplace_back(before);
        for (const Write& write : path.writes) setting_->layout.set(after, write.field, registers_[write.value]);
    }
    return all;
}

const StepPaths& Steps::paths(std::size_t instance) {
    if (const auto known = paths_.find(instance); known != paths_.end()) return known->second;
    return paths_.try_emplace(instance, context_, setting_.config, step_instances()[instance]).first->second;
}

CompiledStep& Steps::compiled(std::size_t instance) {
    if (const auto known = compiled_.find(instance); known != compiled_.end()) return known->second;
    return compiled_.try_emplace(instance, setting_, paths(instance)).first->second;
}

void Steps::replace(std::size_t instance, StepPaths changed) {
    compiled_.erase(instance);
    paths_.insert_or_assign(instance, std::move(changed));
}

std::optional<std::size_t> Steps::next(const Bbm::State& state, checker::ActorId actor) const {
    static const std::vector<std::vector<int>> index = [] {
        std::vector<std::vector<int>> table(actor::count,
                                            std::vector<int>(static_cast<std::size_t>(StepId::count), -1));
        const auto& all = step_instances();
        for (std::size_t i = 0; i < all.size(); ++i) {
            table[all[i].actor][static_cast<std::size_t>(all[i].step)] = static_cast<int>(i);
        }
        return table;
    }();
    const auto& mine = index[actor];
    const int step = setting_.model.next_step(state, actor);
    if (step >= 0) {
        const int i = mine[static_cast<std::size_t>(step)];
        return i >= 0 ? std::optional(static_cast<std::size_t>(i)) : std::nullopt;
    }
    if (actor == actor::user) return std::nullopt;
    // An actor without a program counter has one step.
    const auto only = std::find_if(mine.begin(), mine.end(), [](int i) { return i >= 0; });
    return static_cast<std::size_t>(*only);
}

// --- models of Z3 ---

Disagreement compare_model(const Setting& setting, checker::ActorId actor, const SymbolicState& before,
                           const SymbolicPath& path, const z3::model& model) {
    Bbm::State state = concrete(setting.config, before, model);
    checker::NoObserver nobody;
    checker::RecordingContext context(path.choices, nobody);
    setting.model.step(state, actor, context);
    if (context.diverged() || context.taken() != path.choices) return "other choices are asked natively";
    if (context.is_blocked() != path.blocked) return "blocked in one domain only";
    if (auto differs = compare_failures(path.failures, context.failures())) return differs;
    if (path.blocked) return std::nullopt;
    std::string names;
    const Bbm::State expected = concrete(setting.config, path.after, model);
    for (const auto& change : setting.layout.diff(expected, state)) {
        names += " " + setting.layout.fields()[change.field].name;
    }
    if (names.empty()) return std::nullopt;
    return "another state is reached natively:" + names;
}

}  // namespace vmemcheck::bbm::spec
