// SPDX-License-Identifier: MIT
#include "conformance/guest/recorded_config.hpp"

#include <algorithm>

#include "conformance/guest/recorded_scope.hpp"

namespace vmemcheck::conformance::reading {

std::optional<Defect> find_release(const RecordedLines& lines, Recording& recording, ActionNumbers& numbers) {
    bool as_bits = false;
    bool as_enum = false;
    for (const RawEvent& raw : lines.events) {
        const auto action = integer(raw.args, "action");
        if (!action || !has(raw.args, "action_name") || !raw.args["action_name"].is_string()) continue;
        const std::string name = raw.args["action_name"];
        if (name == "GOING_ONLINE") (*action == 8 ? as_bits : as_enum) = true;
    }
    numbers = as_bits && !as_enum ? ActionNumbers::bits : ActionNumbers::enumerators;
    if (lines.release != nullptr) {
        recording.config.release = *lines.release;
        if (!as_bits && !as_enum) numbers = action_numbers(*lines.release);
        return std::nullopt;
    }
    if (!as_bits && !as_enum) {  // nothing was onlined: the folder's name is all there is
        for (const auto& known : bbm::releases()) {
            if (recording.file.find(std::string(known.name) + "/") != std::string::npos) {
                recording.config.release = known;
                numbers = action_numbers(known);
                return std::nullopt;
            }
        }
        return Defect{"the recording does not tell its release; give --release"};
    }
    recording.config.release = *bbm::find_release(numbers == ActionNumbers::bits ? "linux-6.1" : "linux-6.12");
    return std::nullopt;
}

std::optional<Defect> find_geometry(const RecordedLines& lines, Recording& r) {
    r.big_block_bytes = lines.big_block_bytes;
    std::optional<std::int64_t> first_bb;
    std::size_t big_blocks = 0;
    for (const RawEvent& raw : lines.events) {
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
        r.pages_per_memory_block = lines.memory_block_bytes.value_or(128 << 20) / page_bytes;
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

}  // namespace vmemcheck::conformance::reading
