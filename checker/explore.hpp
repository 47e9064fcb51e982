// SPDX-License-Identifier: MIT
/// \file
/// Explores the runs of a program (checker/program.hpp). docs/exploring-programs.md says what each mode promises.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "checker/choices.hpp"
#include "checker/program.hpp"

namespace vmemcheck::checker {

/// Which runs are explored.
enum class ExploreMode : std::uint8_t {
    /// All runs whose alternatives cost no more than a bound: 0, then 1, 2, ... (Musuvathi, Qadeer, PLDI 2007; with
    /// costs for delays: Emmi, Qadeer, Rakamaric, POPL 2011).
    bounded,
    /// At least one run of each Mazurkiewicz trace: dynamic partial-order reduction (Flanagan, Godefroid, POPL 2005)
    /// with source sets (Abdulla et al., POPL 2014) and sleep sets (Godefroid, 1996). Costs do not matter.
    exhaustive,
    /// Independent random walks.
    random,
    /// Random walks that differ in what they may do at all (Groce et al., ISSTA 2012), some of them by priorities
    /// (PCT: Burckhardt et al., ASPLOS 2010).
    swarm,
};

/// Why an exploration ended.
enum class ExploreEnded : std::uint8_t {
    complete,  ///< nothing is left of what the mode promises
    violation,
    run_limit,
    time_limit,
    interrupted,
    program_error,  ///< ExploreResult::error
};

/// Why a run was left before its end.
enum class RunLeft : std::uint8_t {
    visited,    ///< bounded: in a state visited before with as much left of the bound
    redundant,  ///< exhaustive: each way to go on is another order of a run explored already (sleep sets)
    cut,        ///< at ExploreOptions::max_steps
};

/// In a word: "bounded".
[[nodiscard]] const char* text(ExploreMode mode);
/// In a word or two: "run limit".
[[nodiscard]] const char* text(ExploreEnded ended);

/// What explore() is told. Members below a mode count for that mode only.
struct ExploreOptions {
    ExploreMode mode = ExploreMode::bounded;  ///< which runs
    /// The violations that matter, by their property; empty: all. Others are noted, and do not end the exploration.
    std::vector<std::string> wanted;
    bool keep_going = false;  ///< go on after a violation that matters

    std::uint64_t max_runs = 0;  ///< 0: no limit. Of random and swarm the number of walks; 0: 1000
    double max_seconds = 0;      ///< 0: no limit
    /// Of states saved and (bounded) fingerprints, a half each. Without room, states are come back to by taking the
    /// same choices again, and states not taken in are explored again: both cost time alone.
    std::size_t max_memory_bytes = std::size_t{1} << 30;
    std::size_t max_steps = 10'000;           ///< of a run, which is cut there
    const std::atomic<bool>* stop = nullptr;  ///< set it, from a signal handler or an observer, to end the exploration

    // bounded
    std::uint16_t bound = 2;  ///< of the summed costs of a run
    bool prune = true;        ///< leave runs in states that were visited; if not, Program::fingerprint is not called
    /// Look at fingerprints only where the default is that another actor moves than before, which is where runs come
    /// together again. For programs whose fingerprint takes longer than going on.
    bool prune_at_switches = false;

    // bounded and exhaustive
    bool save_states = true;     ///< if not, points are come back to from the beginning of the run
    std::size_t save_every = 4;  ///< points; saving takes longer than going on, so that not each point is worth it

