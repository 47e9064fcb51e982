// SPDX-License-Identifier: MIT
#include "conformance/guest/validator.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <string_view>
#include <unordered_set>

#include "checker/context.hpp"
#include "checker/layout.hpp"
#include "conformance/guest/last_step.hpp"
#include "conformance/guest/moment.hpp"
#include "conformance/guest/observe.hpp"
#include "conformance/guest/outlook.hpp"
#include "model/bbm.hpp"

namespace vmemcheck::conformance {

namespace {

using namespace explaining;
using bbm::Bbm;
using bbm::EventKind;
using bbm::StepId;

class Validator {
 public:
    Validator(const Recording& recording, const TraceOptions& options)
        : recording_(recording),
          options_(options),
          outlook_(recording),
          model_(recording.config),
          layout_(checker::layout_of(model_, model_.initial_state(0))) {}

    TraceVerdict run() {
        verdict_.events = recording_.events.size();
        if (!recording_.missing_interrupt.empty()) {
            verdict_.status = TraceVerdict::Status::rejected;
            verdict_.stuck_event = recording_.missing_interrupt;
            verdict_.alternatives.push_back(recording_.missing_interrupt);
            return std::move(verdict_);
        }
        roots();
        while (!open_.empty()) {
            const std::size_t at = open_.top().node;
            open_.pop();
            if (nodes_[at].event == recording_.events.size() && may_be_left(nodes_[at]) &&
                !outside_is_due(nodes_[at]) && may_end(nodes_[at])) {
                return accept(at);
            }
            if (nodes_.size() > options_.max_examined) return reject(TraceVerdict::Status::undecided);
            expand(at);
        }
        return reject(TraceVerdict::Status::rejected);
    }

 private:
    struct Open {
        std::size_t event;
        unsigned cost;
        std::size_t node;
        bool operator<(const Open& o) const {
            if (event != o.event) return event < o.event;  // furthest first
            if (cost != o.cost) return cost > o.cost;
            return node < o.node;
        }
    };

    // --- search ---

    void roots() {
        const int bbs = recording_.config.scope.big_blocks;
        const auto plugged = static_cast<int>(
            std::clamp<std::int64_t>(recording_.initially_plugged / recording_.big_block_bytes, 0, bbs));
        for (int size = 0; size <= (recording_.outside ? 0 : bbs); ++size) {
            Node node;
            node.state = model_.initial_state((1U << static_cast<unsigned>(plugged)) - 1);
            if (size != 0 && !outlook_.plausible_size(node, size)) continue;
            node.state.device_requested = size;
            const int usable = size == 0 ? 0 : std::min(bbs, size + recording_.config.scope.usable_slack);
            node.state.device_usable = std::max<int>(node.state.device_usable, usable);
            push(std::move(node));
        }
    }

    static bool nothing_in_flight(const Node& node) {
        return std::all_of(node.flight.begin(), node.flight.end(), [](const InFlight& f) { return !f.active(); });
    }

    /// A run of a machine of our own may be left in the middle of a step.
    [[nodiscard]] bool may_be_left(const Node& node) const {
        return nothing_in_flight(node) || (recording_.outside && !recording_.quiet_at_end);
    }

    /// A recording that goes on quietly after its last event leaves nobody who had another one to show at once.
    [[nodiscard]] bool may_end(const Node& node) {
        if (!recording_.quiet_at_end) return true;
        for (const unsigned who : {bbm::actor::worker, bbm::actor::user, bbm::actor::interrupt}) {
            const State& s = node.state;
            if (!may_stay_silent(s, who, 32)) {
                reject_reason(node, "the " + model_.actor_name(who) + " would have gone on");
                return false;
            }
        }
        return true;
    }
    /// Whether an actor can stop, or loop, without showing anything.
    [[nodiscard]] bool may_stay_silent(const State& from, unsigned who, int steps) const {
        if (steps == 0) return true;
        checker::SearchContext enumerator;
        do {
            enumerator.begin();
            State probe = from;
            model_.step(probe, who, enumerator);
            if (enumerator.is_blocked()) return true;
            std::vector<std::pair<checker::ChoiceId, int>> answers;
            for (const auto& taken : enumerator.taken()) answers.emplace_back(taken.choice, taken.value);
            bool shows = false;
            const auto observer = [&](const State&, const Event& event) {
                shows = shows || probed(recording_.config.release, event.kind);
            };
            checker::RecordingContext context(answers, observer);
            State after = from;
            model_.step(after, who, context);
            if (!shows && may_stay_silent(after, who, steps - 1)) return true;
        } while (enumerator.advance());
        return false;
    }

