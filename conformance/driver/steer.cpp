// SPDX-License-Identifier: MIT
#include "conformance/driver/steer.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <unordered_set>

#include "checker/context.hpp"
#include "checker/hash.hpp"
#include "conformance/driver/recorder.hpp"
#include "conformance/guest/observe.hpp"
#include "conformance/guest/write.hpp"

namespace vmemcheck::conformance {

using bbm::Event;
using bbm::EventKind;

namespace {

/// What comes next in the run of the model: an event that it shows, or something that is done from outside.
struct Wanted {
    std::optional<Event> event;
    checker::Choice act;  ///< on the machine, if it is no event
    std::string text;
};

std::optional<int> answer(const checker::RecordedStep& step, unsigned choice) {
    for (const auto& taken : step.choices) {
        if (taken.first == choice) return taken.second;
    }
    return std::nullopt;
}

std::string act_text(const std::string& who, const std::string& what) { return who + ": " + what; }

/// The run as a list of what is wanted.
class List {
 public:
    explicit List(const ModelRun& run) : run_(run), state_(run.initial) {
        for (const checker::RecordedStep& step : run.steps) add(step);
    }
    std::vector<Wanted> items;
    std::string error;

 private:
    void add(const checker::RecordedStep& step) {
        const bbm::Config& config = run_.model.config();
        std::vector<Event> shown;
        const auto observer = [&](const bbm::Bbm::State&, const Event& event) {
            if (probed(config.release, event.kind)) shown.push_back(event);
        };
        checker::RecordingContext context(step.choices, observer);
        run_.model.step(state_, step.actor, context);
        if (context.is_blocked() || context.diverged()) {
            if (error.empty()) error = "the run cannot be replayed on the model";
            return;
        }
        outside(step);
        for (const Event& event : shown) {
            // On the machine the device answers and interrupts at once: it was noted with the answer.
            if (is_page_function(event.kind) || event.kind == EventKind::handle_response) continue;
            items.push_back(
                {event, {}, std::string(bbm::task::names[static_cast<std::size_t>(event.task)]) + ": " + text(event)});
        }
    }

    void act(driver_actor::Id actor, int answer, const std::string& what) {
        items.push_back({std::nullopt, checker::Choice(actor, static_cast<std::uint16_t>(answer)), what});
    }

    void outside(const checker::RecordedStep& step) {
        switch (step.actor) {
            case bbm::actor::host: {
                const int size = state_.device_requested;
                return act(driver_actor::host, size, act_text("host", "requests " + std::to_string(size)));
            }
            case bbm::actor::memory_users: {
                const int page = answer(step, bbm::choice::page_number).value_or(0);
                const int block = page / run_.model.config().scope.pages_per_memory_block();
                const int action = answer(step, bbm::choice::page_action).value_or(0);
                return act(driver_actor::pages, block * static_cast<int>(page_actions) + action,
                           act_text("pages", "user of a page of memory block " + std::to_string(block) + ", action " +
                                                 std::to_string(action)));
            }
            case bbm::actor::user_space: {
                const int block = answer(step, bbm::choice::user_block).value_or(0);
                const int type = answer(step, bbm::choice::user_action).value_or(0);
                return act(
                    driver_actor::user, 3 * block + type,
                    act_text("user", "writes " + std::string(bbm::online_type::names[static_cast<std::size_t>(type)]) +
                                         " to memory block " + std::to_string(block)));
            }
            case bbm::actor::device: {
                act(driver_actor::vq_irq, answer(step, bbm::choice::device).value_or(0), "device: answers");
                const Event event{EventKind::handle_response, 0, -1, state_.response_type, 0};
                items.push_back({event, {}, "device: " + text(event)});
                return;
            }
            case bbm::actor::interrupt:
                return act(driver_actor::config_irq, 0, "config interrupt");
            case bbm::actor::timer:
                return act(driver_actor::timer, 0, "timer: expires");
            case bbm::actor::administrator:
                return act(driver_actor::admin, 0, "admin: unbinds the driver");
            default:
                return;
        }
    }

