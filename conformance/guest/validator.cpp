// SPDX-License-Identifier: MIT
#include "conformance/guest/validator.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "checker/context.hpp"
#include "conformance/guest/explanation.hpp"
#include "conformance/guest/last_step.hpp"
#include "conformance/guest/matching.hpp"
#include "conformance/guest/observe.hpp"
#include "conformance/guest/outlook.hpp"
#include "conformance/guest/search_tree.hpp"
#include "conformance/guest/silence.hpp"
#include "model/bbm.hpp"

namespace vmemcheck::conformance {

namespace {

using namespace explaining;
using bbm::Bbm;
using bbm::EventKind;

class Validator {
 public:
    Validator(const Recording& recording, const TraceOptions& options)
        : recording_(recording),
          options_(options),
          outlook_(recording),
          model_(recording.config),
          matcher_(recording, model_),
          nodes_(model_),
          explanation_(recording, model_) {}

    TraceVerdict run() {
        if (!recording_.missing_interrupt.empty()) return explanation_.missing_interrupt();
        roots();
        while (nodes_.has_open()) {
            const std::size_t at = nodes_.take_open();
            if (nodes_[at].event == recording_.events.size() && may_be_left(nodes_[at]) &&
                !outlook_.outside_is_due(nodes_[at]) && may_end(nodes_[at])) {
                return explanation_.accept(nodes_, at);
            }
            if (nodes_.size() > options_.max_examined) {
                return explanation_.reject(nodes_, TraceVerdict::Status::undecided);
            }
            expand(at);
        }
        return explanation_.reject(nodes_, TraceVerdict::Status::rejected);
    }

 private:
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
            nodes_.push(std::move(node));
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
            if (!may_stay_silent(model_, s, who, 32)) {
                explanation_.reject_reason(node, "the " + model_.actor_name(who) + " would have gone on");
                return false;
            }
        }
        return true;
    }

    void expand(std::size_t at) {
        // Events of steps already taken come first: whatever can be matched is matched.
        for (std::size_t slot = 0; slot < nodes_[at].flight.size(); ++slot) {
            if (nodes_[at].flight[slot].active()) match_in_flight(at, slot);
        }
        for (unsigned who = 0; who < bbm::actor::count; ++who) {
            if (who < task_slots && nodes_[at].flight[who].active()) continue;
            if (outlook_.wanted(nodes_[at], who)) run_actor(at, who);
        }
        if (outlook_.outside_is_due(nodes_[at])) {
            run_outside(at);
        } else if (recording_.outside) {
            enter_interrupt(at);
            if (outlook_.resize_may_be_early(nodes_[at])) run_outside(at);
        }
        if (!recording_.outside) page_repairs();
    }

