// SPDX-License-Identifier: MIT
#include <algorithm>
#include <stdexcept>

#include "cli/proof_report.hpp"
#include "spec/symbolic_unroll.hpp"

namespace vmemcheck::cli {

namespace {

namespace spec = bbm::spec;
using spec::Obligations;
using spec::PropertyProof;

std::vector<std::size_t> obligations_of(std::string_view id) {
    std::vector<std::size_t> list;
    for (std::size_t i = 0; i < Obligations::count(); ++i) {
        if (Obligations::name(i) == id) list.push_back(i);
    }
    return list;
}

/// Tries to prove what is open by induction over up to k steps.
void prove_by_unrolling(PropertyProof& property, spec::TransitionRelation& relation, unsigned k,
                        const spec::UnrollOptions& options) {
    unsigned needed = 1;
    for (const std::size_t obligation : obligations_of(property.id)) {
        if (relation.assumed()[obligation]) continue;
        const auto result = k_induct(relation, spec::Target::violation(relation, obligation), k, options);
        if (result.verdict != spec::KInductionResult::Verdict::proved) return;
        needed = std::max(needed, result.k);
    }
    property.status = PropertyProof::Status::proved;
    property.k = needed;
}

/// Looks for a shortest run to a violation, of at most so many steps.
Classification refute_by_unrolling(const ProofReport& report, const PropertyProof& property,
                                   spec::TransitionRelation& relation, unsigned depth,
                                   const spec::UnrollOptions& options) {
    const std::vector<Property> properties = spec::properties(report.config());
    const auto found =
        std::find_if(properties.begin(), properties.end(), [&](const Property& p) { return p.id == property.id; });
    Classification result;
    result.id = property.id;
    result.unrolled = depth;  // nothing found in so many steps, or (violated) the length of the run
    for (const std::size_t obligation : obligations_of(property.id)) {
        if (relation.assumed()[obligation]) continue;
        const auto bmc = spec::bmc(relation, spec::Target::violation(relation, obligation), result.unrolled, options);
        if (bmc.verdict == spec::BmcResult::Verdict::unknown) {
            result.unrolled = std::min(result.unrolled, bmc.depth);
            continue;
        }
        if (bmc.verdict != spec::BmcResult::Verdict::found || !bmc.run) continue;
        result.kind = Classification::Kind::violated;
        result.unrolled = bmc.depth;
        result.run = spec::counterexample_of(*report.model, properties,
                                             static_cast<std::size_t>(found - properties.begin()), *bmc.run);
    }
    return result;
}

}  // namespace

void unroll(ProofReport& report, const UnrollLimits& limits, const std::atomic<bool>* stop) {
    spec::UnrollOptions options;
    options.stop = stop;
    options.timeout_ms = limits.timeout_ms;
    const auto open = [&](const PropertyProof& p) {
        return report.is_asked(p.id) && p.status != PropertyProof::Status::proved;
    };
    auto& properties = report.proof.properties;
    if (std::none_of(properties.begin(), properties.end(), open)) return;
    // States outside the bounds of fields are not unrolled: no matter to a run that is found, which is then replayed.
    const bool in_range = report.proof.inductive[Obligations::in_range()];
    try {
        // What holds of reachable states cuts paths; assertions are not assumed, nor is what was proved within bounds
        // that do not hold.
        spec::ObligationSet assumed(Obligations::count(), false);
        for (std::size_t i = 0; in_range && i < Obligations::predicates(); ++i) assumed[i] = report.proof.inductive[i];
        spec::TransitionRelation relation(report.config(), assumed);
        for (PropertyProof& property : properties) {
            if (in_range && open(property) && limits.k > 1) prove_by_unrolling(property, relation, limits.k, options);
            if (!open(property) || limits.depth == 0) continue;
            Classification c = refute_by_unrolling(report, property, relation, limits.depth, options);
            if (c.kind == Classification::Kind::violated) {
                report.classifications.push_back(std::move(c));
            } else if (in_range) {
                report.unrolled_free.push_back({c.id, c.unrolled});
            }
        }
    } catch (const std::runtime_error&) {
        // The solver gave up on a step: what is open stays open.
    }
}

}  // namespace vmemcheck::cli
