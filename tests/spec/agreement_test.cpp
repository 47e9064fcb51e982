// SPDX-License-Identifier: MIT
// The two engines agree: each transition of the checker is a path of the symbolic domain, each model that Z3 finds for
// a path is a native run, and both reach the same states.
#include "tests/spec/agreement.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <ostream>
#include <set>

#include "tests/spec/configs.hpp"

namespace vmemcheck::bbm::spec {
namespace {

void all_faults(Config& config) {
    for (const FaultInfo& fault : fault_infos()) config.faults.*fault.member = true;
}

/// Two big blocks, and everything may happen.
Config two_big_blocks(std::string_view release) {
    Config config = config_of(release);
    config.scope.big_blocks = 2;
    config.scope.threshold = 3;
    return config;
}

struct Variant {
    std::string name;
    Config config;

    friend void PrintTo(const Variant& variant, std::ostream* out) { *out << variant.name; }
};

/// Each release, with the default faults and with all of them, in both scopes; then the modes of older releases.
std::vector<Variant> variants() {
    std::vector<Variant> all;
    for (const Release& release : releases()) {
        for (const bool two : {false, true}) {
            for (const bool faults : {false, true}) {
                Config config = two ? two_big_blocks(release.name) : config_of(release.name);
                if (faults) all_faults(config);
                std::string name = std::string(release.name) + (two ? "_two" : "_small") + (faults ? "_faults" : "");
                all.push_back({std::move(name), config});
            }
        }
        if (!release.has_unsafe_unplug) continue;
        Config config = config_of(release.name);
        config.safe_unplug = false;
        all.push_back({std::string(release.name) + "_unsafe", config});
        config.safe_unplug = true;
        config.unplug_online = false;
        all.push_back({std::string(release.name) + "_offline_only", config});
    }
    for (Variant& variant : all) {
        std::replace_if(variant.name.begin(), variant.name.end(), ::ispunct, '_');
        // Under the sanitizers the plain ones will do.
        if (!variant.name.ends_with("_small")) variant.name.insert(0, "Slow_");
    }
    return all;
}

/// A configuration; in the tests that are not long, each looks at another share of the steps.
class Agreement : public testing::TestWithParam<Variant> {
 protected:
    static constexpr std::size_t shares = 16;
    [[nodiscard]] static std::size_t share() {
        const auto all = variants();
        const auto here = [](const Variant& variant) { return variant.name == GetParam().name; };
        // One further, so that two big blocks do not meet the step with the most paths.
        return static_cast<std::size_t>(std::find_if(all.begin(), all.end(), here) - all.begin() + 1) % shares;
    }
};

// --- every transition is a path ---

/// What can happen in a sample of states: all to some depth, and those of random walks.
Disagreement compare_sample(Steps& steps, unsigned depth, unsigned walks, std::size_t share = 0, std::size_t of = 1) {
    Disagreement found;
    const auto expand = [&](const Bbm::State& state, const auto& follow) {
        found = steps.compare(state, follow, share, of);
        return !found;
    };
    breadth_first(steps.setting(), depth, expand);
    std::mt19937 random(1);
    for (unsigned i = 0; i < walks && !found; ++i) random_walk(steps.setting(), random, 2000, expand);
    return found;
}

TEST_P(Agreement, TransitionsArePaths) {
    Steps steps(GetParam().config);
    const Disagreement found = compare_sample(steps, 20, 10, share(), shares);
    EXPECT_FALSE(found) << *found;
}

TEST_P(Agreement, LongTransitionsArePaths) {
    Steps steps(GetParam().config);
    const Disagreement found = compare_sample(steps, 40, 500);
    EXPECT_FALSE(found) << *found;
}

TEST(SmallScope, LongTransitionsArePaths) {
    Steps steps(config_of("linux-6.12"));
    const Disagreement found = compare_sample(steps, 25, 400);
    EXPECT_FALSE(found) << *found;
    EXPECT_GE(steps.compiled_instances(), step_instances().size() * 3 / 4) << "the sample is too small";
}

TEST(SmallScope, LongEveryTransitionIsAPath) {
    Steps steps(config_of("linux-6.12"));
    Disagreement found;
    const std::uint64_t states = breadth_first(steps.setting(), ~0U, [&](const Bbm::State& state, const auto& follow) {
        found = steps.compare(state, follow);
        return !found;
    });
    EXPECT_FALSE(found) << *found;
    EXPECT_GT(states, 5'000'000U);
    RecordProperty("states", std::to_string(states));
}

// --- every model of a path is a run ---

/// Solves all paths of a step, runs the models, and then whatever happens in states near them: any state of the step
/// must satisfy just the paths it runs, reachable or not.
Disagreement compare_solved(Steps& steps, std::size_t instance, unsigned neighbours, std::mt19937& random) {
    const Setting& setting = steps.setting();
    CompiledStep& compiled = steps.compiled(instance);
    const auto nobody = [](const Bbm::State&) {};
    Disagreement near;
    Disagreement found = compare_models(setting, steps.paths(instance), [&](Bbm::State state) {
        near = near ? near : compiled.compare(state, nobody);
        for (unsigned i = 0; i < neighbours && !near; ++i) {
            Bbm::State changed = state;
            const std::size_t field = random() % setting.layout.fields().size();
            const auto& info = setting.layout.fields()[field];
            const auto values = static_cast<unsigned>(info.high - info.low + 1);
            setting.layout.set(changed, field, info.low + static_cast<int>(random() % values));
            if (!compiled.applies(changed)) continue;
            near = compiled.compare(changed, nobody);
            state = changed;
        }
    });
    return found ? found : near;
}

Disagreement compare_all_solved(Steps& steps, unsigned neighbours, std::size_t share, std::size_t of) {
    std::mt19937 random(2);
    Disagreement found;
    for (std::size_t i = share; i < step_instances().size() && !found; i += of) {
        if (of > 1 && steps.paths(i).paths.size() > 500) continue;  // takes seconds: not in a sample
        found = compare_solved(steps, i, neighbours, random);
    }
    return found;
}

TEST_P(Agreement, ModelsAreRuns) {
    Steps steps(GetParam().config);
    const Disagreement found = compare_all_solved(steps, 10, (share() + 6) % shares, shares);
    EXPECT_FALSE(found) << *found;
}

TEST(SmallScope, LongModelsAreRuns) {
    Steps steps(config_of("linux-6.12"));
    const Disagreement found = compare_all_solved(steps, 30, 0, 1);
    EXPECT_FALSE(found) << *found;
}

TEST_P(Agreement, LongModelsAreRuns) {
    Steps steps(GetParam().config);
    const Disagreement found = compare_all_solved(steps, 100, 0, 1);
    EXPECT_FALSE(found) << *found;
}

INSTANTIATE_TEST_SUITE_P(Variants, Agreement, testing::ValuesIn(variants()),
                         [](const auto& info) { return info.param.name; });

// --- the same states are reached ---

/// Packed states.
using StateSet = std::set<std::vector<std::uint32_t>>;

std::vector<std::uint32_t> pack(const checker::Layout& layout, const Bbm::State& state) {
    std::vector<std::uint32_t> packed(layout.buffer_words());
    EXPECT_EQ(layout.pack(state, packed.data()), -1);
    return packed;
}

Bbm::State unpack(const checker::Layout& layout, const std::vector<std::uint32_t>& packed) {
    Bbm::State state{};
    layout.unpack(packed.data(), state);
    return state;
}

/// The successors of some states in the native domain.
StateSet native_image(const Setting& setting, const StateSet& from) {
    StateSet image;
    for (const auto& packed : from) {
        for (checker::ActorId actor = 0; actor < actor::count; ++actor) {
            for_each_run(setting.model, unpack(setting.layout, packed), actor,
                         [&](const Bbm::State& after, const auto& context) {
                             if (context.is_blocked() || !context.failures().empty()) return;
                             image.insert(pack(setting.layout, after));
                         });
        }
    }
    return image;
}

/// The same from compiled paths.
StateSet compiled_image(Steps& steps, const StateSet& from) {
    const checker::Layout& layout = steps.setting().layout;
    StateSet image;
    for (const auto& packed : from) {
        const Bbm::State state = unpack(layout, packed);
        for (checker::ActorId actor = 0; actor < actor::count; ++actor) {
            const auto instance = steps.next(state, actor);
            if (!instance) continue;
            for (const Bbm::State& after : steps.compiled(*instance).successors(state)) {
                image.insert(pack(layout, after));
            }
        }
    }
    return image;
}

/// A term that holds of the states of a set.
z3::expr one_of(z3::context& context, const Setting& setting, const SymbolicState& fresh, const StateSet& states) {
    z3::expr_vector any(context);
    for (const auto& packed : states) {
        const Bbm::State state = unpack(setting.layout, packed);
        z3::expr_vector all(context);
        const auto terms = fields_of(setting.config, fresh);
        for (std::size_t i = 0; i < terms.size(); ++i) {
            all.push_back(terms[i].term() == setting.layout.get(state, i));
        }
        any.push_back(z3::mk_and(all));
    }
    return z3::mk_or(any);
}

/// The same from Z3 alone: all models of each path, the set as a term, told apart by the state after.
StateSet solved_image(Steps& steps, const StateSet& from) {
    const Setting& setting = steps.setting();
    const PathOracle oracle(steps.context());  // constants become terms
    std::map<std::size_t, StateSet> by_instance;
    for (const auto& packed : from) {
        for (checker::ActorId actor = 0; actor < actor::count; ++actor) {
            if (const auto i = steps.next(unpack(setting.layout, packed), actor)) by_instance[*i].insert(packed);
        }
    }
    StateSet image;
    for (const auto& [instance, states] : by_instance) {
        const StepPaths& step = steps.paths(instance);
        const SymbolicState& before = step.pinned.fresh.state;
        z3::solver solver(steps.context());
        solver.add(step.pinned.premise && one_of(steps.context(), setting, before, states));
        for (const SymbolicPath& path : step.paths) {
            if (path.blocked || !path.failures.empty()) continue;
            solver.push();
            solver.add(path.condition);
            while (solver.check() == z3::sat) {
                const Bbm::State after = concrete(setting.config, path.after, solver.get_model());
                image.insert(pack(setting.layout, after));
                const auto terms = fields_of(setting.config, path.after);
                z3::expr_vector other(steps.context());
                for (std::size_t field = 0; field < terms.size(); ++field) {
                    other.push_back(terms[field].term() != setting.layout.get(after, field));
                }
                solver.add(z3::mk_or(other));
            }
            solver.pop();
        }
    }
    return image;
}

/// Goes breadth first in both domains.
/// \param solved so many levels are computed by Z3, the others by compiled paths
Disagreement compare_levels(Steps& steps, unsigned solved, unsigned levels) {
    const Setting& setting = steps.setting();
    StateSet level;
    setting.model.initial_states([&](const Bbm::State& state) { level.insert(pack(setting.layout, state)); });
    StateSet visited = level;
    for (unsigned k = 1; k <= levels; ++k) {
        const StateSet native = native_image(setting, level);
        const StateSet symbolic = k <= solved ? solved_image(steps, level) : compiled_image(steps, level);
        if (native != symbolic) {
            return "after " + std::to_string(k) + " steps: " + std::to_string(native.size()) + " states natively, " +
                   std::to_string(symbolic.size()) + " from paths";
        }
        level.clear();
        for (const auto& state : native) {
            if (visited.insert(state).second) level.insert(state);
        }
    }
    return std::nullopt;
}

TEST(Levels, SlowAreTheSame) {
    Steps steps(config_of("linux-6.12"));
    const Disagreement found = compare_levels(steps, 3, 12);
    EXPECT_FALSE(found) << *found;
}

TEST(Levels, LongAreTheSameWithTwoBigBlocksAndAllFaults) {
    for (const Release& release : releases()) {
        Config config = two_big_blocks(release.name);
        all_faults(config);
        Steps steps(config);
        const Disagreement found = compare_levels(steps, 4, 14);
        EXPECT_FALSE(found) << *found;
    }
}

// --- a fault in the symbolic domain is found ---

/// Faults of the symbolic domain, planted into what it enumerated.
enum class Fault { path_lost, off_by_one, write_lost, blocked, failure, choice, select_swapped, decision_lost };

/// The first if-then-else of a term with its branches swapped, in the whole term.
std::optional<z3::expr> with_select_swapped(const z3::expr& term) {
    std::optional<z3::expr> first;
    const std::function<void(const z3::expr&)> look = [&](const z3::expr& part) {
        if (first) return;
        if (part.is_ite()) {
            first = part;
            return;
        }
        for (unsigned i = 0; i < part.num_args(); ++i) look(part.arg(i));
    };
    look(term);
    if (!first) return std::nullopt;
    z3::expr_vector from(term.ctx());
    z3::expr_vector to(term.ctx());
    from.push_back(*first);
    to.push_back(z3::ite(first->arg(0), first->arg(2), first->arg(1)));
    z3::expr copy = term;
    return copy.substitute(from, to);
}

/// Visits the fields of a path's state after, with those of the state before, until one says yes.
template <class Visit>
bool change_field(const Config& config, const StepPaths& step, SymbolicPath& path, Visit&& visit) {
    const auto before = fields_of(config, step.pinned.fresh.state);
    std::size_t next = 0;
    bool done = false;
    describe_state(config, path.after,
                   [&](const std::string&, SymInt& field, int, int, std::span<const std::string_view>) {
                       const SymInt& old = before[next++];
                       if (!done) done = visit(field, old);
                   });
    return done;
}

/// Plants a fault into a path; false if this path has no place for it.
bool plant(const Config& config, StepPaths& step, std::size_t index, Fault fault) {
    SymbolicPath& path = step.paths[index];
    switch (fault) {
        case Fault::path_lost:
            step.paths.erase(step.paths.begin() + static_cast<std::ptrdiff_t>(index));
            return true;
        case Fault::off_by_one:
            return !path.blocked && change_field(config, step, path, [](SymInt& field, const SymInt&) {
                field = field + 1;
                return true;
            });
        case Fault::write_lost:
            return !path.blocked && change_field(config, step, path, [](SymInt& field, const SymInt& old) {
                if (same_term(field, old)) return false;
                field = old;
                return true;
            });
        case Fault::blocked:
            path.blocked = !path.blocked;
            return true;
        case Fault::failure:
            path.failures.push_back(assertion::no_warn);
            return true;
        case Fault::choice:
            if (path.choices.empty()) return false;
            path.choices.back().second += 1;
            return true;
        case Fault::select_swapped:
            if (const auto swapped = with_select_swapped(path.condition)) {
                path.condition = *swapped;
                return true;
            }
            return !path.blocked && change_field(config, step, path, [](SymInt& field, const SymInt&) {
                if (field.is_constant()) return false;
                const auto swapped = with_select_swapped(field.term());
                if (swapped) field = SymInt(*swapped);
                return swapped.has_value();
            });
        case Fault::decision_lost:
            if (path.condition.is_true() || !path.condition.is_and()) return false;
            path.condition = path.condition.arg(0);
            return true;
    }
    return false;
}

/// Where a fault was planted, and what found it.
struct Found {
    unsigned planted = 0;
    unsigned by_transitions = 0;
    unsigned by_models = 0;
};

class PlantedFault : public testing::Test {
 protected:
    // A share of the steps, as in Steps::compare().
    static constexpr std::size_t share = 2;
    static constexpr std::size_t shares = 4;

