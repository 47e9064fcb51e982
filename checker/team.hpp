// SPDX-License-Identifier: MIT
/// \file
/// Threads that work together.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace vmemcheck::checker {

/// A fixed number of threads, the caller's being one of them, that run the same function at the same time.
class Team {
 public:
    /// \param size threads, at least 1. If the system gives fewer, the team is smaller.
    explicit Team(unsigned size);
    ~Team();
    Team(const Team&) = delete;
    Team& operator=(const Team&) = delete;

    [[nodiscard]] unsigned size() const { return static_cast<unsigned>(threads_.size()) + 1; }

    /// Runs work(0) here and work(1) .. work(size() - 1) on the other threads; returns when all have returned. What one
    /// wrote all see afterwards. work must not throw.
    void run(const std::function<void(unsigned)>& work);

 private:
    void follow(unsigned number);

    std::vector<std::thread> threads_;
    std::mutex mutex_;
    std::condition_variable begin_;
    std::condition_variable done_;
    const std::function<void(unsigned)>* work_ = nullptr;
    std::atomic<std::uint64_t> round_ = 0;  ///< changed under the mutex, looked at without
    std::atomic<unsigned> working_ = 0;     ///< threads that are not done; the same
    bool end_ = false;
};

}  // namespace vmemcheck::checker
