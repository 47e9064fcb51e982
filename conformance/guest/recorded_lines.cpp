// SPDX-License-Identifier: MIT
#include "conformance/guest/recorded_lines.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <utility>

namespace vmemcheck::conformance::reading {

namespace {

/// Reads one recording line by line.
class LineReader {
 public:
    LineReader(std::string file, const bbm::Release* release) : file_(std::move(file)) { lines_.release = release; }

    std::variant<RecordedLines, BadInput> read(std::istream& in) {
        std::string text;
        std::uintmax_t bytes = 0;
        while (next_line(in, text)) {
            ++line_;
            bytes += text.size() + 1;
            // Pipes tell no size.
            if (bytes > max_recording_bytes)
                return bad("it goes on, and no more than " + in_mib(max_recording_bytes) + " are read");
            if (text.size() > max_line_bytes) return bad("no line of more than " + in_mib(max_line_bytes) + " is read");
            if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
            if (auto defect = line(text)) return bad(defect->message);
        }
        if (line_ == 0) return BadInput{file_ + ": the file is empty"};
        if (auto defect = finish()) return BadInput{file_ + ": " + defect->message};
        return std::move(lines_);
    }

 private:
    /// std::getline(), but a line ends after max_line_bytes and one more: a device may have no end of line.
    static bool next_line(std::istream& in, std::string& text) {
        constexpr int end = std::char_traits<char>::eof();
        text.clear();
        std::streambuf& buffer = *in.rdbuf();
        int c = buffer.sbumpc();
        if (c == end) return false;
        for (; c != end && c != '\n' && text.size() <= max_line_bytes; c = buffer.sbumpc()) {
            text += static_cast<char>(c);
        }
        return true;
    }

    static std::string in_mib(std::uintmax_t bytes) { return std::to_string(bytes >> 20U) + " MiB"; }

    BadInput bad(const std::string& what) const { return {file_ + ":" + std::to_string(line_) + ": " + what}; }

    std::optional<Defect> line(const std::string& text) {
        Json object = parse_line(text);
        if (object.is_discarded()) return Defect{"not a JSON object (truncated line?), or one with too much in it"};
        if (!object.is_object()) return Defect{"a recording has one JSON object a line"};
        const auto seq = integer(object, "seq");
        if (!seq || !sensible(*seq)) return Defect{"\"seq\" is missing or not a sensible number"};
        if (!has(object, "event") || !object["event"].is_string())
            return Defect{"\"event\" is missing or not a string"};
        if (!has(object, "task") || !object["task"].is_string()) return Defect{"\"task\" is missing or not a string"};
        const std::string event = object["event"];
        Json args = has(object, "args") ? object["args"] : Json::object();
        if (!args.is_object()) return Defect{"\"args\" is not an object"};
        if (last_seq_ && *seq <= *last_seq_) {
            return Defect{"event " + std::to_string(*seq) + " after event " + std::to_string(*last_seq_) +
                          ": not in the order of the recording"};
        }
        const double ts = has(object, "ts") && object["ts"].is_number() ? object["ts"].get<double>() : last_ts_;
        if (ts < last_ts_)
            return Defect{"time runs backwards: " + std::to_string(ts) + " after " + std::to_string(last_ts_)};
        last_ts_ = ts;
        if (last_seq_ && *seq != *last_seq_ + 1) {
            gap_ = true;
            // The interrupt follows the host's resize at once.
            constexpr std::size_t at_once = 6;  // lines
            if (unanswered_ && *seq == *last_seq_ + 2 && line_ <= resize_line_ + at_once && suspicion_.empty()) {
                suspicion_ = "the host resized (line " + std::to_string(resize_line_) +
                             "), no config interrupt follows, and event " + std::to_string(*last_seq_ + 1) +
                             " is missing just there";
            }
        }
        last_seq_ = seq;

        if (event == "mark") return mark(args);
        if (event == "printk") return std::nullopt;
        if (event == "config_changed") answered();
        if (event != "collapsed" && !kind_of(event)) {
            constexpr std::size_t most = 20;  // kinds that are told apart
            const std::string name = printable(event);
            ++unknown_[unknown_.size() < most || unknown_.contains(name) ? name : "(others)"];
            return std::nullopt;
        }
        last_event_ = has(object, "ts_end") && object["ts_end"].is_number() ? object["ts_end"].get<double>() : last_ts_;
        lines_.events.push_back({line_, event, std::move(args), std::move(object), gap_, unanswered_ ? resizes_ : 0});
        gap_ = false;
        return std::nullopt;
    }

