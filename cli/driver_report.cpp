// SPDX-License-Identifier: MIT
#include "cli/driver_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/driver_run.hpp"
#include "cli/text.hpp"
#include "conformance/driver/properties.hpp"

namespace vmemcheck::cli {

using checker::ExploreMode;
using checker::ExploreResult;

bool complete(const ExploreResult& result) {
    const bool walks = result.mode == ExploreMode::random || result.mode == ExploreMode::swarm;
    if (walks)
        return result.ended == checker::ExploreEnded::complete || result.ended == checker::ExploreEnded::run_limit;
    return result.complete;
}

std::string explored_text(const checker::ExploreOptions& options, const ExploreResult& result) {
    std::string text = "explored ";
    switch (options.mode) {
        case ExploreMode::bounded:
            text += fmt::format(
                "all runs of at most {} from the default schedule: {} ended, {} went on in states seen before, {} "
                "states",
                result.bound_done ? counted(*result.bound_done, "deviation") : "no deviation", grouped(result.runs),
                grouped(result.pruned), grouped(result.states));
            break;
        case ExploreMode::exhaustive:
            text += fmt::format("by partial-order reduction: {} runs, {} left as redundant", grouped(result.runs),
                                grouped(result.pruned));
            break;
        default:
            text +=
                fmt::format("{} {} runs, --seed {}", grouped(result.runs), checker::text(options.mode), options.seed);
            break;
    }
    if (result.cut > 0) text += fmt::format(", {} cut at {} steps", grouped(result.cut), options.max_steps);
    if (result.given_up > 0) text += fmt::format(", {} given up", grouped(result.given_up));
    text += fmt::format(
        "\n         {:.1f} s: {} schedules/s, {} steps/s; longest run {}; {} for states\n", result.seconds,
        human_count(result.seconds > 0 ? static_cast<double>(result.runs + result.pruned) / result.seconds : 0),
        human_count(result.points_per_second()), counted(result.longest, "step"),
        human_bytes(static_cast<double>(result.peak_memory_bytes)));
    return text;
}

std::string verdict_text(const Style& style, const checker::ExploreOptions& options, const ExploreResult& result) {
    std::vector<std::string> kept;
    for (const auto& property : conformance::driver_properties()) {
        const bool asked = options.wanted.empty() ||
                           std::find(options.wanted.begin(), options.wanted.end(), property.id) != options.wanted.end();
        const bool broken = std::any_of(result.violations.begin(), result.violations.end(),
                                        [&](const auto& v) { return v.property == property.id; });
        if (asked && !broken) kept.emplace_back(property.id);
    }
    std::string text;
    if (!kept.empty()) {
        const std::string word = complete(result) ? "not violated" : "not violated so far";
        text = style.green(word) + "  " + wrapped(join(kept, ", "), word.size() + 2, width - word.size() - 2) + "\n";
    }
    if (!complete(result))
        text += style.yellow("INCOMPLETE") +
                fmt::format("  {}\n", result.cut > 0 ? "runs were cut" : checker::text(result.ended));
    if (result.omission_probability > 0) {
        text +=
            fmt::format("(states are told apart by 64 bits: with a probability of at most {:.1g} some were left out)\n",
                        result.omission_probability);
    }
    return text;
}

Json result_json(const DriverSource& source, const conformance::DriverSetup& setup, const ExploreResult& result,
                 Json violations, const std::optional<DriverCoverage>& coverage,
                 const std::optional<AgainstModel>& against, ExitCode code) {
    Json json{{"vmemcheck-driver-result", 1},
              {"driver", printable(source.driver)},
              {"kernel", fmt::format("{}.{}", source.kernel_version / 100, source.kernel_version % 100)},
              {"setup", setup_json(setup)},
              {"mode", checker::text(result.mode)},
              {"ended", checker::text(result.ended)},
              {"complete", complete(result)},
              {"verdict", code == ExitCode::violation     ? "violated"
                          : code == ExitCode::as_expected ? "not violated"
                                                          : "incomplete"},
              {"runs", result.runs},
              {"pruned", result.pruned},
              {"cut", result.cut},
              {"given_up", result.given_up},
              {"states", result.states},
              {"steps", result.points + result.retaken},
              {"seconds", result.seconds},
              {"violations", std::move(violations)}};
    if (against) {
        json["against_model"] = {{"runs", against->held},
                                 {"different", against->different},
                                 {"rejected", against->rejected},
                                 {"undecided", against->undecided},
                                 {"seconds", against->seconds}};
    }
    if (coverage) json["coverage"] = coverage_json(*coverage);
    if (result.bound_done) json["deviations"] = *result.bound_done;
    return json;
}

}  // namespace vmemcheck::cli
