// SPDX-License-Identifier: MIT
#include "checker/block.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
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

/// An address far from what the system maps where it likes, and from other blocks: a mapping that becomes longer need
/// not be moved, which costs as much as new pages do in a virtual machine whose pages the host looks after. A hint.
void* address_with_room() {
    if constexpr (sizeof(void*) < sizeof(std::uint64_t)) return nullptr;
    constexpr std::uint64_t first = std::uint64_t{1} << 45;
    constexpr std::uint64_t apart = std::uint64_t{1} << 36;
    constexpr std::uint64_t places = 512;
    static std::atomic<std::uint64_t> blocks = 0;
    const std::uint64_t place = blocks.fetch_add(1, std::memory_order_relaxed) % places;
    return reinterpret_cast<void*>(static_cast<std::uintptr_t>(first + place * apart));  // NOLINT(*-int-to-ptr)
}

}  // namespace

bool Block::map_file(std::size_t bytes, Use use) {
    const int file = nameless_file(budget_->folder());
    int error = file < 0 ? errno : 0;
    void* data = MAP_FAILED;
    // A page that the disk has no room for would end the program when it is written.
    if (error == 0) error = ::posix_fallocate(file, 0, static_cast<off_t>(bytes));
    if (error == 0) {
        data = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (data == MAP_FAILED) error = errno;
    }
    if (error != 0) budget_->note_disk_error(error);
    if (error == 0 && use == Use::grows) {
        file_ = file;
    } else if (file >= 0) {
        ::close(file);
    }
    if (error != 0) return false;
    data_ = static_cast<unsigned char*>(data);
    budget_->take_on_disk(bytes);
    return true;
}

/// Maps memory where it can grow, if nothing is there.
bool Block::map_memory(std::size_t bytes) {
    void* const data = ::mmap(address_with_room(), bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED) return false;
    data_ = static_cast<unsigned char*>(data);
    checker::ask_for_pages(data_, bytes);
    return true;
}

bool Block::allocate(std::size_t bytes, MemoryBudget& budget, Use use) {
    reset();
    budget_ = &budget;
    place_ = Place::words;
    if (use == Use::grows && bytes >= least_moved) place_ = Place::mapping;
    if (!budget.folder().empty() && bytes >= least_in_file) place_ = Place::file;
    if (place_ == Place::file) {
        if (!map_file(bytes, use)) return false;
    } else {
        if (!budget.take(bytes)) return false;
        const std::size_t words = (bytes + sizeof(std::uint32_t) - 1) / sizeof(std::uint32_t);
        if (!(place_ == Place::mapping ? map_memory(bytes) : words_.allocate(words, use != Use::written))) {
            budget.give_back(bytes);
            return false;
        }
        if (place_ == Place::words) data_ = reinterpret_cast<unsigned char*>(words_.data());
    }
    bytes_ = bytes;
    return true;
}

bool Block::grow(std::size_t bytes) {
    if (place_ == Place::words) {
        Block larger;
        if (!larger.allocate(bytes, *budget_, Use::grows)) return false;
        std::memcpy(larger.data_, data_, bytes_);
        swap(larger);
        return true;
    }
    const std::size_t more = bytes - bytes_;
    if (place_ == Place::file) {
        const int error = ::posix_fallocate(file_, 0, static_cast<off_t>(bytes));
        if (error != 0) {
            budget_->note_disk_error(error);
            return false;
        }
    } else if (!budget_->take(more)) {
        return false;
    }
    void* const data = ::mremap(data_, bytes_, bytes, MREMAP_MAYMOVE);
    if (data == MAP_FAILED) {
        if (place_ != Place::file) budget_->give_back(more);
        return false;
    }
    if (place_ == Place::file) budget_->take_on_disk(more);
    data_ = static_cast<unsigned char*>(data);
    bytes_ = bytes;
    if (place_ != Place::file) checker::ask_for_pages(data_ + (bytes - more), more);
    return true;
}

void Block::reset() {
    if (data_ == nullptr) return;
    if (place_ != Place::words) ::munmap(data_, bytes_);
    if (file_ >= 0) ::close(file_);
    words_.reset();
    if (place_ == Place::file) {
        budget_->give_back_on_disk(bytes_);
    } else {
        budget_->give_back(bytes_);
    }
    data_ = nullptr;
    bytes_ = 0;
    file_ = -1;
}

void Block::swap(Block& other) noexcept {
    std::swap(words_, other.words_);
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    std::swap(place_, other.place_);
    std::swap(file_, other.file_);
    std::swap(budget_, other.budget_);
}

}  // namespace vmemcheck::checker
