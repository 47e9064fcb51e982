// SPDX-License-Identifier: MIT
/// \file
/// Threads that work together.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
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
    const std::function<void(unsigned)>* work_ = nullptr;  ///< null: there is none any more
    std::atomic<std::uint32_t> round_ = 0;                 ///< another one when work_ is
    std::atomic<std::uint32_t> working_ = 0;               ///< threads that are not done
};

}  // namespace vmemcheck::checker
