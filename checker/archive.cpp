// SPDX-License-Identifier: MIT
#include "checker/archive.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "checker/hash.hpp"

namespace vmemcheck::checker {

namespace {

struct Header {
    char magic[8];
    std::uint32_t version;
    std::uint32_t order;  ///< of bytes
};
constexpr Header header{{'v', 'm', 'c', 'k', 'p', 't', '\r', '\n'}, 6, 0x01020304};
constexpr std::uint64_t first_checksum = 0x766d636b70740001ULL;

}  // namespace

std::uint64_t detail::ArchiveFrame::checksum(std::uint32_t size, std::uint64_t before) {
    std::memcpy(words_.data(), &before, sizeof before);
    words_[2] = size;
    constexpr std::uint32_t word = sizeof(std::uint32_t);
    const std::uint32_t words = (size + word - 1) / word;
    std::memset(bytes() + size, 0, std::size_t{words} * word - size);
    return hash_words(words_.data(), static_cast<unsigned>(head + words));
}

ArchiveWriter::ArchiveWriter(const std::string& path)
    : file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)), checksum_(first_checksum) {
    if (file_ < 0) error_ = errno;
    write(&header, sizeof header);
}

ArchiveWriter::~ArchiveWriter() {
    if (file_ >= 0) ::close(file_);
}

void ArchiveWriter::write(const void* bytes, std::size_t count) {
    const char* at = static_cast<const char*>(bytes);
    while (count != 0 && error_ == 0) {
        const ssize_t written = ::write(file_, at, count);
        if (written < 0) {
            if (errno != EINTR) error_ = errno;
            continue;
        }
        at += written;
        count -= static_cast<std::size_t>(written);
    }
}

void ArchiveWriter::flush() {
    checksum_ = frame_.checksum(used_, checksum_);
    write(&used_, sizeof used_);
    write(frame_.bytes(), used_);
    write(&checksum_, sizeof checksum_);
    used_ = 0;
}

void ArchiveWriter::put(const void* bytes, std::size_t count) {
    const auto* at = static_cast<const unsigned char*>(bytes);
    while (count != 0 && error_ == 0) {
        const std::size_t part = std::min(count, frame_.most - used_);
        frame_.fit(used_ + part);
        std::memcpy(frame_.bytes() + used_, at, part);
        at += part;
        count -= part;
        used_ += static_cast<std::uint32_t>(part);
        if (used_ == frame_.most) flush();
    }
}

int ArchiveWriter::finish() {
    if (used_ != 0) flush();
    flush();
    if (error_ == 0 && ::fsync(file_) != 0) error_ = errno;
    if (file_ >= 0 && ::close(std::exchange(file_, -1)) != 0 && error_ == 0) error_ = errno;
    return error_;
}

ArchiveReader::ArchiveReader(std::string path)
    : path_(std::move(path)),
      // A pipe would wait for a writer.
      file_(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)),
      checksum_(first_checksum) {
    struct stat info {};
    try {
        if (file_ < 0 || ::fstat(file_, &info) != 0) refuse(std::strerror(errno));
        if (!S_ISREG(info.st_mode)) refuse("it is not a regular file");
        left_ = static_cast<std::uint64_t>(info.st_size);
        Header found{};
        if (left_ < sizeof found) refuse("it is not a checkpoint");
        read(&found, sizeof found);
        if (std::memcmp(found.magic, header.magic, sizeof found.magic) != 0) refuse("it is not a checkpoint");
        if (found.order != header.order) refuse("it was written on a machine with another order of bytes");
        if (found.version != header.version) {
            refuse("its format is " + std::to_string(found.version) + ", and only " + std::to_string(header.version) +
                   " is known");
        }
    } catch (...) {
        if (file_ >= 0) ::close(file_);
        throw;
    }
}

ArchiveReader::~ArchiveReader() { ::close(file_); }

void ArchiveReader::refuse(const std::string& why) const {
    throw CheckpointError("cannot go on from '" + path_ + "': " + why);
}

void ArchiveReader::damaged(const std::string& what) const { refuse("it is damaged (" + what + ")"); }

void ArchiveReader::read(void* bytes, std::size_t count) {
    if (count > left_) damaged("it ends too early");
    char* at = static_cast<char*>(bytes);
    while (count != 0) {
        const ssize_t got = ::read(file_, at, count);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) refuse(std::strerror(errno));
        if (got == 0) damaged("it ends too early");
        at += got;
        count -= static_cast<std::size_t>(got);
        left_ -= static_cast<std::size_t>(got);
    }
}

void ArchiveReader::next_frame() {
    std::uint32_t size = 0;
    read(&size, sizeof size);
    require(size <= frame_.most, "a length is wrong");
    frame_.fit(size);
    read(frame_.bytes(), size);
    std::uint64_t wanted = 0;
    read(&wanted, sizeof wanted);
    checksum_ = frame_.checksum(size, checksum_);
    require(checksum_ == wanted, "a checksum is wrong");
    size_ = size;
    at_ = 0;
}

void ArchiveReader::get(void* bytes, std::size_t count) {
    auto* at = static_cast<unsigned char*>(bytes);
    while (count != 0) {
        if (at_ == size_) {
            next_frame();
            require(size_ != 0, "something is missing");
        }
        const std::size_t part = std::min<std::size_t>(count, size_ - at_);
        std::memcpy(at, frame_.bytes() + at_, part);
        at += part;
        at_ += static_cast<std::uint32_t>(part);
        count -= part;
    }
}

std::size_t ArchiveReader::length(std::size_t unit) {
    const auto count = value<std::uint64_t>();
    require(count <= remaining() / unit, "a length is wrong");
    return count;
}

std::string ArchiveReader::text() {
    std::string text(length(1), '\0');
    get(text.data(), text.size());
    return text;
}

void ArchiveReader::finish() {
    require(at_ == size_, "there is more in it than there should be");
    next_frame();
    require(size_ == 0 && left_ == 0, "there is more in it than there should be");
}

}  // namespace vmemcheck::checker
