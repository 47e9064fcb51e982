// SPDX-License-Identifier: MIT
// Queries of the proofs, answered again by cvc5.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "spec/symbolic_induction.hpp"

namespace vmemcheck::bbm::spec {
namespace {

struct Sample {
    std::string_view release;
    Mutant mutant;
    StepInstance step;
};

const std::array<Sample, 9>& samples() {
    using M = Mutant;
    static const std::array<Sample, 9> all{{
        {"linux-5.11", M::none, {actor::user, StepId::op_offline_isolate}},
        {"linux-5.11", M::none, {actor::worker, StepId::wk_oar_return}},
        {"linux-6.1", M::none, {actor::worker, StepId::wk_finish}},
        {"linux-6.1", M::none, {actor::user, StepId::op_online_cb_lock}},
        {"linux-6.12", M::none, {actor::worker, StepId::wk_fo_mark_bb}},
        {"linux-6.12", M::none, {actor::remover, StepId::rm_lock}},
        {"linux-6.12", M::none, {actor::user, StepId::op_offline_done}},
        {"linux-6.12", M::none, {actor::device, StepId::device_answer}},
        {"linux-6.12", M::cancel_forgets_reference, {actor::user, StepId::op_offline_cancel}},
    }};
    return all;
}

std::string script_of(const Sample& sample) {
    Config config;
    config.release = *find_release(sample.release);
    config.scope = *find_scope("small");
    config.mutant = sample.mutant;
    const ObligationSet everything(Obligations::count(), true);
    InductionOptions options;
    options.script = true;
    return induct(config, sample.step, everything, everything, options).script;
}

std::size_t count(const std::string& text, const std::string& words) {
    std::size_t n = 0;
    for (std::size_t at = text.find(words); at != std::string::npos; at = text.find(words, at + 1)) ++n;
    return n;
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
    const std::size_t at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return at == std::string::npos ? text : text.replace(at, what.size(), with);
}

class Certificates : public testing::Test {
 protected:
    void SetUp() override {
        if (std::system("command -v cvc5 >/dev/null") != 0) GTEST_SKIP() << "there is no cvc5 (apt-get install cvc5)";
        std::string name = (std::filesystem::temp_directory_path() / "vmemcheck-test-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    void TearDown() override {
        if (!folder_.empty()) std::filesystem::remove_all(folder_);
    }

    struct Outcome {
        int code = -1;
        std::string out;
    };
    /// Runs tests/certificates/compare over these scripts.
    [[nodiscard]] Outcome compare(const std::vector<std::string>& scripts) const {
        std::string command = VMEMCHECK_SOURCE_DIR "/tests/certificates/compare";
        for (std::size_t i = 0; i < scripts.size(); ++i) {
            const std::string file = (folder_ / (std::to_string(i) + ".smt2")).string();
            std::ofstream(file) << scripts[i];
            command += " '" + file + "'";
        }
        const std::filesystem::path out = folder_ / "out";
        const int status = std::system((command + " >'" + out.string() + "' 2>&1").c_str());
        std::ifstream text(out);
        return {WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                {std::istreambuf_iterator<char>(text), std::istreambuf_iterator<char>()}};
    }

 private:
    std::filesystem::path folder_;
};

TEST_F(Certificates, SlowAnotherSolverAgrees) {
    std::vector<std::string> scripts;
    std::size_t queries = 0;
    std::size_t sat = 0;
    for (const Sample& sample : samples()) {
        scripts.push_back(script_of(sample));
        queries += count(scripts.back(), "(check-sat)");
        sat += count(scripts.back(), "(set-info :status sat)");
        EXPECT_EQ(count(scripts.back(), "(set-info :status unknown)"), 0U);
    }
    const Outcome outcome = compare(scripts);
    EXPECT_EQ(outcome.code, 0) << outcome.out;
    EXPECT_NE(outcome.out.find("9 of 9 files agree: " + std::to_string(queries) + " queries"), std::string::npos)
        << outcome.out;
    EXPECT_GE(queries, 200U);
    EXPECT_GE(sat, 2U) << "the mutant and the veto of linux-6.1 have counterexamples";
}

TEST_F(Certificates, ADisagreementIsRed) {
    const std::string script = script_of({"linux-6.12", Mutant::none, {actor::worker, StepId::wk_run}});
    const std::string unsat = "(set-info :status unsat)";
    ASSERT_GE(count(script, unsat), 2U);
    EXPECT_EQ(compare({script}).code, 0);

    const Outcome flipped = compare({script, replaced(script, unsat, "(set-info :status sat)")});
    EXPECT_EQ(flipped.code, 1);
    EXPECT_NE(flipped.out.find("expected sat, cvc5 says unsat"), std::string::npos) << flipped.out;
    EXPECT_NE(flipped.out.find("1 of 2 files agree"), std::string::npos) << flipped.out;

    const auto red = [&](const std::string& text, const std::string& words) {
        const Outcome outcome = compare({text});
        EXPECT_EQ(outcome.code, 1) << words;
        EXPECT_NE(outcome.out.find(words), std::string::npos) << outcome.out;
    };
    red(replaced(script, unsat, "(set-info :status unknown)"), "expected unknown");
    red(replaced(script, unsat, ""), "expected answers");
    red(replaced(script, "(check-sat)", ""), "expected answers");
    red(replaced(script, "(assert ", "(assert (nothing) "), "exit status 1");
    red(script.substr(0, script.size() / 2), "cut short");
    red("(exit)\n", "0 queries");
}

TEST_F(Certificates, AQueryRestsOnlyOnWhatItNames) {
    // Without its premises no query is unsatisfiable that named some: they are what makes it so.
    const std::string script = script_of({"linux-6.12", Mutant::none, {actor::worker, StepId::wk_run}});
    std::string weaker;
    std::size_t taken = 0;
    for (std::size_t at = 0; at < script.size();) {
        const std::size_t end = script.find('\n', at) + 1;
        const std::string line = script.substr(at, end - at);
        const bool names_premise = line.starts_with("(assert ") && line[8] != '(' && line[8] != '|';
        taken += names_premise ? 1 : 0;
        if (!names_premise) weaker += line;
        at = end;
    }
    EXPECT_GE(taken, 1U);
    EXPECT_EQ(compare({weaker}).code, 1);
}

}  // namespace
}  // namespace vmemcheck::bbm::spec
