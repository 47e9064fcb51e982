// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <set>

#include "checker/explore.hpp"
#include "tests/checker/toy_program.hpp"

namespace vmemcheck::checker {
namespace {

using toys::Everything;
using toys::Op;
using toys::Toy;
using toys::ToyProgram;

ExploreOptions exhaustive() {
    ExploreOptions options;
    options.mode = ExploreMode::exhaustive;
    options.keep_going = true;
    return options;
}

std::set<std::string> violated(const ExploreResult& result) {
    std::set<std::string> names;
    for (const auto& violation : result.violations) names.insert(violation.property);
    return names;
}

/// Collects what runs come to that end by themselves: one that ends in a violation, or is given up, leaves what others
/// would have done open, and how much of that was done before is not explored.
class Outcomes : public ExploreObserver {
 public:
    explicit Outcomes(const ToyProgram& program) : program_(program) {}
    void on_run_end(const Choices&, const ProgramEnd& end) override {
        if (end.kind == ProgramEnd::Kind::finished || end.property == "deadlock" || end.property == "final") {
            seen.insert(program_.outcome());
        }
    }
    std::set<std::string> seen;

 private:
    const ToyProgram& program_;
};

std::set<std::string> ended_by_themselves(const Everything& everything) {
    std::set<std::string> some;
    for (const std::string& outcome : everything.outcomes) {
        if (outcome[0] == ':' || outcome[0] == 'd' || outcome.substr(0, 2) == "fi") some.insert(outcome);
    }
    return some;
}

TEST(ExploreExhaustive, FindsEveryOutcomeOfRandomProgramsInFewerRuns) {
    std::uint64_t runs = 0;
    std::uint64_t redundant = 0;
    std::uint64_t all_runs = 0;
    for (std::uint64_t seed = 0; seed < 600; ++seed) {
        const Toy toy = toys::random_toy(seed);
        const Everything everything = toys::try_everything(toy);
        ToyProgram program(toy, seed % 2 == 0);
        ExploreOptions options = exhaustive();
        options.save_every = 1 + seed % 3;
        Outcomes outcomes(program);
        const auto result = explore(program, options, &outcomes);
        EXPECT_EQ(outcomes.seen, ended_by_themselves(everything)) << "toy " << seed;
        EXPECT_EQ(violated(result), everything.violated) << "toy " << seed;
        EXPECT_LE(result.runs, everything.runs) << "toy " << seed;
        EXPECT_EQ(result.ended, ExploreEnded::complete);
        runs += result.runs;
        redundant += result.pruned;
        all_runs += everything.runs;
    }
    EXPECT_LT((runs + redundant) * 2, all_runs);
    RecordProperty("runs",
                   std::to_string(runs) + " + " + std::to_string(redundant) + " of " + std::to_string(all_runs));
}

}  // namespace
}  // namespace vmemcheck::checker
