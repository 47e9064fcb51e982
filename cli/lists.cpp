// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "cli/commands.hpp"
#include "cli/config_flags.hpp"
#include "cli/config_text.hpp"
#include "cli/counterexample.hpp"
#include "cli/files.hpp"
#include "cli/flag_values.hpp"
#include "cli/lasso_text.hpp"
#include "cli/steps_table.hpp"
#include "cli/terminal.hpp"
#include "cli/text.hpp"
#include "spec/liveness.hpp"

namespace vmemcheck::cli {

namespace {

std::string expectation(const Property& property) {
    if (property.kind != checker::PropertyKind::reachability) return {};
    return property.expected ? "reachable" : "unreachable";
}

/// The fairness that a liveness property rests on.
std::string assumed(const Property& property) {
    return join(checker::names_of(bbm::fairness_infos(), property.fairness), ", ");
}

struct PropertiesCommand {
    std::string release = "linux-6.12";
    std::string json;
    bool markdown = false;

    [[nodiscard]] ExitCode run() const {
        Config config;
        config.release = release_named(release);
        config.scope = scope_named("small");
        const std::vector<Property> properties = bbm::spec::all_properties(config);
        if (!json.empty()) {
            write_file(json, pretty(as_json(properties)));
            return ExitCode::as_expected;
        }
        print(markdown ? as_markdown(properties) : as_text(properties));
        return ExitCode::as_expected;
    }

    [[nodiscard]] static std::string as_text(const std::vector<Property>& properties) {
        const Style style = Style::of(STDOUT_FILENO);
        std::string text;
        for (const Property& p : properties) {
            text += item_text(style, p.id,
                              {{"", p.sentence},
                               {"kind", checker::text(p.kind)},
                               {"expected", expectation(p)},
                               {"assumes", assumed(p)},
                               {"source", p.source},
                               {"broken by", p.broken_by}});
        }
        return text;
    }
    [[nodiscard]] static std::string as_markdown(const std::vector<Property>& properties) {
        std::string text = "| property | kind | says | source | broken by |\n|---|---|---|---|---|\n";
        for (const Property& p : properties) {
            text += fmt::format("| {} | {} | {} | {} | {} |\n", markdown_cell(p.id), checker::text(p.kind),
                                markdown_cell(p.sentence), markdown_cell(p.source), markdown_cell(p.broken_by));
        }
        return text;
    }
    [[nodiscard]] Json as_json(const std::vector<Property>& properties) const {
        Json list = Json::array();
        for (const Property& p : properties) {
            Json object;
            object["id"] = p.id;
            object["kind"] = checker::text(p.kind);
            object["sentence"] = p.sentence;
            object["source"] = p.source;
            object["broken_by"] = p.broken_by;
            if (const std::string expected = expectation(p); !expected.empty()) object["expected"] = expected;
            if (checker::is_liveness(p.kind)) {
                object["assumes"] = checker::names_of(bbm::fairness_infos(), p.fairness);
            }
            list.push_back(std::move(object));
        }
        Json file;
        file["format"] = "vmemcheck-properties";
        file["version"] = 1;
        file["model"] = model_name;
        file["release"] = release;
        file["properties"] = std::move(list);
        return file;
    }
};

std::string releases_text(const Style& style) {
    std::string text;
    for (const bbm::Release& r : bbm::releases()) {
        const auto yes_no = [](bool yes) { return std::string(yes ? "yes" : "no"); };
        text += item_text(
            style, r.name,
            {{"", std::string(r.sentence)},
             {"bbm_safe_unplug can be off", yes_no(r.has_unsafe_unplug)},
             {"errors of offlining become -EBUSY", yes_no(r.converts_offline_errors)},
             {"fake-offlining ends when the config has changed", yes_no(r.checks_config_before_fake_offline)},
             {"the notifier adjusts the managed count", yes_no(r.notifier_adjusts_managed)},
             {"hotplugged memmap starts PageOffline", yes_no(r.memmap_starts_offline)},
             {"alloc_contig_range() undoes isolation that is not its own", yes_no(r.contig_undoes_foreign_isolation)},
             {"isolates the ends of a range first", yes_no(r.isolates_ends_first)},
             {"MEM_PREPARE_ONLINE and MEM_FINISH_OFFLINE", yes_no(r.notifies_prepare_and_finish)}});
    }
    return text;
}

std::string scopes_text(const Style& style) {
    std::string text;
    for (const bbm::Scope& scope : bbm::scopes()) {
        text += item_text(style, scope.name, {{"", scope_text(scope)}});
        std::string flags;
        for (const BoundInfo& bound : bound_infos()) {
            flags += fmt::format("{}--{}={}", flags.empty() ? "" : " ", bound.name, bound_text(bound, scope));
        }
        text += "    " + wrapped(flags, 4, width) + '\n';
    }
    return text;
}

std::string what_ifs_text(const Style& style) {
    std::string text;
    for (const bbm::WhatIfInfo& info : bbm::what_ifs()) {
        std::vector<std::string> applies;
        for (const bbm::Release& release : bbm::releases()) {
            Config config;
            config.release = release;
            if (!bbm::changes_nothing(info.what_if, config)) applies.emplace_back(release.name);
        }
        text += item_text(style, info.name,
                          {{"", std::string(info.sentence)},
                           {"source", std::string(info.source)},
                           {"mends", std::string(info.mends)},
                           {"releases", join(applies, ", ")}});
    }
    return text;
}

void add_list(CLI::App& app, Action& chosen, const char* name, const char* description,
              std::string (*text)(const Style& style)) {
    Command(app, name, description).choose(chosen, [text] {
        print(text(Style::of(STDOUT_FILENO)));
        return ExitCode::as_expected;
    });
}

}  // namespace

void add_lists(CLI::App& app, Action& chosen) {
    const auto properties = std::make_shared<PropertiesCommand>();
    Command sub(app, "properties", "lists what is checked: id, kind, sentence, source, what breaks it");
    sub.add_option("--release", properties->release, "what is expected depends on the release")
        .type_name("R")
        .show_default();
    const Flag json =
        sub.add_option("--json", properties->json, "write the list as JSON").type_name("FILE").not_empty();
    sub.add_flag("--markdown", properties->markdown, "print a Markdown table").excludes(json);
    sub.choose(chosen, [properties] { return properties->run(); });

    add_list(app, chosen, "releases", "lists the Linux releases the model knows, and how they differ", releases_text);
    add_list(app, chosen, "fairness", "lists what liveness properties assume of infinite runs", fairness_text);
    add_list(app, chosen, "scopes", "lists the named scopes with all of their bounds", scopes_text);
    add_list(app, chosen, "what-ifs", "lists the proposed changes of the kernel that can be put into the model",
             what_ifs_text);

    const auto markdown = std::make_shared<bool>(false);
    Command steps(app, "steps", "lists the atomic steps: kernel function and why each may be atomic");
    steps.add_flag("--markdown", *markdown, "print docs/atomicity.md");
    steps.choose(chosen, [markdown] {
        print(*markdown ? steps_markdown() : steps_text(Style::of(STDOUT_FILENO)));
        return ExitCode::as_expected;
    });
}

}  // namespace vmemcheck::cli
