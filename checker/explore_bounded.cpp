// SPDX-License-Identifier: MIT
// Depth first under a bound of the summed costs, once for each bound. Runs of a bound are a small part of those of the
// next, so that repeating them costs little, and the stack is all that is stored besides fingerprints.
#include <algorithm>

#include "checker/exploration.hpp"
#include "checker/fingerprints.hpp"
#include "checker/path.hpp"

namespace vmemcheck::checker {

namespace {

class BoundedSearch {
 public:
    explicit BoundedSearch(Exploration& exploration)
        : exploration_(exploration),
          options_(exploration.options()),
          path_(exploration.program(), options_.save_states ? options_.max_memory_bytes / 2 : 0),
          visited_(options_.max_memory_bytes / 2) {}

    void run() {
        for (std::uint64_t bound = 0; bound <= options_.bound && !exploration_.over(); ++bound) {
            bound_ = bound;
            exploration_.set_bound(static_cast<std::uint16_t>(bound));
            search();
            if (!exploration_.over()) exploration_.result.bound_done = static_cast<std::uint16_t>(bound);
        }
        auto& result = exploration_.result;
        result.retaken = path_.retaken();
        result.restores = path_.restores();
        result.omission_probability = visited_.omission_probability();
        result.peak_memory_bytes = path_.peak_bytes() + visited_.bytes();
    }

 private:
    void search() {
        path_.restart();
        bool deeper = enter();
        while (!exploration_.over()) {
            if (deeper) {
                deeper = advance();
            } else {
                if (!retreat()) return;
                deeper = true;
            }
        }
    }

    /// At a point that the run has come to. \return whether there is something to take
    bool enter() {
        Program& program = exploration_.program();
        const std::uint64_t cost = path_.cost();
        const auto offered = program.alternatives();
        if (offered.empty()) {
            // What costs less than the bound was a run of the bound before.
            exploration_.run_ended(path_.choices(), cost, cost < bound_);
            return false;
        }
        if (path_.size() >= options_.max_steps) {
            exploration_.run_left(path_.choices(), RunLeft::cut);
            return false;
        }
        if (options_.prune && offered.size() > 1 && (!options_.prune_at_switches || is_switch(offered.front()))) {
            const bool known = visited_.visited(program.fingerprint(), static_cast<std::uint16_t>(bound_ - cost));
            exploration_.result.states = visited_.count();
            if (known) {
                exploration_.run_left(path_.choices(), RunLeft::visited);
                return false;
            }
        }
        PathPoint& point = path_.arrive();
        point.next = affordable(point, 0);
        return true;
    }

    /// Whether the default is that another actor moves than the one that moved last.
    [[nodiscard]] bool is_switch(const Alternative& by_default) {
        if (path_.size() == 0) return true;
        const PathPoint& before = path_.last();
        return before.alternatives[before.taken].actor != by_default.actor;
    }

    /// The first alternative from `from` on that is within the bound.
    [[nodiscard]] std::size_t affordable(const PathPoint& point, std::size_t from) const {
        while (from < point.alternatives.size() && point.cost + point.alternatives[from].cost > bound_) ++from;
        return from;
    }

    /// Takes what is next at the last point. \return whether it came to another
    bool advance() {
        PathPoint& point = path_.last();
        const std::size_t index = point.next;
        if (index == point.alternatives.size()) return false;
        point.next = affordable(point, index + 1);
        const bool again = point.next < point.alternatives.size();
        if (again && !point.saved && path_.unsaved() >= options_.save_every) {
            path_.save();
            exploration_.set_memory(path_.bytes() + visited_.bytes());
        }
        path_.take(index);
        exploration_.count_point(path_.size());
        return enter();
    }

    /// Back to the last point where something is left to take. \return false if there is none
    bool retreat() {
        while (path_.size() > 0 && path_.last().next == path_.last().alternatives.size()) path_.drop();
        if (path_.size() == 0) return false;
        path_.back_to_last();
        return true;
    }

    Exploration& exploration_;
    const ExploreOptions& options_;
    Path path_;
    Fingerprints visited_;
    std::uint64_t bound_ = 0;
};

}  // namespace

void explore_bounded(Exploration& exploration) { BoundedSearch(exploration).run(); }

}  // namespace vmemcheck::checker
