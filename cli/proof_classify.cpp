// SPDX-License-Identifier: MIT
#include <algorithm>

#include "cli/findings.hpp"
#include "cli/machine.hpp"
#include "cli/outputs.hpp"
#include "cli/proof_report.hpp"
#include "spec/engine.hpp"

namespace vmemcheck::cli {

namespace {

using Kind = Classification::Kind;

/// Searches the scope for violations of these properties. Violating states are not expanded, so whatever holds is
/// looked for again without what was violated, until nothing more is.
std::vector<Classification> search(const Bbm& model, std::vector<Property> properties, const std::atomic<bool>* stop) {
    std::vector<Classification> found;
    while (!properties.empty()) {
        checker::SearchOptions options;
        options.stop = stop;
        options.check_fused = true;
        options.max_memory_bytes = available_memory() / 5 * 4;
        options.threads = 0;  // all processors
        Result result;
        {
            const ProgressLine progress;
            options.progress = progress.callback();
            result = checker::check(model, properties, options);
        }
        std::vector<Property> left;
        for (std::size_t i = 0; i < properties.size(); ++i) {
            const Verdict& verdict = result.verdicts[i];
            if (verdict.status != checker::Status::violated) {
                left.push_back(properties[i]);
                continue;
            }
            Classification violation;
            violation.id = properties[i].id;
            violation.kind = Kind::violated;
            violation.run = verdict.counterexample;
            violation.states = result.statistics.states;
            if (violation.run) violation.unconfirmed = confirm(model, properties[i], *violation.run);
            found.push_back(std::move(violation));
        }
        if (left.size() < properties.size()) {
            properties = std::move(left);
            continue;
        }
        for (const Property& property : properties) {
            Classification& rest = found.emplace_back();
            rest.id = property.id;
            rest.kind = result.complete ? Kind::not_reached : Kind::incomplete;
            rest.states = result.statistics.states;
        }
        break;
    }
    return found;
}

}  // namespace

bool ProofReport::is_asked(std::string_view id) const {
    return std::find(asked.begin(), asked.end(), id) != asked.end();
}

const Classification* ProofReport::classification(std::string_view id) const {
    const auto found =
        std::find_if(classifications.begin(), classifications.end(), [&](const auto& c) { return c.id == id; });
    return found == classifications.end() ? nullptr : &*found;
}

const UnrolledFree* ProofReport::unrolled(std::string_view id) const {
    const auto found =
        std::find_if(unrolled_free.begin(), unrolled_free.end(), [&](const auto& u) { return u.id == id; });
    return found == unrolled_free.end() ? nullptr : &*found;
}

ExitCode ProofReport::exit_code() const {
    bool all = true;
    for (const auto& property : proof.properties) {
        if (!is_asked(property.id) || property.status == bbm::spec::PropertyProof::Status::proved) continue;
        const Classification* const c = classification(property.id);
        if (!property.initially || (c != nullptr && c->kind == Kind::violated)) return ExitCode::violation;
        all = false;
    }
    return all ? ExitCode::as_expected : ExitCode::incomplete;
}

void classify(ProofReport& report, const std::atomic<bool>* stop) {
    const Bbm& model = *report.model;
    bool open = false;
    std::vector<Property> unknown;
    for (const Property& property : bbm::spec::properties(report.config())) {
        const auto& proofs = report.proof.properties;
        const bool unproved =
            report.is_asked(property.id) && std::any_of(proofs.begin(), proofs.end(), [&](const auto& p) {
                return p.id == property.id && p.status != bbm::spec::PropertyProof::Status::proved;
            });
        open = open || unproved;
        if (unproved && report.classification(property.id) == nullptr) unknown.push_back(property);
    }
    std::vector<Property> dropped;
    for (const Property& lemma : bbm::spec::lemma_properties()) {
        const auto& list = report.proof.dropped;
        if (open &&
            std::any_of(list.begin(), list.end(), [&](const auto& d) { return d.id == lemma.id && !d.ctis.empty(); })) {
            dropped.push_back(lemma);
        }
    }
    for (Classification& c : search(model, unknown, stop)) report.classifications.push_back(std::move(c));
    for (Classification& c : search(model, dropped, stop)) report.classifications.push_back(std::move(c));
}

void save_violations(ProofReport& report, const std::string& save) {
    const std::vector<Property> properties = bbm::spec::properties(report.config());
    for (Classification& c : report.classifications) {
        const Property* const property = find_property(properties, c.id);
        if (property != nullptr && c.run) c.file = save_run(save, *report.model, *property, *c.run);
    }
}

}  // namespace vmemcheck::cli
