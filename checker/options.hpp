// SPDX-License-Identifier: MIT
/// \file
/// What a search is told, and how it watches its limits.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "checker/result.hpp"

namespace vmemcheck::checker {

/// In which order a search goes.
enum class Strategy : std::uint8_t {
    breadth_first,  ///< counterexamples are the shortest, counted in transitions
    depth_first,    ///< finds deep states early; the successors of a state are all made at once, then followed in turn
};

/// What a progress callback is told.
struct Progress {
    std::uint64_t states = 0;       ///< stored so far
    std::uint64_t transitions = 0;  ///< made so far
    std::uint64_t depth = 0;        ///< of the state being expanded
    std::uint64_t frontier = 0;     ///< states stored and not yet expanded
    std::size_t memory_bytes = 0;   ///< taken by the search
    double seconds = 0;             ///< since the search began
    double rate = 0;                ///< transitions a second since the last report
};

/// All states of a search, packed as Layout says.
struct StoredStates {
    std::uint64_t count = 0;                                    ///< how many there are
    unsigned words = 0;                                         ///< 32-bit words of a packed state
    std::function<const std::uint32_t*(std::uint64_t)> packed;  ///< the words of state 0 .. count - 1
};

/// A file from which a breadth-first search of states and steps goes on when it was ended too early, by a limit, a
/// signal or a crash. When the search is complete the file is removed. docs/beyond-memory.md.
struct CheckpointOptions {
    std::string file;     ///< empty: none. FILE.tmp is used as well
    double seconds = 30;  ///< between two of them, at least
    /// What is searched, as far as the caller knows it better: lines "what: value". A file that says anything else is
    /// refused. Limits and threads may differ, and so should not be told.
    std::string identity;
    /// Told if the search goes on from the file: states it has, its depth, and seconds it took.
    std::function<void(std::uint64_t states, std::uint64_t depth, double seconds)> continued;
    /// Told, in a sentence, why a checkpoint could not be written. The search goes on.
    std::function<void(const std::string& why)> failed;
};

/// What a breadth-first search of states and steps keeps of the states it has seen, if not all: it may then take a
/// state for one it has seen, and omit it. What it finds is there; what it does not find may be, so nothing "holds". At
/// most one of the two. docs/beyond-memory.md.
struct Approximation {
    unsigned hash_bits = 0;       ///< bits of a hash, 24 to 64; 0: not this
    std::size_t array_bytes = 0;  ///< of an array of bits, at least 128; 0: not this
    unsigned array_hashes = 3;    ///< bits of a state in the array, at least 1

