// SPDX-License-Identifier: MIT
#include "conformance/driver/plugin.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "conformance/driver/shim_files.hpp"

namespace vmemcheck::conformance {

namespace fs = std::filesystem;

namespace {

std::string error_text() { return std::generic_category().message(errno); }

std::optional<std::string> read_file(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return std::nullopt;
    std::ostringstream text;
    text << in.rdbuf();
    if (!in.good() && !in.eof()) return std::nullopt;
    return std::move(text).str();
}

bool write_file(const fs::path& path, std::string_view text) {
    std::ofstream out(path, std::ios::binary);
    out << text;
    out.close();
    return !out.fail();
}

/// The headers that a source asks for; all of them are empty here (kernel.h stands for them), but for the device's
/// interface, which includes some in turn.
void add_includes(const std::string& text, std::set<std::string>& names) {
    static const std::regex include(R"(^[ \t]*#[ \t]*include[ \t]*[<"]([A-Za-z0-9_./-]+)[>"])",
                                    std::regex::ECMAScript | std::regex::multiline);
    for (std::sregex_iterator it(text.begin(), text.end(), include), end; it != end; ++it) names.insert((*it)[1]);
}

/// Makes the folder in which the driver is compiled: the shim, and a file for each header asked for.
std::optional<std::string> prepare(const PluginSource& source, const fs::path& folder) {
    const auto driver = read_file(source.driver);
    if (!driver) return source.driver + ": cannot read it: " + error_text();
    const auto interface = read_file(source.interface);
    if (!interface) return source.interface + ": cannot read it: " + error_text();
    std::set<std::string> headers;
    add_includes(*driver, headers);
    add_includes(*interface, headers);
    std::error_code error;
    bool written = true;
    for (const ShimFile& part : shim_files()) {
        fs::create_directories((folder / part.name).parent_path(), error);
        written = written && write_file(folder / part.name, part.text);
    }
    for (const std::string& name : headers) {
        const fs::path file = (folder / "include" / name).lexically_normal();
        if (name.find("..") != std::string::npos || fs::path(name).is_absolute()) continue;
        fs::create_directories(file.parent_path(), error);
        std::string text;
        if (name == "linux/virtio_mem.h") text = "#include \"" + fs::absolute(source.interface).string() + "\"\n";
        written = written && write_file(file, text);
    }
    if (!written) return folder.string() + ": cannot write there: " + error_text();
    return std::nullopt;
}

/// Runs a program with its messages going to a file. \return its exit status, or -1 if it could not be run
int run(const std::vector<std::string>& words, const fs::path& messages) {
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (const std::string& word : words)
        arguments.push_back(
            const_cast<char*>(word.c_str()));  // NOLINT(cppcoreguidelines-pro-type-const-cast): execve's
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, messages.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    pid_t child = 0;
    const int failed = posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) {
        errno = failed;
        return -1;
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/// The compiler's first errors, without the folder they were made in.
std::string first_lines(const fs::path& messages) {
    std::ifstream in(messages);
    std::string line;
    std::string text;
    for (int n = 0; n < 12 && std::getline(in, line); ++n) text += "\n  " + line;
    return text;
}

/// The flags by which the source becomes one with the shim.
std::vector<std::string> shim_flags(const PluginSource& source, const fs::path& folder) {
    return {"-std=gnu11",
            "-w",
            "-I",
            (folder / "include").string(),
            "-I",
            folder.string(),
            "-include",
            "kernel.h",
            "-DSHIM_KERNEL_VERSION=" + std::to_string(source.kernel_version),
            "-DSHIM_DRIVER=\"" + fs::absolute(source.driver).string() + "\""};
}

std::optional<std::string> compile(const PluginSource& source, const fs::path& folder) {
    std::vector<std::string> words{source.compiler, "-O1", "-g", "-fPIC",
                                   // every function of the source is one of the program's, with its arguments where
                                   // the ABI has them
                                   "-fno-inline", "-fno-ipa-sra", "-fno-ipa-cp", "-fno-partial-inlining",
                                   "-fno-optimize-sibling-calls", "-fno-strict-aliasing", "-fno-stack-protector",
                                   "-fcf-protection=none", "-fstack-clash-protection", "-fvisibility=hidden",
                                   // and calls us when it begins
                                   "-pg", "-mfentry"};
    // Each access to memory calls us, or AddressSanitizer where this program is built with it.
    words.emplace_back(source.address_sanitizer ? "-fsanitize=address" : "-fsanitize=thread");
    if (source.coverage)
        words.insert(words.end(), {"-fprofile-arcs", "-ftest-coverage", "-fprofile-update=atomic", "-DSHIM_COVERAGE"});
    const std::vector<std::string> shim = shim_flags(source, folder);
    words.insert(words.end(), shim.begin(), shim.end());
    words.insert(words.end(), {"-c", "-o", (folder / "driver.o").string(), (folder / "wrapper.c").string()});
    const fs::path messages = folder / "messages";
    const int status = run(words, messages);
    if (status == -1) return source.compiler + ": cannot be run: " + error_text();
    if (status != 0) {
        return source.driver + ": does not compile against the shim of the kernel (" + source.compiler +
               " says):" + first_lines(messages);
    }
    std::vector<std::string> link{source.compiler,
                                  "-shared",
                                  "-Wl,-z,now",
                                  "-o",
                                  (folder / "driver.so").string(),
                                  (folder / "driver.o").string()};
    if (source.coverage) link.emplace_back("--coverage");
    if (run(link, messages) != 0) return source.driver + ": does not link:" + first_lines(messages);
    return std::nullopt;
}

}  // namespace

std::variant<std::unique_ptr<Plugin>, PluginProblem> Plugin::build(const PluginSource& source) {
    std::string pattern = (fs::absolute(source.build_folder) / "driver-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
        return PluginProblem{source.build_folder + ": cannot make a folder there: " + error_text()};
    }
    const fs::path folder = pattern;
    std::unique_ptr<Plugin> plugin(new Plugin);
    plugin->source_ = source;
    plugin->object_ = (folder / "driver.o").string();
    auto problem = prepare(source, folder);
    if (!problem) problem = compile(source, folder);
    if (!problem) problem = plugin->load((folder / "driver.so").string());
    if (problem) {
        std::error_code ignored;
        fs::remove_all(folder, ignored);
        plugin->object_.clear();
        return PluginProblem{*problem};
    }
    return plugin;
}

Plugin::~Plugin() {
    if (handle_ != nullptr) ::dlclose(handle_);
    if (!object_.empty()) {
        std::error_code ignored;
        fs::remove_all(fs::path(object_).parent_path(), ignored);
    }
}

std::optional<std::string> Plugin::load(const std::string& file) {
    handle_ = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle_ == nullptr) return source_.driver + ": cannot be loaded: " + ::dlerror();
    using GetPlugin = const shim_plugin* (*)();
    const auto get = reinterpret_cast<GetPlugin>(::dlsym(handle_, "shim_plugin"));
    if (get == nullptr) return source_.driver + ": has no shim_plugin()";
    functions_ = get();
    link_map* map = nullptr;
    if (::dlinfo(handle_, RTLD_DI_LINKMAP, static_cast<void*>(&map)) != 0) return std::string(::dlerror());
    base_ = map->l_addr;
    if (auto problem = read_symbols(file)) return problem;
    initial_.resize(0);
    std::size_t size = 0;
    for (const PluginData& piece : data_) size += piece.size;
    initial_.resize(size);
    save_data(initial_.data());
    return std::nullopt;
}

std::optional<std::string> Plugin::read_symbols(const std::string& file) {
    const auto text = read_file(file);
    if (!text || text->size() < sizeof(Elf64_Ehdr)) return file + ": cannot be read back";
    const auto* const begin = text->data();
    const auto at = [&]<class T>(std::size_t offset, T& value) {
        if (offset + sizeof(T) > text->size()) return false;
        std::memcpy(&value, begin + offset, sizeof(T));
        return true;
    };
    Elf64_Ehdr header{};
    at(0, header);
    std::vector<Elf64_Shdr> sections(header.e_shnum);
    for (std::size_t i = 0; i < sections.size(); ++i) {
        if (!at(header.e_shoff + i * sizeof(Elf64_Shdr), sections[i])) return file + ": is truncated";
        if ((sections[i].sh_flags & SHF_ALLOC) != 0)
            end_ = std::max(end_, base_ + sections[i].sh_addr + sections[i].sh_size);
    }
    for (const Elf64_Shdr& table : sections) {
        if (table.sh_type != SHT_SYMTAB || table.sh_link >= sections.size()) continue;
        const Elf64_Shdr& names = sections[table.sh_link];
        for (std::size_t offset = 0; offset + sizeof(Elf64_Sym) <= table.sh_size; offset += sizeof(Elf64_Sym)) {
            Elf64_Sym symbol{};
            if (!at(table.sh_offset + offset, symbol)) return file + ": is truncated";
            if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx >= sections.size()) continue;
            const std::size_t name_at = names.sh_offset + symbol.st_name;
            if (name_at >= text->size()) continue;
            const std::string name(begin + name_at);
            const std::uintptr_t address = base_ + symbol.st_value;
            if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC) {
                symbols_.push_back({address, address + symbol.st_size, name});
            } else if (ELF64_ST_TYPE(symbol.st_info) == STT_OBJECT) {
                // What gcov counts is not the driver's.
                const bool ours = name.rfind("__gcov", 0) == 0 || name.rfind("gcov", 0) == 0 ||
                                  name.rfind("completed", 0) == 0 || name.rfind("shim_param_", 0) == 0 ||
                                  name == "shim_host" || name.rfind("plugin.", 0) == 0;
                const bool writable = (sections[symbol.st_shndx].sh_flags & SHF_WRITE) != 0;
                if (writable && symbol.st_size > 0)
                    // NOLINTNEXTLINE(performance-no-int-to-ptr): a symbol of the plugin
                    (ours ? not_ours_ : data_).push_back({reinterpret_cast<std::byte*>(address), symbol.st_size});
            }
        }
    }
    std::sort(symbols_.begin(), symbols_.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
    return std::nullopt;
}

