// SPDX-License-Identifier: MIT
#include "cli/beyond_memory.hpp"

#include <fmt/format.h>

#include <boost/crc.hpp>
#include <filesystem>
#include <fstream>

#include "checker/bit_array.hpp"
#include "checker/checkpoint.hpp"
#include "checker/layout.hpp"
#include "checker/round_figures.hpp"
#include "cli/config_text.hpp"
#include "cli/files.hpp"
#include "cli/flag_values.hpp"
#include "cli/terminal.hpp"
#include "cli/text.hpp"

namespace vmemcheck::cli {

namespace {

/// Tells one build of this program from another: models and properties are compiled in.
std::string build_checksum() {
    std::ifstream program("/proc/self/exe", std::ios::binary);
    boost::crc_32_type checksum;
    std::vector<char> piece(std::size_t{1} << 20);
    while (program.read(piece.data(), static_cast<std::streamsize>(piece.size())) || program.gcount() > 0) {
        checksum.process_bytes(piece.data(), static_cast<std::size_t>(program.gcount()));
    }
    return fmt::format("{:08x}", checksum.checksum());
}

/// A line for each value, "scope.resizes: 2".
void add_lines(std::string& text, const std::string& name, const Json& value) {
    if (!value.is_object()) {
        text += fmt::format("{}: {}\n", name, value.is_string() ? value.get<std::string>() : value.dump());
        return;
    }
    for (const auto& [key, part] : value.items())
        add_lines(text, name.empty() ? key : fmt::format("{}.{}", name, key), part);
}

std::string identity_of(const Config& config) {
    std::string text = fmt::format("vmemcheck: {}\nmodel: {}\n", VMEMCHECK_VERSION, model_name);
    Json object;
    put_config(object, config);
    add_lines(text, {}, object);
    // Last, as anything else is a better reason.
    text += "build: " + build_checksum() + '\n';
    return text;
}

}  // namespace

void require_rounds(std::string_view flag, const checker::SearchOptions& options,
                    const std::vector<Property>& properties, bool certificate) {
    const auto refuse = [flag](std::string_view why) {
        throw UserError(fmt::format("{} is for breadth-first searches of states and steps: {}", flag, why));
    };
    if (options.strategy != checker::Strategy::breadth_first) refuse("not for --search dfs");
    if (certificate) refuse("not for --certificate");
    for (const Property& property : properties) {
        if (checker::is_liveness(property.kind)) {
            refuse(fmt::format("not for liveness ({}, asked for by --all or --property)", property.id));
        }
    }
}

void BeyondMemoryFlags::add_to(Command& command) {
    const std::string group = "Search";
    Flag checkpoint =
        command
            .add_option(
                "--checkpoint", checkpoint_,
                "keep in FILE what is needed to go on when the search is ended by a limit, a signal or a crash: "
                "the same command does (limits and threads may differ). The file is removed when the search is "
                "complete. Not with liveness, --search dfs or --certificate")
            .type_name("FILE")
            .not_empty()
            .group(group);
    add_seconds(command, "checkpoint-every", every_, "write one so often, and when the search ends early; default: 30")
        .group(group)
        .needs(checkpoint);
    command
        .add_option("--disk", disk_,
                    "keep tables and levels in files in FOLDER, of which as much is in memory as there is room for; "
                    "--max-memory then bounds the rest. Not with liveness, --search dfs or --certificate")
        .type_name("FOLDER")
        .not_empty()
        .group(group);
    Flag compact = command
                       .add_option(
                           "--hash-compact",
                           [this](const std::string& text) {
                               hash_compact_ = number_value("--hash-compact", text);
                               hash_compact_given_ = true;
                           },
                           "approximate: keep so many bits (24 to 64) of a hash of each state. What is found is there; "
                           "what is not "
                           "found may be, so nothing holds. Not with liveness, --search dfs or --certificate")
                       .type_name("BITS")
                       .group(group);
    Flag bitstate = command
                        .add_option(
                            "--bitstate",
                            [this](const std::string& text) {
                                bitstate_ = size_value("--bitstate", text);
                                bitstate_given_ = true;
                            },
                            "the same, with some bits of each state in an array of SIZE, for instance 64M")
                        .type_name("SIZE")
                        .group(group)
                        .excludes(compact);
    add_number(command, "bitstate-hashes", bitstate_hashes_, "bits of a state in it, 1 to 16")
        .group(group)
        .needs(bitstate);
}

std::string_view BeyondMemoryFlags::given() const {
    if (!checkpoint_.empty()) return "--checkpoint";
    if (!disk_.empty()) return "--disk";
    if (hash_compact_given_) return "--hash-compact";
    return bitstate_given_ ? "--bitstate" : "";
}

void BeyondMemoryFlags::check(const checker::SearchOptions& options, const std::vector<Property>& properties,
                              bool certificate) const {
    constexpr std::uint64_t least_bits = 24;
    constexpr std::uint64_t most_bits = 64;
    constexpr std::uint64_t most_hashes = 16;
    if (hash_compact_given_ && (hash_compact_ < least_bits || hash_compact_ > most_bits)) {
        throw UserError(
            fmt::format("--hash-compact must be {} to {} bits, not {}", least_bits, most_bits, hash_compact_));
    }
    if (bitstate_given_ && bitstate_ < checker::BitArray::least_bytes) {
        throw UserError(fmt::format("--bitstate: at least {} bytes", checker::BitArray::least_bytes));
    }
    if (bitstate_hashes_ < 1 || bitstate_hashes_ > most_hashes) {
        throw UserError(fmt::format("--bitstate-hashes must be 1 to {}, not {}", most_hashes, bitstate_hashes_));
    }
    if (given().empty()) return;
    require_rounds(given(), options, properties, certificate);
}

void BeyondMemoryFlags::apply(checker::SearchOptions& options, const Bbm& model,
                              const std::vector<Property>& properties) {
    if (!disk_.empty()) check_writable_directory(disk_);
    options.disk_folder = disk_;
    options.approximation.hash_bits = static_cast<unsigned>(hash_compact_);
    options.approximation.array_bytes = bitstate_;
    options.approximation.array_hashes = static_cast<unsigned>(bitstate_hashes_);
    if (checkpoint_.empty()) return;
    check_writable(checkpoint_);
    options.checkpoint.file = checkpoint_;
    options.checkpoint.seconds = every_;
    options.checkpoint.identity = identity_of(model.config());
    options.checkpoint.continued = [this](std::uint64_t states, std::uint64_t depth, double seconds) {
        print_error(fmt::format("vmemcheck: continuing from {}: {}, depth {}, after {:.0f} s\n", quote(checkpoint_),
                                counted(states, "state"), depth, seconds));
    };
    options.checkpoint.failed = [this](const std::string& why) {
        if (why == last_failure_) return;
        last_failure_ = why;
        print_error(fmt::format("vmemcheck: {}; the search goes on\n", printable(why)));
    };
    try {
        const checker::Layout layout = checker::layout_of(model, model.initial_state(0));
        const std::string identity = checker::detail::identity_of(model, properties, layout, options);
        static_cast<void>(checker::CheckpointFile(options.checkpoint, identity).open());
    } catch (const checker::CheckpointError& error) {
        throw user_error(error);
    }
}

UserError BeyondMemoryFlags::user_error(const checker::CheckpointError& error) {
    return UserError(printable(error.what()) + "; remove it, or name another file");
}

std::string BeyondMemoryFlags::kept_text(const Result& result) const {
    std::error_code error;
    // Of a search that ran to its end there is none.
    if (checkpoint_.empty() || result.ended == checker::Ended::model_error ||
        !std::filesystem::exists(checkpoint_, error))
        return {};
    return fmt::format("the search so far is kept in {}: the same command goes on from there\n", quote(checkpoint_));
}

}  // namespace vmemcheck::cli