    // random and swarm
    std::uint64_t seed = 0;       ///< the same one gives the same walks
    std::uint64_t first_run = 0;  ///< the number of the first walk: a walk depends on the seed and its number alone
    /// How often a walk leaves the default, on average (measured by the length of the default run); 0: at each point
    /// all alternatives are equally likely. Swarm draws its own up to this, or 16 if it is 0.
    double deviations = 0;
    unsigned change_points = 3;  ///< swarm: most changes of priority in a walk by priorities
};

/// The best run found that violates a property.
struct ExploreViolation {
    std::string property;     ///< as ProgramEnd says
    std::string message;      ///< as ProgramEnd says
    Choices schedule;         ///< to the violation
    std::uint64_t cost = 0;   ///< of its alternatives, summed
    std::uint64_t run = 0;    ///< of random and swarm: number of the walk, first_run included; else runs before
    double seconds = 0;       ///< since the beginning
    std::uint64_t count = 0;  ///< runs that violated it, this included
    bool wanted = false;      ///< it matters: see ExploreOptions::wanted
};

/// What an exploration found, and how much it did.
struct ExploreResult {
    ExploreMode mode{};    ///< which runs were explored
    ExploreEnded ended{};  ///< why it ended
    /// Of bounded and exhaustive: all was explored that the mode promises (ended complete, no run cut, none given up by
    /// the program; with pruning, up to omission_probability).
    bool complete = false;
    std::string error;  ///< what is wrong with the program, or what it threw

    std::uint64_t runs = 0;       ///< that came to an end
    std::uint64_t violating = 0;  ///< of these
    std::uint64_t given_up = 0;   ///< of these, by the program
    std::uint64_t pruned = 0;     ///< runs left as RunLeft::visited or redundant
    std::uint64_t cut = 0;        ///< runs left at max_steps
    std::uint64_t points = 0;     ///< alternatives taken for the first time on their run
    std::uint64_t retaken = 0;    ///< alternatives taken again to come back to a point
    std::uint64_t restores = 0;   ///< of states saved
    std::size_t longest = 0;      ///< points of the longest run
    /// Different states with a choice; bounded with pruning, else 0.
    std::uint64_t states = 0;
    /// At most so likely, two different states had one fingerprint and one of them was left out.
    double omission_probability = 0;
    /// bounded: the largest bound of which all runs were explored.
    std::optional<std::uint16_t> bound_done;
    std::size_t peak_memory_bytes = 0;         ///< of states saved and fingerprints
    double seconds = 0;                        ///< from the beginning to the end, by the clock
    std::vector<ExploreViolation> violations;  ///< one a property: that of least cost, of these the shortest

    /// runs by seconds; 0 if it took no time.
    [[nodiscard]] double runs_per_second() const { return seconds > 0 ? static_cast<double>(runs) / seconds : 0; }
    /// Alternatives taken, again ones included, by seconds; 0 if it took no time.
    [[nodiscard]] double points_per_second() const {
        return seconds > 0 ? static_cast<double>(points + retaken) / seconds : 0;
    }
};

/// How far an exploration is; the members are those of ExploreResult.
struct ExploreProgress {
    std::uint64_t runs = 0;        ///< that came to an end
    std::uint64_t points = 0;      ///< alternatives taken for the first time
    std::uint64_t states = 0;      ///< different ones
    std::uint64_t pruned = 0;      ///< runs left early
    std::uint16_t bound = 0;       ///< bounded: being explored
    std::size_t memory_bytes = 0;  ///< of states saved and fingerprints
    double seconds = 0;            ///< since the beginning
};

/// Is told of each run; the program is in its last state meanwhile and may be asked, but not be moved.
class ExploreObserver {
 public:
    ExploreObserver() = default;
    ExploreObserver(const ExploreObserver&) = delete;
    ExploreObserver& operator=(const ExploreObserver&) = delete;
    virtual ~ExploreObserver() = default;

    /// A run came to its end. Bounded: each once, although iterations repeat those of lower bounds.
    virtual void on_run_end(const Choices&, const ProgramEnd&) {}
    /// A run was left.
    virtual void on_run_left(const Choices&, RunLeft) {}
    /// About four times a second.
    virtual void on_progress(const ExploreProgress&) {}
};

/// Explores the runs of a program. What the program throws ends the exploration as a program_error.
/// \param observer may be null
[[nodiscard]] ExploreResult explore(Program& program, const ExploreOptions& options,
                                    ExploreObserver* observer = nullptr);

}  // namespace vmemcheck::checker