    void push(Node node) {
        std::vector<std::uint32_t> packed(layout_.buffer_words());
        std::string key;
        const auto add_state = [&](const State& s) {
            const bool ok = layout_.pack(s, packed.data()) < 0;
            key.append(reinterpret_cast<const char*>(packed.data()), layout_.packed_bytes());
            return ok;
        };
        const auto add = [&key](std::uint64_t v) { key.append(reinterpret_cast<const char*>(&v), sizeof v); };
        if (!add_state(node.state)) return;
        add(node.event);
        add(node.calls);
        add(node.stale);
        add(static_cast<std::uint64_t>(node.missed_resize));
        add(node.outside);
        add(node.in_interrupt ? 1 : 0);
        for (const InFlight& f : node.flight) {
            add(f.active() ? 1 + f.taken->shown.size() - f.next : 0);
            for (std::size_t i = f.next; f.active() && i < f.taken->shown.size(); ++i) {
                add(static_cast<std::uint64_t>(f.taken->shown[i].event.kind));
                add_state(f.taken->shown[i].state);
            }
        }
        for (const auto& last : node.last) {
            if (last != nullptr) add_state(undone(node.state, *last));
        }
        if (!seen_.insert(std::move(key)).second) return;
        best_ = std::max(best_, node.event);
        const Open open{node.event, node.cost, nodes_.size()};
        nodes_.push_back(std::move(node));
        open_.push(open);
    }

    [[nodiscard]] const Seen* next_seen(const Node& node) const {
        return node.event < recording_.events.size() ? &recording_.events[node.event] : nullptr;
    }

    void expand(std::size_t at) {
        // Events of steps already taken come first: whatever can be matched is matched.
        for (std::size_t slot = 0; slot < nodes_[at].flight.size(); ++slot) {
            if (nodes_[at].flight[slot].active()) match_in_flight(at, slot);
        }
        for (unsigned who = 0; who < bbm::actor::count; ++who) {
            if (who < task_slots && nodes_[at].flight[who].active()) continue;
            if (wanted(nodes_[at], who)) run_actor(at, who);
        }
        if (outside_is_due(nodes_[at])) {
            run_outside(at);
        } else if (recording_.outside) {
            enter_interrupt(at);
            if (resize_may_be_early(nodes_[at])) run_outside(at);
        }
        if (!recording_.outside) page_repairs();
    }

    /// Whether this actor's next step may be needed now. Steps that could never help are left out.
    [[nodiscard]] bool wanted(const Node& node, unsigned who) const {
        const State& s = node.state;
        const Seen* seen = next_seen(node);
        switch (who) {
            case bbm::actor::worker:
            case bbm::actor::device:
                return true;
            case bbm::actor::user:
                return true;
            case bbm::actor::remover:
                return s.rm != static_cast<int>(StepId::rm_idle);
            case bbm::actor::administrator:
                return seen != nullptr && seen->kind == EventKind::mtxtry && !seen->kworker;
            case bbm::actor::interrupt:
                if (seen == nullptr || node.flight[interrupt_slot].active()) return false;
                return node.in_interrupt || (s.config_interrupt == 1 && outlook_.interrupt_is_near(node));
            case bbm::actor::timer:
                return seen != nullptr && seen->kind == EventKind::run_wq && s.queued == 0;
            case bbm::actor::host:
                return !recording_.outside && seen != nullptr && outlook_.resize_helps(node);
            case bbm::actor::user_space:
                return seen != nullptr && seen->kind == EventKind::dev_hotplug_lock_sysfs;
            default:
                return !recording_.outside && seen != nullptr && node.idle_cost < 4 &&
                       outlook_.page_user_block(node) >= 0 && outlook_.pages_matter(node);
        }
    }