    /// States of random walks, by instance.
    void SetUp() override {
        const auto expand = [&](const Bbm::State& state, const auto& follow) {
            EXPECT_FALSE(steps_.compare(state, follow, share, shares));
            for (checker::ActorId actor = 0; actor < actor::count; ++actor) {
                const auto instance = steps_.next(state, actor);
                if (!instance || *instance % shares != share) continue;
                auto& states = states_[*instance];
                if (states.size() < 200) states.push_back(state);
            }
            return true;
        };
        std::mt19937 random(3);
        for (int i = 0; i < 20; ++i) random_walk(steps_.setting(), random, 1000, expand);
    }

    /// Plants a fault into one path of each step that the states take.
    Found plant_everywhere(Fault fault) {
        Found found;
        const PathOracle oracle(steps_.context());
        for (const auto& [instance, states] : states_) {
            const StepPaths& good = steps_.paths(instance);
            CompiledStep original(steps_.setting(), good);
            for (const Bbm::State& state : states) EXPECT_FALSE(original.compare(state, nobody));
            for (std::size_t i = 0; i < good.paths.size(); ++i) {
                StepPaths bad = good;
                if (!original.seen()[i] || !plant(steps_.setting().config, bad, i, fault)) continue;
                CompiledStep changed(steps_.setting(), bad);
                const auto differs = [&](const Bbm::State& state) {
                    return changed.compare(state, nobody).has_value();
                };
                ++found.planted;
                if (std::any_of(states.begin(), states.end(), differs)) ++found.by_transitions;
                if (compare_models(steps_.setting(), bad, nobody)) ++found.by_models;
                break;
            }
        }
        return found;
    }