void Plugin::save_data(std::byte* to) const {
    for (const PluginData& piece : data_) {
        std::memcpy(to, piece.begin, piece.size);
        to += piece.size;
    }
}

void Plugin::restore_data(const std::byte* from) {
    for (const PluginData& piece : data_) {
        std::memcpy(piece.begin, from, piece.size);
        from += piece.size;
    }
}

std::string_view Plugin::function_at(const void* address) const {
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    const auto after = std::upper_bound(symbols_.begin(), symbols_.end(), at,
                                        [](std::uintptr_t a, const Function& f) { return a < f.begin; });
    if (after == symbols_.begin()) return {};
    const Function& function = *std::prev(after);
    return at < function.end ? std::string_view(function.name) : std::string_view();
}

std::string Plugin::line_of(const void* address) const {
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    if (!contains(address)) return {};
    const auto known = lines_.find(at);
    if (known != lines_.end()) return known->second;
    const fs::path folder = fs::path(object_).parent_path();
    std::ostringstream offset;
    offset << std::hex << at - base_ - 1;
    const fs::path answer = folder / "line";
    std::string& line = lines_[at];
    if (run({"addr2line", "-s", "-e", (folder / "driver.so").string(), offset.str()}, answer) == 0) {
        // "virtio_mem.c:123 (discriminator 2)", or question marks
        std::ifstream in(answer);
        in >> line;
        if (line.find('?') != std::string::npos) line.clear();
    }
    return line;
}

