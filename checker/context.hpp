// SPDX-License-Identifier: MIT
/// \file
/// What a step function talks to: the context of a search, which tries every answer, and that of a replay, which gives
/// recorded answers.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "checker/model.hpp"

namespace vmemcheck::checker {

/// An answer of choose(): which choice, which value.
using ChoiceTaken = std::pair<ChoiceId, int>;

/// A failed assertion of the model.
struct Failure {
    AssertionId assertion;  ///< of Property::assertion
    const char* message;    ///< what it says; outlives the run
};

/// How a step function broke the rules of its context.
enum class Misuse : std::uint8_t {
    none,
    no_step,           ///< it did not call at(), or with a number not in Model::steps()
    bad_choice,        ///< choose() with a number not in Model::choices() or less than one answer
    too_many_choices,  ///< more than SearchContext::max_choices calls of choose()
    not_a_function,    ///< given the same answers it asked other questions
};

/// One sentence about a misuse.
[[nodiscard]] const char* text(Misuse misuse);

/// The part of a context that does not depend on where answers come from.
class ContextBase {
 public:
    static constexpr unsigned max_failures = 4;  ///< most failures kept of one run of a step

    /// Names the step that is running; to be called first.
    void at(StepId step) { step_ = step; }
    /// The actor cannot move now; the step has to return at once.
    void blocked(Guard guard) {
        blocked_ = true;
        guard_ = guard;
    }
    /// An assertion of the model does not hold. The step may go on.
    void fail(AssertionId assertion, const char* message) {
        if (failed_ < max_failures) failures_[failed_++] = {assertion, message};
    }

    /// What at() was told; no_step before.
    [[nodiscard]] StepId step() const { return step_; }
    /// Whether blocked() was called.
    [[nodiscard]] bool is_blocked() const { return blocked_; }
    /// Meaningful if is_blocked().
    [[nodiscard]] const Guard& guard() const { return guard_; }
    /// The assertions that failed in this run of the step; at most max_failures are kept.
    [[nodiscard]] std::span<const Failure> failures() const { return {failures_.data(), failed_}; }

 protected:
    ContextBase() {}  // NOLINT(cppcoreguidelines-pro-type-member-init,modernize-use-equals-default)
    /// Before another run of a step.
    void clear() {
        step_ = no_step;
        blocked_ = false;
        failed_ = 0;
    }

 private:
    StepId step_ = no_step;
    unsigned failed_ = 0;
    bool blocked_ = false;
    Guard guard_{};
    // Left uninitialised: a context is made for every state and actor.
    std::array<Failure, max_failures> failures_;
};

/// The context of a search: begin() and run the step, then advance() to the next list of answers, until it says no.
/// The answers are counted up like an odometer, the last one asked turning fastest. Nothing is allocated.
class SearchContext : public ContextBase {
 public:
    /// Most calls of choose() in one step.
    static constexpr unsigned max_choices = 16;

    // The answers are left uninitialised: a context is made for every state and actor.
    SearchContext() {}  // NOLINT(cppcoreguidelines-pro-type-member-init,modernize-use-equals-default)

    /// To be called before each run of the step.
    void begin() {
        clear();
        asked_ = 0;
    }
    /// Sets the next list of answers; false when all were tried.
    bool advance() {
        if (asked_ != length_) misuse_ = Misuse::not_a_function;
        while (length_ > 0) {
            Taken& last = taken_[length_ - 1];
            if (++last.value < last.count) return true;
            --length_;
        }
        return false;
    }

    /// The answer that is being tried, 0 .. count - 1.
    /// \param count answers there are, at least 1
    int choose(ChoiceId choice, int count) {
        if (asked_ < length_) {
            const Taken& given = taken_[asked_++];
            if (given.choice != choice || given.count != count) misuse_ = Misuse::not_a_function;
            return given.value;
        }
        if (asked_ == max_choices) {
            misuse_ = Misuse::too_many_choices;
            return 0;
        }
        if (count < 1) misuse_ = Misuse::bad_choice;
        taken_[asked_++] = {choice, count, 0};
        length_ = asked_;
        return 0;
    }
    /// Nobody observes a search.
    template <class State, class Event>
    void emit(const State&, const Event&) {}

    /// An answer given.
    struct Taken {
        ChoiceId choice;  ///< which question
        int count;        ///< answers there were
        int value;        ///< 0 .. count - 1
    };
    /// What was asked in this run of the step, with the answers given.
    [[nodiscard]] std::span<const Taken> taken() const { return {taken_.data(), asked_}; }
    /// How the step broke a rule so far, of all its runs since the context was made.
    [[nodiscard]] Misuse misuse() const { return misuse_; }

 private:
    unsigned asked_ = 0;
    unsigned length_ = 0;
    Misuse misuse_ = Misuse::none;
    std::array<Taken, max_choices> taken_;
};

/// An observer that hears nothing.
struct NoObserver {
    /// Hears nothing.
    template <class State, class Event>
    void operator()(const State&, const Event&) const {}
};

/// The context of a replay: choose() gives recorded answers, in order; emit(state, event) calls observer(state, event).
/// A question that is not the recorded one is a divergence; it is answered 0 from then on.
template <class Observer = NoObserver>
class RecordingContext : public ContextBase {
 public:
    /// \param given the recorded answers; must outlive the context, as must the observer
    RecordingContext(std::span<const ChoiceTaken> given, Observer& observer) : given_(given), observer_(&observer) {}

    /// The recorded answer, or 0 if it diverged.
    /// \param count answers there are
    int choose(ChoiceId choice, int count) {
        const unsigned i = asked_++;
        taken_.emplace_back(choice, 0);
        if (diverged_) return 0;
        if (i >= given_.size() || given_[i].first != choice || given_[i].second < 0 || given_[i].second >= count) {
            diverged_ = true;
            return 0;
        }
        return taken_.back().second = given_[i].second;
    }
    /// Tells the observer.
    template <class State, class Event>
    void emit(const State& state, const Event& event) {
        (*observer_)(state, event);
    }

    /// Whether a question was asked that was not recorded, or its answer is not possible.
    [[nodiscard]] bool diverged() const { return diverged_; }
    /// Questions asked so far, with the answers given.
    [[nodiscard]] const std::vector<ChoiceTaken>& taken() const { return taken_; }

 private:
    std::span<const ChoiceTaken> given_;
    Observer* observer_;
    std::vector<ChoiceTaken> taken_;
    unsigned asked_ = 0;
    bool diverged_ = false;
};

}  // namespace vmemcheck::checker
