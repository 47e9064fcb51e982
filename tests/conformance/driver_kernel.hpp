// SPDX-License-Identifier: MIT
// The driver of a kernel tree, for tests: VMEMCHECK_KERNEL_61 and VMEMCHECK_KERNEL_612 name the trees.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <variant>

#include "conformance/driver/machine.hpp"

namespace vmemcheck::conformance::testing_driver {

/// A release with the variable that names its tree.
struct Kernel {
    const char* release;
    const char* variable;
};
inline constexpr Kernel linux_6_1{"linux-6.1", "VMEMCHECK_KERNEL_61"};
inline constexpr Kernel linux_6_12{"linux-6.12", "VMEMCHECK_KERNEL_612"};
inline void PrintTo(const Kernel& kernel, std::ostream* out) { *out << kernel.release; }

/// The tree that the variable names, or where './run kernel' has put it. \return empty if there is none
inline std::string tree_of(const Kernel& kernel) {
    if (const char* const tree = std::getenv(kernel.variable); tree != nullptr) return tree;
    const char* const all = std::getenv("VMEMCHECK_KERNELS");
    const std::string base = all != nullptr ? all : VMEMCHECK_SOURCE_DIR "/build/kernel";
    const std::string tree = base + "/" + kernel.release;
    return std::filesystem::exists(tree + "/drivers/virtio/virtio_mem.c") ? tree : "";
}

/// Compiles a driver. \param driver another file than the tree's, or empty
inline std::unique_ptr<Plugin> build(const Kernel& kernel, const std::string& driver = "") {
    const auto found = find_source(tree_of(kernel));
    if (const auto* const bad = std::get_if<PluginProblem>(&found)) {
        ADD_FAILURE() << bad->message;
        return nullptr;
    }
    const auto& tree = std::get<SourceTree>(found);
    PluginSource source;
    source.driver = driver.empty() ? tree.driver : driver;
    source.interface = tree.interface;
    source.kernel_version = kernel.release == std::string("linux-6.1") ? 601 : 612;
    source.build_folder = testing::TempDir() + "vmemcheck-driver";
    std::filesystem::create_directories(source.build_folder);
    auto built = Plugin::build(source);
    if (const auto* const bad = std::get_if<PluginProblem>(&built)) {
        ADD_FAILURE() << bad->message;
        return nullptr;
    }
    return std::move(std::get<std::unique_ptr<Plugin>>(built));
}

/// The tree's own driver, compiled once.
inline Plugin* plugin(const Kernel& kernel) {
    static std::map<std::string, std::unique_ptr<Plugin>> built;
    auto& one = built[kernel.release];
    if (one == nullptr) one = build(kernel);
    return one.get();
}

inline DriverSetup setup(const Kernel& kernel) {
    DriverSetup made;
    made.release = *bbm::find_release(kernel.release);
    return made;
}

}  // namespace vmemcheck::conformance::testing_driver
