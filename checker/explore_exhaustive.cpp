// SPDX-License-Identifier: MIT
// Dynamic partial-order reduction. Of the orders of events that touch nothing in common one is explored; which orders
// matter is seen in the runs themselves: when two events race, the exploration comes back to where the first of them
// happened, and lets the other way round come about (source sets). Sleep sets keep it from exploring an order twice.
//
// Nothing is pruned by fingerprint: a state left because it was visited would take with it the races of what comes
// after with what came before, which differs.
#include <algorithm>
#include <vector>

#include "checker/exploration.hpp"
#include "checker/happens_before.hpp"
#include "checker/path.hpp"

namespace vmemcheck::checker {

namespace {

/// Taken from here or from before already; need not be taken again before something conflicts with it.
struct Sleeper {
    Choice choice;
    std::vector<Touched> touched;
};

/// What the exploration knows of a point of choice.
struct Node {
    std::vector<std::uint16_t> backtrack;  ///< actors to explore, with all of their answers
    std::vector<Sleeper> sleep;

    [[nodiscard]] bool explores(std::uint16_t actor) const {
        return std::find(backtrack.begin(), backtrack.end(), actor) != backtrack.end();
    }
    [[nodiscard]] bool asleep(const Choice& choice) const {
        return std::any_of(sleep.begin(), sleep.end(), [&](const Sleeper& s) { return s.choice == choice; });
    }
};

bool offers(std::span<const Alternative> list, std::uint16_t actor) {
    return std::any_of(list.begin(), list.end(), [actor](const Alternative& x) { return x.actor == actor; });
}

class ExhaustiveSearch {
 public:
    explicit ExhaustiveSearch(Exploration& exploration)
        : exploration_(exploration),
          options_(exploration.options()),
          path_(exploration.program(), options_.save_states ? options_.max_memory_bytes : 0) {}

    void run() {
        path_.restart();
        enter();
        while (!exploration_.over()) {
            if (path_.size() == 0) break;
            const auto next = next_at_last();
            if (next) {
                advance(*next);
            } else {
                retreat();
            }
        }
        auto& result = exploration_.result;
        result.retaken = path_.retaken();
        result.restores = path_.restores();
        result.peak_memory_bytes = path_.peak_bytes();
    }

 private:
    [[nodiscard]] Node& node(std::size_t point) { return nodes_[point]; }

    /// At the point that the run has come to; it is the last of the path then, unless nothing is to be taken there.
    void enter() {
        at_last_ = false;
        const auto offered = exploration_.program().alternatives();
        if (offered.empty()) return exploration_.run_ended(path_.choices(), path_.cost());
        if (path_.size() >= options_.max_steps) return exploration_.run_left(path_.choices(), RunLeft::cut);
        if (path_.size() == nodes_.size()) nodes_.emplace_back();
        Node& here = node(path_.size());
        here.backtrack.clear();
        inherit_sleep(here);
        const auto awake =
            std::find_if(offered.begin(), offered.end(), [&](const Alternative& a) { return !here.asleep(Choice(a)); });
        if (awake == offered.end()) return exploration_.run_left(path_.choices(), RunLeft::redundant);
        here.backtrack.push_back(awake->actor);
        path_.arrive();
        at_last_ = true;
    }

    /// Of what slept at the point before, what the last event has nothing to do with.
    void inherit_sleep(Node& here) {
        here.sleep.clear();
        if (path_.size() == 0) return;
        const std::size_t event = path_.size() - 1;
        for (const Sleeper& sleeper : node(event).sleep) {
            if (sleeper.choice.actor == history_.choice(event).actor) continue;
            if (conflict(sleeper.touched, history_.touched(event))) continue;
            here.sleep.push_back(sleeper);
        }
    }

    /// The alternative to take next at the last point.
    [[nodiscard]] std::optional<std::size_t> next_at_last() {
        const auto& offered = path_.last().alternatives;
        const Node& here = node(path_.size() - 1);
        for (std::size_t i = 0; i < offered.size(); ++i) {
            if (here.explores(offered[i].actor) && !here.asleep(Choice(offered[i]))) return i;
        }
        return std::nullopt;
    }

    void advance(std::size_t index) {
        if (!at_last_) path_.back_to_last();
        PathPoint& point = path_.last();
        if (!point.saved && point.alternatives.size() > 1 && path_.unsaved() >= options_.save_every) {
            path_.save();
            exploration_.set_memory(path_.bytes());
        }
        const Alternative taken = point.alternatives[index];
        path_.take(index);
        exploration_.count_point(path_.size());
        const auto races = history_.push(Choice(taken), exploration_.program().touched());
        for (const std::size_t race : races) reverse(race);
        find_hindered(point.alternatives, taken.actor);
        enter();
        if (!at_last_) leave();
    }

    /// The last event kept other actors from what they could have done before it, or ended the run: that is to be
    /// explored as well. What it let them do is seen when they do it.
    void find_hindered(std::span<const Alternative> before, std::uint16_t actor) {
        Node& here = node(path_.size() - 1);
        for (const Alternative& lost : before) {
            if (lost.actor == actor || find_alternative(exploration_.program(), Choice(lost))) continue;
            if (!here.explores(lost.actor)) here.backtrack.push_back(lost.actor);
        }
    }

    /// Sees to it that the last event is explored before the one at point `race`, if it can be.
    void reverse(std::size_t race) {
        Node& there = node(race);
        const auto& offered = path_.at(race).alternatives;
        const auto all = [&](auto&& predicate) { return std::all_of(offered.begin(), offered.end(), predicate); };
        if (all([&](const Alternative& a) { return there.explores(a.actor); })) return;
        std::optional<std::uint16_t> add;
        for (const std::size_t event : history_.initials(race)) {
            const Choice& first = history_.choice(event);
            if (!offers(offered, first.actor)) continue;
            if (there.explores(first.actor)) return;
            add = first.actor;
        }
        if (add) {
            there.backtrack.push_back(*add);
            return;
        }
        // None of them was possible there: any other actor may bring it about.
        for (const Alternative& alternative : offered) {
            if (!there.explores(alternative.actor)) there.backtrack.push_back(alternative.actor);
        }
    }

    /// All that follows the alternative taken last is explored.
    void leave() {
        const std::size_t last = path_.size() - 1;
        const auto touched = history_.touched(last);
        node(last).sleep.push_back({history_.choice(last), {touched.begin(), touched.end()}});
        history_.pop();
        at_last_ = false;
    }

    void retreat() {
        path_.drop();
        if (path_.size() > 0) leave();
    }

    Exploration& exploration_;
    const ExploreOptions& options_;
    Path path_;
    HappensBefore history_;    ///< event i is what was taken at point i
    std::vector<Node> nodes_;  ///< more than points, to use their memory again
    bool at_last_ = false;     ///< the program is at the last point
};

}  // namespace

void explore_exhaustively(Exploration& exploration) { ExhaustiveSearch(exploration).run(); }

}  // namespace vmemcheck::checker