bool Plugin::contains(const void* address) const {
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    return at >= base_ && at < end_;
}

bool Plugin::is_variable(const void* address) const {
    const auto* const at = static_cast<const std::byte*>(address);
    return std::any_of(data_.begin(), data_.end(),
                       [at](const PluginData& d) { return at >= d.begin && at < d.begin + d.size; });
}

bool Plugin::is_counter(const void* address) const {
    const auto* const at = static_cast<const std::byte*>(address);
    return source_.coverage && std::any_of(not_ours_.begin(), not_ours_.end(), [at](const PluginData& d) {
               return at >= d.begin && at < d.begin + d.size;
           });
}

bool Plugin::has_parameter(std::string_view name) const {
    return std::any_of(functions_->params, functions_->params_end,
                       [name](const shim_param& p) { return name == p.name; });
}

bool Plugin::set_parameter(std::string_view name, std::uint64_t value) {
    const auto* const found = std::find_if(functions_->params, functions_->params_end,
                                           [name](const shim_param& p) { return name == p.name; });
    if (found == functions_->params_end) return false;
    std::memcpy(found->value, &value, std::min(found->size, sizeof(value)));
    return true;
}

std::set<int> Plugin::lines_with_points() const {
    const fs::path folder = fs::path(object_).parent_path();
    const fs::path text = folder / "driver.i";
    std::vector<std::string> words{source_.compiler, "-E"};
    const std::vector<std::string> shim = shim_flags(source_, folder);
    words.insert(words.end(), shim.begin(), shim.end());
    words.insert(words.end(), {"-o", text.string(), (folder / "wrapper.c").string()});
    std::set<int> lines;
    if (run(words, folder / "messages") != 0) return lines;
    const std::string driver = fs::absolute(source_.driver).string();
    static const std::regex marker(R"re(# ([0-9]{1,7}) "([^"]*)".*)re");
    static const std::regex call(R"(shim_host->[a-z_]+\()");
    std::ifstream in(text);
    std::string line;
    bool inside = false;
    for (int number = 0; std::getline(in, line); ++number) {
        std::smatch match;
        if (line.starts_with("# ") && std::regex_match(line, match, marker)) {
            inside = match[2] == driver;
            number = std::stoi(match[1]) - 1;
        } else if (inside && std::regex_search(line, call)) {
            lines.insert(number);
        }
    }
    return lines;
}

void Plugin::dump_coverage() {
    if (functions_->dump_coverage == nullptr) return;
    functions_->dump_coverage();
    functions_->reset_coverage();
}

std::variant<SourceTree, PluginProblem> find_source(const std::string& tree) {
    SourceTree found;
    found.driver = tree + "/drivers/virtio/virtio_mem.c";
    found.interface = tree + "/include/uapi/linux/virtio_mem.h";
    for (const std::string& file : {found.driver, found.interface}) {
        std::error_code error;
        if (!fs::is_regular_file(file, error))
            return PluginProblem{std::string(tree).append(": is no kernel source tree: it has no ").append(file)};
    }
    if (const auto makefile = read_file(tree + "/Makefile")) {
        std::smatch version;
        std::smatch level;
        static const std::regex is_version(R"((?:^|\n)VERSION[ \t]*=[ \t]*([0-9]{1,3})\b)");
        static const std::regex is_level(R"((?:^|\n)PATCHLEVEL[ \t]*=[ \t]*([0-9]{1,3})\b)");
        if (std::regex_search(*makefile, version, is_version) && std::regex_search(*makefile, level, is_level)) {
            found.kernel_version = std::stoi(version[1]) * 100 + std::stoi(level[1]);
        }
    }
    return found;
}

}  // namespace vmemcheck::conformance
