// SPDX-License-Identifier: MIT
#include "cli/findings.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "checker/replay.hpp"

namespace vmemcheck::cli {

std::string confirm(const Bbm& model, const Property& property, Run& run) {
    const bool liveness = checker::is_liveness(property.kind);
    auto replay = checker::replay(model, run.initial, run.steps, liveness ? nullptr : &property);
    if (liveness) {
        std::string why = checker::judge_lasso(model, property, run.steps, run.loop.value_or(run.steps.size()), replay);
        if (!why.empty()) return why;
    }
    if (replay.decided_at) {
        run.steps.resize(*replay.decided_at, checker::MicroStep<State>{0, 0, {}, run.initial, true});
        if (!liveness) run.message = std::move(replay.message);
        run.blocked = std::move(replay.blocked);
        return {};
    }
    if (replay.diverged_at) return fmt::format("step {}: {}", *replay.diverged_at + 1, replay.reason);
    return "the property is not decided along the run";
}

std::vector<Finding> findings_of(const Bbm& model, const std::vector<Property>& properties, const Result& result,
                                 const ConfigFlags& named) {
    std::vector<Finding> findings;
    for (std::size_t i = 0; i < properties.size(); ++i) {
        Finding& finding = findings.emplace_back();
        finding.property = &properties[i];
        finding.verdict = &result.verdicts[i];
        finding.run = finding.verdict->counterexample;
        finding.show = finding.violation() || (finding.run && named.named(properties[i].id));
        if (finding.run) finding.unconfirmed = confirm(model, properties[i], *finding.run);
    }
    return findings;
}

const char* verdict_word(checker::Status status) {
    return status == checker::Status::unreached ? "unreachable" : checker::text(status);
}

ExitCode exit_code_of(const std::vector<Finding>& findings, const Result& result, bool random) {
    if (std::any_of(findings.begin(), findings.end(), [](const Finding& f) { return f.violation(); })) {
        return ExitCode::violation;
    }
    using checker::Ended;
    if (random) {
        const bool walked = result.ended == Ended::complete || result.ended == Ended::decided;
        return walked ? ExitCode::as_expected : ExitCode::incomplete;
    }
    return result.as_expected() ? ExitCode::as_expected : ExitCode::incomplete;
}

}  // namespace vmemcheck::cli
