// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "cli/findings.hpp"
#include "cli/machine.hpp"
#include "cli/matrix.hpp"
#include "cli/text.hpp"
#include "conformance/guest/validator.hpp"
#include "properties/fuzz.hpp"
#include "spec/engine.hpp"
#include "spec/symbolic_prove.hpp"

namespace vmemcheck::cli {

namespace {

using Outcome = Kill::Outcome;

/// Searches the scope for the property that the mutant names; ends at the first violation.
Kill check_mutant(const Config& config, const bbm::MutantInfo& mutant, const MatrixInput& input) {
    const Bbm model(config);
    std::vector<Property> properties = bbm::spec::properties(config);
    std::erase_if(properties, [&](const Property& p) { return p.id != mutant.breaks; });
    checker::SearchOptions options;
    options.stop = input.stop;
    options.max_seconds = input.max_seconds;
    options.max_memory_bytes = available_memory() / 5 * 4;
    options.threads = 0;  // all processors
    const Result result = checker::check(model, properties, options);
    Kill kill;
    const Verdict& verdict = result.verdicts.at(0);
    if (verdict.status == checker::Status::violated && verdict.counterexample) {
        Run run = *verdict.counterexample;
        kill.detail = confirm(model, properties[0], run);
        kill.outcome = kill.detail.empty() ? Outcome::killed : Outcome::survived;
        if (!kill.detail.empty()) return kill;
        kill.by = mutant.breaks;
        kill.steps = run.steps.size();
        kill.detail = counted(kill.steps, "step");
    } else if (result.complete) {
        kill.outcome = Outcome::survived;
        kill.detail = fmt::format("holds in {}", counted(result.statistics.states, "state"));
    }
    return kill;
}

/// Tries to prove the property that the mutant names: there must be a state that satisfies all that is inductive, and
/// a step that breaks it.
Kill prove_mutant(const Config& config, const bbm::MutantInfo& mutant, const MatrixInput& input) {
    const Deadline deadline(input.max_seconds, input.stop);
    bbm::spec::ProofOptions options;
    options.threads = input.threads;
    options.stop = deadline.flag();
    options.until_open = mutant.breaks;
    const bbm::spec::Proof proof = bbm::spec::prove(config, options);
    Kill kill;
    const auto found = std::find_if(proof.properties.begin(), proof.properties.end(),
                                    [&](const auto& p) { return p.id == mutant.breaks; });
    using Status = bbm::spec::PropertyProof::Status;
    if (found == proof.properties.end() || found->status == Status::unknown) return kill;
    if (found->status == Status::open && (!found->initially || !found->ctis.empty())) {
        kill.outcome = Outcome::killed;
        kill.by = mutant.breaks;
        kill.steps = found->initially ? 1 : 0;
        kill.detail = "an initial state";
        if (found->initially) kill.detail = bbm::spec::step_title(found->ctis.front().step);
    } else {
        kill.outcome = Outcome::survived;
        kill.detail = found->status == Status::proved ? "proved" : "open for no reason of its own";
    }
    return kill;
}

/// Holds the recordings against the mutated model.
Kill trace_mutant(const Config& config, const bbm::MutantInfo&, const MatrixInput& input) {
    const Deadline deadline(input.max_seconds, input.stop);
    Kill kill;
    std::size_t undecided = 0;
    for (conformance::Recording recording : input.recordings) {
        if (deadline.flag()->load()) return kill;
        recording.config.mutant = config.mutant;
        const conformance::TraceVerdict verdict = conformance::validate(recording);
        using Status = conformance::TraceVerdict::Status;
        if (verdict.status == Status::rejected) {
            kill.rejected.push_back({recording.file, verdict.stuck_at, verdict.stuck_event});
        } else if (verdict.status == Status::undecided) {
            ++undecided;
        }
    }
    kill.outcome = kill.rejected.empty() ? Outcome::blind : Outcome::killed;
    if (!kill.rejected.empty()) {
        kill.detail = fmt::format("{} of {} recordings", kill.rejected.size(), input.recordings.size());
    }
    if (undecided > 0) kill.detail += fmt::format("{}{} undecided", kill.detail.empty() ? "" : ", ", undecided);
    return kill;
}

/// Walks at random, in scopes of any size, until the property that the mutant names is violated.
Kill fuzz_mutant(const Config& config, const bbm::MutantInfo& mutant, const MatrixInput& input) {
    constexpr double patience = 60;  // seconds: walks end by themselves in no other way
    bbm::fuzz::Options options;
    options.config = config;
    options.swarm = true;
    options.properties = {std::string(mutant.breaks)};
    options.seed = 1;
    options.seconds = input.max_seconds > 0 ? input.max_seconds : patience;
    options.stop = input.stop;
    const bbm::fuzz::Result result = bbm::fuzz::fuzz(options);
    Kill kill;
    if (!result.found.empty()) {
        kill.outcome = Outcome::killed;
        kill.by = result.found.front().property;
        kill.steps = result.found.front().steps();
        kill.detail = counted(kill.steps, "step");
    } else if (result.ended == checker::Ended::time_limit && input.max_seconds <= 0) {
        kill.outcome = Outcome::survived;
        kill.detail = fmt::format("not met in {}", counted(result.walks, "walk"));
    }
    return kill;
}

/// Measures the time of an engine.
template <Kill (*run)(const Config&, const bbm::MutantInfo&, const MatrixInput&)>
Kill timed(const Config& config, const bbm::MutantInfo& mutant, const MatrixInput& input) {
    const auto begin = std::chrono::steady_clock::now();
    Kill kill = run(config, mutant, input);
    kill.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return kill;
}

constexpr std::array<MatrixEngine, 4> engines{{
    {"check", "searches the small scope, breadth first", timed<check_mutant>},
    {"fuzz", "walks at random through scopes of up to 64 big blocks, and shrinks what is found", timed<fuzz_mutant>},
    {"prove", "induction over every step, in the small scope", timed<prove_mutant>},
    {"trace", "holds the recordings given against the mutated model", timed<trace_mutant>},
}};

}  // namespace

std::span<const MatrixEngine> matrix_engines() { return engines; }

}  // namespace vmemcheck::cli
