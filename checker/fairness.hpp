// SPDX-License-Identifier: MIT
/// \file
/// What infinite runs of a model are fair: which actions must be taken again and again, which may not.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checker/model.hpp"

namespace vmemcheck::checker {

/// What an assumption says of an action. (Weak and strong: Lehmann, Pnueli, Stavi, ICALP 1981, as justice and
/// compassion.)
enum class FairnessKind : std::uint8_t {
    weak,    ///< enabled from some point on for ever, it is taken again and again
    strong,  ///< enabled again and again, it is taken again and again
    ceases,  ///< it is taken finitely often
};
/// "weak", "strong", "ceases".
[[nodiscard]] const char* text(FairnessKind kind);

/// No actor in particular.
inline constexpr ActorId any_actor = std::numeric_limits<ActorId>::max();
/// No choice in particular.
inline constexpr ChoiceId no_choice = std::numeric_limits<ChoiceId>::max();

/// An assumption about infinite runs, as data: the action of an actor, or only its runs of one step, or only those with
/// one of some answers to one choice. The action is enabled where the actor has such a run.
struct FairnessInfo {
    std::string_view name;         ///< short and stable
    FairnessKind kind{};           ///< what it says of the action
    std::string_view sentence;     ///< what it says of the real system, and why that keeps it
    ActorId actor = any_actor;     ///< any_actor: whoever
    StepId step = no_step;         ///< no_step: any
    ChoiceId choice = no_choice;   ///< no_choice: whatever is answered
    std::uint64_t values = ~0ULL;  ///< bit v: with the answer v (answers beyond 63 count as 63)

    /// Whether a run of a step is the action.
    /// \param answers what it was answered: of ChoiceTaken or SearchContext::Taken
    template <class Answers>
    [[nodiscard]] bool is(ActorId who, StepId ran, const Answers& answers) const {
        if ((actor != any_actor && who != actor) || (step != no_step && ran != step)) return false;
        if (choice == no_choice) return true;
        for (const auto& answer : answers) {
            if constexpr (requires { answer.choice; }) {
                if (answer.choice == choice && counts(answer.value)) return true;
            } else {
                if (answer.first == choice && counts(answer.second)) return true;
            }
        }
        return false;
    }

 private:
    [[nodiscard]] bool counts(int value) const { return (values >> (value < 63 ? value : 63) & 1U) != 0; }
};

/// Assumptions as bits: bit i is number i of the model's list.
using FairnessSet = std::uint32_t;
/// Most assumptions a model may list.
inline constexpr unsigned max_fairness = 31;
/// Most liveness properties that one search decides.
inline constexpr unsigned max_liveness = 32;

/// A model that says which runs are fair. Without it every infinite run counts.
template <class M>
concept StatesFairness = requires(const M& model) {
    { model.fairness() } -> std::convertible_to<std::span<const FairnessInfo>>;
};

/// The assumptions of a model; none if it states none.
template <class M>
[[nodiscard]] std::span<const FairnessInfo> fairness_of(const M& model) {
    if constexpr (StatesFairness<M>) {
        return model.fairness();
    } else {
        static_cast<void>(model);
        return {};
    }
}

/// Those of a list that are of a kind.
[[nodiscard]] FairnessSet of_kind(std::span<const FairnessInfo> list, FairnessKind kind);

/// The names of a set, in the order of the list.
[[nodiscard]] std::vector<std::string> names_of(std::span<const FairnessInfo> list, FairnessSet set);

/// Which actions a run of a step is.
template <class Answers>
[[nodiscard]] FairnessSet actions_of(std::span<const FairnessInfo> list, ActorId who, StepId step,
                                     const Answers& answers) {
    FairnessSet set = 0;
    for (unsigned i = 0; i < list.size(); ++i) {
        if (list[i].is(who, step, answers)) set |= FairnessSet{1} << i;
    }
    return set;
}

}  // namespace vmemcheck::checker
