// SPDX-License-Identifier: MIT
/// \file
/// A program under the checker: real code, run on the checker's schedule, whose run is a function of its choices.
///
/// Where a model (checker/model.hpp) is a state that steps change, a program is a black box. It runs until it needs to
/// be told what comes next, a point of choice, and says what may come: which actor moves, and how the environment
/// answers it. The search of checker/explore.hpp drives it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace vmemcheck::checker {

/// One thing that may come next: an actor does what it is about to do, and the environment answers it so.
struct Alternative {
    std::uint16_t actor = 0;   ///< who moves
    std::uint16_t answer = 0;  ///< 0 is the benign one
    /// By how much it deviates from the default schedule: 0 for the default one, and at times for others.
    std::uint16_t cost = 0;

    /// Equal in all members.
    friend bool operator==(const Alternative&, const Alternative&) = default;
};

/// Something that a part of a run touched, for partial-order reduction.
struct Touched {
    std::uint64_t object = 0;  ///< any number that stands for it
    bool written = false;      ///< if not, it was read
};

/// How a run came to its end.
struct ProgramEnd {
    /// Which kind of end.
    enum class Kind : std::uint8_t {
        finished,   ///< nothing more happens, and all is well
        violation,  ///< `property` is violated, as `message` says
        given_up,   ///< a bound of the program's own was reached
    };
    Kind kind = Kind::finished;  ///< how
    std::string property;        ///< of a violation: a stable name
    std::string message;         ///< of a violation: one sentence
};

/// What a program saves of itself to come back to. Only the program that made it can read it.
class ProgramState {
 public:
    ProgramState() = default;
    ProgramState(const ProgramState&) = delete;
    ProgramState& operator=(const ProgramState&) = delete;
    virtual ~ProgramState() = default;
    /// In memory.
    [[nodiscard]] virtual std::size_t bytes() const = 0;
};

/// A program whose run is a function of its choices: the same choices give the same run, to the last bit.
class Program {
 public:
    Program() = default;
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    virtual ~Program() = default;

    /// Begins a new run, and goes on to its first point of choice or its end.
    virtual void restart() = 0;

    /// What may come next, the default first; empty at the end of a run. Valid until the run goes on.
    [[nodiscard]] virtual std::span<const Alternative> alternatives() const = 0;
    /// Goes on to the next point of choice or the end. \param index into alternatives()
    virtual void take(std::size_t index) = 0;
    /// How the run ended. Only once alternatives() is empty.
    [[nodiscard]] virtual const ProgramEnd& end() const = 0;

    /// What the last take() read and wrote. Two of different actors that touch nothing in common that one of them
    /// writes may be exchanged. What decides whether, and with which answers, the actor that moved can move again was
    /// read, above all if it has to wait: nothing else tells what an actor waits for. So was all that a property was
    /// decided by.
    [[nodiscard]] virtual std::span<const Touched> touched() const = 0;

    /// A hash of all that decides how the run goes on. Equal states have equal ones; the other way round up to a
    /// collision of 64 bits.
    [[nodiscard]] virtual std::uint64_t fingerprint() const = 0;

    /// \return nothing if the program cannot
    [[nodiscard]] virtual std::unique_ptr<ProgramState> save() const { return nullptr; }
    /// Back to a state that this program saved.
    virtual void restore(const ProgramState&) {}

    /// For people: "worker: alloc_contig_range(mb 1) = -EBUSY". Of an alternative at this point of choice.
    [[nodiscard]] virtual std::string describe(const Alternative& alternative) const = 0;
    /// For people.
    [[nodiscard]] virtual std::string actor_name(std::uint16_t actor) const = 0;
};

}  // namespace vmemcheck::checker
