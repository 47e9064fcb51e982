// SPDX-License-Identifier: MIT
#include "cli/beyond_memory.hpp"

#include <fmt/format.h>

#include <boost/crc.hpp>
#include <filesystem>
#include <fstream>

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
        text += name + ": " + (value.is_string() ? value.get<std::string>() : value.dump()) + '\n';
        return;
    }
    for (const auto& [key, part] : value.items()) add_lines(text, name.empty() ? key : name + '.' + key, part);
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
}

void BeyondMemoryFlags::check(const checker::SearchOptions& options, const std::vector<Property>& properties,
                              bool certificate) const {
    if (checkpoint_.empty()) return;
    const auto refuse = [](std::string_view why) {
        throw UserError(fmt::format("--checkpoint is for breadth-first searches of states and steps: {}", why));
    };
    if (options.strategy != checker::Strategy::breadth_first) refuse("not for --search dfs");
    if (certificate) refuse("not for --certificate");
    for (const Property& property : properties) {
        if (checker::is_liveness(property.kind)) {
            refuse(fmt::format("not for liveness ({}, asked for by --all or --property)", property.id));
        }
    }
}

void BeyondMemoryFlags::apply(checker::SearchOptions& options, const Bbm& model,
                              const std::vector<Property>& properties) {
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
        throw UserError(printable(error.what()) + "; remove it, or name another file");
    }
}

std::string BeyondMemoryFlags::kept_text(const Result& result) const {
    std::error_code error;
    const bool early = result.ended != checker::Ended::complete && result.ended != checker::Ended::decided;
    if (checkpoint_.empty() || !early || !std::filesystem::exists(checkpoint_, error)) return {};
    return fmt::format("the search so far is kept in {}: the same command goes on from there\n", quote(checkpoint_));
}

}  // namespace vmemcheck::cli
