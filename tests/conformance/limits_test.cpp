// SPDX-License-Identifier: MIT
// Recordings that no recorder writes: refused with one clear line, whatever they say.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "conformance/guest/validator.hpp"

namespace vmemcheck::conformance {
namespace {

/// A line of a recording.
std::string event(const std::string& seq, const std::string& name, const std::string& rest) {
    return R"({"seq": )" + seq + R"(, "ts": 1, "task": "kworker/0:1-9", "event": ")" + name + R"(", )" + rest + "}\n";
}

const std::string state = R"("state": {"next_bb": 34, "plugged": 0, "bb_states": []})";

/// A recording of the line given, of one device with big blocks of 256 MiB.
std::variant<Recording, BadInput> read(const std::string& line, const std::string& marks = "bbs=268435456") {
    const std::string bind = R"({"seq": 0, "ts": 0, "task": "x", "event": "mark", "args": {"text": "bind safe=1 )";
    return parse_recording("linux-6.1/x", bind + marks + "\"}}\n" + event("1", "run_wq", state) + line, nullptr);
}

void expect_refused(const std::variant<Recording, BadInput>& read, const std::string& words) {
    const auto* bad = std::get_if<BadInput>(&read);
    ASSERT_NE(bad, nullptr) << "not refused: " << words;
    EXPECT_NE(bad->message.find(words), std::string::npos) << bad->message;
}

TEST(Limits, TheBeginningsOfTheseTestsAreTaken) {
    EXPECT_TRUE(std::holds_alternative<Recording>(read(event("2", "run_wq_ret", R"("args": {"ret": 0})"))));
    EXPECT_TRUE(std::holds_alternative<Recording>(read(event("2", "notifier_cb", R"("args": {"pfn": 2228224})"))));
}

TEST(Limits, NumbersBeyondAnyMachines) {
    const std::string most = "9223372036854775807";
    const std::string least = "-9223372036854775808";
    for (const std::string& huge : {most, least}) {
        expect_refused(read(event(huge, "run_wq", state)), "\"seq\" is missing or not a sensible number");
        expect_refused(read(event("2", "notifier_cb", R"("args": {"pfn": )" + huge + "}")), "beyond any machine's");
        expect_refused(read(event("2", "send_plug", R"("args": {"addr": )" + huge + "}")), "beyond any machine's");
        expect_refused(read(event("2", "send_plug", R"("args": {"bb": )" + huge + "}")), "beyond any machine's");
        expect_refused(read(event("2", "send_plug", R"("args": {"size": )" + huge + "}")), "no size of a big block");
        expect_refused(read(event("2", "bbset", R"("args": {"idx": )" + huge + R"(, "old": 0, "new": 1})")),
                       "far from");
        expect_refused(read(event("2", "collapsed", R"("args": {"generic_online_page": {"first_pfn": )" + huge + "}}")),
                       "beyond any machine's");
        expect_refused(read("", "bbs=" + huge), "no size of a big block");
    }
    expect_refused(read(event("2", "send_plug", R"("args": {"size": 0})")), "no size of a big block");
    expect_refused(read("", "bbs=0"), "no size of a big block");
    expect_refused(read(event("2", "notifier_cb", R"("args": {"pfn": 2228224, "nr": 1048576})")), "more pages than");
    expect_refused(
        read(event("2", "collapsed",
                   R"("args": {"generic_online_page": {"first_pfn": 2228224, "pages": 9223372036854775807}})")),
        "no sensible number of \"pages\"");
    const std::string first = R"("state": {"next_bb": 9223372036854775807})";
    expect_refused(parse_recording("linux-6.1/x", event("1", "run_wq", first), nullptr), "\"next_bb\" is beyond");
}

TEST(Limits, AReleaseOfTheFirstMark) {
    // It goes before what the folder's name says.
    const auto told = read("", "bbs=268435456 release=linux-5.11");
    ASSERT_TRUE(std::holds_alternative<Recording>(told)) << std::get<BadInput>(told).message;
    EXPECT_EQ(std::get<Recording>(told).config.release.name, "linux-5.11");
    expect_refused(read("", "bbs=268435456 release=linux-9.9 outside=known"), "\"release\" is none that is known");
}

TEST(Limits, LongListsAndLinesAndDeepOnes) {
    std::string zeros = "0";
    for (int i = 0; i < 300; ++i) zeros += ",0";
    expect_refused(read(event("2", "run_wq", R"("state": {"bb_states": [)" + zeros + "]}")), "more than 256");
    expect_refused(read(event("2", "run_wq", R"("state": {"bb_count": [)" + zeros + "]}")), "\"bb_count\"");
    expect_refused(read(event("2", "run_wq", R"("pages": [)" + zeros + "]")), "\"pages\" has more than 256");
    // A copy of a value goes as deep as the value.
    const std::string deep(500'000, '[');
    expect_refused(read(event("2", "run_wq", R"("args": {"x": )" + deep + std::string(500'000, ']') + "}")),
                   "too much in it");
    std::string objects = "{}";
    for (int i = 0; i < 100'000; ++i) objects += ",{}";
    expect_refused(read(event("2", "run_wq", R"("args": {"x": [)" + objects + "]}")), "too much in it");
    expect_refused(read(std::string(std::size_t{2} << 20U, ' ') + "\n"), "no line of more than 1 MiB");
}

TEST(Limits, AnEndlessPipe) {
    // What has no end has no size either.
    expect_refused(read_recording("/dev/zero", nullptr), "no line of more than 1 MiB");
}

TEST(Limits, WordsAreSafeToPrint) {
    const std::string escape = R"(\u001b[31m\n)";
    const auto noted = read(event("2", "a" + escape, R"("args": {})"));
    ASSERT_TRUE(std::holds_alternative<Recording>(noted));
    ASSERT_EQ(std::get<Recording>(noted).notes.size(), 1U);
    EXPECT_NE(std::get<Recording>(noted).notes[0].find("\"a?[31m?\""), std::string::npos);
    std::string kinds;
    for (int i = 2; i < 1000; ++i) kinds += event(std::to_string(i), "kind" + std::to_string(i), R"("args": {})");
    EXPECT_LT(std::get<Recording>(read(kinds)).notes.size(), 30U);

    const auto task = parse_recording(
        "linux-6.1/x",
        R"({"seq": 1, "task": "x)" + escape + R"(", "event": "send_plug_ret", "args": {"ret": 3}, )" + state + "}",
        nullptr);
    ASSERT_TRUE(std::holds_alternative<Recording>(task));
    const TraceVerdict verdict = validate(std::get<Recording>(task));
    EXPECT_EQ(verdict.status, TraceVerdict::Status::rejected);
    EXPECT_NE(verdict.stuck_event.find(" of x?[31m?"), std::string::npos) << verdict.stuck_event;
}

TEST(Limits, AValueThatHasNoName) {
    const auto read_event = read(event("2", "send_request", R"("args": {"type": 9223372036854775807})"));
    ASSERT_TRUE(std::holds_alternative<Recording>(read_event));
    EXPECT_EQ(validate(std::get<Recording>(read_event)).status, TraceVerdict::Status::rejected);
}

}  // namespace
}  // namespace vmemcheck::conformance