    static void nobody(const Bbm::State&) {}

    Steps steps_{config_of("linux-6.12")};
    std::map<std::size_t, std::vector<Bbm::State>> states_;
};

TEST_F(PlantedFault, SlowIsFound) {
    // Every one of these shows in any state that takes the path.
    for (const Fault fault : {Fault::path_lost, Fault::off_by_one, Fault::blocked, Fault::failure, Fault::choice}) {
        const Found found = plant_everywhere(fault);
        EXPECT_GT(found.planted, 0U);
        EXPECT_EQ(found.by_transitions, found.planted) << static_cast<int>(fault);
        // What is not there has no model; another answer may end in the same state.
        if (fault == Fault::path_lost || fault == Fault::choice) continue;
        EXPECT_EQ(found.by_models, found.planted) << static_cast<int>(fault);
    }
    // These only in some.
    for (const Fault fault : {Fault::write_lost, Fault::select_swapped, Fault::decision_lost}) {
        const Found found = plant_everywhere(fault);
        EXPECT_GT(found.by_transitions, 0U) << static_cast<int>(fault);
        EXPECT_GT(found.by_models, 0U) << static_cast<int>(fault);
    }
}

TEST(Levels, DifferWhenAPathIsLost) {
    Steps steps(config_of("linux-6.12"));
    for (std::size_t i = 0; i < step_instances().size(); ++i) {
        if (step_instances()[i].step != StepId::wk_idle) continue;
        StepPaths bad = steps.paths(i);
        std::erase_if(bad.paths, [](const SymbolicPath& path) { return !path.blocked; });
        steps.replace(i, bad);
    }
    EXPECT_TRUE(compare_levels(steps, 1, 1));
    EXPECT_TRUE(compare_levels(steps, 0, 1));
}

}  // namespace
}  // namespace vmemcheck::bbm::spec
