// SPDX-License-Identifier: MIT
#include "checker/block.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>

namespace vmemcheck::checker {

namespace {

/// A file without a name, or -1.
int nameless_file(const std::string& folder) {
#ifdef O_TMPFILE
    const int file = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) return file;
#endif
    std::string name = folder + "/vmemcheck-XXXXXX";
    const int named = ::mkstemp(name.data());
    if (named >= 0) ::unlink(name.c_str());
    return named;
}

}  // namespace

bool Block::map(std::size_t bytes) {
    const int file = nameless_file(budget_->folder());
    int error = file < 0 ? errno : 0;
    void* data = MAP_FAILED;
    // A page that the disk has no room for would end the program when it is written.
    if (error == 0) error = ::posix_fallocate(file, 0, static_cast<off_t>(bytes));
    if (error == 0) {
        data = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (data == MAP_FAILED) error = errno;
    }
    if (file >= 0) ::close(file);
    if (error != 0) {
        budget_->note_disk_error(error);
        return false;
    }
    data_ = static_cast<unsigned char*>(data);
    return true;
}

bool Block::allocate(std::size_t bytes, MemoryBudget& budget) {
    reset();
    budget_ = &budget;
    in_file_ = !budget.folder().empty() && bytes >= least_in_file;
    if (in_file_) {
        if (!map(bytes)) return false;
        budget.take_on_disk(bytes);
    } else {
        if (!budget.take(bytes)) return false;
        const std::size_t words = (bytes + sizeof(std::uint32_t) - 1) / sizeof(std::uint32_t);
        if (!words_.allocate(words, true)) {
            budget.give_back(bytes);
            return false;
        }
        data_ = reinterpret_cast<unsigned char*>(words_.data());
    }
    bytes_ = bytes;
    return true;
}

void Block::reset() {
    if (data_ == nullptr) return;
    if (in_file_) {
        ::munmap(data_, bytes_);
        budget_->give_back_on_disk(bytes_);
    } else {
        words_.reset();
        budget_->give_back(bytes_);
    }
    data_ = nullptr;
    bytes_ = 0;
}

void Block::swap(Block& other) noexcept {
    std::swap(words_, other.words_);
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    std::swap(in_file_, other.in_file_);
    std::swap(budget_, other.budget_);
}

}  // namespace vmemcheck::checker
