// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "cli/report.hpp"

namespace vmemcheck::cli {

namespace {

/// Text for XML 1.0, which has no way to write most control characters.
std::string escaped(std::string_view text) {
    std::string result;
    for (const char c : text) {
        switch (c) {
            case '&':
                result += "&amp;";
                break;
            case '<':
                result += "&lt;";
                break;
            case '>':
                result += "&gt;";
                break;
            case '"':
                result += "&quot;";
                break;
            case '\'':
                result += "&apos;";
                break;
            case '\n':
            case '\t':
                result += c;
                break;
            default:
                result += static_cast<unsigned char>(c) < ' ' ? '?' : c;
        }
    }
    return result;
}

std::string test_case(const Report& report, const Finding& finding) {
    const Config& config = report.config();
    std::string text =
        fmt::format("    <testcase name=\"{}\" classname=\"vmemcheck.{}.{}\" time=\"0\"", escaped(finding.property->id),
                    escaped(config.release.name), escaped(config.scope.name));
    if (finding.violation()) {
        const std::string message = finding.run
                                        ? finding.run->message
                                        : std::string(verdict_word(finding.verdict->status)) + ", not as expected";
        text += fmt::format(">\n      <failure type=\"{}\" message=\"{}\">{}</failure>\n    </testcase>\n",
                            verdict_word(finding.verdict->status), escaped(message),
                            escaped(finding_text(report, finding, {})));
        return text;
    }
    if (finding.verdict->status == checker::Status::incomplete) {
        text += fmt::format(">\n      <skipped message=\"{}\"/>\n    </testcase>\n",
                            escaped(report.random ? "not found by random walks" : conclusion_text(report)));
        return text;
    }
    return text + "/>\n";
}

}  // namespace

std::string report_junit(const Report& report) {
    std::size_t failures = 0;
    std::size_t skipped = 0;
    std::string cases;
    for (const Finding& finding : report.findings) {
        if (finding.violation()) {
            ++failures;
        } else if (finding.verdict->status == checker::Status::incomplete) {
            ++skipped;
        }
        cases += test_case(report, finding);
    }
    const Config& config = report.config();
    // Readers that check documents against a schema know "skipped" of a suite only, not of all suites.
    const std::string counts = fmt::format("tests=\"{}\" failures=\"{}\" errors=\"0\" time=\"{:.3f}\"",
                                           report.findings.size(), failures, report.result->statistics.seconds);
    return fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuites name=\"vmemcheck\" {0}>\n"
        "  <testsuite name=\"vmemcheck {1} {2} {3}\" {0} skipped=\"{4}\">\n"
        "{5}"
        "    <system-out>{6}</system-out>\n"
        "  </testsuite>\n"
        "</testsuites>\n",
        counts, escaped(report.command), escaped(config.release.name), escaped(config.scope.name), skipped, cases,
        escaped(header_text(config, report.scope_name, report.command) + summary_text(report, false, {})));
}

}  // namespace vmemcheck::cli