    /// The last resize stayed without an interrupt.
    void suspect() {
        if (lines_.missing_interrupt.empty()) lines_.missing_interrupt = suspicion_;
        suspicion_.clear();
    }
    /// The interrupt of the last resize was recorded after all.
    void answered() {
        suspicion_.clear();
        for (std::size_t i = first_after_resize_; unanswered_ && i < lines_.events.size(); ++i)
            lines_.events[i].unanswered_resize = 0;
        unanswered_ = false;
    }

    std::optional<Defect> mark(const Json& args) {
        const std::string text = has(args, "text") && args["text"].is_string() ? args["text"].get<std::string>() : "";
        if (lines_.outside) {
            if (auto defect = outside(text)) return defect;
        } else if (text.rfind("host-size", 0) == 0) {
            suspect();
            ++resizes_;
            unanswered_ = true;
            resize_line_ = line_;
            first_after_resize_ = lines_.events.size();
        }
        if (text == "end") end_ = last_ts_;
        if (text.rfind("bind ", 0) != 0) return std::nullopt;
        if (text.find("outside=known") != std::string::npos) lines_.outside.emplace();
        if (text.find("mode=sbm") != std::string::npos)
            return Defect{"the device is in Sub Block Mode, which is not modelled"};
        if (const auto at = text.find("release="); at != std::string::npos && lines_.release == nullptr) {
            const std::string name = text.substr(at + 8, text.find(' ', at) - at - 8);
            lines_.release = bbm::find_release(name);
            if (lines_.release == nullptr) return Defect{"\"release\" is none that is known"};
        }
        lines_.safe_unplug = text.find("safe=0") == std::string::npos;
        if (const auto at = text.find("bbs="); at != std::string::npos) {
            lines_.big_block_bytes = std::strtoll(text.c_str() + at + 4, nullptr, 10);
            if (lines_.big_block_bytes <= 0 || !sensible(lines_.big_block_bytes))
                return Defect{"\"bbs\" is no size of a big block"};
        }
        if (const auto at = text.find("mbs="); at != std::string::npos) {
            lines_.memory_block_bytes = std::strtoll(text.c_str() + at + 4, nullptr, 10);
            if (*lines_.memory_block_bytes < page_bytes) return Defect{"\"mbs=\" is not the size of a memory block"};
        }
        return std::nullopt;
    }

    /// A mark of what the host or a user of pages did, of a recording that has them all.
    std::optional<Defect> outside(const std::string& text) {
        OutsideAct act;
        act.event = line_;
        if (text.rfind("host-size ", 0) == 0) {
            act.requested = std::strtoll(text.c_str() + 10, nullptr, 10);
            if (act.requested < 0 || !sensible(act.requested)) return Defect{"\"host-size\" is no size"};
        } else if (std::sscanf(text.c_str(), "page-user mb=%d action=%d", &act.page_block, &act.page_action) != 2) {
            return std::nullopt;
        }
        lines_.outside->push_back(act);
        return std::nullopt;
    }

    std::optional<Defect> finish() {
        if (lines_.events.empty()) return Defect{"no event of the driver in it"};
        suspect();
        for (const auto& [name, count] : unknown_) {
            lines_.notes.push_back("ignored " + std::to_string(count) + " event(s) of the unknown kind \"" + name +
                                   "\"");
        }
        constexpr double settled = 0.1;  // seconds
        lines_.quiet_at_end = end_ && *end_ > last_event_ + settled;
        return std::nullopt;
    }

    std::string file_;
    RecordedLines lines_;
    std::size_t line_ = 0;
    std::optional<std::int64_t> last_seq_;
    double last_ts_ = 0;
    double last_event_ = 0;
    std::optional<double> end_;
    bool gap_ = false;
    int resizes_ = 0;
    bool unanswered_ = false;
    std::size_t resize_line_ = 0;
    std::string suspicion_;
    std::size_t first_after_resize_ = 0;
    std::map<std::string, int> unknown_;
};

}  // namespace

std::variant<RecordedLines, BadInput> read_lines(const std::string& file, const bbm::Release* release,
                                                 std::istream& in) {
    return LineReader(file, release).read(in);
}

std::optional<bbm::EventKind> kind_of(const std::string& name) {
    const auto found = std::find(bbm::event_names.begin(), bbm::event_names.end(), name);
    if (found == bbm::event_names.end()) return std::nullopt;
    return static_cast<bbm::EventKind>(found - bbm::event_names.begin());
}

}  // namespace vmemcheck::conformance::reading