    /// Something is known to have been done outside before the next event, and has not been done yet.
    [[nodiscard]] bool outside_is_due(const Node& node) const {
        return recording_.outside && node.outside < recording_.outside->size() &&
               (*recording_.outside)[node.outside].event <= node.event;
    }
    /// A step of the model shows a call, and reads what a resize after that call has changed (send_unplug and
    /// config_changed): the resize may come one event early.
    [[nodiscard]] bool resize_may_be_early(const Node& node) const {
        if (node.outside >= recording_.outside->size()) return false;
        const OutsideAct& act = (*recording_.outside)[node.outside];
        return act.requested >= 0 && act.event == node.event + 1;
    }
    /// Does what comes next of it: by the host, or by a user of pages.
    void run_outside(std::size_t at) {
        const OutsideAct act = (*recording_.outside)[nodes_[at].outside];
        if (act.requested >= 0) {
            const int size = static_cast<int>(act.requested / recording_.big_block_bytes);
            return follow(at, bbm::actor::host, {{bbm::choice::size, size}});
        }
        const int page = (act.page_block + 1) * recording_.config.scope.pages_per_memory_block() - 1;
        follow(at, bbm::actor::memory_users,
               {{bbm::choice::page_number, page}, {bbm::choice::page_action, act.page_action}});
    }

    // --- running steps ---

    /// Runs every outcome of an actor's step and follows those that the recording allows.
    void run_actor(std::size_t at, unsigned who) {
        checker::SearchContext enumerator;
        std::vector<std::vector<std::pair<checker::ChoiceId, int>>> runs;
        do {
            enumerator.begin();
            State scratch = nodes_[at].state;
            if (who == bbm::actor::interrupt && nodes_[at].in_interrupt) scratch.config_interrupt = 1;
            model_.step(scratch, who, enumerator);
            if (enumerator.is_blocked()) continue;
            std::vector<std::pair<checker::ChoiceId, int>> answers;
            for (const auto& taken : enumerator.taken()) answers.emplace_back(taken.choice, taken.value);
            if (worth_trying(nodes_[at], who, answers)) runs.push_back(std::move(answers));
        } while (enumerator.advance());
        for (const auto& answers : runs) follow(at, who, answers);
    }

    [[nodiscard]] bool worth_trying(const Node& node, unsigned who,
                                    const std::vector<std::pair<checker::ChoiceId, int>>& answers) const {
        for (const auto& [choice, value] : answers) {
            if (who == bbm::actor::host && choice == bbm::choice::size && !outlook_.plausible_size(node, value))
                return false;
            if (who == bbm::actor::memory_users && choice == bbm::choice::page_number &&
                value != outlook_.decisive_page(outlook_.page_user_block(node))) {
                return false;
            }
        }
        return true;
    }

    void follow(std::size_t at, unsigned who, const std::vector<std::pair<checker::ChoiceId, int>>& answers) {
        std::vector<Shown> shown;
        const auto observer = [&shown, this](const State& s, const Event& event) {
            if (probed(recording_.config.release, event.kind)) shown.push_back({event, s});
        };
        checker::RecordingContext context(answers, observer);
        Node node = nodes_[at];
        // Its handler goes on; another one may be under way by now.
        const bool goes_on = who == bbm::actor::interrupt && node.in_interrupt;
        const auto under_way = node.state.config_interrupt;
        if (goes_on) node.state.config_interrupt = 1;
        model_.step(node.state, who, context);
        if (goes_on) {
            node.state.config_interrupt = under_way;
            node.in_interrupt = false;
        }
        if (context.is_blocked() || context.diverged()) return;
        node.stale = stale_memmaps(node.stale, context.step(), node.state, recording_.config.scope);
        node.parent = static_cast<std::ptrdiff_t>(at);
        node.actor = who;
        node.step = context.step();
        node.choices = answers;
        node.is_step = true;
        node.shows = -1;
        if (recording_.outside) {
            if (who == bbm::actor::host || who == bbm::actor::memory_users) ++node.outside;
            note_last(node, who, nodes_[at]);
        }
        if (shown.empty() || goes_on) return push_silent(std::move(node), who);

        // The model's virtio_mem_remove() takes hotplug_mutex and gives it back in one step.
        for (Shown& one : shown) {
            if (who == bbm::actor::remover) one.state.hotplug_mutex = bbm::task::remover;
        }
        const std::size_t slot = slot_of(who);
        if (node.flight[slot].active()) return;
        InFlight flight{std::make_shared<const Taken>(Taken{std::move(shown), node.state, nodes_[at].stale}), 0};
        if (slot == interrupt_slot && !recording_.outside) return match_interrupt(std::move(node), flight);
        node.flight[slot] = std::move(flight);
        const Seen* seen = next_seen(node);
        const bool ours = seen != nullptr && belongs(*seen, slot);
        node.cost += ours ? 0 : 1;
        node.idle_cost += ours ? 0 : 1;
        push(std::move(node));
    }

