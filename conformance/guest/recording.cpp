// SPDX-License-Identifier: MIT
#include "conformance/guest/recording.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "conformance/guest/json_limits.hpp"

namespace vmemcheck::conformance {

namespace {

using bbm::EventKind;
using Json = nlohmann::json;

/// A defect found while reading; carried up by return values, never thrown out of this file.
struct Defect {
    std::string message;
};

std::optional<EventKind> kind_of(const std::string& name) {
    const auto found = std::find(bbm::event_names.begin(), bbm::event_names.end(), name);
    if (found == bbm::event_names.end()) return std::nullopt;
    return static_cast<EventKind>(found - bbm::event_names.begin());
}

/// Numbers of sequence, addresses and sizes beyond any machine's: what is computed with them would overflow.
constexpr std::int64_t beyond = std::int64_t{1} << 56;
bool sensible(std::int64_t number) { return number > -beyond && number < beyond; }

/// What a recording says, safe to print.
std::string printable(std::string text) {
    constexpr std::size_t most = 100;
    if (text.size() > most) text = text.substr(0, most) + "...";
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, '?');
    return text;
}

/// One line as JSON; discarded if it is none or nested too deep.
Json parse_line(const std::string& text) {
    constexpr JsonLimits limits{8, 10'000, 1000};
    if (!exceeded<Json>(text, limits).empty()) return Json(Json::value_t::discarded);
    return Json::parse(text, nullptr, false);
}

bool has(const Json& object, const char* key) { return object.is_object() && object.contains(key); }

std::optional<std::int64_t> integer(const Json& object, const char* key) {
    if (!has(object, key)) return std::nullopt;
    const Json& v = object[key];
    if (v.is_number_unsigned()) return static_cast<std::int64_t>(v.get<std::uint64_t>());
    if (v.is_number_integer()) return v.get<std::int64_t>();
    return std::nullopt;
}

/// Notifier actions by number: single bits until v6.12's enum.
constexpr std::array<std::pair<int, bbm::NotifierAction>, 6> actions_as_bits{
    {{1, bbm::NotifierAction::online},
     {2, bbm::NotifierAction::going_offline},
     {4, bbm::NotifierAction::offline},
     {8, bbm::NotifierAction::going_online},
     {16, bbm::NotifierAction::cancel_online},
     {32, bbm::NotifierAction::cancel_offline}}};
constexpr std::array<std::pair<int, bbm::NotifierAction>, 8> actions_as_enum{
    {{0, bbm::NotifierAction::online},
     {1, bbm::NotifierAction::going_offline},
     {2, bbm::NotifierAction::offline},
     {3, bbm::NotifierAction::going_online},
     {4, bbm::NotifierAction::cancel_online},
     {5, bbm::NotifierAction::cancel_offline},
     {6, bbm::NotifierAction::prepare_online},
     {7, bbm::NotifierAction::finish_offline}}};

template <class Table>
std::optional<bbm::NotifierAction> action_of(const Table& table, std::int64_t number) {
    for (const auto& [value, action] : table) {
        if (value == number) return action;
    }
    return std::nullopt;
}

/// Reads one recording line by line.
class Reader {
 public:
    Reader(std::string name, const bbm::Release* release) : release_(release) { recording_.file = std::move(name); }

    std::variant<Recording, BadInput> read(std::istream& in) {
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
        if (line_ == 0) return BadInput{recording_.file + ": the file is empty"};
        if (auto defect = finish()) return BadInput{recording_.file + ": " + defect->message};
        return std::move(recording_);
    }

 private:
    struct Raw {
        std::size_t line;
        std::string event;
        Json args;
        Json object;
        bool gap;
        int unanswered_resize;
    };

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

    BadInput bad(const std::string& what) const {
        return {recording_.file + ":" + std::to_string(line_) + ": " + what};
    }

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
        raw_.push_back({line_, event, std::move(args), std::move(object), gap_, unanswered_ ? resizes_ : 0});
        gap_ = false;
        return std::nullopt;
    }

    /// The last resize stayed without an interrupt.
    void suspect() {
        if (recording_.missing_interrupt.empty()) recording_.missing_interrupt = suspicion_;
        suspicion_.clear();
    }
    /// The interrupt of the last resize was recorded after all.
    void answered() {
        suspicion_.clear();
        for (std::size_t i = first_after_resize_; unanswered_ && i < raw_.size(); ++i) raw_[i].unanswered_resize = 0;
        unanswered_ = false;
    }

    std::optional<Defect> mark(const Json& args) {
        const std::string text = has(args, "text") && args["text"].is_string() ? args["text"].get<std::string>() : "";
        if (recording_.outside) {
            if (auto defect = outside(text)) return defect;
        } else if (text.rfind("host-size", 0) == 0) {
            suspect();
            ++resizes_;
            unanswered_ = true;
            resize_line_ = line_;
            first_after_resize_ = raw_.size();
        }
        if (text == "end") end_ = last_ts_;
        if (text.rfind("bind ", 0) != 0) return std::nullopt;
        if (text.find("outside=known") != std::string::npos) recording_.outside.emplace();
        if (text.find("mode=sbm") != std::string::npos)
            return Defect{"the device is in Sub Block Mode, which is not modelled"};
        if (const auto at = text.find("release="); at != std::string::npos && release_ == nullptr) {
            const std::string name = text.substr(at + 8, text.find(' ', at) - at - 8);
            release_ = bbm::find_release(name);
            if (release_ == nullptr) return Defect{"\"release\" is none that is known"};
        }
        recording_.config.safe_unplug = text.find("safe=0") == std::string::npos;
        if (const auto at = text.find("bbs="); at != std::string::npos) {
            recording_.big_block_bytes = std::strtoll(text.c_str() + at + 4, nullptr, 10);
            if (recording_.big_block_bytes <= 0 || !sensible(recording_.big_block_bytes))
                return Defect{"\"bbs\" is no size of a big block"};
        }
        if (const auto at = text.find("mbs="); at != std::string::npos) {
            memory_block_bytes_ = std::strtoll(text.c_str() + at + 4, nullptr, 10);
            if (*memory_block_bytes_ < page_bytes) return Defect{"\"mbs=\" is not the size of a memory block"};
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
        recording_.outside->push_back(act);
        return std::nullopt;
    }

    /// From lines to events: an act outside stands before the first event behind its mark.
    std::optional<Defect> place_outside() {
        if (!recording_.outside) return std::nullopt;
        for (OutsideAct& act : *recording_.outside) {
            if (act.page_block < 0 || act.page_block >= recording_.config.scope.total_memory_blocks())
                return Defect{"line " + std::to_string(act.event) + ": \"mb\" is no memory block of the device"};
            const auto behind = std::find_if(recording_.events.begin(), recording_.events.end(),
                                             [&act](const Seen& seen) { return seen.line > act.event; });
            act.event = static_cast<std::size_t>(behind - recording_.events.begin());
        }
        return std::nullopt;
    }

    std::optional<Defect> finish() {
        if (raw_.empty()) return Defect{"no event of the driver in it"};
        suspect();
        forget_tries();
        for (const auto& [name, count] : unknown_) {
            recording_.notes.push_back("ignored " + std::to_string(count) + " event(s) of the unknown kind \"" + name +
                                       "\"");
        }
        if (auto defect = find_release()) return defect;
        if (auto defect = find_geometry()) return defect;
        for (const Raw& raw : raw_) {
            line_ = raw.line;
            if (auto defect = add(raw)) return Defect{"line " + std::to_string(raw.line) + ": " + defect->message};
        }
        join_collapsed();
        if (auto defect = place_outside()) return defect;
        constexpr double settled = 0.1;  // seconds
        recording_.quiet_at_end = end_ && *end_ > last_event_ + settled;
        return std::nullopt;
    }

    /// A task that does not get device_hotplug_lock sleeps for a while, during which others go on, and starts its
    /// system call again (lock_device_hotplug_sysfs()): no step of the protocol.
    void forget_tries() {
        std::map<std::string, std::size_t> last;  // by task, in kept
        std::vector<Raw> kept;
        std::vector<bool> forgotten;
        for (Raw& raw : raw_) {
            const std::string task = raw.object["task"];
            const auto before = last.find(task);
            if (raw.event == "dev_hotplug_lock_sysfs_ret" && integer(raw.args, "ret").value_or(0) != 0 &&
                before != last.end() && kept[before->second].event == "dev_hotplug_lock_sysfs") {
                forgotten[before->second] = true;
                forgotten.push_back(true);
            } else {
                forgotten.push_back(false);
            }
            last[task] = kept.size();
            kept.push_back(std::move(raw));
        }
        raw_.clear();
        bool gap = false;
        for (std::size_t i = 0; i < kept.size(); ++i) {
            gap = gap || kept[i].gap;
            if (forgotten[i]) continue;
            kept[i].gap = gap;
            gap = false;
            raw_.push_back(std::move(kept[i]));
        }
    }

    /// Actions are numbered by bits until v6.12: that tells the releases apart, if no mark does.
    std::optional<Defect> find_release() {
        bool bits = false;
        bool numbers = false;
        for (const Raw& raw : raw_) {
            const auto action = integer(raw.args, "action");
            if (!action || !has(raw.args, "action_name") || !raw.args["action_name"].is_string()) continue;
            const std::string name = raw.args["action_name"];
            if (name == "GOING_ONLINE") (*action == 8 ? bits : numbers) = true;
        }
        as_bits_ = bits && !numbers;
        if (release_ != nullptr) {
            recording_.config.release = *release_;
            if (!bits && !numbers) as_bits_ = !release_->notifies_prepare_and_finish;
            return std::nullopt;
        }
        if (!bits && !numbers) {  // nothing was onlined: the folder's name is all there is
            for (const auto& known : bbm::releases()) {
                if (recording_.file.find(std::string(known.name) + "/") != std::string::npos) {
                    recording_.config.release = known;
                    as_bits_ = !known.notifies_prepare_and_finish;
                    return std::nullopt;
                }
            }
            return Defect{"the recording does not tell its release; give --release"};
        }
        recording_.config.release = *bbm::find_release(as_bits_ ? "linux-6.1" : "linux-6.12");
        return std::nullopt;
    }

    std::optional<Defect> find_geometry() {
        Recording& r = recording_;
        std::optional<std::int64_t> first_bb;
        std::size_t big_blocks = 0;
        for (const Raw& raw : raw_) {
            const auto defect = [&raw](const std::string& what) {
                return Defect{"line " + std::to_string(raw.line) + ": " + what};
            };
            if (const auto size = integer(raw.args, "size"); size && raw.event != "bbset") {
                if (*size <= 0 || !sensible(*size)) return defect("\"size\" is no size of a big block");
                r.big_block_bytes = *size;
            }
            if (const auto nr = integer(raw.args, "nr"); nr && *nr > 0 && raw.args.contains("pfn")) {
                if (*nr > max_pages_per_memory_block) return defect("\"nr\" is more pages than a memory block has");
                r.pages_per_memory_block = std::max(r.pages_per_memory_block, *nr);
            }
            if (!has(raw.object, "state")) continue;
            const Json& state = raw.object["state"];
            if (!first_bb && integer(state, "next_bb")) {
                first_bb = integer(state, "next_bb");
                r.initially_plugged = integer(state, "plugged").value_or(0);
            }
            if (has(state, "bb_states") && state["bb_states"].is_array()) {
                big_blocks = std::max(big_blocks, state["bb_states"].size());
                if (big_blocks > max_blocks) return defect("\"bb_states\" has more than " + std::to_string(max_blocks));
            }
        }
        if (!first_bb) return Defect{"no driver state in it: the recording must begin when the driver is bound"};
        r.first_big_block = *first_bb;
        if (r.pages_per_memory_block == 0)
            r.pages_per_memory_block = memory_block_bytes_.value_or(128 << 20) / page_bytes;
        r.memory_block_bytes = r.pages_per_memory_block * page_bytes;
        if (r.big_block_bytes == 0) r.big_block_bytes = 2 * r.memory_block_bytes;
        if (r.first_big_block < 0 || r.first_big_block > beyond / r.big_block_bytes)
            return Defect{"\"next_bb\" is beyond any machine's memory"};
        if (r.big_block_bytes % r.memory_block_bytes != 0) {
            return Defect{"big block size " + std::to_string(r.big_block_bytes) +
                          " is not a multiple of the memory block size"};
        }
        bbm::Scope& scope = r.config.scope;
        scope = recorded_scope(std::max<int>(1, static_cast<int>(big_blocks)), r.big_block_bytes, r.memory_block_bytes);
        while (scope.total_memory_blocks() > bbm::max_memory_blocks && scope.big_blocks > 1) --scope.big_blocks;
        scope.threshold = std::min(scope.threshold, bbm::max_memory_blocks);
        if (auto what = bbm::problem(scope)) return Defect{"the device is too large for the model: " + *what};
        return std::nullopt;
    }

    std::optional<Defect> add(const Raw& raw) {
        Seen seen;
        seen.seq = *integer(raw.object, "seq");
        seen.line = raw.line;
        seen.name = raw.event;
        seen.task = printable(raw.object["task"].get<std::string>());
        seen.kworker = seen.task.rfind("kworker", 0) == 0;
        seen.after_gap = raw.gap;
        seen.unanswered_resize = raw.unanswered_resize;
        if (raw.event == "collapsed") {
            for (const auto& [name, call] : raw.args.items()) {
                const auto kind = kind_of(name);
                if (!kind) continue;
                const auto first = integer(call, "first_pfn");
                if (!call.is_object() || !first) return Defect{"\"" + name + "\" has no \"first_pfn\""};
                const std::int64_t pages = integer(call, "pages").value_or(0);
                if (pages < 0 || pages > std::int64_t{1} << 40)
                    return Defect{"\"" + name + "\" has no sensible number of \"pages\""};
                seen.calls.emplace_back(*kind, pages);
                constexpr std::size_t most = 16;  // the page functions are fewer
                if (seen.calls.size() > most) return Defect{"it sums up more kinds of calls than there are for pages"};
                if (auto defect = memory_block(*first, seen.block)) return defect;
            }
            if (seen.calls.empty()) return std::nullopt;
            seen.kind = seen.calls.front().first;
        } else {
            seen.kind = *kind_of(raw.event);
            if (auto defect = arguments(raw.args, seen)) return defect;
        }
        if (has(raw.object, "state")) {
            if (auto defect = state(raw.object["state"])) return defect;
            seen.driver = driver_;
        }
        if (has(raw.object, "pages")) {
            if (auto defect = pages(raw.object["pages"])) return defect;
            seen.pages = pages_;
        }
        if (seen.kind == EventKind::mtxgot && !seen.collapsed()) {
            if (!integer(raw.args, "owner")) return Defect{"mtxgot without an owner"};
            holder_ = static_cast<std::uint64_t>(*integer(raw.args, "owner")) & ~7ULL;
        }
        seen.mutex_holder = holder_;
        const bool begins = seen.kind == EventKind::run_wq || seen.kind == EventKind::dev_hotplug_lock_sysfs;
        const bool ends =
            seen.kind == EventKind::run_wq_ret || (seen.kind == EventKind::dev_hotplug_unlock && !seen.kworker);
        seen.in_run = running_ > 0;
        running_ += begins ? 1 : ends ? -1 : 0;
        recording_.events.push_back(std::move(seen));
        return std::nullopt;
    }

    /// A block's number from its distance to the first block.
    static std::optional<Defect> block_number(std::int64_t distance, int& block) {
        constexpr std::int64_t most = std::int64_t{1} << 30;
        if (distance < -most || distance > most) return Defect{"it names a block that is far from the device's first"};
        block = static_cast<int>(distance);
        return std::nullopt;
    }
    /// The memory block of a page.
    [[nodiscard]] std::optional<Defect> memory_block(std::int64_t pfn, int& block) const {
        if (!sensible(pfn)) return Defect{"it names a page beyond any machine's memory"};
        const std::int64_t first = recording_.first_big_block * recording_.big_block_bytes / page_bytes;
        return block_number((pfn - first) / recording_.pages_per_memory_block, block);
    }

    std::optional<Defect> arguments(const Json& args, Seen& seen) {
        const std::int64_t bb_bytes = recording_.big_block_bytes;
        if (const auto pfn = integer(args, "pfn")) {
            if (auto defect = memory_block(*pfn, seen.block)) return defect;
            if (has(args, "pfn_mb") && args["pfn_mb"].is_number() &&
                args["pfn_mb"].get<double>() != static_cast<double>(seen.block)) {
                return Defect{"\"pfn\" and \"pfn_mb\" name different memory blocks"};
            }
        }
        for (const char* key : {"addr", "raddr"}) {
            if (const auto addr = integer(args, key)) {
                if (!sensible(*addr)) return Defect{"it names an address beyond any machine's memory"};
                if (*addr % bb_bytes != 0)
                    return Defect{std::string("\"") + key + "\" is not the start of a big block"};
                if (auto defect = block_number(*addr / bb_bytes - recording_.first_big_block, seen.block))
                    return defect;
            }
        }
        if (const auto bb = integer(args, "bb")) {
            if (!sensible(*bb)) return Defect{"\"bb\" is beyond any machine's memory"};
            if (auto defect = block_number(*bb - recording_.first_big_block, seen.block)) return defect;
        }
        if (const auto size = integer(args, "size"); size && *size != bb_bytes)
            return Defect{"\"size\" is not one big block"};
        if (const auto nb = integer(args, "nb")) {
            if (!device_blocks_) device_blocks_ = nb;
            if (*nb != *device_blocks_) return Defect{"\"nb\" is not the number of device blocks of a big block"};
        }
        for (const char* key : {"ret", "type", "resp", "new"}) {
            if (const auto value = integer(args, key)) seen.value = value;
        }
        seen.other = integer(args, "old");
        if (seen.kind == EventKind::bbset) {
            const auto index = integer(args, "idx");
            if (!index || !seen.value || !seen.other) return Defect{"bbset without \"idx\", \"old\" or \"new\""};
            if (auto defect = block_number(sensible(*index) ? *index : beyond, seen.block)) return defect;
            for (const auto& [key, value] : {std::pair{"new_name", *seen.value}, std::pair{"old_name", *seen.other}}) {
                if (!has(args, key)) continue;
                if (value < 0 || value >= bbm::big_block::count ||
                    args[key] != bbm::big_block::names[static_cast<std::size_t>(value)]) {
                    return Defect{std::string("\"") + key + "\" does not go with its number"};
                }
            }
        }
        if (const auto number = integer(args, "action")) {
            const auto action = as_bits_ ? action_of(actions_as_bits, *number) : action_of(actions_as_enum, *number);
            if (!action) return Defect{"no notifier action of this release has number " + std::to_string(*number)};
            if (has(args, "action_name") &&
                args["action_name"] != bbm::action_names[static_cast<std::size_t>(*action)]) {
                return Defect{"\"action_name\" does not go with \"action\""};
            }
            seen.value = static_cast<std::int64_t>(*action);
        }
        return std::nullopt;
    }

    std::optional<Defect> state(const Json& s) {
        if (!s.is_object()) return Defect{"\"state\" is not an object"};
        const auto list = [&](const char* key, std::vector<std::int64_t>& out) {
            if (!has(s, key)) return true;
            if (!s[key].is_array() || s[key].size() > max_blocks) return false;
            out.clear();
            for (const Json& item : s[key]) {
                if (!item.is_number_integer()) return false;
                out.push_back(item.get<std::int64_t>());
            }
            return true;
        };
        if (!list("bb_states", driver_.bb_states)) return Defect{"\"bb_states\" is not a list of numbers"};
        if (!list("bb_count", driver_.bb_count)) return Defect{"\"bb_count\" is not a list of numbers"};
        const auto take = [&](const char* key, std::optional<std::int64_t>& out) {
            if (const auto value = integer(s, key)) out = value;
        };
        take("next_bb", driver_.next_bb);
        take("plugged", driver_.plugged);
        take("requested", driver_.requested);
        take("offline_size", driver_.offline_size);
        take("hotplug_active", driver_.hotplug_active);
        take("config_changed", driver_.config_changed);
        take("wq_active", driver_.wq_active);
        take("broken", driver_.broken);
        take("removing", driver_.removing);
        take("managed_normal", driver_.managed[0]);
        take("managed_movable", driver_.managed[1]);
        take("present_normal", driver_.present[0]);
        take("present_movable", driver_.present[1]);
        if (const auto owner = integer(s, "mutex_owner"))
            driver_.mutex_owner = static_cast<std::uint64_t>(*owner) & ~7ULL;
        return std::nullopt;
    }

    std::optional<Defect> pages(const Json& list) {
        if (!list.is_array()) return Defect{"\"pages\" is not a list"};
        if (list.size() > max_blocks) return Defect{"\"pages\" has more than " + std::to_string(max_blocks)};
        if (pages_.size() < list.size()) pages_.resize(list.size());
        for (std::size_t i = 0; i < list.size(); ++i) {
            const Json& item = list[i];
            PagesSeen& seen = pages_[i];
            if (item.is_null()) {
                seen = PagesSeen{};
                continue;
            }
            if (!item.is_object()) return Defect{"\"pages\"[" + std::to_string(i) + "] is neither null nor an object"};
            seen.memmap = true;
            seen.ref_first = integer(item, "ref_first").value_or(seen.ref_first);
            seen.ref_last = integer(item, "ref_last").value_or(seen.ref_last);
            seen.type = static_cast<std::uint32_t>(integer(item, "type").value_or(seen.type));
            seen.flags =
                static_cast<std::uint64_t>(integer(item, "flags").value_or(static_cast<std::int64_t>(seen.flags)));
        }
        return std::nullopt;
    }

    /// The recorder cuts a run of page calls where another task's event falls between: put the pieces of one task
    /// together again, where the last one stands.
    void join_collapsed() {
        std::vector<Seen> joined;
        for (Seen& seen : recording_.events) {
            if (seen.collapsed()) {
                for (std::size_t back = joined.size(); back-- > 0;) {
                    if (joined[back].task != seen.task || joined[back].kind == EventKind::config_changed) continue;
                    if (joined[back].collapsed() && joined[back].block == seen.block) {
                        merge(seen, joined[back]);
                        joined.erase(joined.begin() + static_cast<std::ptrdiff_t>(back));
                    }
                    break;
                }
            }
            joined.push_back(std::move(seen));
        }
        recording_.events = std::move(joined);
    }
    static void merge(Seen& into, const Seen& from) {
        for (const auto& [kind, pages] : from.calls) {
            const auto same =
                std::find_if(into.calls.begin(), into.calls.end(), [k = kind](const auto& c) { return c.first == k; });
            if (same == into.calls.end()) {
                into.calls.emplace_back(kind, pages);
            } else {
                same->second += pages;
            }
        }
    }

    const bbm::Release* release_;  ///< asked for, or that of the first mark; null: neither
    Recording recording_;
    std::size_t line_ = 0;
    std::optional<std::int64_t> memory_block_bytes_;  ///< if the first mark tells it
    std::optional<std::int64_t> last_seq_;
    double last_ts_ = 0;
    double last_event_ = 0;
    std::optional<double> end_;
    bool gap_ = false;
    int running_ = 0;
    int resizes_ = 0;
    bool unanswered_ = false;
    std::size_t resize_line_ = 0;
    std::string suspicion_;
    std::size_t first_after_resize_ = 0;
    bool as_bits_ = true;
    std::optional<std::int64_t> device_blocks_;
    std::vector<Raw> raw_;
    std::map<std::string, int> unknown_;
    DriverSeen driver_;
    std::vector<PagesSeen> pages_;
    std::uint64_t holder_ = 0;
};

}  // namespace

std::optional<int> action_number(const bbm::Release& release, bbm::NotifierAction action) {
    const auto find = [action](const auto& table) -> std::optional<int> {
        for (const auto& [number, known] : table) {
            if (known == action) return number;
        }
        return std::nullopt;
    };
    return release.notifies_prepare_and_finish ? find(actions_as_enum) : find(actions_as_bits);
}

bbm::Scope recorded_scope(int big_blocks, std::int64_t big_block_bytes, std::int64_t memory_block_bytes) {
    constexpr std::int64_t gib = 1LL << 30;
    constexpr std::int64_t extents = 2LL * (128 << 20);  // QEMU: usable region beyond requested_size
    bbm::Scope scope;
    scope.name = "recording";
    scope.big_blocks = big_blocks;
    // More than fits is refused later, however much more it is.
    scope.memory_blocks =
        static_cast<int>(std::min<std::int64_t>(big_block_bytes / memory_block_bytes, bbm::max_memory_blocks + 1));
    scope.pages = 3;  // first, last, and one for all between
    scope.allocations = bbm::max_pages;
    scope.pins = bbm::max_pages;
    scope.contig_tries = 5;
    scope.threshold = static_cast<int>(std::max<std::int64_t>(gib / memory_block_bytes, 2LL * scope.memory_blocks));
    scope.usable_slack = static_cast<int>(std::min<std::int64_t>(extents / big_block_bytes, bbm::max_big_blocks));
    return scope;
}

std::variant<Recording, BadInput> parse_recording(const std::string& name, const std::string& text,
                                                  const bbm::Release* release) {
    std::istringstream in(text);
    return Reader(name, release).read(in);
}

std::variant<Recording, BadInput> read_recording(const std::string& file, const bbm::Release* release) {
    std::error_code error;
    const auto status = std::filesystem::status(file, error);
    if (error || status.type() == std::filesystem::file_type::not_found) return BadInput{file + ": no such file"};
    if (std::filesystem::is_directory(status)) return BadInput{file + ": is a directory"};
    if (std::filesystem::is_regular_file(status)) {
        const auto size = std::filesystem::file_size(file, error);
        if (!error && size > max_recording_bytes) {
            return BadInput{file + ": " + std::to_string(size >> 20U) + " MiB, and no recording of more than " +
                            std::to_string(max_recording_bytes >> 20U) + " MiB is read"};
        }
    }
    std::ifstream in(file, std::ios::binary);
    if (!in) return BadInput{file + ": cannot be opened for reading"};
    return Reader(file, release).read(in);
}

}  // namespace vmemcheck::conformance
