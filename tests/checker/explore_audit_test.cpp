// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "checker/program_audit.hpp"
#include "tests/checker/toy_program.hpp"

namespace vmemcheck::checker {
namespace {

using toys::Op;
using toys::Toy;
using toys::ToyProgram;

/// What the findings say, and where.
std::string text_of(const ProgramAudit& audit) {
    std::string text;
    for (const auto& finding : audit.findings) text += finding.what + "\n";
    return text;
}

TEST(AuditProgram, HonestProgramsPass) {
    ProgramAudit sum;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        ToyProgram program(toys::random_toy(seed), seed % 2 == 0);
        ProgramAuditOptions options;
        options.walks = 20;
        options.seed = seed;
        const ProgramAudit result = audit(program, options);
        EXPECT_EQ(text_of(result), "") << "toy " << seed;
        sum.steps += result.steps;
        sum.restored += result.restored;
        sum.exchanged += result.exchanged;
        sum.enabled += result.enabled;
        sum.met += result.met;
    }
    EXPECT_GT(sum.steps, 1000U);
    EXPECT_GT(sum.restored, 100U);
    EXPECT_GT(sum.exchanged, 1000U);
    EXPECT_GT(sum.enabled, 100U);
    EXPECT_GT(sum.met, 1000U);
}

TEST(AuditProgram, SeesThatTouchedThingsAreNotTold) {
    ToyProgram program(toys::lost_update(2));
    program.forget_touched = true;
    const ProgramAudit result = audit(program);
    ASSERT_FALSE(result.findings.empty());
    EXPECT_NE(text_of(result).find("touch nothing in common"), std::string::npos) << text_of(result);
    EXPECT_LE(result.findings.size(), ProgramAuditOptions{}.max_findings);
}

TEST(AuditProgram, SeesThatOneKeepsTheOtherFromMoving) {
    Toy toy;
    toy.initial = {0, 0};
    toy.threads = {{{Op::lock, 0}}, {{Op::lock, 0}}, {{Op::load, 1}}};
    ToyProgram program(toy);
    program.forget_touched = true;
    const ProgramAudit result = audit(program);
    // Neither order is possible: that is what the exploration sees by itself.
    EXPECT_EQ(text_of(result), "");
    toy.threads = {{{Op::await, 0, 0}}, {{Op::store, 0, 1}}, {{Op::load, 1}}};
    ToyProgram one_way(toy);
    one_way.forget_touched = true;
    EXPECT_NE(text_of(audit(one_way)).find("keeps the other from moving"), std::string::npos);
}

TEST(AuditProgram, SeesThatAWaitIsNotTold) {
    class SilentWait : public ToyProgram {
     public:
        SilentWait() : ToyProgram(toys::philosophers(3, true)) {}
        [[nodiscard]] std::span<const Touched> touched() const override {
            // What is taken or given back, and not what is looked at after that.
            const auto all = ToyProgram::touched();
            return all.empty() ? all : all.first(1);
        }
    } program;
    const ProgramAudit result = audit(program);
    EXPECT_NE(text_of(result).find("what it waited for was not told"), std::string::npos) << text_of(result);
}

TEST(AuditProgram, SeesAFingerprintThatIsTooCoarse) {
    class Coarse : public ToyProgram {
     public:
        Coarse() : ToyProgram(toys::lost_update(3)) {}
        [[nodiscard]] std::uint64_t fingerprint() const override {
            std::uint64_t sum = 1;
            for (const char c : outcome()) sum += static_cast<unsigned char>(c);
            return sum;
        }
    } program;
    EXPECT_NE(text_of(audit(program)).find("two states with one fingerprint offer different"), std::string::npos);
}

TEST(AuditProgram, SeesAFingerprintThatForgetsWhatMattersLater) {
    class NoRegisters : public ToyProgram {
     public:
        NoRegisters() : ToyProgram(toys::lost_update(2)) {}
        [[nodiscard]] std::uint64_t fingerprint() const override {
            // Variables, registers and places, with commas after each: leave out the middle.
            const std::string all = outcome();
            const std::size_t third = (all.size() - all.find(':')) / 3;
            std::string text = all.substr(0, all.find(':') + third) + all.substr(all.size() - third);
            for (const Alternative& a : alternatives()) text += std::to_string(a.actor) + std::to_string(a.cost);
            return std::hash<std::string>()(text);
        }
    } program;
    EXPECT_NE(text_of(audit(program)).find("leads from states with one fingerprint to"), std::string::npos);
}

TEST(AuditProgram, SeesStateThatIsNotSaved) {
    class Forgetful : public ToyProgram {
     public:
        Forgetful() : ToyProgram(toys::philosophers(3, false)) {}
        void restart() override {
            taken_ = 0;
            ToyProgram::restart();
        }
        void take(std::size_t index) override {
            ++taken_;
            ToyProgram::take(index);
        }
        [[nodiscard]] std::uint64_t fingerprint() const override { return ToyProgram::fingerprint() + taken_; }

     private:
        std::uint64_t taken_ = 0;
    } program;
    EXPECT_NE(text_of(audit(program)).find("the same choices, restored, give another fingerprint"), std::string::npos);
}

TEST(AuditProgram, SeesARunThatIsNoFunctionOfItsChoices) {
    class Moody : public ToyProgram {
     public:
        Moody() : ToyProgram(toys::philosophers(3, false), false) {}
        [[nodiscard]] std::uint64_t fingerprint() const override { return ToyProgram::fingerprint() + restarts % 2; }
    } program;
    EXPECT_NE(text_of(audit(program)).find("the same choices, taken again, give another fingerprint"),
              std::string::npos);
}

}  // namespace
}  // namespace vmemcheck::checker