    static void note_last(Node& node, unsigned who, const Node& from) {
        const State& before = from.state;
        if (who >= task_slots && who != bbm::actor::user_space && who != bbm::actor::administrator &&
            who != bbm::actor::interrupt && who != bbm::actor::timer) {
            return;
        }
        const std::size_t slot = slot_of(who);
        const bool visible = !same_to_recorder(before, node.state);
        node.last[slot] =
            visible ? std::make_shared<const LastStep>(LastStep{before, node.state, from.stale}) : nullptr;
    }

    void push_silent(Node node, unsigned who) {
        const Seen* seen = next_seen(node);
        const bool own = who < task_slots && seen != nullptr && belongs(*seen, who);
        const bool device = who == bbm::actor::device;
        node.cost += own || device ? 0 : 1;
        node.idle_cost += own || device ? 0 : 1;
        if (node.idle_cost <= 16) push(std::move(node));
    }

    static std::size_t slot_of(unsigned who) {
        if (who == bbm::actor::user_space) return bbm::actor::user;
        if (who == bbm::actor::administrator) return bbm::actor::remover;
        return who < task_slots ? who : interrupt_slot;
    }

    /// Whether a recorded event can be of the task in a slot. Interrupts borrow any task.
    static bool belongs(const Seen& seen, std::size_t slot) {
        if (seen.kind == EventKind::config_changed || seen.kind == EventKind::handle_response) return true;
        return seen.kworker == (slot == bbm::actor::worker);
    }

    // --- matching ---

    /// Where a task can be stopped anywhere, the config interrupt may have been shown while its handler has not done
    /// anything yet; the step of the model, which is all of it, comes later.
    void enter_interrupt(std::size_t at) {
        Node node = nodes_[at];
        const Seen* seen = next_seen(node);
        if (seen == nullptr || seen->kind != EventKind::config_changed || node.in_interrupt) return;
        if (node.state.config_interrupt == 0) return;
        const InFlight flight{std::make_shared<const Taken>(Taken{{{Event{}, node.state}}, node.state}), 0};
        if (state_differs(*seen, flight, 0, node, interrupt_slot) ||
            pages_differ(*seen, flight, 0, node, interrupt_slot))
            return;
        node.parent = static_cast<std::ptrdiff_t>(at);
        node.is_step = false;
        node.choices.clear();
        node.in_interrupt = true;
        node.state.config_interrupt = 0;
        advance(node, *seen);
        node.cost += 1;
        push(std::move(node));
    }

    /// The config interrupt: recorded now, or its probe was missed while it interrupted another probe. The latter
    /// only where the host is known to have resized, something else was running, and no line is missing.
    void match_interrupt(Node node, const InFlight& flight) {
        const Seen* seen = next_seen(node);
        if (seen == nullptr || outside_is_due(node)) return;
        if (seen->kind == EventKind::config_changed) {
            if (auto what = state_differs(*seen, flight, 0, node, interrupt_slot)) {
                reject_reason(node, text(*seen) + ": " + *what);
            } else if (auto page = pages_differ(*seen, flight, 0, node, interrupt_slot)) {
                want_page(static_cast<std::size_t>(node.parent), page->page);
                reject_reason(node, page->what);
            } else {
                advance(node, *seen);
                return push(std::move(node));
            }
        }
        if (seen->unanswered_resize > node.missed_resize && !seen->after_gap && seen->in_run) {
            node.missed_resize = seen->unanswered_resize;
            ++node.unrecorded;
            node.cost += 4;
            push(std::move(node));
        }
    }

