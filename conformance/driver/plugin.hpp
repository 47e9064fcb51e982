// SPDX-License-Identifier: MIT
/// \file
/// A driver's source, compiled against the shim and loaded: its functions, its variables, its names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "conformance/driver/address_sanitizer.hpp"
#include "conformance/driver/shim/abi.h"

namespace vmemcheck::conformance {

/// What to compile.
struct PluginSource {
    std::string driver;        ///< file name of virtio_mem.c
    std::string interface;     ///< file name of include/uapi/linux/virtio_mem.h
    int kernel_version = 612;  ///< 601 for 6.1
    std::string build_folder;  ///< where the shared object is made; must exist
    bool coverage = false;     ///< count lines, for gcov
    std::string compiler = "gcc";
    /// Let AddressSanitizer see the driver's accesses, if this program has it.
    bool address_sanitizer = VMEMCHECK_ADDRESS_SANITIZER != 0;
};

/// Something is wrong with the source, the compiler, or the shared object: one message, lines of the compiler's after
/// it.
struct PluginProblem {
    std::string message;
};

/// A piece of the driver's memory: its variables.
struct PluginData {
    std::byte* begin = nullptr;
    std::size_t size = 0;
};

class Plugin {
 public:
    /// Compiles and loads a driver.
    [[nodiscard]] static std::variant<std::unique_ptr<Plugin>, PluginProblem> build(const PluginSource& source);
    Plugin(const Plugin&) = delete;
    Plugin& operator=(const Plugin&) = delete;
    ~Plugin();

    [[nodiscard]] const shim_plugin& functions() const { return *functions_; }
    /// The driver's variables as they are, and as they were when it was loaded.
    [[nodiscard]] std::span<const PluginData> data() const { return data_; }
    [[nodiscard]] std::size_t data_bytes() const { return initial_.size(); }
    /// Copies all variables, one after the other. \param to of data_bytes()
    void save_data(std::byte* to) const;
    void restore_data(const std::byte* from);
    void reset_data() { restore_data(initial_.data()); }

    /// Name of the function an address is in; empty if none.
    [[nodiscard]] std::string_view function_at(const void* address) const;
    /// File and line that a code address is of, "virtio_mem.c:123"; empty if unknown. Asks addr2line, and remembers.
    /// \param address a return address: the call is before it
    [[nodiscard]] std::string line_of(const void* address) const;
    /// Whether an address is in one of the driver's variables or constants.
    [[nodiscard]] bool contains(const void* address) const;
    /// Whether an address is in a variable.
    [[nodiscard]] bool is_variable(const void* address) const;
    /// Whether an address is one of gcov's.
    [[nodiscard]] bool is_counter(const void* address) const;
    /// Sets a module parameter, if the driver has it. \return whether it has
    bool set_parameter(std::string_view name, std::uint64_t value);
    [[nodiscard]] bool has_parameter(std::string_view name) const;

    [[nodiscard]] const PluginSource& source() const { return source_; }
    /// Where gcov finds its notes.
    [[nodiscard]] const std::string& object() const { return object_; }
    /// The lines of the driver's source that, once the shim's macros are replaced, call the machine. Asks the
    /// preprocessor; empty if it cannot be run.
    [[nodiscard]] std::set<int> lines_with_points() const;
    /// Writes what gcov counts to its file, and begins to count anew.
    void dump_coverage();

 private:
    Plugin() = default;
    [[nodiscard]] std::optional<std::string> load(const std::string& file);
    [[nodiscard]] std::optional<std::string> read_symbols(const std::string& file);

    struct Function {
        std::uintptr_t begin, end;
        std::string name;
    };
    PluginSource source_;
    std::string object_;
    void* handle_ = nullptr;
    std::uintptr_t base_ = 0, end_ = 0;
    const shim_plugin* functions_ = nullptr;
    std::vector<PluginData> data_, not_ours_;
    std::vector<std::byte> initial_;
    std::vector<Function> symbols_;
    mutable std::map<std::uintptr_t, std::string> lines_;
};

/// What an unmodified source tree says of itself.
struct SourceTree {
    std::string driver, interface;
    std::optional<int> kernel_version;  ///< of its Makefile: 601, 612; nothing if there is none
};
/// Finds the two files in a kernel tree, or says what is missing.
[[nodiscard]] std::variant<SourceTree, PluginProblem> find_source(const std::string& tree);

}  // namespace vmemcheck::conformance
