// SPDX-License-Identifier: MIT
#include "checker/program_audit.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "checker/dice.hpp"
#include "checker/happens_before.hpp"

namespace vmemcheck::checker {

namespace {

/// A program at a point of choice, or at its end.
struct Situation {
    std::vector<Alternative> alternatives;
    std::vector<Touched> touched;  ///< by the step before
    std::uint64_t fingerprint = 0;
    std::string property;  ///< at the end

    [[nodiscard]] bool offers(std::uint16_t actor) const {
        return std::any_of(alternatives.begin(), alternatives.end(), [&](const auto& a) { return a.actor == actor; });
    }
    /// Costs left out: they may depend on who moved last.
    [[nodiscard]] std::vector<std::pair<std::uint16_t, std::uint16_t>> choices() const {
        std::vector<std::pair<std::uint16_t, std::uint16_t>> all;
        for (const Alternative& a : alternatives) all.emplace_back(a.actor, a.answer);
        std::sort(all.begin(), all.end());
        return all;
    }
};

Situation look_at(const Program& program) {
    Situation now;
    const auto offered = program.alternatives();
    const auto touched = program.touched();
    now.alternatives.assign(offered.begin(), offered.end());
    now.touched.assign(touched.begin(), touched.end());
    now.fingerprint = program.fingerprint();
    if (offered.empty()) now.property = program.end().property;
    return now;
}

/// The first thing in which two situations differ that should not; nothing if they are the same.
const char* difference(const Situation& a, const Situation& b, bool with_touched) {
    if (a.alternatives != b.alternatives) return "other alternatives";
    if (a.property != b.property) return "another end";
    if (a.fingerprint != b.fingerprint) return "another fingerprint";
    const auto same = [](const Touched& x, const Touched& y) { return x.object == y.object && x.written == y.written; };
    if (with_touched && !std::equal(a.touched.begin(), a.touched.end(), b.touched.begin(), b.touched.end(), same)) {
        return "other objects touched";
    }
    return nullptr;
}

bool writes_some_of(std::span<const Touched> step, std::span<const Touched> other) {
    return std::any_of(step.begin(), step.end(), [&](const Touched& mine) {
        return mine.written && std::any_of(other.begin(), other.end(),
                                           [&](const Touched& theirs) { return theirs.object == mine.object; });
    });
}

class Auditor {
 public:
    Auditor(Program& program, const ProgramAuditOptions& options) : program_(program), options_(options) {}

    ProgramAudit run() {
        for (std::uint64_t i = 0; i < options_.walks && audit_.findings.size() < options_.max_findings; ++i) {
            Dice dice(options_.seed, i);
            walk(dice);
            take_again(dice);
            for (std::size_t k = 0; k < options_.exchanges; ++k) exchange(dice);
        }
        return std::move(audit_);
    }

 private:
    void find(const std::string& what, Choices schedule) {
        if (audit_.findings.size() < options_.max_findings) audit_.findings.push_back({what, std::move(schedule)});
    }
    [[nodiscard]] Choices up_to(std::size_t step) const {
        return {taken_.begin(), taken_.begin() + static_cast<std::ptrdiff_t>(std::min(step, taken_.size()))};
    }

    /// A new walk, into taken_ and seen_.
    void walk(Dice& dice) {
        taken_.clear();
        seen_.clear();
        std::unordered_map<std::uint16_t, std::vector<Touched>> last_touched;
        const double rate = options_.deviations / static_cast<double>(std::max<std::size_t>(1, last_length_));
        program_.restart();
        seen_.push_back(look_at(program_));
        while (!seen_.back().alternatives.empty() && taken_.size() < options_.max_steps) {
            const Situation& before = seen_.back();
            const std::size_t count = before.alternatives.size();
            const std::size_t index = last_length_ == 0 || !dice.chance(rate) ? 0 : dice.below(count);
            const Choice choice(before.alternatives[index]);
            const std::string what = program_.describe(before.alternatives[index]);
            taken_.push_back(choice);
            program_.take(index);
            Situation after = look_at(program_);
            last_touched[choice.actor] = after.touched;
            check_enabled(what, choice.actor, before, after, last_touched);
            check_met(what, choice, before, after);
            seen_.push_back(std::move(after));
        }
        last_length_ = taken_.size();
    }

    void check_enabled(const std::string& what, std::uint16_t actor, const Situation& before, const Situation& after,
                       const std::unordered_map<std::uint16_t, std::vector<Touched>>& last_touched) {
        for (const Alternative& alternative : after.alternatives) {
            const std::uint16_t other = alternative.actor;
            const auto known = last_touched.find(other);
            if (alternative.answer != 0 || other == actor || known == last_touched.end() || before.offers(other))
                continue;
            ++audit_.enabled;
            if (writes_some_of(after.touched, known->second)) continue;
            find("\"" + what + "\" lets " + program_.actor_name(other) +
                     " go on, and wrote nothing that this touched last: what it waited for was not told",
                 taken_);
        }
    }

