// SPDX-License-Identifier: MIT
#include "cli/driver_flags.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "cli/config_flags.hpp"
#include "cli/error.hpp"
#include "cli/files.hpp"
#include "cli/text.hpp"

namespace vmemcheck::cli {

namespace fs = std::filesystem;
using conformance::DriverMode;
using conformance::DriverSetup;

namespace {

/// The release whose core MM is nearest: the newest that is not newer.
const bbm::Release& release_of_version(int version) {
    return release_named(version >= 612 ? "linux-6.12" : version >= 600 ? "linux-6.1" : "linux-5.11");
}

int version_of(const bbm::Release& release) {
    return release.name == "linux-6.12" ? 612 : release.name == "linux-6.1" ? 601 : 511;
}

bool on(std::string_view flag, const std::string& value) {
    if (value != "on" && value != "off") throw UserError(fmt::format("{} is on or off, not {}", flag, quote(value)));
    return value == "on";
}

bool is_file(const std::string& path) {
    std::error_code error;
    return fs::is_regular_file(path, error);
}

}  // namespace

std::vector<std::string> kernel_folders(std::string_view release) {
    std::vector<std::string> folders;
    if (const char* named = std::getenv("VMEMCHECK_KERNELS"); named != nullptr && *named != '\0') {
        folders.push_back(fmt::format("{}/{}", named, release));
    }
    folders.push_back(fmt::format("build/kernel/{}", release));
    const std::string version(release.substr(release.find('-') + 1));
    folders.push_back("/usr/src/linux-source-" + version);
    return folders;
}

void DriverFlags::add_to(Command& command) {
    const std::string source = "The driver";
    command
        .add_option("--source", source_,
                    "a kernel tree, or a virtio_mem.c in one; default: the Debian source of the release, where './run "
                    "kernel' has put it")
        .type_name("TREE")
        .not_empty()
        .group(source);
    command
        .add_option("--interface", interface_,
                    "the virtio_mem.h of include/uapi/linux that goes with it; default: that of the tree")
        .type_name("FILE")
        .not_empty()
        .group(source);
    command
        .add_option("--release", release_,
                    "how core MM behaves, and the default source; default: by the tree's Makefile, else that of the "
                    "file (--replay, --follow), else linux-6.12")
        .type_name("R")
        .group(source);
    command.add_option("--driver-mode", mode_, "bbm (Big Block Mode, forced) or sbm (Sub Block Mode)")
        .type_name("M")
        .show_default()
        .group(source);
    command.add_option("--safe-unplug", safe_unplug_, "module parameter bbm_safe_unplug, on or off")
        .type_name("on|off")
        .show_default()
        .group(source);
    command.add_option("--unplug-online", unplug_online_, "module parameter unplug_online, on or off")
        .type_name("on|off")
        .show_default()
        .group(source);

    const std::string machine = "The machine";
    const auto number = [&](const std::string& name, int DriverSetup::*member, const std::string& help) {
        Number& entry = numbers_.emplace_back(Number{name, member, {}, {}});
        entry.flag =
            command.add_option("--" + name, entry.value, fmt::format("{} (default: {})", help, DriverSetup{}.*member))
                .type_name("N")
                .group(machine);
    };
    number("big-blocks", &DriverSetup::big_blocks, "big blocks of the device");
    number("memory-blocks", &DriverSetup::memory_blocks, "memory blocks a big block");
    number("pages", &DriverSetup::pages, "pages a memory block");
    number("page-blocks", &DriverSetup::page_blocks, "page blocks a memory block; 2 in Sub Block Mode");
    command
        .add_option("--requests", requests_,
                    "sizes in big blocks that the host requests, one after the other, each when all is quiet; default: "
                    "all, then none")
        .type_name("N,...")
        .group(machine);
    command.add_option("--auto-online", auto_online_, "what add_memory() onlines memory to: off, kernel or movable")
        .type_name("A")
        .show_default()
        .group(machine);
    command
        .add_flag("--threshold-bites", threshold_bites_,
                  "memory blocks of 1 GiB, so that more than two big blocks may not be offline at a time")
        .group(machine);

    command
        .add_flag("--entry-points", entry_points_,
                  "scheduling points at the entries of functions, too, where nothing is shared (--follow has them)")
        .group(machine);

    const std::string around = "What may happen in a run";
    const auto count = [&](const std::string& name, int DriverSetup::*member, const std::string& help) {
        number(name, member, help);
        numbers_.back().flag.group(around);
    };
    count("extra-resizes", &DriverSetup::extra_resizes, "resizes by the host at any time, to any size");
    count("user-requests", &DriverSetup::user_requests, "writes to memoryX/state at any time");
    count("allocations", &DriverSetup::allocations, "pages in use at the same time");
    count("pins", &DriverSetup::pins, "pages pinned at the same time");
    count("fault-count", &DriverSetup::faults, "answers that are not benign");
    count("removals", &DriverSetup::removals, "the driver is unbound: 0 or 1");
    count("leftovers-plugged", &DriverSetup::leftovers, "big blocks that an earlier driver left plugged");
    const bbm::Faults defaults;
    for (const bbm::FaultInfo& fault : bbm::fault_infos()) {
        if (fault.name == "leftovers") continue;
        Switch& entry = faults_.emplace_back();
        const bool taken = command.has(fmt::format("--{}", fault.name));
        const std::string flag = (taken ? "" : fmt::format("--{},", fault.name)) + fmt::format("!--no-{}", fault.name);
        entry.flag =
            command
                .add_flag(flag, entry.value,
                          fmt::format("{} (default: {})", fault.sentence, defaults.*fault.member ? "on" : "off"))
                .group("Faults");
    }
    command
        .add_flag("--prepare-vetoes", prepare_vetoes_,
                  "another notifier may refuse MEM_PREPARE_ONLINE, too (since v6.7; no one in the kernel's tree does)")
        .group("Faults");
    command
        .add_flag("--strict-warnings", strict_warnings_,
                  "also a WARN at an error that another notifier's veto has given is a violation (linux-6.12 has one)")
        .group("Faults");
}

void DriverFlags::check() const {
    if (!release_.empty()) static_cast<void>(release_named(release_));
    static_cast<void>(setup(release_named(release_.empty() ? "linux-6.12" : release_)));
}

DriverSource DriverFlags::source(std::string_view release) const {
    DriverSource found;
    std::string tree = source_;
    if (tree.empty()) {
        const std::vector<std::string> folders =
            kernel_folders(release_.empty() ? release : release_named(release_).name);
        for (const std::string& folder : folders) {
            if (is_file(folder + "/drivers/virtio/virtio_mem.c")) {
                tree = folder;
                break;
            }
        }
        if (tree.empty()) {
            throw UserError(
                fmt::format("no source of {}: './run kernel' gets it, or name a tree with --source (looked in {})",
                            release_.empty() ? release : release_, join(folders, ", ")));
        }
    }
    std::string driver;
    if (is_file(tree)) {
        // drivers/virtio/virtio_mem.c of a tree, or a file anywhere with its interface named.
        driver = tree;
        tree = (fs::absolute(driver).parent_path() / ".." / "..").lexically_normal().string();
    }
    std::optional<int> version;
    if (driver.empty() || interface_.empty()) {
        auto read = conformance::find_source(tree);
        if (auto* tree_found = std::get_if<conformance::SourceTree>(&read)) {
            found.driver = tree_found->driver;
            found.interface = tree_found->interface;
            version = tree_found->kernel_version;
        } else if (driver.empty() || !is_file(tree + "/include/uapi/linux/virtio_mem.h")) {
            std::string message = printable(std::get<conformance::PluginProblem>(read).message);
            if (!driver.empty()) message += "; --interface names the virtio_mem.h of include/uapi/linux to go with it";
            throw UserError(message);
        } else {
            found.interface = tree + "/include/uapi/linux/virtio_mem.h";
        }
    }
    if (!driver.empty()) found.driver = driver;
    if (!interface_.empty()) found.interface = interface_;
    found.release = !release_.empty() ? release_named(release_) : release_of_version(version.value_or(612));
    found.kernel_version = !release_.empty() || !version ? version_of(found.release) : *version;
    return found;
}

DriverSetup DriverFlags::setup(const bbm::Release& release) const {
    DriverSetup setup;
    setup.release = release;
    if (mode_ != "bbm" && mode_ != "sbm")
        throw UserError(fmt::format("--driver-mode is bbm or sbm, not {}", quote(mode_)));
    setup.mode = mode_ == "bbm" ? DriverMode::bbm : DriverMode::sbm;
    if (setup.mode == DriverMode::sbm) setup.page_blocks = 2;
    for (const Number& number : numbers_) {
        if (number.flag.given()) setup.*number.member = bound_value("--" + number.name, number.value, false);
    }
    setup.requests = {setup.units(), 0};
    if (!requests_.empty()) {
        setup.requests.clear();
        std::istringstream list(requests_);
        std::string item;
        while (std::getline(list, item, ',')) setup.requests.push_back(bound_value("--requests", item, false));
        if (setup.requests.size() > 32) throw UserError("--requests has at most 32 sizes");
    }
    setup.auto_online = auto_online_named("--auto-online", auto_online_);
    if (setup.auto_online == bbm::AutoOnline::any) throw UserError("--auto-online is off, kernel or movable here");
    setup.safe_unplug = on("--safe-unplug", safe_unplug_);
    setup.unplug_online = on("--unplug-online", unplug_online_);
    setup.threshold_bites = threshold_bites_;
    setup.strict_warnings = strict_warnings_;
    setup.entry_points = entry_points_;
    setup.prepare_vetoes = prepare_vetoes_;
    std::size_t i = 0;
    for (const bbm::FaultInfo& fault : bbm::fault_infos()) {
        if (fault.name == "leftovers") continue;
        if (faults_.size() > i && faults_[i].flag.given()) setup.kinds.*fault.member = faults_[i].value;
        ++i;
    }
    if (const auto wrong = conformance::problem(setup)) throw UserError("impossible machine: " + *wrong);
    return setup;
}

}  // namespace vmemcheck::cli
