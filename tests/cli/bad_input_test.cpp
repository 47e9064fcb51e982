// SPDX-License-Identifier: MIT
#include <chrono>

#include "tests/cli/run.hpp"

namespace vmemcheck::test {
namespace {

using BadUsage = Cli;
using BadFile = Cli;
using Unwritable = Cli;

TEST_F(BadUsage, UnknownNamesGetTheNearest) {
    refused("chek", {"unknown command 'chek'", "did you mean 'check'?"});
    refused("check --scoope small", {"unknown option '--scoope'", "did you mean '--scope'?"});
    refused("check --no-vetos", {"did you mean '--no-vetoes'?"});
    refused("replay x --quite", {"did you mean '--quiet'?"});
    refused("check --scope smal", {"unknown scope 'smal'", "did you mean 'small'?", "vmemcheck scopes"});
    refused("check --release linux-6.2", {"unknown release 'linux-6.2'", "did you mean 'linux-6.1'?"});
    refused("check --property not-brokn", {"unknown property 'not-brokn'", "did you mean 'not-broken'?"});
    refused("check --property notifier-sees", {"did you mean 'notifier-sees-fake-offline'?"});
    refused("check --mutant raw", {"unknown mutant 'raw'", "did you mean 'raw-offline-errors'?"});
    refused("check --search bsf", {"unknown search 'bsf'", "did you mean 'bfs'?"});
    refused("check --auto-online movabel", {"did you mean 'movable'?"});
    refused("simulate --sede 1", {"did you mean '--seed'?"});
    refused("properties --release 6.12", {"did you mean 'linux-6.12'?"});
}

TEST_F(BadUsage, ImpossibleValues) {
    refused("check --big-blocks 100", {"big blocks must be 1 to 8, not 100"});
    refused("check --big-blocks 0", {"big blocks"});
    refused("check --big-blocks 8 --memory-blocks 4", {"memory blocks of the device come to 32"});
    refused("check --removals 2", {"removals"});
    refused("check --threshold 1", {"threshold"});
    refused("check --pins many", {"--pins must be a number, not 'many'"});
    refused("check --pins any", {"--pins must be a number"});
    refused("check --pins ''", {"--pins"});
    refused("check --pins -1", {"--pins"});
    refused("check --pins 1x", {"--pins"});
    refused("check --pins 99999999999999999999", {"--pins"});
    refused("check --resizes some", {"--resizes must be a number or any"});
    refused("check --max-states x", {"--max-states"});
    refused("check --max-states -5", {"--max-states"});
    refused("check --threads -1", {"--threads"});
    refused("check --threads 257", {"--threads", "at most 256"});
    refused("check --max-time -1", {"--max-time"});
    refused("check --max-time nan", {"--max-time"});
    refused("check --max-memory 5Q", {"--max-memory must be a size", "'5Q'"});
    refused("check --max-memory 99999999999999999999", {"--max-memory"});
    refused("check --safe-unplug off", {"linux-6.12 has no unsafe unplug", "linux-5.11, linux-6.1"});
    refused("check --safe-unplug maybe", {"--safe-unplug is on or off"});
    refused("check --scope", {"--scope"});
    refused("check something", {"unexpected argument 'something'"});
    refused("replay", {"FILE"});
    refused("simulate --walks x", {"--walks"});
}

TEST_F(BadUsage, NothingAtAllPrintsHelp) {
    const Outcome outcome = run("");
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.out, "");
    EXPECT_TRUE(has(outcome.err, "Usage: vmemcheck"));
}

TEST_F(BadFile, WhatCannotBeRead) {
    refused("replay missing.json", {"'missing.json'", "No such file"});
    refused("replay .", {"'.'", "Is a directory"});
    if (::geteuid() != 0) {
        write("secret.json", "{}");
        std::filesystem::permissions(path("secret.json"), std::filesystem::perms::none);
        refused("replay secret.json", {"'secret.json'", "Permission denied"});
    }
}

TEST_F(BadFile, WhatIsNoJson) {
    write("empty.json", "");
    refused("replay empty.json", {"'empty.json'", "empty"});
    write("text.json", "this is not JSON\n");
    refused("replay text.json", {"'text.json'", "not JSON", "line 1"});
    write("binary.json", std::string("\x00\xff\xfe\x1b[31m", 8));
    refused("replay binary.json", {"'binary.json'", "not JSON"});
    write("deep.json", std::string(1 << 20, '['));
    refused("replay deep.json", {"'deep.json'", "nested too deep"});
}

TEST_F(BadFile, MessagesAreSafeToPrintAndShort) {
    write("delete.json", "{\"\x7f\": \x7f}");
    const Outcome bad = run("replay delete.json");
    EXPECT_EQ(bad.code, 2);
    EXPECT_FALSE(has(bad.err, "\x7f")) << bad.err;
    write("long.json", "{\"" + std::string(1 << 20, 'x') + "\n");
    refused("replay long.json", {"'long.json'", "not JSON"});
    EXPECT_LT(run("replay long.json").err.size(), 1000U);
}

TEST_F(BadFile, SlowTooMuchIsRefusedWhileItIsRead) {
    const auto begin = std::chrono::steady_clock::now();
    std::string many = "[0";
    for (int i = 0; i < 5'000'000; ++i) many += ",0";
    write("many.json", many + "]");
    refused("replay many.json", {"'many.json'", "too many values"});
    // The parser's callback would look through all siblings of each of these.
    std::string objects = "{\"format\": \"\", \"steps\": [{}";
    for (int i = 0; i < 1'000'000; ++i) objects += ",{}";
    write("objects.json", objects + "]}");
    refused("replay objects.json", {"'objects.json'", "no counterexample file"});
    // Members are looked for one by one: as many as fit into 64 MiB would take days.
    std::string members = "{\"a\": 0";
    for (int i = 0; i < 100'000; ++i) members += ",\"a" + std::to_string(i) + "\":0";
    write("members.json", members + "}");
    refused("replay members.json", {"'members.json'", "an object has too many members"});
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
}

TEST_F(BadFile, SlowTooManySteps) {
    Json file = json(saved());
    file["steps"] = "all";
    const std::string step = R"({"actor": "worker", "step": "wk_idle"})";
    std::string steps = "[" + step;
    for (int i = 0; i < 100'000; ++i) steps += "," + step;
    std::string text = file.dump();
    const std::string all = R"("all")";
    write("steps.json", text.replace(text.find(all), all.size(), steps + "]"));
    refused("replay steps.json", {"/steps", "has 100,001 steps; at most 100,000 are replayed"});
}

TEST_F(BadFile, CutShortAnywhere) {
    const std::string whole = read(saved());
    for (std::size_t size = 1; size + 2 < whole.size(); size += whole.size() / 16) {
        write("cut.json", whole.substr(0, size));
        refused("replay cut.json", {"'cut.json'", "cut short"});
    }
}

TEST_F(BadFile, AGigabyteIsRefusedAtOnce) {
    write("large.json", "{");
    std::filesystem::resize_file(path("large.json"), std::uintmax_t{1} << 30);
    const auto begin = std::chrono::steady_clock::now();
    refused("replay large.json", {"'large.json'", "too large", "1,073,741,824 bytes", "64 MiB"});
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST_F(BadFile, AnEndlessPipeIsRefused) { refused("replay /dev/zero", {"'/dev/zero'", "too large", "64 MiB"}); }

TEST_F(BadFile, ARecordingsFileNameNeedNotBePrintable) {
    refused("trace \"$(printf 'a\\033[31m\\nb')\"", {"a?[31m?b"});
    const std::string recording = VMEMCHECK_SOURCE_DIR "/tests/recordings/linux-6.1/plug-unplug-safe.jsonl";
    const Outcome outcome =
        shell("name=$(printf '\\377.jsonl'); cp '" + recording + "' \"$name\" && vmemcheck trace \"$name\" --json x");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
}

TEST_F(BadFile, NamesAreSafeToPrint) { refused("replay \"$(printf 'a\\033[31m\\nb')\"", {"'a?[31m?b'"}); }

TEST_F(Unwritable, IsFoundOutBeforeTheSearch) {
    std::filesystem::create_directory(path("folder"));
    for (const std::string flag : {"--json", "--junit", "--itf"}) {
        refused("check " + flag + " missing/x", {"cannot write 'missing/x'", "No such file"});
        refused("simulate " + flag + " missing/x", {"cannot write 'missing/x'"});
    }
    refused("check --json folder", {"cannot write 'folder'", "Is a directory"});
    refused("check --junit folder/", {"cannot write 'folder/'", "directory"});
    refused("check --json ''", {"--json"});
    refused("check --save missing", {"'missing'", "No such file"});
    write("file", "");
    refused("check --save file", {"'file'", "Not a directory"});
    refused("check --json file/x", {"'file/x'", "Not a directory"});
    EXPECT_EQ(files(), 2U) << "something was left behind";
    EXPECT_TRUE(std::filesystem::is_empty(path("folder")));
}

TEST_F(Unwritable, FullDeviceIsReported) {
    for (const char* flag : {"--json", "--junit"}) {
        std::string arguments = "check --save none";
        arguments.append(tiny).append(" ").append(flag).append(" /dev/full");
        const Outcome outcome = run(arguments);
        EXPECT_EQ(outcome.code, 2);
        EXPECT_TRUE(has(outcome.err, "cannot write '/dev/full': No space left on device")) << outcome.err;
    }
    const Outcome out = shell("vmemcheck releases >/dev/full");
    EXPECT_EQ(out.code, 2);
    EXPECT_TRUE(has(out.err, "cannot write to standard output")) << out.err;
}

TEST_F(Unwritable, FileSizeLimitLeavesTheOldFileAndNothingElse) {
    write("r.json", "old");
    // SIGXFSZ is ignored, so that write() fails instead.
    const Outcome outcome =
        shell("trap '' XFSZ; ulimit -f 1; vmemcheck check --save none --json r.json --max-states 10 >/dev/null");
    EXPECT_EQ(outcome.code, 2) << outcome.err;
    EXPECT_TRUE(has(outcome.err, "cannot write 'r.json'")) << outcome.err;
    EXPECT_EQ(read("r.json"), "old");
    EXPECT_EQ(files(), 1U);
}

TEST_F(Unwritable, ReplayChecksItsOutputFirst) {
    const std::string file = saved();
    refused("replay " + file + " --itf missing/x", {"cannot write 'missing/x'"});
    refused("replay " + file + " " + file + " --itf x", {"--itf", "directory"});
}

}  // namespace
}  // namespace vmemcheck::test
