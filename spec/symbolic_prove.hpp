// SPDX-License-Identifier: MIT
/// \file
/// Proofs by induction with lemmas: which properties hold in every reachable state of a configuration, however long
/// the run.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spec/symbolic_induction.hpp"

namespace vmemcheck::bbm::spec {

/// What is proved of one property.
struct PropertyProof {
    enum class Status {
        proved,   ///< holds in every reachable state
        open,     ///< not inductive with the lemmas that are: see the counterexamples to induction
        unknown,  ///< a query timed out, or the proof was stopped
    };
    std::string_view id;
    Status status = Status::open;
    unsigned k = 1;                          ///< proved by induction over so many steps
    std::vector<std::string_view> lemmas;    ///< predicates that its own queries needed; always "fields-in-range"
    std::vector<std::string_view> rests_on;  ///< those, and what they need in turn; itself excluded
    std::vector<Cti> ctis;                   ///< why not, first found first; empty: it fails in an initial state
    bool initially = true;                   ///< holds in every initial state
};

/// A lemma that is not inductive in this configuration and was left out.
struct DroppedLemma {
    std::string_view id;
    std::vector<Cti> ctis;  ///< empty: it fails in an initial state
};

/// How much work there was.
struct ProofStatistics {
    std::size_t rounds = 0;
    std::size_t steps = 0;  ///< step functions, by actor and program counter
    std::size_t paths = 0;
    std::size_t queries = 0;
    double seconds = 0;
    double slowest_seconds = 0;
    std::string slowest;  ///< step and path of the slowest query
};

/// What the steps were proved for: one scope, or the focuses that together cover every size.
struct ProofCase {
    Config config;
    bool focus = false;
    std::string name;  ///< "the scope", "one of everything", "two big blocks", ...
};

struct Proof {
    std::vector<ProofCase> cases;
    std::vector<PropertyProof> properties;
    std::vector<DroppedLemma> dropped;
    ObligationSet inductive;  ///< the predicates that were proved, all together
    /// With strengthening: what was learned, and the numbers of patterns that proofs rest on.
    std::optional<FactPlan> plan;
    std::optional<Facts> facts;
    std::vector<std::size_t> facts_used;
    ProofStatistics statistics;
};

struct ProofProgress {
    std::size_t round = 0;
    std::size_t done = 0;  ///< steps of this round
    std::size_t steps = 0;
};

/// The focuses of a proof for every size: one of everything, and two of one kind. What acts and what it may disturb are
/// the same, or differ from some level on (docs/proofs.md).
[[nodiscard]] std::vector<ProofCase> focuses(const Config& config);

/// In ProofOptions::without: every lemma of the catalogue.
inline constexpr std::string_view all_lemmas = "lemmas";

struct ProofOptions {
    unsigned threads = 1;
    unsigned timeout_ms = 10000;              ///< of one query
    const std::atomic<bool>* stop = nullptr;  ///< set it to end early: what is left is unknown
    bool unbounded = false;                   ///< for systems of any size, rather than of the configuration's scope
    std::vector<std::string> without;         ///< ids of predicates that must not be assumed
    bool strengthen = false;                  ///< learn facts, and assume them as well
    /// End as soon as this property is given up, which nothing found later could undo: others are then unknown.
    std::string until_open;
    std::function<void(const ProofProgress&)> progress;
    /// Called with the script of each step of the last round, in the order of step_instances().
    std::function<void(const std::string& name, const std::string& script)> script;
};

/// Proves all properties at once: takes the largest set of predicates of the catalogue that hold initially and are
/// kept by every path of every step (Houdini: Flanagan and Leino, FME 2001).
[[nodiscard]] Proof prove(const Config& config, const ProofOptions& options);

/// What a proof takes for granted, one sentence each.
[[nodiscard]] std::vector<std::string> proof_assumptions(const Config& config);

}  // namespace vmemcheck::bbm::spec
