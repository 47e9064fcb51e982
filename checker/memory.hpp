// SPDX-License-Identifier: MIT
/// \file
/// Large blocks of memory, and what the process has used.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <utility>

namespace vmemcheck::checker {

namespace detail {

/// Frees what Words allocated.
struct FreeWords {
    std::align_val_t alignment{1};
    void operator()(std::uint32_t* block) const;
};

}  // namespace detail

/// A block of 32-bit words. Large blocks ask the system for huge pages: lookups in a table of states are random, and
/// with small pages each would miss the TLB as well as the cache.
class Words {
 public:
    /// Replaces what is held. \return false if there is no memory; nothing is held then
    bool allocate(std::size_t count, bool zeroed);
    void reset() {
        data_.reset();
        count_ = 0;
    }
    [[nodiscard]] std::uint32_t* data() const { return data_.get(); }
    [[nodiscard]] std::size_t bytes() const { return count_ * sizeof(std::uint32_t); }

 private:
    std::unique_ptr<std::uint32_t, detail::FreeWords> data_;
    std::size_t count_ = 0;
};

/// Has the system give the pages that lie between `begin` and `begin + bytes` at once, which takes a fraction of what
/// it takes to give each when it is first written to. For memory that is going to be written soon, all of it. A hint.
void ask_for_pages(void* begin, std::size_t bytes);

/// Memory taken by the parts of a search, and its limit; with a folder, what lies in files there, which the limit does
/// not bound. Threads may share it.
class MemoryBudget {
 public:
    /// \param limit in bytes, 0: none
    /// \param folder for files; empty: there are none
    explicit MemoryBudget(std::size_t limit = 0, std::string folder = {}) : limit_(limit), folder_(std::move(folder)) {}

    /// Takes so much, unless that is over the limit.
    [[nodiscard]] bool take(std::size_t bytes) {
        const std::size_t now = used_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
        if (limit_ != 0 && now > limit_) {
            give_back(bytes);
            return false;
        }
        raise(peak_, now);
        return true;
    }
    void give_back(std::size_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }

    void take_on_disk(std::size_t bytes) {
        raise(peak_on_disk_, on_disk_.fetch_add(bytes, std::memory_order_relaxed) + bytes);
    }
    void give_back_on_disk(std::size_t bytes) { on_disk_.fetch_sub(bytes, std::memory_order_relaxed); }
    /// There was no room in the folder, or something else is wrong with it. \param error an errno
    void note_disk_error(int error) { disk_error_.store(error, std::memory_order_relaxed); }

    [[nodiscard]] const std::string& folder() const { return folder_; }
    [[nodiscard]] std::size_t on_disk() const { return on_disk_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::size_t peak_on_disk() const { return peak_on_disk_.load(std::memory_order_relaxed); }
    /// The errno noted last, or 0.
    [[nodiscard]] int disk_error() const { return disk_error_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::size_t limit() const { return limit_; }
    [[nodiscard]] std::size_t used() const { return used_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::size_t peak() const { return peak_.load(std::memory_order_relaxed); }

 private:
    static void raise(std::atomic<std::size_t>& peak, std::size_t now) {
        std::size_t before = peak.load(std::memory_order_relaxed);
        while (now > before && !peak.compare_exchange_weak(before, now, std::memory_order_relaxed)) {
        }
    }

    std::size_t limit_;
    std::string folder_;
    std::atomic<std::size_t> used_{0};
    std::atomic<std::size_t> peak_{0};
    std::atomic<std::size_t> on_disk_{0};
    std::atomic<std::size_t> peak_on_disk_{0};
    std::atomic<int> disk_error_{0};
};

/// The most memory the process has had resident so far, in bytes (getrusage); 0 if unknown.
[[nodiscard]] std::size_t peak_resident_bytes();

}  // namespace vmemcheck::checker
