// SPDX-License-Identifier: MIT
#include "properties/schedule.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <ostream>

namespace vmemcheck::properties {

namespace {

using Wait = decltype(Decision::wait);

unsigned below(rc::Random& random, unsigned count) { return static_cast<unsigned>(random.next() % count); }

checker::ActorId draw_actor(rc::Random& random, const std::vector<unsigned>& weights) {
    unsigned at = below(random, std::max(1U, std::accumulate(weights.begin(), weights.end(), 0U)));
    for (checker::ActorId actor = 0; actor < weights.size(); ++actor) {
        if (at < weights[actor]) return actor;
        at -= weights[actor];
    }
    return 0;
}

Decision draw(rc::Random& random, const ScheduleShape& shape) {
    Decision decision;
    // Close by, somewhere, or as soon as it can be.
    const unsigned kind = below(random, 4);
    const unsigned most = kind == 0 ? 0 : kind == 1 ? 8 : shape.wait;
    decision.wait = static_cast<Wait>(below(random, most + 1));
    decision.actor = draw_actor(random, shape.weights);
    // Of few answers each is as likely; of many (pages, sizes) the first few are not the only ones.
    decision.answer = static_cast<Wait>(random.next() % 5040);
    return decision;
}

Schedule without(const Schedule& schedule, std::size_t first, std::size_t last, bool keep_waits) {
    Schedule rest(schedule.begin(), schedule.begin() + static_cast<std::ptrdiff_t>(first));
    unsigned wait = 0;
    for (std::size_t i = first; i < last; ++i) wait += schedule[i].wait + 1U;
    for (std::size_t i = last; i < schedule.size(); ++i) {
        Decision decision = schedule[i];
        if (i == last && keep_waits) {
            decision.wait =
                static_cast<Wait>(std::min<unsigned>(decision.wait + wait, std::numeric_limits<Wait>::max()));
        }
        rest.push_back(decision);
    }
    return rest;
}

/// Chunks of half the schedule, a quarter, ... one decision, with their waits kept or not.
rc::Seq<Schedule> removals(const Schedule& schedule) {
    std::vector<std::pair<std::size_t, std::size_t>> chunks;
    for (std::size_t size = schedule.size(); size > 0; size = size == 1 ? 0 : (size + 1) / 2) {
        for (std::size_t first = 0; first < schedule.size(); first += size) {
            chunks.emplace_back(first, std::min(first + size, schedule.size()));
        }
    }
    return rc::seq::mapcat(rc::seq::fromContainer(std::move(chunks)), [schedule](const auto& chunk) {
        return rc::seq::map(rc::seq::just(true, false), [schedule, chunk](bool keep_waits) {
            return without(schedule, chunk.first, chunk.second, keep_waits);
        });
    });
}

/// 0, then half-way steps up to one less.
std::vector<unsigned> lower(unsigned number) {
    std::vector<unsigned> numbers;
    for (unsigned off = number; off > 0; off /= 2) numbers.push_back(number - off);
    return numbers;
}

template <class Member>
rc::Seq<Schedule> lowered(const Schedule& schedule, Member Decision::*member, bool next_waits) {
    return rc::seq::mapcat(rc::seq::range<std::size_t>(0, schedule.size()), [=](std::size_t i) {
        return rc::seq::map(rc::seq::fromContainer(lower(schedule[i].*member)), [=](unsigned number) {
            Schedule changed = schedule;
            if (next_waits && i + 1 < changed.size()) {
                const unsigned wait = changed[i + 1].wait + (changed[i].*member - number);
                changed[i + 1].wait = static_cast<Wait>(std::min<unsigned>(wait, std::numeric_limits<Wait>::max()));
            }
            changed[i].*member = static_cast<Member>(number);
            return changed;
        });
    });
}

}  // namespace

void showValue(const Decision& decision, std::ostream& out) {
    out << "after " << decision.wait << " steps actor " << decision.actor << ", answer " << decision.answer;
}

rc::Gen<Schedule> schedules(const ScheduleShape& shape) {
    return rc::Gen<Schedule>([shape](const rc::Random& random, int size) {
        rc::Random source(random);
        const auto most = static_cast<unsigned>(size) * shape.decisions / 100;
        Schedule schedule(below(source, most + 1));
        for (Decision& decision : schedule) decision = draw(source, shape);
        return rc::shrinkable::shrinkRecur(std::move(schedule), &simpler);
    });
}

rc::Seq<Schedule> simpler(const Schedule& schedule) {
    return rc::seq::concat(removals(schedule), lowered(schedule, &Decision::answer, false),
                           lowered(schedule, &Decision::wait, true), lowered(schedule, &Decision::wait, false));
}

}  // namespace vmemcheck::properties
