// SPDX-License-Identifier: MIT
/// \file
/// What `prove` reports: proofs, counterexamples to induction, and what the checker makes of them.
#pragma once

#include <string>
#include <vector>

#include "cli/error.hpp"
#include "cli/report.hpp"
#include "spec/symbolic_prove.hpp"

namespace vmemcheck::cli {

/// What the checker says of something that could not be proved.
struct Classification {
    enum class Kind : std::uint8_t {
        none,         ///< it was not asked
        violated,     ///< in this scope: a real violation
        not_reached,  ///< it holds in all of this scope, so the counterexample to induction is not reachable in it
        incomplete,   ///< the search ended early
    };
    std::string id;
    Kind kind = Kind::none;
    std::optional<Run> run;
    std::string unconfirmed;  ///< why the run does not replay, if it does not: a fault of the checker
    std::string file;         ///< where the run was saved
    std::uint64_t states = 0;
    unsigned unrolled = 0;  ///< the run was found by unrolling, of so many steps
};

/// No run of up to so many steps violates it.
struct UnrolledFree {
    std::string id;
    unsigned steps = 0;
};

struct ProofReport {
    const Bbm* model = nullptr;
    std::string scope_name;
    bool verbose = false;
    bool unbounded = false;
    std::vector<std::string> asked;  ///< ids of the properties asked for
    bbm::spec::Proof proof;
    std::vector<Classification> classifications;  ///< of properties and lemmas that were not proved
    std::vector<UnrolledFree> unrolled_free;      ///< where bounded model checking found nothing

    [[nodiscard]] const Config& config() const { return model->config(); }
    [[nodiscard]] bool is_asked(std::string_view id) const;
    [[nodiscard]] const Classification* classification(std::string_view id) const;
    [[nodiscard]] const UnrolledFree* unrolled(std::string_view id) const;
    [[nodiscard]] ExitCode exit_code() const;
};

/// How far to unroll.
struct UnrollLimits {
    unsigned k = 1;           ///< induction over up to so many steps
    unsigned depth = 0;       ///< bounded model checking: runs of up to so many steps
    unsigned timeout_ms = 0;  ///< of one query
};

/// Tries on what is open: k-induction, then bounded model checking.
void unroll(ProofReport& report, const UnrollLimits& limits, const std::atomic<bool>* stop);

/// Saves the runs of violations; see save_run().
void save_violations(ProofReport& report, const std::string& save);

/// Lets the checker search the scope for violations of what is open.
void classify(ProofReport& report, const std::atomic<bool>* stop);

[[nodiscard]] std::string proof_text(const ProofReport& report, const Style& style);
[[nodiscard]] Json proof_json(const ProofReport& report);

}  // namespace vmemcheck::cli