    /// Does what comes next of what is known to have been done outside: by the host, or by a user of pages.
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
            if (outlook_.worth_trying(nodes_[at], who, answers)) runs.push_back(std::move(answers));
        } while (enumerator.advance());
        for (const auto& answers : runs) follow(at, who, answers);
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
        const Seen* seen = outlook_.next_seen(node);
        const bool ours = seen != nullptr && belongs(*seen, slot);
        node.cost += ours ? 0 : 1;
        node.idle_cost += ours ? 0 : 1;
        nodes_.push(std::move(node));
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
        const Seen* seen = outlook_.next_seen(node);
        const bool own = who < task_slots && seen != nullptr && belongs(*seen, who);
        const bool device = who == bbm::actor::device;
        node.cost += own || device ? 0 : 1;
        node.idle_cost += own || device ? 0 : 1;
        if (node.idle_cost <= 16) nodes_.push(std::move(node));
    }

    static std::size_t slot_of(unsigned who) {
        if (who == bbm::actor::user_space) return bbm::actor::user;
        if (who == bbm::actor::administrator) return bbm::actor::remover;
        return who < task_slots ? who : interrupt_slot;
    }

    // --- matching ---

    /// Where a task can be stopped anywhere, the config interrupt may have been shown while its handler has not done
    /// anything yet; the step of the model, which is all of it, comes later.
    void enter_interrupt(std::size_t at) {
        Node node = nodes_[at];
        const Seen* seen = outlook_.next_seen(node);
        if (seen == nullptr || seen->kind != EventKind::config_changed || node.in_interrupt) return;
        if (node.state.config_interrupt == 0) return;
        const InFlight flight{std::make_shared<const Taken>(Taken{{{Event{}, node.state}}, node.state}), 0};
        if (matcher_.state_differs(*seen, flight, 0, node, interrupt_slot) ||
            matcher_.pages_differ(*seen, flight, 0, node, interrupt_slot))
            return;
        node.parent = static_cast<std::ptrdiff_t>(at);
        node.is_step = false;
        node.choices.clear();
        node.in_interrupt = true;
        node.state.config_interrupt = 0;
        advance(node, *seen);
        node.cost += 1;
        nodes_.push(std::move(node));
    }

    /// The config interrupt: recorded now, or its probe was missed while it interrupted another probe. The latter
    /// only where the host is known to have resized, something else was running, and no line is missing.
    void match_interrupt(Node node, const InFlight& flight) {
        const Seen* seen = outlook_.next_seen(node);
        if (seen == nullptr || outlook_.outside_is_due(node)) return;
        if (seen->kind == EventKind::config_changed) {
            if (auto what = matcher_.state_differs(*seen, flight, 0, node, interrupt_slot)) {
                explanation_.reject_reason(node, text(*seen) + ": " + *what);
            } else if (auto page = matcher_.pages_differ(*seen, flight, 0, node, interrupt_slot)) {
                want_page(static_cast<std::size_t>(node.parent), page->page);
                explanation_.reject_reason(node, page->what);
            } else {
                advance(node, *seen);
                return nodes_.push(std::move(node));
            }
        }
        if (seen->unanswered_resize > node.missed_resize && !seen->after_gap && seen->in_run) {
            node.missed_resize = seen->unanswered_resize;
            ++node.unrecorded;
            node.cost += 4;
            nodes_.push(std::move(node));
        }
    }

    void match_in_flight(std::size_t at, std::size_t slot) {
        Node node = nodes_[at];
        InFlight& flight = node.flight[slot];
        const Seen* seen = outlook_.next_seen(node);
        const Shown& shown = flight.taken->shown[flight.next];
        if (outlook_.outside_is_due(node)) return;
        if (seen == nullptr) return explanation_.reject_reason(node, text(shown.event));
        if (auto what = differs(shown.event, *seen)) {
            return explanation_.reject_reason(
                node, *what == "another event" ? text(shown.event) : text(shown.event) + ": " + *what);
        }
        if (!belongs(*seen, slot) || !matcher_.same_task(node, *seen, slot, shown.event)) {
            return explanation_.reject_reason(node, text(shown.event) + ", on another task");
        }
        if (auto what = matcher_.state_differs(*seen, flight, flight.next, node, slot))
            return explanation_.reject_reason(node, text(shown.event) + ": " + *what);
        if (auto page = matcher_.pages_differ(*seen, flight, flight.next, node, slot)) {
            want_page(at, page->page);
            want_page(nodes_.before_step(at, slot), page->page);
            want_page(nodes_.before_isolation(at, block_of(page->page)), page->page);
            return explanation_.reject_reason(node, page->what);
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
                return explanation_.reject_reason(
                    node, text(shown.event) + " for a whole memory block, not " + std::to_string(pages) + " pages");
            }
            node.calls |= 1U << which;
            if (node.calls == (1U << seen->calls.size()) - 1) advance(node, *seen);
        } else {
            advance(node, *seen);
        }
        if (++flight.next == flight.taken->shown.size()) flight = InFlight{};
        nodes_.push(std::move(node));
    }

    void advance(Node& node, const Seen& seen) const {
        node.shows = seen.seq;
        ++node.event;
        node.calls = 0;
        node.idle_cost = 0;
    }

    // --- pages that changed hands unseen ---

    [[nodiscard]] std::size_t block_of(int page) const {
        return static_cast<std::size_t>(page / recording_.config.scope.pages);
    }
    void want_page(std::size_t at, int page) { wanted_pages_.emplace_back(at, page); }

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

    const Recording& recording_;
    TraceOptions options_;
    Outlook outlook_;
    Bbm model_;
    Matcher matcher_;
    SearchTree nodes_;
    Explanation explanation_;
    std::vector<std::pair<std::size_t, int>> wanted_pages_;
};

}  // namespace

TraceVerdict validate(const Recording& recording, const TraceOptions& options) {
    return Validator(recording, options).run();
}

}  // namespace vmemcheck::conformance
