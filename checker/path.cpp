// SPDX-License-Identifier: MIT
#include "checker/path.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace vmemcheck::checker {

void Path::restart() {
    while (size_ > 0) drop();
    gone_on_ = false;
    cost_ = 0;
    program_.restart();
}

PathPoint& Path::arrive() {
    if (size_ == points_.size()) points_.emplace_back();
    PathPoint& point = points_[size_++];
    const auto offered = program_.alternatives();
    point.alternatives.assign(offered.begin(), offered.end());
    point.taken = 0;
    point.next = 0;
    point.cost = cost_;
    gone_on_ = false;
    return point;
}

void Path::take(std::size_t index) {
    PathPoint& point = last();
    point.taken = index;
    gone_on_ = true;
    cost_ = point.cost + point.alternatives[index].cost;
    program_.take(index);
}

void Path::drop() {
    PathPoint& point = last();
    if (point.saved) {
        bytes_ -= point.saved->bytes();
        point.saved.reset();
        saved_.pop_back();
    }
    --size_;
    gone_on_ = size_ > 0;
}

void Path::back_to_last() {
    std::size_t at = 0;
    if (saved_.empty()) {
        program_.restart();
    } else {
        at = saved_.back();
        program_.restore(*points_[at].saved);
        ++restores_;
    }
    for (;; ++at) {
        const PathPoint& point = points_[at];
        const auto offered = program_.alternatives();
        if (!std::equal(offered.begin(), offered.end(), point.alternatives.begin(), point.alternatives.end())) {
            throw std::logic_error(
                "the program is no function of its choices: taken again, it offers other "
                "alternatives at step " +
                std::to_string(at));
        }
        if (at + 1 == size_) break;
        program_.take(point.taken);
        ++retaken_;
    }
    gone_on_ = false;
    cost_ = last().cost;
}

void Path::save() {
    if (bytes_ >= max_bytes_) return;
    auto state = program_.save();
    if (!state) return;
    const std::size_t bytes = state->bytes();
    if (bytes > max_bytes_ - bytes_) return;
    bytes_ += bytes;
    peak_bytes_ = std::max(peak_bytes_, bytes_);
    ++saves_;
    last().saved = std::move(state);
    saved_.push_back(size_ - 1);
}

std::size_t Path::unsaved() const { return saved_.empty() ? size_ : size_ - 1 - saved_.back(); }

Choices Path::choices() const {
    Choices choices;
    const std::size_t count = gone_on_ ? size_ : size_ - std::min<std::size_t>(size_, 1);
    choices.reserve(count);
    for (std::size_t i = 0; i < count; ++i) choices.emplace_back(points_[i].alternatives[points_[i].taken]);
    return choices;
}

}  // namespace vmemcheck::checker
