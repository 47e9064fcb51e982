// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "checker/replay.hpp"
#include "cli/counterexample.hpp"
#include "cli/files.hpp"
#include "cli/machine.hpp"
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
            if (violation.run) {  // cut what follows the violation in a fused transition
                auto replay = checker::replay(model, violation.run->initial, violation.run->steps, &properties[i]);
                if (replay.decided_at) {
                    violation.run->steps.resize(*replay.decided_at,
                                                checker::MicroStep<State>{0, 0, {}, violation.run->initial, true});
                    violation.run->message = std::move(replay.message);
                    violation.run->blocked = std::move(replay.blocked);
                }
            }
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
    std::vector<Property> open;
    for (const Property& property : bbm::spec::properties(report.config())) {
        const auto& proofs = report.proof.properties;
        const bool unproved = std::any_of(proofs.begin(), proofs.end(), [&](const auto& p) {
            return p.id == property.id && p.status != bbm::spec::PropertyProof::Status::proved;
        });
        if (unproved && report.is_asked(property.id)) open.push_back(property);
    }
    std::vector<Property> unknown;
    for (const Property& property : open) {
        if (report.classification(property.id) == nullptr) unknown.push_back(property);
    }
    std::vector<Property> dropped;
    for (const Property& lemma : bbm::spec::lemma_properties()) {
        const auto& list = report.proof.dropped;
        if (!open.empty() &&
            std::any_of(list.begin(), list.end(), [&](const auto& d) { return d.id == lemma.id && !d.ctis.empty(); })) {
            dropped.push_back(lemma);
        }
    }
    for (Classification& c : search(model, unknown, stop)) report.classifications.push_back(std::move(c));
    for (Classification& c : search(model, dropped, stop)) report.classifications.push_back(std::move(c));
}

void save_runs(ProofReport& report) {
    if (report.save == "none") return;
    const Bbm& model = *report.model;
    const std::vector<Property> properties = bbm::spec::properties(report.config());
    for (Classification& c : report.classifications) {
        const Property* const property = find_property(properties, c.id);
        if (property == nullptr || !c.run) continue;
        const std::string path = path_in(report.save, run_file_stem(report.config(), *property) + ".json");
        try {
            write_file(path, counterexample_text(model, *property, *c.run));
            c.file = path;
        } catch (const UserError& error) {
            if (!report.save.empty()) throw;
            print_error(fmt::format("vmemcheck: {} (--save DIR saves elsewhere)\n", error.what()));
        }
    }
}

}  // namespace vmemcheck::cli