    /// Whether either was asked for.
    [[nodiscard]] bool any() const { return hash_bits != 0 || array_bytes != 0; }
};

/// What check() and survey() are told. The defaults search everything, with one thread.
struct SearchOptions {
    Strategy strategy = Strategy::breadth_first;  ///< in which order
    std::uint64_t max_states = 0;      ///< 0: no limit (where states are indexed, see check_with(): 2^32 - 2)
    std::size_t max_memory_bytes = 0;  ///< of what the search allocates; 0: no limit
    double max_seconds = 0;            ///< 0: no limit
    /// States so many transitions from an initial state are not expanded; 0: no limit. Depth first, a state first found
    /// at the limit is not expanded when it is found again nearer.
    std::uint64_t max_depth = 0;
    /// Threads that search breadth first; 0: as many as the machine has processors. What is found does not depend on
    /// it. Depth first, and for liveness properties, one thread searches.
    unsigned threads = 1;
    /// States after which a breadth-first search looks which fields of a state belong together, and stores them so.
    /// Only how much memory it takes depends on it.
    std::uint64_t regroup_states = std::uint64_t{1} << 14;
    /// Keep one of all states that differ in the numbering of interchangeable parts only (see Symmetric): breadth
    /// first, and without liveness properties; otherwise, and for models that declare no such parts, nothing comes of
    /// it.
    bool symmetry = false;
    /// Leave out orders of steps that do not matter (see DeclaresFootprints and PersistentSets): breadth first, and
    /// without liveness properties; otherwise, and for models that do not say what their actors touch, nothing comes of
    /// it. Verdicts stay the same; counterexamples may be longer than the shortest.
    bool partial_order = false;
    /// Where symmetry, partial-order reduction or caching of steps is made use of, one of so many states expanded is
    /// looked at whether the model is what it says. If it is not, that is a model error. 0: none.
    std::uint64_t audit_each = 1000;
    /// Without fusing, as many states are looked at whether local steps are local.
    bool audit_local = false;
    /// Without partial-order reduction, as many states are looked at whether actors touch what the model says.
    bool audit_footprints = false;
    bool fuse = true;          ///< run local steps together with the step before them (models that predict steps)
    bool check_fused = false;  ///< evaluate invariants on the states within a fused transition as well
    /// End when every property is violated or reached. Properties that hold keep a search going to its end.
    bool stop_when_decided = true;
    /// Pack, unpack and mix several fields or states at once where the processor can (ParallelPacker, ParallelUnpacker,
    /// WordMixer), and condense() those of several words; nothing but the time depends on it.
    bool parallel_packing = true;
    /// Do again what actors were seen to do in states that agree in all that matters to them, without running their
    /// steps (see DeclaresDependencies and docs/searching.md): breadth first, of states that are packed into one word
    /// or, with fast BMI2, two or three, without symmetry, fusing, and properties of steps; otherwise, and for models
    /// that do not say what their steps depend on, nothing comes of it. Nothing but the time depends on it, if what the
    /// model says is so.
    bool cache_steps = true;
    CheckpointOptions checkpoint;  ///< none unless it names a file
    /// A folder for the tables, logs and levels of a breadth-first search of states and steps: files without a name, of
    /// which the system keeps in memory what it has room for. max_memory_bytes then bounds the rest. Empty: none.
    std::string disk_folder;
    Approximation approximation;                    ///< exact unless it says otherwise
    const std::atomic<bool>* stop = nullptr;        ///< set it, from a signal handler say, to end the search
    std::function<void(const Progress&)> progress;  ///< called about four times a second
    /// Called at the end of a search that is complete and pruned nothing, with every state stored: without fusing the
    /// states are closed under every step. What it throws, the search throws.
    std::function<void(const StoredStates&)> states;
};

/// What simulate() is told.
struct SimulationOptions {
    std::uint64_t seed = 0;                   ///< the same one gives the same walks
    std::uint64_t walks = 100;                ///< how many
    std::uint64_t length = 1000;              ///< most steps a walk
    double max_seconds = 0;                   ///< 0: no limit
    bool stop_when_decided = true;            ///< as in SearchOptions
    const std::atomic<bool>* stop = nullptr;  ///< as in SearchOptions
    std::function<void(const Progress&)>
        progress;  ///< as in SearchOptions; states: steps walked, frontier: walks to come
};

/// The clock and the limits of a search that are not the store's. check() is to be called for every state expanded.
class Limits {
 public:
    using Clock = std::chrono::steady_clock;  ///< what time is read from

    /// \param max_seconds 0: no limit
    /// \param stop ends it when set; may be null
    Limits(double max_seconds, const std::atomic<bool>* stop) : max_seconds_(max_seconds), stop_(stop) {}

    /// The limit that is reached, if one is. Looks at the clock at one call in 32.
    std::optional<Ended> check() {
        if (stop_ != nullptr && stop_->load(std::memory_order_relaxed)) return Ended::interrupted;
        looked_ = calls_++ % 32 == 0;
        if (!looked_) return std::nullopt;
        now_ = Clock::now();
        if (max_seconds_ > 0 && seconds_at(now_) >= max_seconds_) return Ended::time_limit;
        return std::nullopt;
    }
    /// check(), and looks at the clock: for who calls it seldom.
    std::optional<Ended> check_now() {
        calls_ = 0;
        return check();
    }
    /// Whether it is time for a progress report. To be called after check().
    [[nodiscard]] bool report_due() const { return looked_ && now_ - reported_ >= report_interval; }
    /// Fills in the times and the rate of a report.
    void reported(Progress& progress) {
        const double since = std::chrono::duration<double>(now_ - reported_).count();
        progress.seconds = seconds_at(now_);
        progress.rate = static_cast<double>(progress.transitions - transitions_) / since;
        reported_ = now_;
        transitions_ = progress.transitions;
    }
    /// So many transitions were made by an earlier run: they do not count for the rate.
    void begin_at(std::uint64_t transitions) { transitions_ = transitions; }
    /// Seconds since construction.
    [[nodiscard]] double seconds() const { return seconds_at(Clock::now()); }

 private:
    static constexpr std::chrono::milliseconds report_interval{250};

    [[nodiscard]] double seconds_at(Clock::time_point time) const {
        return std::chrono::duration<double>(time - begin_).count();
    }

    double max_seconds_;
    const std::atomic<bool>* stop_;
    Clock::time_point begin_ = Clock::now();
    Clock::time_point now_ = begin_;
    Clock::time_point reported_ = begin_;
    std::uint64_t transitions_ = 0;
    unsigned calls_ = 0;
    bool looked_ = false;
};

}  // namespace vmemcheck::checker
