// SPDX-License-Identifier: MIT
#include "conformance/driver/conform.hpp"

#include <algorithm>

#include "conformance/guest/observe.hpp"

namespace vmemcheck::conformance {

namespace {

void add(std::string& key, std::int64_t number) { key.append(reinterpret_cast<const char*>(&number), sizeof number); }
void add(std::string& key, const std::optional<std::int64_t>& number) {
    add(key, static_cast<std::int64_t>(number.has_value()));
    add(key, number.value_or(0));
}

/// All that the validator looks at.
std::string key_of(const Recording& recording) {
    std::string key;
    for (const OutsideAct& act : recording.outside.value_or(std::vector<OutsideAct>{})) {
        add(key, static_cast<std::int64_t>(act.event));
        add(key, act.requested);
        add(key, act.page_block);
        add(key, act.page_action);
    }
    add(key, static_cast<std::int64_t>(recording.quiet_at_end));
    for (const Seen& seen : recording.events) {
        add(key, static_cast<std::int64_t>(seen.kind));
        key += seen.task;
        add(key, seen.block);
        add(key, seen.value);
        add(key, seen.other);
        for (const auto& [kind, pages] : seen.calls) {
            add(key, static_cast<std::int64_t>(kind));
            add(key, pages);
        }
        if (seen.driver) {
            const DriverSeen& d = *seen.driver;
            for (const std::int64_t state : d.bb_states) add(key, state);
            for (const std::int64_t count : d.bb_count) add(key, count);
            for (const auto& field :
                 {d.next_bb, d.plugged, d.requested, d.offline_size, d.hotplug_active, d.config_changed, d.wq_active,
                  d.broken, d.removing, d.managed[0], d.managed[1], d.present[0], d.present[1]}) {
                add(key, field);
            }
            add(key, static_cast<std::int64_t>(d.mutex_owner.value_or(0)));
        }
        if (!seen.pages) continue;
        for (const PagesSeen& pages : *seen.pages) {
            add(key, static_cast<std::int64_t>(pages.memmap));
            add(key, pages.ref_first);
            add(key, pages.ref_last);
            add(key, pages.type);
            add(key, static_cast<std::int64_t>(pages.flags));
        }
    }
    return key;
}

}  // namespace

RunVerdict ModelCheck::check(const checker::Choices& schedule) {
    RunVerdict verdict;
    if (auto error = record_run(machine_, schedule, recorder_)) {
        verdict.error = std::move(*error);
        return verdict;
    }
    const Recording recording = recorder_.recording();
    std::string key = key_of(recording);
    verdict.trace.events = recording.events.size();
    if (recording.events.empty() || accepted_.contains(key)) {
        verdict.known = true;
        verdict.trace.status = TraceVerdict::Status::accepted;
        verdict.trace.explained = recording.events.size();
        return verdict;
    }
    verdict.trace = validate(recording, options_);
    if (verdict.accepted()) accepted_.insert(std::move(key));
    return verdict;
}

RunVerdict check_against_model(Machine& machine, const checker::Choices& schedule, const TraceOptions& options) {
    return ModelCheck(machine, options).check(schedule);
}

std::string difference_text(const RunVerdict& verdict, const std::vector<Seen>& events) {
    constexpr std::size_t shown = 12;
    if (!verdict.error.empty()) return verdict.error + '\n';
    const TraceVerdict& trace = verdict.trace;
    if (verdict.accepted()) return "a run of the model shows the same\n";
    std::string out =
        trace.status == TraceVerdict::Status::undecided ? "the search was given up" : "no run of the model shows this";
    out += "; the longest that one shows ends before event " + std::to_string(trace.explained) + " of " +
           std::to_string(trace.events) + "\n  the driver showed:\n";
    const std::size_t end = std::min(events.size(), trace.explained + 1);
    for (std::size_t i = end > shown ? end - shown : 0; i < end; ++i) {
        out += (i == trace.explained ? "  > " : "    ") + std::to_string(i) + " " + text(events[i]) + " of " +
               events[i].task + '\n';
    }
    out += "  the model's last steps:\n";
    for (std::size_t i = trace.steps.size() > shown ? trace.steps.size() - shown : 0; i < trace.steps.size(); ++i) {
        const ExplainedStep& step = trace.steps[i];
        out += "    " + step.actor + ": " + step.step;
        for (const std::string& choice : step.choices) out += ", " + choice;
        out += '\n';
    }
    out += "  instead it could have shown:\n";
    for (const std::string& what : trace.alternatives) out += "    " + what + '\n';
    return out;
}

}  // namespace vmemcheck::conformance
