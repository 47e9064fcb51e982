// SPDX-License-Identifier: MIT
// Little programs under the checker: a few threads with a register each, shared variables, and one operation a step.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "checker/choices.hpp"
#include "checker/explore.hpp"
#include "checker/program.hpp"

namespace vmemcheck::checker::toys {

struct Op {
    enum Kind : std::uint8_t {
        load,          ///< the register becomes the variable
        store,         ///< the variable becomes the value
        add_register,  ///< the variable becomes the register plus the value
        lock,          ///< waits for 0, makes it 1
        unlock,        ///< makes it 0
        down,          ///< waits for more than 0, takes 1
        up,            ///< adds 1
        await,         ///< waits until the variable has the value
        await_turn,    ///< Peterson: waits until the variable is 0 or variable 2 has the value
        ask,           ///< the register becomes the answer, of `value` answers
        ask_variable,  ///< the register becomes the answer, of as many as the variable says and one
        branch,        ///< ends the thread unless the register has the value
        fail_if,       ///< violates "register" if the register has the value
        check,         ///< violates "check" if the variable has the value
        give_up,       ///< ends the run
        loop,          ///< begins the thread anew
    } kind = load;
    int variable = 0;
    int value = 0;
};

struct Toy {
    std::vector<std::vector<Op>> threads;
    std::vector<int> initial;       ///< variables; 6 at most
    bool deadlock_is_wrong = true;  ///< else a run whose threads all wait finishes
    int final_variable = -1;        ///< must have final_value when all threads are through, or "final" is violated
    int final_value = 0;
    int asked_cost = 1;  ///< of an answer that is not 0
};

class ToyProgram : public Program {
 public:
    /// To be restarted before anything else.
    explicit ToyProgram(Toy toy, bool can_save = true) : toy_(std::move(toy)), can_save_(can_save) {}

    void restart() override {
        state_ = State{};
        for (std::size_t i = 0; i < toy_.initial.size(); ++i) state_.variables.at(i) = toy_.initial[i];
        ++restarts;
        touched_.clear();
        offer();
    }
    [[nodiscard]] std::span<const Alternative> alternatives() const override { return alternatives_; }
    void take(std::size_t index) override;
    [[nodiscard]] const ProgramEnd& end() const override { return end_; }
    [[nodiscard]] std::span<const Touched> touched() const override { return touched_; }
    [[nodiscard]] std::uint64_t fingerprint() const override;
    [[nodiscard]] std::unique_ptr<ProgramState> save() const override;
    void restore(const ProgramState& saved) override;
    [[nodiscard]] std::string describe(const Alternative& a) const override {
        return actor_name(a.actor) + ": " + std::to_string(a.answer);
    }
    [[nodiscard]] std::string actor_name(std::uint16_t actor) const override { return "t" + std::to_string(actor); }

    /// All that a run has come to, except who was the last to move.
    [[nodiscard]] std::string outcome() const;

    std::uint64_t restarts = 0;
    mutable std::uint64_t saves = 0;
    bool forget_touched = false;  ///< says of nothing that it was touched: a mistake that an audit must see

 private:
    struct State {
        std::array<int, 6> variables{};
        std::array<std::uint8_t, 6> pc{};
        std::array<int, 6> registers{};
        std::uint16_t last = 0;
        std::uint8_t over = 0;  ///< a violation, or given up

        friend bool operator==(const State&, const State&) = default;
    };
    struct Saved : ProgramState {
        State state;
        ProgramEnd end;
        [[nodiscard]] std::size_t bytes() const override { return sizeof(Saved); }
    };

    [[nodiscard]] const Op* next(std::size_t thread) const {
        const auto& ops = toy_.threads[thread];
        return state_.pc.at(thread) < ops.size() ? &ops[state_.pc.at(thread)] : nullptr;
    }
    [[nodiscard]] int answers(std::size_t thread) const;  ///< 0: it cannot move
    void offer();
    void touch(int variable, bool written) {
        if (!forget_touched) touched_.push_back({static_cast<std::uint64_t>(variable), written});
    }
    void violate(const char* property) {
        state_.over = 1;
        end_ = {ProgramEnd::Kind::violation, property, std::string(property) + " is violated"};
    }

    Toy toy_;
    bool can_save_;
    State state_;
    ProgramEnd end_;
    std::vector<Alternative> alternatives_;
    std::vector<Touched> touched_;
};

/// What all runs come to, by trying each; no run may be endless.
struct Everything {
    std::uint64_t runs = 0;
    std::set<std::string> outcomes;
    std::set<std::string> violated;
    std::uint64_t least_cost = ~std::uint64_t{0};  ///< of a violation
    std::size_t least_deviations = ~std::size_t{0};
};
/// \param bound of the summed costs
Everything try_everything(const Toy& toy, std::uint64_t bound = ~std::uint64_t{0});

/// Two or three threads of up to five operations; always the same for a seed. \param more operations, and a thread
Toy random_toy(std::uint64_t seed, int more = 0);

/// The properties that an exploration found violated.
std::set<std::string> violated(const ExploreResult& result);

Toy lost_update(int threads);                ///< each adds 1 to a variable, not atomically
Toy philosophers(int count, bool in_order);  ///< in_order: no deadlock
Toy peterson(bool with_flags);               ///< two threads in turn add 1 inside; without flags they may lose one
Toy questions();                             ///< fails if a thread asks 3 times and is answered 1, 2, 1

}  // namespace vmemcheck::checker::toys
