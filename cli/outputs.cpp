// SPDX-License-Identifier: MIT
#include "cli/outputs.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "cli/counterexample.hpp"
#include "cli/files.hpp"
#include "cli/flag_values.hpp"
#include "cli/itf.hpp"
#include "cli/terminal.hpp"

namespace vmemcheck::cli {

void add_save(Command& command, std::string& save, const std::string& group) {
    command
        .add_option("--save", save,
                    "where counterexamples are saved, as vmemcheck-PROPERTY-RELEASE.json: a directory "
                    "(default: the current one), or none")
        .type_name("DIR|none")
        .not_empty()
        .group(group);
}

void check_save(const std::string& save) {
    if (!save.empty() && save != "none") check_writable_directory(save);
}

template <class M>
std::string save_run(const std::string& save, const M& model, const checker::Property<M>& property,
                     const checker::Counterexample<M>& run) {
    if (save == "none") return {};
    std::string path = path_in(save, run_file_stem(model.config(), property.id) + ".json");
    try {
        write_file(path, counterexample_text(model, property, run));
        return path;
    } catch (const UserError& error) {
        // Nobody asked for the current directory: a verdict matters more than its file.
        if (!save.empty()) throw;
        print_error(fmt::format("vmemcheck: {} (--save DIR saves elsewhere)\n", error.what()));
        return {};
    }
}

template std::string save_run(const std::string& save, const Bbm& model, const Property& property, const Run& run);
template std::string save_run(const std::string& save, const bbm::WideBbm& model,
                              const bbm::spec::WideProperty& property,
                              const checker::Counterexample<bbm::WideBbm>& run);

void OutputFlags::add_to(Command& command) {
    const std::string group = "Output";
    command.add_option("--json", json_, "write the result as JSON").type_name("FILE").not_empty().group(group);
    command.add_option("--junit", junit_, "write the result as JUnit XML: one test case a property")
        .type_name("FILE")
        .not_empty()
        .group(group);
    command.add_option("--sarif", sarif_, "write the result as SARIF 2.1.0, violations with the run to each")
        .type_name("FILE")
        .not_empty()
        .group(group);
    command
        .add_option("--itf", itf_,
                    "write the runs shown in the Informal Trace Format: the first to a file, or all "
                    "into a directory that exists")
        .type_name("FILE|DIR")
        .not_empty()
        .group(group);
    add_save(command, save_, group);
    command.add_flag("--coverage", coverage_, "print how often each step ran and each answer was given").group(group);
    command.add_flag("--verbose", verbose_, "show program counters, locals and benign answers in runs").group(group);
}

void OutputFlags::check() const {
    for (const std::string* file : {&json_, &junit_, &sarif_}) {
        if (!file->empty()) check_writable(*file);
    }
    if (!itf_.empty() && is_directory(itf_)) {
        check_writable_directory(itf_);
    } else if (!itf_.empty()) {
        check_writable(itf_);
    }
    check_save(save_);
}

void OutputFlags::save_runs(Report& report) const {
    for (Finding& finding : report.findings) {
        if (!finding.show || !finding.run) continue;
        finding.file = save_run(save_, *report.model, *finding.property, *finding.run);
    }
}

void OutputFlags::write_itf(const Report& report) const {
    if (itf_.empty()) return;
    const bool directory = is_directory(itf_);
    std::string written;
    for (const Finding& finding : report.findings) {
        if (!finding.show || !finding.run) continue;
        const std::string text = itf_text(*report.model, *finding.property, *finding.run);
        if (directory) {
            write_file(path_in(itf_, run_file_stem(report.config(), finding.property->id) + ".itf.json"), text);
        } else if (written.empty()) {
            write_file(itf_, text);
            written = finding.property->id;
        } else {
            print(fmt::format("{} is not in {}, which holds {} (--itf DIR takes all)\n", finding.property->id, itf_,
                              written));
        }
    }
    if (written.empty() && !directory) print(fmt::format("there is no run to show, so {} was not written\n", itf_));
}

void OutputFlags::deliver(Report& report) const {
    const Style style = Style::of(STDOUT_FILENO);
    print(verdicts_text(report, style));
    save_runs(report);
    for (const Finding& finding : report.findings) {
        if (finding.show) print(finding_text(report, finding, {verbose_, style}));
    }
    if (report.result->model_error_run) {
        print('\n' + style.red("the model broke a rule: ") + report.result->model_error + '\n' +
              run_text(*report.model, *report.result->model_error_run, {verbose_, style}));
    }
    print(summary_text(report, coverage_, style));
    if (!json_.empty()) write_file(json_, pretty(report_json(report)));
    if (!junit_.empty()) write_file(junit_, report_junit(report));
    if (!sarif_.empty()) write_file(sarif_, pretty(report_sarif(report)));
    write_itf(report);
}

}  // namespace vmemcheck::cli