    const ModelRun& run_;
    bbm::Bbm::State state_;
};

/// Follows the list while the machine runs.
class Follower final : public DriverObserver {
 public:
    Follower(const bbm::Release& release, const std::vector<Wanted>& items) : release_(release), items_(items) {}
    void event(const DriverEvent& event) override {
        if (is_page_function(event.kind)) return;
        const std::optional<Seen> seen = seen_of(release_, event);
        if (!seen || lost || at == items_.size()) return;
        if (at < items_.size() && items_[at].event && fits(*items_[at].event, *seen)) {
            ++at;
            return;
        }
        lost = true;
        instead = text(*seen) + " of " + seen->task;
    }
    void resized(std::uint64_t) override {}
    void page_used(int, unsigned) override {}
    void printed(std::string_view) override {}

    std::size_t at = 0;
    bool lost = false;
    std::string instead;

 private:
    static bool fits(const Event& event, const Seen& seen) {
        if (differs(event, seen)) return false;
        return event.task == bbm::task::none || recorded_task(event.task) == seen.task;
    }
    const bbm::Release& release_;
    const std::vector<Wanted>& items_;
};

/// The search, depth first.
class Steering {
 public:
    Steering(Machine& machine, const ModelRun& run, const SteerOptions& options, std::vector<Wanted> items)
        : machine_(machine),
          run_(run),
          options_(options),
          items_(std::move(items)),
          follower_(run.model.config().release, items_) {}

    SteerResult run() {
        for (const Wanted& item : items_) result_.want.push_back(item.text);
        machine_.record(&follower_);
        machine_.restart();
        const bool driven = search();
        machine_.record(nullptr);
        result_.driven = driven;
        if (driven) result_.schedule = schedule_;
        result_.stuck.assign(instead_.begin(), instead_.end());
        return std::move(result_);
    }

 private:
    struct Point {
        std::unique_ptr<checker::ProgramState> state;
        std::size_t at = 0;
        std::vector<std::size_t> left;  ///< alternatives not tried yet, the next one last
    };

    bool search() {
        std::vector<Point> points;
        if (arrived()) return true;
        points.push_back(point());
        while (!points.empty()) {
            Point& last = points.back();
            if (last.left.empty()) {
                points.pop_back();
                fresh_ = false;
                continue;
            }
            if (++result_.examined > options_.max_examined) {
                result_.gave_up = true;
                return false;
            }
            const std::size_t index = last.left.back();
            last.left.pop_back();
            if (!fresh_ && !last.state) {
                // Built with AddressSanitizer the machine cannot be saved: only the first way is tried.
                result_.gave_up = true;
                return false;
            }
            if (!fresh_) {
                machine_.restore(*last.state);
                follower_.at = last.at;
                follower_.lost = false;
            }
            fresh_ = false;
            schedule_.resize(points.size() - 1);
            schedule_.emplace_back(machine_.alternatives()[index]);
            if (!items_[follower_.at].event && schedule_.back() == items_[follower_.at].act) ++follower_.at;
            machine_.take(index);
            note();
            if (arrived()) return true;
            if (follower_.lost || machine_.alternatives().empty() || !is_new()) continue;
            points.push_back(point());
            fresh_ = true;
        }
        return false;
    }

    [[nodiscard]] bool arrived() {
        if (follower_.lost) return false;
        result_.same_violation = machine_.alternatives().empty() && !run_.property.empty() &&
                                 machine_.end().kind == checker::ProgramEnd::Kind::violation &&
                                 machine_.end().property == run_.property;
        return follower_.at == items_.size() || result_.same_violation;
    }

    void note() {
        const std::size_t at = follower_.at;
        if (at > result_.reached) {
            result_.reached = at;
            result_.schedule = schedule_;
            instead_.clear();
        }
        if (at != result_.reached || instead_.size() >= 8) return;
        if (follower_.lost) {
            instead_.insert(follower_.instead);
        } else if (machine_.alternatives().empty()) {
            const checker::ProgramEnd& end = machine_.end();
            instead_.insert("the end of the run" +
                            (end.property.empty() ? "" : ": " + end.property + ": " + end.message));
        }
    }

    [[nodiscard]] bool is_new() {
        return visited_.insert(checker::detail::fold_multiply(machine_.fingerprint(), 2 * follower_.at + 1)).second;
    }

    [[nodiscard]] Point point() {
        Point made;
        made.at = follower_.at;
        const auto alternatives = machine_.alternatives();
        for (std::size_t i = 0; i < alternatives.size(); ++i) {
            if (possible(alternatives[i])) made.left.push_back(i);
        }
        std::stable_sort(made.left.begin(), made.left.end(),
                         [&](std::size_t a, std::size_t b) { return rank(alternatives[a]) > rank(alternatives[b]); });
        if (made.left.size() > 1) made.state = machine_.save();
        return made;
    }