    void match_in_flight(std::size_t at, std::size_t slot) {
        Node node = nodes_[at];
        InFlight& flight = node.flight[slot];
        const Seen* seen = next_seen(node);
        const Shown& shown = flight.taken->shown[flight.next];
        if (outside_is_due(node)) return;
        if (seen == nullptr) return reject_reason(node, text(shown.event));
        if (auto what = differs(shown.event, *seen)) {
            return reject_reason(node, *what == "another event" ? text(shown.event) : text(shown.event) + ": " + *what);
        }
        if (!belongs(*seen, slot) || !same_task(node, *seen, slot, shown.event)) {
            return reject_reason(node, text(shown.event) + ", on another task");
        }
        if (auto what = state_differs(*seen, flight, flight.next, node, slot))
            return reject_reason(node, text(shown.event) + ": " + *what);
        if (auto page = pages_differ(*seen, flight, flight.next, node, slot)) {
            want_page(at, page->page);
            want_page(before_step(at, slot), page->page);
            want_page(before_isolation(at, page->page), page->page);
            return reject_reason(node, page->what);
        }
        node.parent = static_cast<std::ptrdiff_t>(at);
        node.is_step = false;
        node.choices.clear();
        if (seen->collapsed()) {
            const auto which =
                static_cast<unsigned>(std::find_if(seen->calls.begin(), seen->calls.end(),
                                                   [&](const auto& c) { return c.first == shown.event.kind; }) -
                                      seen->calls.begin());
            if ((node.calls >> which & 1U) != 0) return;
            // adjust_managed_page_count() is told by calls, not by pages.
            const std::int64_t pages = seen->calls[which].second;
            if (shown.event.kind != EventKind::adjust_managed && pages != recording_.pages_per_memory_block) {
                return reject_reason(
                    node, text(shown.event) + " for a whole memory block, not " + std::to_string(pages) + " pages");
            }
            node.calls |= 1U << which;
            if (node.calls == (1U << seen->calls.size()) - 1) advance(node, *seen);
        } else {
            advance(node, *seen);
        }
        if (++flight.next == flight.taken->shown.size()) flight = InFlight{};
        push(std::move(node));
    }

    void advance(Node& node, const Seen& seen) const {
        node.shows = seen.seq;
        ++node.event;
        node.calls = 0;
        node.idle_cost = 0;
    }

    /// A work item runs on one kworker, a system call on one task, from beginning to end.
    bool same_task(Node& node, const Seen& seen, std::size_t slot, const Event& event) {
        if (event.task == 0) return true;
        const auto [entry, fresh] = task_numbers_.try_emplace(seen.task, static_cast<int>(task_numbers_.size()));
        (void)fresh;
        int& task = slot == bbm::actor::worker ? node.worker_task : node.user_task;
        if (event.kind == EventKind::run_wq || event.kind == EventKind::dev_hotplug_lock_sysfs) task = entry->second;
        if (slot == bbm::actor::remover) return true;
        return task == entry->second;
    }

    // --- states ---

    /// States of the model that a recorded value may stem from besides the one of the moment: loops over pages may be
    /// half done; and where a task can be stopped anywhere, the last step of another one may be.
    template <class Differs>
    [[nodiscard]] auto in_the_middle(const State& s, const Node& node, std::size_t slot, const Differs& differ) const {
        std::vector<State> states{with_loops_done(model_, node.state)};
        State none = s;  // of the last steps is done
        for (std::size_t other = 0; other < node.last.size(); ++other) {
            if (other == slot || node.last[other] == nullptr) continue;
            states.push_back(undone(s, *node.last[other]));
            none = undone(none, *node.last[other]);
        }
        if (states.size() > 2) states.push_back(none);
        std::vector<const State*> others;
        others.reserve(states.size());
        for (const State& state : states) others.push_back(&state);
        return differ(others);
    }
    [[nodiscard]] std::optional<std::string> state_differs(const Seen& seen, const InFlight& flight, std::size_t at,
                                                           const Node& node, std::size_t slot) const {
        if (!seen.driver) return std::nullopt;
        const State s = moment(flight, at, node);
        const auto differ = [&](std::span<const State* const> others) { return differs(recording_, seen, s, others); };
        if (!differ({})) return std::nullopt;
        return in_the_middle(s, node, slot, differ);
    }
    [[nodiscard]] std::optional<PageMismatch> pages_differ(const Seen& seen, const InFlight& flight, std::size_t at,
                                                           const Node& node, std::size_t slot) const {
        if (!seen.pages) return std::nullopt;
        const State s = moment(flight, at, node);
        // Before the last steps of other tasks, other memmaps may have been stale.
        unsigned stale_before = flight.taken->stale;
        for (std::size_t other = 0; other < node.last.size(); ++other) {
            if (other != slot && node.last[other] != nullptr) stale_before |= node.last[other]->stale;
        }
        const auto differ = [&](std::span<const State* const> others) {
            return page_mismatch(recording_, seen, s, others, flight.taken->stale, stale_before);
        };
        if (!differ({})) return std::nullopt;
        return in_the_middle(s, node, slot, differ);
    }

    // --- pages that changed hands unseen ---

    void want_page(std::size_t at, int page) { wanted_pages_.emplace_back(at, page); }

    /// The node from which the step in flight in a slot was taken.
    [[nodiscard]] std::size_t before_step(std::size_t at, std::size_t slot) const {
        while (nodes_[at].flight[slot].active() && nodes_[at].parent >= 0)
            at = static_cast<std::size_t>(nodes_[at].parent);
        return at;
    }