    /// What is known of states with the fingerprint.
    struct Known {
        std::vector<Alternative> alternatives;
        std::map<std::pair<std::uint16_t, std::uint16_t>, std::uint64_t> next;
    };
    void check_met(const std::string& what, const Choice& choice, const Situation& before, const Situation& after) {
        const auto [known, is_new] = known_.try_emplace(before.fingerprint);
        if (is_new) known->second.alternatives = before.alternatives;
        if (!is_new && known->second.alternatives != before.alternatives) {
            find("two states with one fingerprint offer different alternatives", up_to(taken_.size() - 1));
        }
        const auto [next, first] = known->second.next.try_emplace({choice.actor, choice.answer}, after.fingerprint);
        if (!first && next->second != after.fingerprint) {
            find("\"" + what + "\" leads from states with one fingerprint to states with different ones", taken_);
        }
        audit_.met += first ? 0U : 1U;
    }

    /// The walk again, and from somewhere on once more from a state saved there.
    void take_again(Dice& dice) {
        const std::size_t where = dice.below(taken_.size() + 1);
        std::unique_ptr<ProgramState> saved;
        program_.restart();
        for (std::size_t i = 0; i <= taken_.size(); ++i) {
            if (i == where) saved = program_.save();
            if (!same_as_before(i, "taken again", i > 0)) return;
            ++audit_.steps;
        }
        if (!saved) return;
        program_.restore(*saved);
        for (std::size_t i = where; i <= taken_.size(); ++i) {
            if (!same_as_before(i, "restored", i > where)) return;
        }
        ++audit_.restored;
    }
    /// Compares the program with what it was after `i` steps, and goes on.
    bool same_as_before(std::size_t i, const char* how, bool with_touched) {
        if (const char* differs = difference(look_at(program_), seen_[i], with_touched)) {
            find(std::string("the same choices, ") + how + ", give " + differs, up_to(i));
            return false;
        }
        if (i == taken_.size()) return true;
        program_.take(*find_alternative(program_, taken_[i]));
        return true;
    }

    /// The program after some steps of the walk and some more; nothing if one of these is not offered.
    /// \param touched what each of them touched
    std::optional<Situation> after(std::size_t steps, const Choices& more, std::vector<std::vector<Touched>>& touched) {
        (void)replay_strictly(program_, up_to(steps));
        touched.clear();
        for (const Choice& choice : more) {
            const auto index = find_alternative(program_, choice);
            if (!index) return std::nullopt;
            program_.take(*index);
            const auto now = program_.touched();
            touched.emplace_back(now.begin(), now.end());
        }
        return look_at(program_);
    }

    /// Two alternatives of different actors at some point of the walk, in both orders.
    void exchange(Dice& dice) {
        const std::size_t at = dice.below(taken_.size() + 1);
        const auto& offered = seen_[at].alternatives;
        if (offered.size() < 2) return;
        const Choice one(offered[dice.below(offered.size())]);
        const Choice other(offered[dice.below(offered.size())]);
        if (one.actor == other.actor) return;
        std::vector<std::vector<Touched>> touched;
        // One that ends the run keeps all from moving; the exploration sees that.
        const auto forth = after(at, {one, other}, touched);
        if (!forth && program_.alternatives().empty()) return;
        if (forth && conflict(touched[0], touched[1])) return;
        const auto back = after(at, {other, one}, touched);
        if (!back && (!forth || program_.alternatives().empty())) return;
        if (back && conflict(touched[0], touched[1])) return;
        std::string names;
        for (const Alternative& alternative : offered) {
            const Choice choice(alternative);
            if (choice == one || choice == other)
                names += (names.empty() ? "\"" : " and \"") + name(at, alternative) + "\"";
        }
        Choices schedule = up_to(at);
        schedule.push_back(one);
        schedule.push_back(other);
        if (!forth || !back) {
            return find(names + " touch nothing in common, and one of them keeps the other from moving", schedule);
        }
        if (forth->choices() != back->choices() || forth->property != back->property) {
            return find(names + " touch nothing in common and come to different things in different orders", schedule);
        }
        if (forth->alternatives.empty()) return;
        // Who moved last may be part of the fingerprint: let somebody move.
        const Choice next(forth->alternatives[dice.below(forth->alternatives.size())]);
        const auto forth_next = after(at, {one, other, next}, touched);
        const auto back_next = after(at, {other, one, next}, touched);
        if (forth_next && back_next && forth_next->fingerprint == back_next->fingerprint) {
            ++audit_.exchanged;
            return;
        }
        find(names + " touch nothing in common and come to different fingerprints in different orders", schedule);
    }
    std::string name(std::size_t at, const Alternative& alternative) {
        (void)replay_strictly(program_, up_to(at));
        return program_.describe(alternative);
    }

    Program& program_;
    const ProgramAuditOptions& options_;
    ProgramAudit audit_;
    Choices taken_;                                   ///< the walk
    std::vector<Situation> seen_;                     ///< before each of its steps, and at its end
    std::size_t last_length_ = 0;                     ///< 0: the first walk takes the default throughout
    std::unordered_map<std::uint64_t, Known> known_;  ///< by fingerprint
};

}  // namespace

ProgramAudit audit(Program& program, const ProgramAuditOptions& options) { return Auditor(program, options).run(); }

}  // namespace vmemcheck::checker
