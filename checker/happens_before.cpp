// SPDX-License-Identifier: MIT
#include "checker/happens_before.hpp"

#include <algorithm>

namespace vmemcheck::checker {

bool conflict(std::span<const Touched> a, std::span<const Touched> b) {
    for (const Touched& one : a) {
        for (const Touched& other : b) {
            if (one.object == other.object && (one.written || other.written)) return true;
        }
    }
    return false;
}

std::size_t HappensBefore::index_of(std::uint16_t actor) {
    const auto [found, is_new] = indices_.try_emplace(actor, actors_.size());
    if (is_new) actors_.emplace_back();
    return found->second;
}

void HappensBefore::join(Clock& clock, const Clock& other) {
    if (clock.size() < other.size()) clock.resize(other.size());
    for (std::size_t i = 0; i < other.size(); ++i) clock[i] = std::max(clock[i], other[i]);
}

std::span<const std::size_t> HappensBefore::push(const Choice& choice, std::span<const Touched> touched) {
    if (size_ == events_.size()) events_.emplace_back();
    Event& event = events_[size_];
    event.choice = choice;
    event.actor = index_of(choice.actor);
    event.touched.assign(touched.begin(), touched.end());
    std::vector<std::size_t>& mine = actors_[event.actor];
    event.number = static_cast<std::uint32_t>(mine.size() + 1);
    event.clock.clear();
    if (!mine.empty()) event.clock = events_[mine.back()].clock;

    // Races are looked for before the clock takes in what it conflicts with: a lock is taken after it was given back,
    // which happens after it was taken, but it could be had before that.
    races_.clear();
    for (const Touched& touch : event.touched) {
        for (const Access& access : accesses_[touch.object]) {
            const Event& other = events_[access.event];
            if (!access.written && !touch.written) continue;
            if (at(event.clock, other.actor) < other.number) races_.push_back(access.event);
        }
    }
    std::sort(races_.begin(), races_.end());
    races_.erase(std::unique(races_.begin(), races_.end()), races_.end());

    for (const std::size_t race : races_) join(event.clock, events_[race].clock);
    if (event.clock.size() <= event.actor) event.clock.resize(event.actor + 1);
    event.clock[event.actor] = event.number;
    for (const Touched& touch : event.touched) accesses_[touch.object].push_back({size_, touch.written});
    mine.push_back(size_);
    ++size_;
    return races_;
}

void HappensBefore::pop() {
    const Event& event = events_[--size_];
    actors_[event.actor].pop_back();
    for (const Touched& touch : event.touched) accesses_[touch.object].pop_back();
}

std::span<const std::size_t> HappensBefore::initials(std::size_t before) {
    const Event& moved = events_[before];
    initials_.clear();
    first_.assign(actors_.size(), 0);
    for (std::size_t i = before + 1; i < size_; ++i) {
        const Event& event = events_[i];
        const bool last = i + 1 == size_;
        if (!last && at(event.clock, moved.actor) >= moved.number) continue;
        bool is_initial = true;
        for (std::size_t actor = 0; actor < event.clock.size() && is_initial; ++actor) {
            is_initial = first_[actor] == 0 || event.clock[actor] < first_[actor];
        }
        if (is_initial) initials_.push_back(i);
        if (first_[event.actor] == 0) first_[event.actor] = event.number;
    }
    return initials_;
}

}  // namespace vmemcheck::checker
