// SPDX-License-Identifier: MIT
#include "conformance/guest/silence.hpp"

#include <utility>
#include <vector>

#include "checker/context.hpp"
#include "conformance/guest/observe.hpp"

namespace vmemcheck::conformance::explaining {

bool may_stay_silent(const bbm::Bbm& model, const State& from, unsigned who, int steps) {
    if (steps == 0) return true;
    checker::SearchContext enumerator;
    do {
        enumerator.begin();
        State probe = from;
        model.step(probe, who, enumerator);
        if (enumerator.is_blocked()) return true;
        std::vector<std::pair<checker::ChoiceId, int>> answers;
        for (const auto& taken : enumerator.taken()) answers.emplace_back(taken.choice, taken.value);
        bool shows = false;
        const auto observer = [&](const State&, const Event& event) {
            shows = shows || probed(model.config().release, event.kind);
        };
        checker::RecordingContext context(answers, observer);
        State after = from;
        model.step(after, who, context);
        if (!shows && may_stay_silent(model, after, who, steps - 1)) return true;
    } while (enumerator.advance());
    return false;
}

}  // namespace vmemcheck::conformance::explaining
