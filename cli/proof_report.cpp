// SPDX-License-Identifier: MIT
#include "cli/proof_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "checker/layout.hpp"
#include "cli/run_text.hpp"
#include "cli/text.hpp"

namespace vmemcheck::cli {

namespace {

namespace spec = bbm::spec;
using spec::PropertyProof;
using Kind = Classification::Kind;

std::string list_of(const std::vector<std::string_view>& ids) {
    std::vector<std::string> names(ids.begin(), ids.end());
    return join(names, ", ");
}

/// PROVED, REFUTED, OPEN or UNKNOWN.
const char* status_word(const ProofReport& report, const PropertyProof& property) {
    if (property.status == PropertyProof::Status::proved) return "proved";
    const Classification* const c = report.classification(property.id);
    if (!property.initially || (c != nullptr && c->kind == Kind::violated)) return "refuted";
    return "unknown";
}

std::string status_line(const ProofReport& report, const PropertyProof& property, const Style& style) {
    const std::string word = status_word(report, property);
    std::string text = fmt::format("{:<8}", word == "refuted" ? "REFUTED" : word);
    text = word == "proved" ? style.green(text) : word == "refuted" ? style.red(text) : style.yellow(text);
    text = fmt::format("  {} {:<30}", text, property.id);
    if (property.status == PropertyProof::Status::proved) {
        return text + fmt::format(" k = {}, with {}\n", property.k,
                                  property.rests_on.empty() ? "no lemma" : counted(property.rests_on.size(), "lemma"));
    }
    if (!property.initially) return text + " fails in an initial state\n";
    const Classification* const c = report.classification(property.id);
    if (c != nullptr && c->kind == Kind::violated && c->run) {
        text += fmt::format(" in {} ({})", counted(c->run->transitions(), "transition"),
                            counted(c->run->steps.size(), "step"));
        if (!c->unconfirmed.empty()) text += fmt::format(", which does not replay: {}", c->unconfirmed);
        return text + (c->file.empty() ? "\n" : fmt::format(", saved as {}\n", c->file));
    }
    if (const UnrolledFree* const u = report.unrolled(property.id)) {
        text += fmt::format(" no violation within {};", counted(u->steps, "step"));
    }
    if (property.status == PropertyProof::Status::unknown)
        return text + " a query timed out, or the proof was stopped\n";
    return text + " not inductive with these lemmas\n";
}

std::string classification_text(const Classification* c, bool lemma) {
    if (c == nullptr || c->kind == Kind::none)
        return "the checker was not asked whether it can be reached (--no-check)";
    switch (c->kind) {
        case Kind::violated:
            if (c->unrolled > 0) {
                return fmt::format("bounded model checking: the property is violated in this scope, after {}",
                                   counted(c->unrolled, "step"));
            }
            return fmt::format("the checker: {} is violated in this scope, after {}", lemma ? "it" : "the property",
                               c->run ? counted(c->run->transitions(), "transition") : "no transition");
        case Kind::not_reached:
            return fmt::format(
                "the checker: not reached in this scope ({} looked at), so a lemma is missing that excludes this state",
                counted(c->states, "state"));
        default:
            return fmt::format("the checker: not reached in the {} it could look at", counted(c->states, "state"));
    }
}

std::string cti_text(const ProofReport& report, std::string_view id, const spec::Cti& cti, const Style& style) {
    const spec::ProofCase& proved_for = report.proof.cases[cti.proof_case];
    const Bbm model(proved_for.config);
    const checker::Layout layout = checker::layout_of(model, cti.before);
    const RunTextOptions options{true, style};
    checker::MicroStep<State> step{cti.step.actor, static_cast<checker::StepId>(cti.step.step), cti.choices, cti.after,
                                   true};
    std::string text = '\n' + style.bold(fmt::format("counterexample to induction: {}", id)) + '\n';
    text += "  a state that satisfies all that was assumed:\n    " +
            wrapped(initial_text(layout, cti.before, true), 4, width) + '\n';
    if (proved_for.focus) {
        text +=
            "    of a system of which it keeps " + proved_for.name + ":\n    " + wrapped(cti.numbers, 4, width) + '\n';
    }
    text += "  and a step that leads out:\n";
    text += step_text(model, layout, 1, step, cti.before, options);
    return text;
}

std::string ctis_text(const ProofReport& report, const Style& style) {
    std::string text;
    const auto show = [&](std::string_view id, const std::vector<spec::Cti>& ctis, bool lemma) {
        const std::size_t most = report.verbose ? ctis.size() : std::min<std::size_t>(1, ctis.size());
        for (std::size_t i = 0; i < most; ++i) text += cti_text(report, id, ctis[i], style);
        if (!ctis.empty()) text += "  " + classification_text(report.classification(id), lemma) + '\n';
        if (ctis.size() > most) text += fmt::format("  ({} more with --verbose)\n", ctis.size() - most);
    };
    bool any = false;
    for (const PropertyProof& property : report.proof.properties) {
        if (!report.is_asked(property.id) || property.status == PropertyProof::Status::proved) continue;
        any = true;
        show(property.id, property.ctis, false);
    }
    if (!any) return text;
    for (const spec::DroppedLemma& lemma : report.proof.dropped) show(lemma.id, lemma.ctis, true);
    return text;
}

std::string dropped_text(const ProofReport& report, const Style& style) {
    if (report.proof.dropped.empty()) return {};
    std::vector<std::string_view> ids;
    for (const auto& lemma : report.proof.dropped) ids.push_back(lemma.id);
    return '\n' + style.bold("lemmas given up") + ": not inductive here, not decided in time, or left out\n  " +
           wrapped(list_of(ids), 2, width) + '\n';
}

/// What was learned and is needed, for --strengthen.
std::string facts_text(const ProofReport& report, const Style& style) {
    const spec::Proof& proof = report.proof;
    if (!proof.facts) return {};
    std::string text = '\n' + style.bold("learned facts") + ": ";
    if (!proof.inductive[spec::Obligations::facts()]) return text + "not decided in time, so not used\n";
    text +=
        fmt::format("{} of {} are needed", proof.facts_used.size(), counted(proof.plan->patterns().size(), "pattern"));
    if (!report.verbose) return text + " (--verbose shows them)\n";
    text += '\n';
    for (const std::size_t p : proof.facts_used) {
        const spec::FactPattern& pattern = proof.plan->patterns()[p];
        text += "  " + pattern.title() + '\n';
        for (const std::string& line : proof.facts->lines(pattern, p)) text += "    " + wrapped(line, 6, width) + '\n';
    }
    return text;
}

/// What of the size of the system the proof takes for granted.
std::vector<std::string> bounds_assumed(const ProofReport& report) {
    if (report.unbounded) {
        return {"nothing of the size of the system and of its parts, or of the length of runs (docs/proofs.md)",
                fmt::format("the device's usable region is at most {} larger than what is requested",
                            counted(static_cast<std::uint64_t>(report.config().scope.usable_slack), "big block"))};
    }
    return {fmt::format("the bounds of the scope ({}), but none on the length of runs (--unbounded needs neither)",
                        report.scope_name)};
}

std::vector<std::string> all_assumptions(const ProofReport& report) {
    std::vector<std::string> list = spec::proof_assumptions(report.config());
    for (std::string& line : bounds_assumed(report)) list.push_back(std::move(line));
    return list;
}

std::string conclusion(const ProofReport& report) {
    std::size_t proved = 0;
    std::size_t refuted = 0;
    std::size_t unknown = 0;
    for (const PropertyProof& property : report.proof.properties) {
        if (!report.is_asked(property.id)) continue;
        const std::string_view word = status_word(report, property);
        ++(word == "proved" ? proved : word == "refuted" ? refuted : unknown);
    }
    std::vector<std::string> parts;
    if (proved > 0) parts.push_back(fmt::format("{} proved", counted(proved, "property")));
    if (refuted > 0) parts.push_back(fmt::format("{} refuted", refuted));
    if (unknown > 0) parts.push_back(fmt::format("{} unknown", unknown));
    return join(parts, ", ");
}

Json cti_json(const ProofReport& report, const spec::Cti& cti) {
    const spec::ProofCase& proved_for = report.proof.cases[cti.proof_case];
    const Bbm model(proved_for.config);
    const checker::Layout layout = checker::layout_of(model, cti.before);
    Json state = Json::object();
    for (std::size_t i = 0; i < layout.fields().size(); ++i) {
        const int value = layout.get(cti.before, i);
        if (value != 0) state[layout.fields()[i].name] = field_json(layout.fields()[i], value);
    }
    Json changes = Json::object();
    for (const checker::FieldChange& change : layout.diff(cti.before, cti.after)) {
        const checker::FieldInfo& field = layout.fields()[change.field];
        changes[field.name] = Json::array({field_json(field, change.before), field_json(field, change.after)});
    }
    return {{"actor", model.actor_name(cti.step.actor)},
            {"step", std::string(bbm::step_names()[static_cast<std::size_t>(cti.step.step)])},
            {"path", cti.path},
            {"choices", choices_json(model, cti.choices)},
            {"state", std::move(state)},
            {"changes", std::move(changes)},
            {"kept", proved_for.name},
            {"numbers", cti.numbers}};
}

Json classification_json(const Classification& c) {
    static constexpr std::array<const char*, 4> words{"not checked", "violated", "not reached", "incomplete"};
    Json object;
    object["checker"] = words[static_cast<std::size_t>(c.kind)];
    if (c.unrolled > 0) {
        object["bounded_model_checking"] = c.unrolled;
    } else {
        object["states"] = c.states;
    }
    if (c.run) {
        object["transitions"] = c.run->transitions();
        object["steps"] = c.run->steps.size();
    }
    if (!c.file.empty()) object["file"] = c.file;
    return object;
}

}  // namespace

std::string proof_text(const ProofReport& report, const Style& style) {
    std::string text = "\n";
    for (const PropertyProof& property : report.proof.properties) {
        if (report.is_asked(property.id)) text += status_line(report, property, style);
    }
    if (report.verbose) {
        text += '\n' + style.bold("what each proof needs directly") + '\n';
        for (const PropertyProof& property : report.proof.properties) {
            if (!report.is_asked(property.id) || property.status != PropertyProof::Status::proved) continue;
            text += "  " + wrapped(fmt::format("{}: {}", property.id, list_of(property.lemmas)), 4, width) + '\n';
        }
    }
    text += dropped_text(report, style);
    text += facts_text(report, style);
    text += ctis_text(report, style);
    text += '\n' + style.bold("assumptions") + '\n';
    for (const std::string& line : all_assumptions(report)) text += "  - " + wrapped(line, 4, width) + '\n';
    const spec::ProofStatistics& s = report.proof.statistics;
    text += '\n' + style.bold("statistics") + '\n';
    text +=
        fmt::format("  {}, {}{}, {} in {}: {:.1f} s\n", counted(s.steps, "step"), counted(s.paths, "path"),
                    report.unbounded ? fmt::format(" in {}", fmt::format("{} focuses", report.proof.cases.size())) : "",
                    counted(s.queries, "query"), counted(s.rounds, "round"), s.seconds);
    text += fmt::format("  slowest query: {:.3f} s ({})\n", s.slowest_seconds, s.slowest);
    return text + '\n' + conclusion(report) + '\n';
}

Json proof_json(const ProofReport& report) {
    Json file;
    file["format"] = "vmemcheck-proof";
    file["version"] = 1;
    file["vmemcheck"] = VMEMCHECK_VERSION;
    file["model"] = model_name;
    put_config(file, report.config());
    file["exit_code"] = static_cast<int>(report.exit_code());
    file["conclusion"] = conclusion(report);
    Json properties = Json::array();
    for (const PropertyProof& property : report.proof.properties) {
        if (!report.is_asked(property.id)) continue;
        Json object;
        object["property"] = property.id;
        object["verdict"] = status_word(report, property);
        if (property.status == PropertyProof::Status::proved) {
            object["method"] = "induction";
            object["k"] = property.k;
            object["lemmas"] = property.lemmas;
            object["rests_on"] = property.rests_on;
        }
        Json ctis = Json::array();
        for (const spec::Cti& cti : property.ctis) ctis.push_back(cti_json(report, cti));
        if (!ctis.empty()) object["counterexamples_to_induction"] = std::move(ctis);
        if (const UnrolledFree* u = report.unrolled(property.id)) object["no_violation_within_steps"] = u->steps;
        if (const Classification* c = report.classification(property.id)) object["scope"] = classification_json(*c);
        properties.push_back(std::move(object));
    }
    file["properties"] = std::move(properties);
    Json dropped = Json::array();
    for (const spec::DroppedLemma& lemma : report.proof.dropped) {
        Json object;
        object["lemma"] = lemma.id;
        Json ctis = Json::array();
        for (const spec::Cti& cti : lemma.ctis) ctis.push_back(cti_json(report, cti));
        object["counterexamples_to_induction"] = std::move(ctis);
        if (const Classification* c = report.classification(lemma.id)) object["scope"] = classification_json(*c);
        dropped.push_back(std::move(object));
    }
    file["lemmas_given_up"] = std::move(dropped);
    if (const spec::Proof& proof = report.proof; proof.facts) {
        Json facts = Json::array();
        for (const std::size_t p : proof.facts_used) {
            const spec::FactPattern& pattern = proof.plan->patterns()[p];
            facts.push_back({{"pattern", pattern.title()}, {"allows", proof.facts->lines(pattern, p)}});
        }
        file["learned_facts"] = std::move(facts);
    }
    file["unbounded"] = report.unbounded;
    file["assumptions"] = all_assumptions(report);
    const spec::ProofStatistics& s = report.proof.statistics;
    file["statistics"] = {{"rounds", s.rounds},
                          {"steps", s.steps},
                          {"paths", s.paths},
                          {"queries", s.queries},
                          {"seconds", s.seconds},
                          {"slowest_query", s.slowest},
                          {"slowest_query_seconds", s.slowest_seconds}};
    return file;
}

}  // namespace vmemcheck::cli