    /// What acts from outside does so where the run does it.
    [[nodiscard]] bool possible(const checker::Alternative& alternative) const {
        const int actor = alternative.actor;
        if (actor == driver_actor::rest) return false;
        const bool task = actor < driver_actor::tasks;
        if (task && machine_.world().task[static_cast<std::size_t>(actor)].running != 0) return true;
        if (actor == driver_actor::worker) return true;
        const Wanted& item = items_[follower_.at];
        return !item.event && item.act == checker::Choice(alternative);
    }

    /// The task that is to show the next event goes on first, then the others; what is not benign comes last.
    [[nodiscard]] int rank(const checker::Alternative& alternative) const {
        const Wanted& item = items_[follower_.at];
        if (!item.event) return item.act == checker::Choice(alternative) ? 0 : 1 + (alternative.answer == 0 ? 0 : 10);
        static constexpr std::array<int, bbm::task::count> tasks{-1, driver_actor::worker, driver_actor::user,
                                                                 driver_actor::admin};
        const bool its_own = alternative.actor == tasks.at(static_cast<std::size_t>(item.event->task));
        return (its_own ? 0 : 20) + (alternative.answer == 0 ? 0 : 10) + alternative.actor;
    }

    Machine& machine_;
    const ModelRun& run_;
    SteerOptions options_;
    std::vector<Wanted> items_;
    Follower follower_;
    checker::Choices schedule_;
    std::unordered_set<std::uint64_t> visited_;
    std::set<std::string> instead_;
    bool fresh_ = true;  ///< the machine is at the last point
    SteerResult result_;
};

}  // namespace

DriverSetup setup_for(const ModelRun& run) {
    const bbm::Config& config = run.model.config();
    DriverSetup setup;
    setup.release = config.release;
    setup.big_blocks = config.scope.big_blocks;
    setup.memory_blocks = config.scope.memory_blocks;
    setup.safe_unplug = config.safe_unplug;
    setup.unplug_online = config.unplug_online;
    setup.auto_online = config.auto_online;
    setup.kinds = config.faults;
    // 1 GiB or two big blocks, whichever is larger: which of the two depends on how large memory blocks are.
    setup.threshold_bites = config.scope.offline_threshold() == 2 * config.scope.memory_blocks;
    setup.entry_points = true;
    setup.requests.clear();
    constexpr int plenty = 1000;
    setup.extra_resizes = setup.user_requests = setup.pins = setup.allocations = setup.faults = plenty;
    setup.removals = 1;
    for (const auto& bb : run.initial.bb) setup.leftovers += bb.device;
    for (const checker::RecordedStep& step : run.steps) {
        if (const auto type = answer(step, bbm::choice::auto_online)) {
            setup.auto_online = *type == bbm::online_type::offline  ? bbm::AutoOnline::off
                                : *type == bbm::online_type::kernel ? bbm::AutoOnline::kernel
                                                                    : bbm::AutoOnline::movable;
        }
    }
    return setup;
}

SteerResult steer(Machine& machine, const ModelRun& run, const SteerOptions& options) {
    List list(run);
    if (!list.error.empty()) {
        SteerResult result;
        result.error = list.error;
        return result;
    }
    return Steering(machine, run, options, std::move(list.items)).run();
}

std::string text(const SteerResult& result) {
    if (!result.error.empty()) return result.error + '\n';
    std::string out;
    if (result.driven) {
        out = result.same_violation ? "driven: the machine ends the run with the same violation\n" : "driven\n";
        return out;
    }
    out = "not driven: " + std::string(result.gave_up ? "the search was given up" : "no schedule shows more") +
          " than " + std::to_string(result.reached) + " of " + std::to_string(result.want.size()) +
          "\n  the model shows:\n";
    constexpr std::size_t around = 10;
    const std::size_t begin = result.reached > around ? result.reached - around : 0;
    for (std::size_t i = begin; i < std::min(result.want.size(), result.reached + 4); ++i) {
        out += (i == result.reached ? "  > " : "    ") + std::to_string(i) + ' ' + result.want[i] + '\n';
    }
    out += "  the driver, instead:\n";
    for (const std::string& what : result.stuck) out += "    " + what + '\n';
    return out;
}

}  // namespace vmemcheck::conformance
