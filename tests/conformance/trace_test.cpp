// SPDX-License-Identifier: MIT
// Recordings of real guests against the model: all are explained, and none after one of many small changes.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "conformance/guest/validator.hpp"
#include "tests/conformance/alterations.hpp"

namespace vmemcheck::conformance {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> recordings() {
    std::vector<fs::path> files;
    for (const auto& entry :
         fs::recursive_directory_iterator(fs::path(VMEMCHECK_SOURCE_DIR) / "tests" / "recordings")) {
        if (entry.path().extension() == ".jsonl") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

std::vector<Json> lines_of(const fs::path& file) {
    std::vector<Json> lines;
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) lines.push_back(Json::parse(line));
    return lines;
}

bool accepted(const fs::path& name, const std::vector<Json>& lines) {
    const auto read = parse_recording(name.string(), text_of(lines), nullptr);
    const auto* recording = std::get_if<Recording>(&read);
    return recording != nullptr && validate(*recording).status == TraceVerdict::Status::accepted;
}

class Trace : public testing::TestWithParam<fs::path> {};

std::string name_of(const testing::TestParamInfo<fs::path>& info) {
    std::string name = info.param.parent_path().filename().string() + "_" + info.param.stem().string();
    std::replace_if(
        name.begin(), name.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
    return name;
}

TEST_P(Trace, IsExplained) {
    const auto read = read_recording(GetParam().string(), nullptr);
    ASSERT_TRUE(std::holds_alternative<Recording>(read)) << std::get<BadInput>(read).message;
    const auto& recording = std::get<Recording>(read);
    EXPECT_EQ(recording.config.release.name, GetParam().parent_path().filename().string());
    const TraceVerdict verdict = validate(recording);
    EXPECT_EQ(verdict.status, TraceVerdict::Status::accepted)
        << "stuck at event " << verdict.stuck_at << ": " << verdict.stuck_event;
    EXPECT_EQ(verdict.explained, verdict.events);
    EXPECT_GT(verdict.steps.size(), 50U);
    // One probe is known to have been missed, in one recording.
    const bool missed = GetParam().string().find("linux-6.1/veto-second-block") != std::string::npos;
    EXPECT_EQ(verdict.unrecorded_interrupts, missed ? 1 : 0);
}

TEST_P(Trace, IsExplainedWithoutMarksAndLogLines) {
    const std::vector<Json> all = lines_of(GetParam());
    std::vector<Json> lines;
    for (const Json& line : all) {
        // The first mark names the mode, and a missed interrupt is believed only next to a resize.
        const bool needed = line["event"] == "mark" && line["args"]["text"] != "end";
        if (of_the_protocol(line) || needed) lines.push_back(line);
    }
    EXPECT_TRUE(accepted(GetParam(), lines));
}

/// Lines as they are: a reader sees by the sequence numbers that one is missing.
std::string text_as_is(const std::vector<Json>& lines) {
    std::string text;
    for (const Json& line : lines) text += line.dump() + "\n";
    return text;
}

TEST_P(Trace, SlowAMissingInterruptIsToldFromAMissedOne) {
    const std::vector<Json> lines = lines_of(GetParam());
    for (std::size_t i = 1; i < lines.size(); ++i) {
        const bool resize = lines[i - 1]["event"] == "mark" &&
                            lines[i - 1]["args"]["text"].get<std::string>().rfind("host-size", 0) == 0;
        if (!resize || lines[i]["event"] != "config_changed") continue;
        std::vector<Json> cut = lines;
        cut.erase(cut.begin() + static_cast<std::ptrdiff_t>(i));
        const auto read = parse_recording(GetParam().string(), text_as_is(cut), nullptr);
        ASSERT_TRUE(std::holds_alternative<Recording>(read));
        EXPECT_EQ(validate(std::get<Recording>(read)).status, TraceVerdict::Status::rejected)
            << "event " << lines[i]["seq"];
    }
    // A log line may be missing anywhere.
    for (std::size_t i = 0; i < lines.size(); i += 23) {
        if (lines[i]["event"] != "printk") continue;
        std::vector<Json> cut = lines;
        cut.erase(cut.begin() + static_cast<std::ptrdiff_t>(i));
        const auto read = parse_recording(GetParam().string(), text_as_is(cut), nullptr);
        EXPECT_EQ(validate(std::get<Recording>(read)).status, TraceVerdict::Status::accepted)
            << "event " << lines[i]["seq"];
    }
}

/// A kind of change, tried at every `stride`-th place of a recording.
template <class Change>
void expect_rejected(const fs::path& file, std::size_t stride, const char* what, Change change) {
    const std::vector<Json> lines = lines_of(file);
    const std::vector<std::size_t> at = protocol_lines(lines);
    // Where to begin differs from file to file, so that together the files cover what one stride leaves out.
    std::size_t tried = 0;
    for (std::size_t i = lines.size() % stride; i < at.size(); i += stride) {
        std::vector<Json> changed = lines;
        if (!change(changed, at, i)) continue;
        ++tried;
        EXPECT_FALSE(accepted(file, changed))
            << what << " at " << lines[at[i]]["event"] << ", event " << lines[at[i]]["seq"];
    }
    // Short recordings may have no place at this stride.
    if (tried == 0 && stride > 1) return expect_rejected(file, 1, what, change);
    EXPECT_GT(tried, 0U);
}

/// The same of a kind of change that some recordings have no place for: there, the test is skipped.
template <class Change>
void expect_rejected_if_any(const fs::path& file, std::size_t stride, const char* what, Change change) {
    std::vector<Json> lines = lines_of(file);
    const auto at = protocol_lines(lines);
    bool any = false;
    for (std::size_t i = 0; i < at.size() && !any; ++i) any = change(lines, at, i);
    if (!any) GTEST_SKIP() << "nothing was recorded that could be told as: " << what;
    expect_rejected(file, stride, what, change);
}

/// Without its last event, a recording that was cut short is merely shorter.
bool remove_event_that_is_missed(std::vector<Json>& lines, const std::vector<std::size_t>& at, std::size_t i) {
    const bool cut_short = lines.back()["event"] != "mark" || lines.back()["args"]["text"] != "end";
    return !(cut_short && i + 1 == at.size()) && remove_event(lines, at, i);
}

TEST_P(Trace, SlowIsRejectedWithoutAnyEvent) {
    expect_rejected(GetParam(), 41, "removed", remove_event_that_is_missed);
}
TEST_P(Trace, SlowIsRejectedWithTwoEventsSwapped) { expect_rejected(GetParam(), 41, "swapped", swap_events); }
TEST_P(Trace, SlowIsRejectedWithAnotherDriverState) {
    expect_rejected(GetParam(), 7, "state changed", change_driver_state);
}
TEST_P(Trace, SlowIsRejectedWithAnotherRefcount) {
    expect_rejected_if_any(GetParam(), 5, "refcount changed", change_refcount);
}
TEST_P(Trace, SlowIsRejectedWithAnotherAction) {
    expect_rejected_if_any(GetParam(), 11, "action changed", change_action);
}

TEST_P(Trace, LongIsRejectedWithoutAnyEvent) { expect_rejected(GetParam(), 1, "removed", remove_event_that_is_missed); }
TEST_P(Trace, LongIsRejectedWithTwoEventsSwapped) { expect_rejected(GetParam(), 1, "swapped", swap_events); }
TEST_P(Trace, LongIsRejectedWithAnotherDriverState) {
    expect_rejected(GetParam(), 1, "state changed", change_driver_state);
}
TEST_P(Trace, LongIsRejectedWithAnotherRefcount) {
    expect_rejected_if_any(GetParam(), 1, "refcount changed", change_refcount);
}
TEST_P(Trace, LongIsRejectedWithAnotherAction) {
    expect_rejected_if_any(GetParam(), 1, "action changed", change_action);
}

INSTANTIATE_TEST_SUITE_P(Shared, Trace, testing::ValuesIn(recordings()), name_of);

std::string message_of(const std::string& text) {
    const auto read = parse_recording("x.jsonl", text, nullptr);
    return std::holds_alternative<BadInput>(read) ? std::get<BadInput>(read).message : "";
}

TEST(BadRecording, IsToldInOneMessage) {
    EXPECT_NE(message_of("").find("empty"), std::string::npos);
    EXPECT_NE(message_of("not json\n").find("x.jsonl:1:"), std::string::npos);
    EXPECT_NE(message_of("[1]\n").find("one JSON object a line"), std::string::npos);
    EXPECT_NE(message_of("{\"seq\":0}\n").find("\"event\""), std::string::npos);
    EXPECT_NE(message_of("{\"seq\":0,\"event\":\"mark\",\"task\":\"a\",\"args\":{}}\n").find("no event of the driver"),
              std::string::npos);
    const std::string event = R"({"seq":3,"ts":1,"task":"kworker/0:1","event":"run_wq","args":{}})";
    EXPECT_NE(message_of(event + "\n" + event + "\n").find("not in the order"), std::string::npos);
    EXPECT_NE(message_of(event.substr(0, 40)).find("truncated"), std::string::npos);
    EXPECT_NE(message_of(event + "\n").find("release"), std::string::npos);
}

TEST(BadRecording, TruncatedAtAnyByteIsNoCrash) {
    const auto files = recordings();
    ASSERT_FALSE(files.empty());
    std::ifstream in(files.front());
    std::stringstream whole;
    whole << in.rdbuf();
    const std::string text = whole.str();
    for (std::size_t length = 0; length < std::min<std::size_t>(text.size(), 20'000); length += 97) {
        (void)parse_recording("cut", text.substr(0, length), bbm::find_release("linux-6.1"));
    }
}

}  // namespace
}  // namespace vmemcheck::conformance
