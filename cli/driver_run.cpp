// SPDX-License-Identifier: MIT
#include "cli/driver_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/config_flags.hpp"
#include "cli/error.hpp"
#include "cli/json_reader.hpp"
#include "cli/text.hpp"
#include "model/names.hpp"

namespace vmemcheck::cli {

using conformance::DriverEvent;
using conformance::DriverMode;
using conformance::DriverSetup;
using conformance::Machine;

namespace {

constexpr int file_version = 1;

/// A number of a setup by its name in a file.
struct Field {
    std::string_view name;
    int DriverSetup::*member;
};
constexpr std::array<Field, 11> fields{{{"big-blocks", &DriverSetup::big_blocks},
                                        {"memory-blocks", &DriverSetup::memory_blocks},
                                        {"pages", &DriverSetup::pages},
                                        {"page-blocks", &DriverSetup::page_blocks},
                                        {"extra-resizes", &DriverSetup::extra_resizes},
                                        {"user-requests", &DriverSetup::user_requests},
                                        {"allocations", &DriverSetup::allocations},
                                        {"pins", &DriverSetup::pins},
                                        {"fault-count", &DriverSetup::faults},
                                        {"removals", &DriverSetup::removals},
                                        {"leftovers-plugged", &DriverSetup::leftovers}}};
struct SwitchField {
    std::string_view name;
    bool DriverSetup::*member;
};
constexpr std::array<SwitchField, 5> switches{{{"safe-unplug", &DriverSetup::safe_unplug},
                                               {"unplug-online", &DriverSetup::unplug_online},
                                               {"threshold-bites", &DriverSetup::threshold_bites},
                                               {"prepare-vetoes", &DriverSetup::prepare_vetoes},
                                               {"strict-warnings", &DriverSetup::strict_warnings}}};

/// What is worth telling of an event; empty if little.
std::string event_text(const DriverEvent& event) {
    using bbm::EventKind;
    auto name = std::string(bbm::event_names.at(static_cast<std::size_t>(event.kind)));
    switch (event.kind) {
        case EventKind::bbset:
            return fmt::format("bb {} {} -> {}", event.block,
                               bbm::big_block::names.at(static_cast<std::size_t>(event.other) % bbm::big_block::count),
                               bbm::big_block::names.at(static_cast<std::size_t>(event.value) % bbm::big_block::count));
        case EventKind::memory_notify:
            return fmt::format("{} mb {}", bbm::action_names.at(static_cast<std::size_t>(event.value)), event.block);
        case EventKind::run_wq:
        case EventKind::config_changed:
        case EventKind::fake_offline_going_offline:
        case EventKind::fake_offline_cancel_offline:
            return name;
        case EventKind::alloc_contig_range:
        case EventKind::offline_pages:
        case EventKind::online_pages:
        case EventKind::fake_online:
        case EventKind::undo_isolate:
            return fmt::format("{} mb {}", name, event.block);
        case EventKind::send_plug:
        case EventKind::send_unplug:
        case EventKind::offline_and_remove_memory:
        case EventKind::try_remove_memory:
            return fmt::format("{} bb {}", name, event.block);
        case EventKind::handle_response:
            return event.value == 0 ? ""
                                    : fmt::format("the device answers {}",
                                                  bbm::response::names.at(static_cast<std::size_t>(event.value) + 1));
        case EventKind::run_wq_ret:
        case EventKind::notifier_cb_ret:
        case EventKind::memory_notify_ret:
            return "";
        default:
            return name.ends_with("_ret") && event.value < 0 ? fmt::format("{} = {}", name, event.value) : "";
    }
}

/// Collects what is worth telling of the step that runs.
class Notes : public conformance::DriverObserver {
 public:
    void event(const DriverEvent& event) override {
        if (std::string text = event_text(event); !text.empty()) notes_.push_back(std::move(text));
    }
    void resized(std::uint64_t) override {}
    void printed(std::string_view) override {}
    void page_used(int, unsigned) override {}
    [[nodiscard]] std::vector<std::string> take() { return std::exchange(notes_, {}); }

