// SPDX-License-Identifier: MIT
#include "cli/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "cli/error.hpp"
#include "cli/text.hpp"

namespace vmemcheck::cli {

namespace {

/// A file descriptor that closes itself.
class Descriptor {
 public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] bool valid() const { return fd_ >= 0; }
    /// Closes now; false if that failed, which may be how a failed write shows.
    bool close() {
        const int fd = fd_;
        fd_ = -1;
        return ::close(fd) == 0;
    }

 private:
    int fd_;
};

/// A temporary file beside a target; removed again unless it was given the target's name.
class Temporary {
 public:
    explicit Temporary(const std::string& target)
        : target_(target), name_(target + ".XXXXXX"), fd_(::mkstemp(name_.data())), error_(errno) {}
    ~Temporary() {
        if (fd_ < 0) return;
        if (!closed_) ::close(fd_);
        if (!kept_) ::unlink(name_.c_str());
    }
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;

    [[nodiscard]] bool valid() const { return fd_ >= 0; }
    [[nodiscard]] int error() const { return error_; }
    [[nodiscard]] int get() const { return fd_; }
    bool close() {
        closed_ = true;
        return ::close(fd_) == 0;
    }
    bool keep() { return kept_ = ::rename(name_.c_str(), target_.c_str()) == 0; }

 private:
    std::string target_;
    std::string name_;
    int fd_;
    int error_;
    bool closed_ = false;
    bool kept_ = false;
};

[[noreturn]] void fail(std::string_view what, const std::string& path, int error) {
    throw UserError(fmt::format("cannot {} {}: {}", what, quote(path), std::strerror(error)));
}

bool write_all(int fd, std::string_view content) {
    while (!content.empty()) {
        const ssize_t written = ::write(fd, content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

/// Where writing to a path ends up.
struct Target {
    std::string path;      ///< symbolic links followed
    bool special = false;  ///< a device or pipe
    mode_t mode = 0666;    ///< permissions for the new file
};

Target target_of(const std::string& path) {
    if (path.empty()) throw UserError("cannot write to '': the name is empty");
    Target target{path, false, 0666};
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) {
        if (errno != ENOENT) fail("write", path, errno);
        if (path.back() == '/') fail("write", path, EISDIR);
        if (::lstat(path.c_str(), &info) == 0) fail("write", path, ENOENT);  // a link to nowhere
        const mode_t mask = ::umask(0);
        ::umask(mask);
        target.mode = 0666 & ~mask;
        return target;
    }
    if (S_ISDIR(info.st_mode)) fail("write", path, EISDIR);
    target.special = !S_ISREG(info.st_mode);
    target.mode = info.st_mode & 07777;
    std::error_code error;
    const auto canonical = std::filesystem::canonical(path, error);
    if (!error && !target.special) target.path = canonical.string();
    if (::access(path.c_str(), W_OK) != 0) fail("write", path, errno);
    return target;
}

}  // namespace

std::string read_file(const std::string& path) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.valid()) fail("read", path, errno);
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) fail("read", path, errno);
    if (S_ISDIR(info.st_mode)) fail("read", path, EISDIR);
    const auto too_large = [&](const std::string& size) {
        throw UserError(
            fmt::format("cannot read {}: the file is too large ({}; at most 64 MiB are read)", quote(path), size));
    };
    if (S_ISREG(info.st_mode) && static_cast<std::size_t>(info.st_size) > max_input_bytes) {
        too_large(grouped(static_cast<std::size_t>(info.st_size)) + " bytes");
    }
    std::string content;
    constexpr std::size_t piece = std::size_t{1} << 18;
    for (;;) {
        const std::size_t have = content.size();
        content.resize(have + piece);
        const ssize_t got = ::read(file.get(), content.data() + have, piece);
        const int error = errno;
        content.resize(have + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        if (got < 0 && error == EINTR) continue;
        if (got < 0) fail("read", path, error);
        if (got == 0) return content;
        if (content.size() > max_input_bytes) too_large("more than that");
    }
}

void check_writable(const std::string& path) {
    const Target target = target_of(path);
    if (target.special) return;
    const Temporary probe(target.path);
    if (!probe.valid()) fail("write", path, probe.error());
}

void check_writable_directory(const std::string& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) fail("write to directory", path, errno);
    if (!S_ISDIR(info.st_mode)) fail("write to directory", path, ENOTDIR);
    const Temporary probe(path_in(path, ".vmemcheck"));
    if (!probe.valid()) fail("write to directory", path, probe.error());
}

void write_file(const std::string& path, std::string_view content) {
    write_pieces(path, [&](const auto& put) { put(content); });
}

void write_pieces(const std::string& path,
                  const std::function<void(const std::function<void(std::string_view)>& put)>& produce) {
    const Target target = target_of(path);
    const auto put_to = [&path](int file) {
        return [&path, file](std::string_view piece) {
            if (!write_all(file, piece)) fail("write", path, errno);
        };
    };
    if (target.special) {
        Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
        if (!file.valid()) fail("write", path, errno);
        produce(put_to(file.get()));
        if (!file.close()) fail("write", path, errno);
        return;
    }
    Temporary file(target.path);
    if (!file.valid()) fail("write", path, file.error());
    produce(put_to(file.get()));
    const bool written = ::fchmod(file.get(), target.mode) == 0 && file.close();
    if (!written || !file.keep()) fail("write", path, errno);
}

bool is_directory(const std::string& path) {
    std::error_code error;
    return std::filesystem::is_directory(path, error);
}

std::string path_in(const std::string& directory, const std::string& name) {
    if (directory.empty() || directory == ".") return name;
    return directory.back() == '/' ? directory + name : directory + '/' + name;
}

}  // namespace vmemcheck::cli
