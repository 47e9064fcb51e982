// SPDX-License-Identifier: MIT
#include "tests/checker/toy_program.hpp"

#include <algorithm>
#include <cstring>
#include <random>

#include "checker/hash.hpp"

namespace vmemcheck::checker::toys {

int ToyProgram::answers(std::size_t thread) const {
    const Op* op = next(thread);
    if (op == nullptr) return 0;
    const int value = state_.variables.at(static_cast<std::size_t>(op->variable));
    switch (op->kind) {
        case Op::lock:
            return value == 0 ? 1 : 0;
        case Op::down:
            return value > 0 ? 1 : 0;
        case Op::await:
            return value == op->value ? 1 : 0;
        case Op::await_turn:
            return value == 0 || state_.variables[2] == op->value ? 1 : 0;
        case Op::ask:
            return op->value;
        case Op::ask_variable:
            return 1 + std::clamp(value, 0, 2);
        default:
            return 1;
    }
}

void ToyProgram::offer() {
    alternatives_.clear();
    if (state_.over != 0) return;
    const auto count = static_cast<std::uint16_t>(toy_.threads.size());
    const bool can_go_on = answers(state_.last) > 0;
    bool all_through = true;
    for (std::uint16_t i = 0; i < count; ++i) {
        const auto thread = static_cast<std::uint16_t>((state_.last + i) % count);
        all_through = all_through && next(thread) == nullptr;
        for (int answer = 0; answer < answers(thread); ++answer) {
            const int cost = (can_go_on && thread != state_.last ? 1 : 0) + (answer != 0 ? toy_.asked_cost : 0);
            alternatives_.push_back({thread, static_cast<std::uint16_t>(answer), static_cast<std::uint16_t>(cost)});
        }
    }
    if (!alternatives_.empty()) return;
    end_ = {};
    if (!all_through && toy_.deadlock_is_wrong) violate("deadlock");
    if (all_through && toy_.final_variable >= 0 &&
        state_.variables.at(static_cast<std::size_t>(toy_.final_variable)) != toy_.final_value) {
        violate("final");
    }
}

void ToyProgram::take(std::size_t index) {
    const Alternative chosen = alternatives_.at(index);
    const std::size_t thread = chosen.actor;
    const Op& op = *next(thread);
    int& variable = state_.variables.at(static_cast<std::size_t>(op.variable));
    int& reg = state_.registers.at(thread);
    touched_.clear();
    state_.last = chosen.actor;
    ++state_.pc.at(thread);
    switch (op.kind) {
        case Op::load:
            touch(op.variable, false);
            reg = variable;
            break;
        case Op::store:
            touch(op.variable, true);
            variable = op.value;
            break;
        case Op::add_register:
            touch(op.variable, true);
            variable = reg + op.value;
            break;
        case Op::lock:
        case Op::unlock:
            touch(op.variable, true);
            variable = op.kind == Op::lock ? 1 : 0;
            break;
        case Op::down:
        case Op::up:
            touch(op.variable, true);
            variable += op.kind == Op::down ? -1 : 1;
            break;
        case Op::await_turn:
            touch(2, false);
            touch(op.variable, false);
            break;
        case Op::await:
            touch(op.variable, false);
            break;
        case Op::ask_variable:
            touch(op.variable, false);
            reg = chosen.answer;
            break;
        case Op::ask:
            reg = chosen.answer;
            break;
        case Op::branch:
            if (reg != op.value) state_.pc.at(thread) = static_cast<std::uint8_t>(toy_.threads[thread].size());
            break;
        case Op::fail_if:
            if (reg == op.value) violate("register");
            break;
        case Op::check:
            touch(op.variable, false);
            if (variable == op.value) violate("check");
            break;
        case Op::give_up:
            state_.over = 2;
            end_ = {ProgramEnd::Kind::given_up, "", ""};
            break;
        case Op::loop:
            state_.pc.at(thread) = 0;
            break;
    }
    // What the thread waits for it has looked at.
    if (const Op* waits = next(thread); waits != nullptr && answers(thread) == 0) {
        touch(waits->variable, false);
        if (waits->kind == Op::await_turn) touch(2, false);
    }
    offer();
}

std::uint64_t ToyProgram::fingerprint() const {
    std::vector<std::uint32_t> words;
    for (const int value : state_.variables) words.push_back(static_cast<std::uint32_t>(value));
    for (const int value : state_.registers) words.push_back(static_cast<std::uint32_t>(value));
    for (const auto value : state_.pc) words.push_back(value);
    words.push_back(state_.last);
    words.push_back(state_.over);
    return hash_words(words.data(), static_cast<unsigned>(words.size()));
}

std::unique_ptr<ProgramState> ToyProgram::save() const {
    if (!can_save_) return nullptr;
    ++saves;
    auto saved = std::make_unique<Saved>();
    saved->state = state_;
    saved->end = end_;
    return saved;
}

void ToyProgram::restore(const ProgramState& saved) {
    const auto& mine = dynamic_cast<const Saved&>(saved);
    state_ = mine.state;
    end_ = mine.end;
    touched_.clear();
    offer();
}

std::string ToyProgram::outcome() const {
    std::string text = state_.over == 2 ? "given up:" : end_.property + ":";
    for (const int value : state_.variables) text += std::to_string(value) + ",";
    for (const int value : state_.registers) text += std::to_string(value) + ",";
    for (const auto value : state_.pc) text += std::to_string(value) + ",";
    return text;
}

namespace {

void try_from(ToyProgram& program, std::uint64_t cost, std::size_t deviations, std::uint64_t bound,
              Everything& everything) {
    if (program.alternatives().empty()) {
        ++everything.runs;
        everything.outcomes.insert(program.outcome());
        if (program.end().kind != ProgramEnd::Kind::violation) return;
        everything.violated.insert(program.end().property);
        everything.least_cost = std::min(everything.least_cost, cost);
        everything.least_deviations = std::min(everything.least_deviations, deviations);
        return;
    }
    const auto here = program.save();
    const std::vector<Alternative> offered(program.alternatives().begin(), program.alternatives().end());
    for (std::size_t i = 0; i < offered.size(); ++i) {
        if (cost + offered[i].cost > bound) continue;
        program.take(i);
        try_from(program, cost + offered[i].cost, deviations + (i == 0 ? 0 : 1), bound, everything);
        program.restore(*here);
    }
}

}  // namespace

Everything try_everything(const Toy& toy, std::uint64_t bound) {
    ToyProgram program(toy);
    program.restart();
    Everything everything;
    try_from(program, 0, 0, bound, everything);
    return everything;
}

Toy random_toy(std::uint64_t seed, int more) {
    std::mt19937_64 random(seed);
    const auto below = [&random](int count) { return static_cast<int>(random() % static_cast<std::uint64_t>(count)); };
    Toy toy;
    toy.initial = {below(2), below(2), below(2)};
    toy.deadlock_is_wrong = below(2) == 0;
    if (below(2) == 0) toy.final_variable = 0;
    const int threads = 2 + below(more > 0 ? 3 : 2);
    for (int thread = 0; thread < threads; ++thread) {
        std::vector<Op> ops;
        const int count = 1 + below((threads == 2 ? 5 : 3) + more);
        for (int i = 0; i < count; ++i) {
            constexpr std::array kinds{Op::load,   Op::load,  Op::store,   Op::store,        Op::add_register, Op::lock,
                                       Op::unlock, Op::down,  Op::up,      Op::await,        Op::await_turn,   Op::ask,
                                       Op::branch, Op::check, Op::fail_if, Op::ask_variable, Op::give_up};
            Op op{kinds.at(static_cast<std::size_t>(below(static_cast<int>(kinds.size())))), below(3), below(2)};
            if (op.kind == Op::ask) op.value = 2;
            if (op.kind == Op::check || op.kind == Op::fail_if) op.value += 1;
            ops.push_back(op);
        }
        toy.threads.push_back(ops);
    }
    return toy;
}

std::set<std::string> violated(const ExploreResult& result) {
    std::set<std::string> names;
    for (const auto& violation : result.violations) names.insert(violation.property);
    return names;
}

Toy lost_update(int threads) {
    Toy toy;
    toy.initial = {0};
    for (int i = 0; i < threads; ++i) toy.threads.push_back({{Op::load, 0, 0}, {Op::add_register, 0, 1}});
    toy.final_variable = 0;
    toy.final_value = threads;
    return toy;
}

Toy philosophers(int count, bool in_order) {
    Toy toy;
    toy.initial.assign(static_cast<std::size_t>(count), 0);
    for (int i = 0; i < count; ++i) {
        int first = i;
        int second = (i + 1) % count;
        if (in_order && first > second) std::swap(first, second);
        toy.threads.push_back({{Op::lock, first}, {Op::lock, second}, {Op::unlock, second}, {Op::unlock, first}});
    }
    return toy;
}

Toy peterson(bool with_flags) {
    Toy toy;
    toy.initial = {0, 0, 0, 0};  // flags of the threads, whose turn it is to wait, the count
    for (int me = 0; me < 2; ++me) {
        toy.threads.push_back({{Op::store, me, with_flags ? 1 : 0},
                               {Op::store, 2, 1 - me},
                               {Op::await_turn, 1 - me, me},
                               {Op::load, 3},
                               {Op::add_register, 3, 1},
                               {Op::store, me, 0}});
    }
    toy.final_variable = 3;
    toy.final_value = 2;
    return toy;
}

Toy questions() {
    Toy toy;
    toy.initial = {0};
    toy.threads.push_back({{Op::ask, 0, 3},
                           {Op::branch, 0, 1},
                           {Op::ask, 0, 3},
                           {Op::branch, 0, 2},
                           {Op::ask, 0, 2},
                           {Op::fail_if, 0, 1}});
    toy.threads.push_back({{Op::store, 0, 1}, {Op::store, 0, 2}});
    return toy;
}

}  // namespace vmemcheck::checker::toys