    /// The last node at which the page's block was not isolated: from an isolated block nobody gets a page, so who has
    /// one got it before.
    [[nodiscard]] std::size_t before_isolation(std::size_t at, int page) const {
        const auto block = static_cast<std::size_t>(page / recording_.config.scope.pages);
        while (nodes_[at].state.isolated[block] != 0 && nodes_[at].parent >= 0)
            at = static_cast<std::size_t>(nodes_[at].parent);
        return at;
    }

    /// A page looks as if a user had taken or given it since: let that happen, before the step or after.
    void page_repairs() {
        std::vector<std::pair<std::size_t, int>> wanted;
        wanted.swap(wanted_pages_);
        for (const auto& [node_at, page] : wanted) {
            if (nodes_[node_at].idle_cost >= 8) continue;
            for (int action = 0; action <= bbm::page_action::unpin; ++action) {
                const std::vector<std::pair<checker::ChoiceId, int>> answers{{bbm::choice::page_number, page},
                                                                             {bbm::choice::page_action, action}};
                follow(node_at, bbm::actor::memory_users, answers);
            }
        }
    }

    // --- verdict ---

    void reject_reason(const Node& node, const std::string& what) {
        if (node.event < reasons_at_) return;
        if (node.event > reasons_at_) {
            reasons_.clear();
            reasons_at_ = node.event;
        }
        if (reasons_.size() < 12) reasons_.insert(what);
    }

    TraceVerdict accept(std::size_t at) {
        verdict_.status = TraceVerdict::Status::accepted;
        verdict_.explained = recording_.events.size();
        verdict_.unrecorded_interrupts = nodes_[at].unrecorded;
        return finish(at);
    }
    TraceVerdict reject(TraceVerdict::Status status) {
        verdict_.status = status;
        verdict_.explained = best_;
        std::size_t furthest = 0;
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (nodes_[i].event == best_) {
                furthest = i;
                break;
            }
        }
        if (best_ < recording_.events.size()) {
            const Seen& seen = recording_.events[best_];
            verdict_.stuck_at = seen.seq;
            verdict_.stuck_line = seen.line;
            verdict_.stuck_event = text(seen) + " of " + seen.task;
        } else {
            verdict_.stuck_event = "the end of the recording";
        }
        if (reasons_at_ == best_) verdict_.alternatives.assign(reasons_.begin(), reasons_.end());
        return finish(furthest);
    }

    TraceVerdict finish(std::size_t at) {
        verdict_.examined = nodes_.size();
        std::vector<const Node*> path;
        for (auto i = static_cast<std::ptrdiff_t>(at); i >= 0; i = nodes_[static_cast<std::size_t>(i)].parent) {
            path.push_back(&nodes_[static_cast<std::size_t>(i)]);
        }
        std::reverse(path.begin(), path.end());
        std::array<std::size_t, bbm::actor::count> last_step{};
        for (const Node* node : path) {
            if (node->parent < 0) continue;
            if (node->is_step) {
                ExplainedStep step;
                const auto& info = model_.steps()[node->step];
                step.actor = model_.actor_name(node->actor);
                step.step = info.name;
                step.function = info.function;
                for (const auto& [choice, value] : node->choices) {
                    const auto& c = model_.choices()[choice];
                    step.choices.push_back(std::string(c.name) + " = " +
                                           (c.values.empty() ? std::to_string(value)
                                                             : std::string(c.values[static_cast<std::size_t>(value)])));
                }
                verdict_.steps.push_back(std::move(step));
                last_step[node->actor] = verdict_.steps.size() - 1;
            }
            if (node->shows >= 0 && !verdict_.steps.empty()) verdict_.steps.back().events.push_back(node->shows);
        }
        return std::move(verdict_);
    }

    const Recording& recording_;
    TraceOptions options_;
    Outlook outlook_;
    Bbm model_;
    checker::Layout layout_;
    std::vector<Node> nodes_;
    std::priority_queue<Open> open_;
    std::unordered_set<std::string> seen_;
    std::vector<std::pair<std::size_t, int>> wanted_pages_;
    std::map<std::string, int> task_numbers_;
    std::size_t best_ = 0;
    std::size_t reasons_at_ = 0;
    std::set<std::string> reasons_;
    TraceVerdict verdict_;
};

}  // namespace

TraceVerdict validate(const Recording& recording, const TraceOptions& options) {
    return Validator(recording, options).run();
}

}  // namespace vmemcheck::conformance
