// SPDX-License-Identifier: MIT
// What docs/findings/ says of S4 and of ejecting the device.
#include "tests/cli/run.hpp"

namespace vmemcheck::test {
namespace {

const std::string one_user = " --no-leftovers --allocations 0 --resizes 2 --user-requests 1";

class Finding : public Cli {
 protected:
    void expect(const std::string& arguments, int code, const std::string& words) const {
        const Outcome outcome = run(arguments);
        EXPECT_EQ(outcome.code, code) << arguments << '\n' << outcome.err;
        EXPECT_TRUE(has(outcome.out, words)) << arguments << ": no \"" << words << "\" in:\n" << outcome.out;
    }
};

TEST_F(Finding, ARollbackLosesAMemoryBlockWhenAnotherNotifierRefusesIt) {
    const std::string check = "check --property online-set-lost --release linux-6.1" + fast;
    expect(check, 0, "online-set-lost  reached     as expected");
    expect(check + " --no-vetoes", 0, "online-set-lost  unreachable as expected");
    expect(check + " --memory-blocks 1", 0, "online-set-lost  unreachable as expected");
}

TEST_F(Finding, ARollbackLosesAMemoryBlockWhenTheDriverIsRemoved) {
    const std::string check = "check --property online-set-lost --no-vetoes" + one_user;
    expect(check, 0, "online-set-lost  reached     as expected");
    expect(check + " --what-if reonline-despite-removal", 0, "online-set-lost  unreachable as expected");
}

TEST_F(Finding, SlowEjectingDeadlocksOnlyAgainstTheRulesOfTheDevice) {
    const std::string check = "check --property lock-discipline" + one_user;
    expect(check + " --eject by-the-rules", 0, "lock-discipline  holds");
    const std::string cycle = "device_hotplug_lock, held by remover";
    expect(check + " --eject any-size", 1, cycle);
    EXPECT_EQ(json("vmemcheck-lock-discipline-linux-6.12.json")["eject"], "any-size");
    expect("replay vmemcheck-lock-discipline-linux-6.12.json", 0, "as recorded");
    refused(check + " --eject never", {"unknown --eject 'never'"});
}

TEST_F(Finding, LongProvesGoOnWithEjecting) {
    expect("prove --property no-warn --eject by-the-rules", 0, "1 property proved");
}

}  // namespace
}  // namespace vmemcheck::test