 private:
    std::vector<std::string> notes_;
};

/// Steps that one actor takes one after the other.
struct Stretch {
    std::size_t first = 0;
    std::string actor;
    std::string begins;
    std::size_t steps = 0;
    bool deviates = false;
    std::vector<std::string> notes;
};

std::string stretch_text(const Stretch& stretch, const Style& style) {
    const std::size_t last = stretch.first + stretch.steps - 1;
    std::string number =
        stretch.steps == 1 ? fmt::format("{}", stretch.first) : fmt::format("{}-{}", stretch.first, last);
    const std::string head = fmt::format("{} {:>9}  {:<10} ", stretch.deviates ? "*" : " ", number, stretch.actor);
    std::string text = stretch.begins;
    if (stretch.deviates) text = style.yellow(text);
    std::string notes;
    for (const std::string& note : stretch.notes) notes += (notes.empty() ? "" : ", ") + note;
    std::string out = head + text + '\n';
    if (!notes.empty()) out += std::string(head.size() + 2, ' ') + wrapped(notes, head.size() + 2, width) + '\n';
    return out;
}

}  // namespace

std::string driver_run_text(Machine& machine, const checker::Choices& schedule, bool all, const Style& style) {
    Notes notes;
    machine.record(&notes);
    machine.restart();
    std::string out;
    std::optional<Stretch> open;
    std::size_t number = 0;
    for (const checker::Choice& choice : schedule) {
        const auto index = checker::find_alternative(machine, choice);
        if (!index) break;
        const auto alternative = machine.alternatives()[*index];
        const std::string actor = machine.actor_name(alternative.actor);
        const std::string what = machine.describe(alternative);
        const bool deviates = alternative.cost > 0;
        machine.take(*index);
        std::vector<std::string> seen = notes.take();
        if (!open || all || deviates || open->deviates || open->actor != actor) {
            if (open) out += stretch_text(*open, style);
            open = Stretch{number, actor, what, 0, deviates, {}};
        }
        open->steps++;
        open->notes.insert(open->notes.end(), seen.begin(), seen.end());
        ++number;
    }
    if (open) out += stretch_text(*open, style);
    machine.record(nullptr);
    return out;
}

Json setup_json(const DriverSetup& setup) {
    Json json;
    json["release"] = setup.release.name;
    json["mode"] = setup.mode == DriverMode::bbm ? "bbm" : "sbm";
    for (const Field& field : fields) json[std::string(field.name)] = setup.*field.member;
    for (const SwitchField& field : switches) json[std::string(field.name)] = setup.*field.member;
    json["entry-points"] = setup.entry_points;
    json["auto-online"] = auto_online_names()[static_cast<std::size_t>(setup.auto_online)];
    json["requests"] = setup.requests;
    Json faults = Json::array();
    for (const bbm::FaultInfo& fault : bbm::fault_infos()) {
        if (setup.kinds.*fault.member) faults.push_back(fault.name);
    }
    json["faults"] = std::move(faults);
    return json;
}

std::string driver_run_file(Machine& machine, const DriverRun& run) {
    Json steps = Json::array();
    machine.restart();
    for (const checker::Choice& choice : run.schedule) {
        const auto index = checker::find_alternative(machine, choice);
        if (!index) break;
        const auto alternative = machine.alternatives()[*index];
        Json step{{"actor", machine.actor_name(alternative.actor)}};
        if (alternative.answer != 0) step["answer"] = alternative.answer;
        if (alternative.cost != 0) step["deviates"] = true;
        step["does"] = machine.describe(alternative);
        steps.push_back(std::move(step));
        machine.take(*index);
    }
    Json json{{"vmemcheck-driver-run", file_version},
              {"setup", setup_json(run.setup)},
              {"property", run.property},
              {"message", run.message},
              {"steps", std::move(steps)}};
    // A step a line: such files are read and compared by people.
    std::string text = json.dump(1);
    return text + '\n';
}

DriverRun read_driver_run(const std::string& path, const std::string& content) {
    const Json json = parse_json(path, content);
    const JsonPlace root(path, json);
    if (root.at("vmemcheck-driver-run").number() != file_version) root.fail("is of another version");
    root.allow({"vmemcheck-driver-run", "setup", "property", "message", "steps"});
    DriverRun run;
    run.property = root.at("property").text();
    run.message = root.at("message").text();
    const JsonPlace setup = root.at("setup");
    const std::string release = setup.at("release").text();
    const bbm::Release* const known = bbm::find_release(release);
    if (known == nullptr) setup.fail(unknown_name("release", release, names_of(bbm::releases())));
    run.setup.release = *known;
    const std::string mode = setup.at("mode").text();
    if (mode != "bbm" && mode != "sbm") setup.fail("mode is bbm or sbm");
    run.setup.mode = mode == "bbm" ? DriverMode::bbm : DriverMode::sbm;
    for (const Field& field : fields) run.setup.*field.member = setup.at(field.name).number();
    for (const SwitchField& field : switches) run.setup.*field.member = setup.at(field.name).boolean();
    // Runs that were saved before there were such points have none.
    run.setup.entry_points = setup.has("entry-points") && setup.at("entry-points").boolean();
    run.setup.auto_online = auto_online_named("auto-online", setup.at("auto-online").text());
    run.setup.requests.clear();
    for (const JsonPlace& size : setup.at("requests").elements()) run.setup.requests.push_back(size.number());
    for (const bbm::FaultInfo& fault : bbm::fault_infos()) run.setup.kinds.*fault.member = false;
    for (const JsonPlace& name : setup.at("faults").elements()) {
        const auto infos = bbm::fault_infos();
        const auto found =
            std::find_if(infos.begin(), infos.end(), [&](const auto& f) { return f.name == name.text(); });
        if (found == infos.end()) name.fail("is no fault");
        run.setup.kinds.*found->member = true;
    }
    if (const auto wrong = conformance::problem(run.setup)) setup.fail("impossible machine: " + *wrong);
    for (const JsonPlace& step : root.at("steps").elements()) {
        const std::string actor = step.at("actor").text();
        const auto known_actor = conformance::driver_actor_named(actor);
        if (!known_actor) step.fail("there is no actor " + quote(actor));
        const int answer = step.has("answer") ? step.at("answer").number() : 0;
        if (answer < 0 || answer > 0xffff) step.fail("the answer is out of range");
        run.schedule.emplace_back(*known_actor, static_cast<std::uint16_t>(answer));
    }
    return run;
}

}  // namespace vmemcheck::cli
