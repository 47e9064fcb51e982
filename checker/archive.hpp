// SPDX-License-Identifier: MIT
/// \file
/// Files that a search writes for itself and reads again: values one after the other, guarded by checksums.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace vmemcheck::checker {

/// A checkpoint that cannot be gone on with. what() is a whole message: it names the file and what is wrong with it.
class CheckpointError : public std::runtime_error {
 public:
    using std::runtime_error::runtime_error;
};

namespace detail {

/// A piece of an archive as it is checked: what its checksum is of.
class ArchiveFrame {
 public:
    static constexpr std::size_t most = std::size_t{1} << 20;  ///< bytes

    /// Makes room for so many bytes; what is there stays.
    void fit(std::size_t bytes) {
        const std::size_t words = head + (bytes + sizeof(std::uint32_t) - 1) / sizeof(std::uint32_t);
        if (words > words_.size()) words_.resize(words);
    }
    [[nodiscard]] unsigned char* bytes() { return reinterpret_cast<unsigned char*>(words_.data() + head); }
    /// The checksum of the first `size` bytes and of all frames before.
    [[nodiscard]] std::uint64_t checksum(std::uint32_t size, std::uint64_t before);

 private:
    static constexpr std::size_t head = 4;  ///< words: the checksum before, the size
    std::vector<std::uint32_t> words_ = std::vector<std::uint32_t>(head);
};

}  // namespace detail

/// Writes an archive. A header, then frames of at most 1 MiB: length (4 bytes), content, checksum (8 bytes) of it and
/// of everything before; a frame without content ends it. In the byte order of the machine, which the header tells.
class ArchiveWriter {
 public:
    /// \param path made anew. Whatever fails is told by finish().
    explicit ArchiveWriter(const std::string& path);
    ~ArchiveWriter();
    ArchiveWriter(const ArchiveWriter&) = delete;
    ArchiveWriter& operator=(const ArchiveWriter&) = delete;

    void put(const void* bytes, std::size_t count);
    template <class T>
    void value(const T& value) {
        static_assert(std::is_trivially_copyable_v<T>);
        put(&value, sizeof value);
    }
    template <class T>
    void list(std::span<const T> values) {
        static_assert(std::is_trivially_copyable_v<T>);
        value<std::uint64_t>(values.size());
        put(values.data(), values.size_bytes());
    }
    void text(std::string_view text) { list(std::span<const char>(text)); }

    /// Ends the archive; it is on the disk afterwards. \return 0, or the errno of what failed first
    [[nodiscard]] int finish();

 private:
    void flush();
    void write(const void* bytes, std::size_t count);

    int file_;
    int error_ = 0;
    detail::ArchiveFrame frame_;
    std::uint32_t used_ = 0;  ///< bytes of the frame
    std::uint64_t checksum_;
};

/// Reads an archive. Every function throws CheckpointError if the file is not what an ArchiveWriter wrote. Nothing is
/// handed out before its checksum was seen to be right, and no list is longer than the file.
class ArchiveReader {
 public:
    /// \param path of a regular file
    explicit ArchiveReader(std::string path);
    ~ArchiveReader();
    ArchiveReader(const ArchiveReader&) = delete;
    ArchiveReader& operator=(const ArchiveReader&) = delete;

    void get(void* bytes, std::size_t count);
    template <class T>
    [[nodiscard]] T value() {
        static_assert(std::is_trivially_copyable_v<T>);
        T value{};
        get(&value, sizeof value);
        return value;
    }
    /// The length of what follows, in units of so many bytes.
    [[nodiscard]] std::size_t length(std::size_t unit);
    template <class T, class List = std::vector<T>>
    [[nodiscard]] List list() {
        static_assert(std::is_trivially_copyable_v<T>);
        List values(length(sizeof(T)));
        get(values.data(), values.size() * sizeof(T));
        return values;
    }
    [[nodiscard]] std::string text();

    /// Throws unless it holds. \param what of the file is wrong otherwise
    void require(bool holds, const char* what) const {
        if (!holds) [[unlikely]]
            damaged(what);
    }
    /// At least as many bytes as are left.
    [[nodiscard]] std::uint64_t remaining() const { return left_ + size_ - at_; }
    /// To be called when everything was read: the archive has to end here.
    void finish();

 private:
    void read(void* bytes, std::size_t count);
    void next_frame();
    [[noreturn]] void refuse(const std::string& why) const;
    [[noreturn]] void damaged(const std::string& what) const;

    std::string path_;
    int file_;
    std::uint64_t left_ = 0;  ///< bytes of the file that were not read
    detail::ArchiveFrame frame_;
    std::uint32_t size_ = 0;  ///< of the frame
    std::uint32_t at_ = 0;    ///< in it
    std::uint64_t checksum_;
};

}  // namespace vmemcheck::checker
