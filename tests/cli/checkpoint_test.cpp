// SPDX-License-Identifier: MIT
#include "tests/cli/run.hpp"

namespace vmemcheck::test {
namespace {

class Checkpoint : public Cli {
 protected:
    /// What a check printed, without the figures that differ from run to run.
    static std::string without_figures(std::string out) {
        const auto depth = out.find(", depth ");
        const auto begin = out.find('\n', depth);
        const auto end = out.find("at most resident", begin);
        return begin == std::string::npos || end == std::string::npos ? out : out.erase(begin, end - begin);
    }
    /// Runs a check to its end, and holds it against one that ran through.
    void goes_on(const std::string& command, const Outcome& wanted) const {
        ASSERT_TRUE(std::filesystem::exists(path("file")));
        const Outcome outcome = run(command + " --checkpoint file");
        EXPECT_TRUE(has(outcome.err, "continuing from 'file': ")) << outcome.err;
        EXPECT_EQ(outcome.code, wanted.code) << outcome.err;
        EXPECT_EQ(without_figures(outcome.out), without_figures(wanted.out));
        EXPECT_EQ(files(), 0U);
    }
    const std::string command = "check --release linux-6.1 --save none" + fast;
};

TEST_F(Checkpoint, SlowGoesOnAfterALimitOrASignal) {
    const Outcome wanted = run(command);
    EXPECT_EQ(wanted.code, 1);
    for (const char* limit : {"--max-states 9000", "--max-depth 20", "--max-memory 800K"}) {
        SCOPED_TRACE(limit);
        const Outcome outcome = run(command + " --threads 1 --checkpoint file " + limit);
        EXPECT_NE(outcome.code, 0);
        EXPECT_EQ(outcome.err, "");
        EXPECT_TRUE(has(outcome.out, "the search so far is kept in 'file'")) << outcome.out;
        goes_on(command + " --threads 2", wanted);
    }
    // Killed or terminated as soon as there is a checkpoint, which is written as often as it can be.
    for (const char* signal : {"KILL", "TERM", "INT"}) {
        SCOPED_TRACE(signal);
        const Outcome outcome = shell("(exec '" VMEMCHECK_CLI "' " + command +
                                      " --threads 1 --checkpoint file --checkpoint-every 0) & "
                                      "while [ ! -f file ] && kill -0 $!; do sleep 0.01; done; kill -" +
                                      signal + " $!; wait $!");
        EXPECT_NE(outcome.code, 0) << outcome.err;
        EXPECT_EQ(has(outcome.out, "statistics"), signal != std::string("KILL")) << outcome.out;
        goes_on(command, wanted);
    }
}

TEST_F(Checkpoint, SlowOfAnotherSearchIsRefused) {
    const std::string begin = "check --save none --checkpoint file" + tiny;
    EXPECT_EQ(run(begin + " --max-states 1000").code, 3);
    const std::string before = read("file");
    refused(begin + " --release linux-6.1", {"'file'", "release is 'linux-6.12' there and 'linux-6.1' here"});
    refused(begin + " --no-vetoes", {"'file'", "faults.vetoes is 'true' there and 'false' here"});
    refused(begin + " --pins 2", {"'file'", "scope."});
    refused(begin + " --mutant raw-offline-errors", {"mutant is 'null' there and 'raw-offline-errors' here"});
    refused(begin + " --property not-broken", {"properties is '31' there and '1' here"});
    refused(begin + " --no-fuse", {"fused steps is 'yes' there and 'no' here"});
    EXPECT_EQ(read("file"), before);
    // The format's and the program's version, a build.
    std::string other = before;
    other[8] = 99;
    write("file", other);
    refused(begin, {"'file'", "its format is 99"});
    write("file", before.substr(0, before.size() / 2));
    Outcome outcome = run(begin);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_TRUE(has(outcome.err, "cannot go on from 'file': it is damaged")) << outcome.err;
    other = before;
    other[before.size() / 2] = static_cast<char>(other[before.size() / 2] ^ 4);
    write("file", other);
    outcome = run(begin);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_TRUE(has(outcome.err, "cannot go on from 'file': it is damaged (a checksum is wrong)")) << outcome.err;
    EXPECT_EQ(read("file"), other);
    write("file", "");
    refused(begin, {"'file'", "not a checkpoint"});
    write("file", before);
    EXPECT_EQ(run(begin).code, 0);
}

TEST_F(Checkpoint, BadUsage) {
    refused("check --checkpoint f --search dfs", {"--checkpoint", "breadth-first", "--search dfs"});
    refused("check --checkpoint f --all", {"--checkpoint", "liveness", "--all"});
    refused("check --checkpoint f --property offlining-ends", {"--checkpoint", "liveness", "offlining-ends"});
    refused("check --checkpoint f --certificate c", {"--checkpoint", "--certificate"});
    refused("check --checkpoint ''", {"--checkpoint", "empty"});
    refused("check --checkpoint-every 3", {"--checkpoint-every", "--checkpoint"});
    refused("check --checkpoint f --checkpoint-every soon", {"--checkpoint-every", "seconds", "'soon'"});
    refused("check --checkpoint .", {"'.'", "directory"});
    refused("check --checkpoint /dev/full", {"'/dev/full'", "not a regular file"});
    refused("check --checkpoint missing/f", {"'missing/f'", "No such file or directory"});
    EXPECT_EQ(files(), 0U);
}

TEST_F(Checkpoint, ThatCannotBeWrittenDoesNotEndTheSearch) {
    const Outcome outcome =
        shell("trap '' XFSZ; ulimit -f 1; vmemcheck check --save none --checkpoint file --checkpoint-every 0" + tiny +
              " >/dev/null");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_TRUE(has(outcome.err, "cannot write the checkpoint 'file': File too large; the search goes on"))
        << outcome.err;
    EXPECT_EQ(files(), 0U);
}

}  // namespace
}  // namespace vmemcheck::test
