// SPDX-License-Identifier: MIT
#include "checker/team.hpp"

#include <chrono>
#include <system_error>

namespace vmemcheck::checker {

namespace {

/// How long a thread looks for more work, or for the end of it, before it sleeps. One that sleeps between two phases of
/// a round is woken late, and on the core of the one that wakes it, and may be kept there for the whole phase: then the
/// two never run side by side.
constexpr std::chrono::milliseconds patience{1};

/// Looks for it so long.
template <class Come>
void look_for(Come&& come) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!come() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
}

}  // namespace

Team::Team(unsigned size) {
    try {
        for (unsigned i = 1; i < size; ++i) threads_.emplace_back([this, i] { follow(i); });
    } catch (const std::system_error&) {
        // The threads there are do the work.
    }
}

Team::~Team() {
    {
        const std::lock_guard lock(mutex_);
        end_ = true;
    }
    begin_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

void Team::run(const std::function<void(unsigned)>& work) {
    if (!threads_.empty()) {
        const std::lock_guard lock(mutex_);
        work_ = &work;
        working_ = static_cast<unsigned>(threads_.size());
        ++round_;
    }
    begin_.notify_all();
    work(0);
    if (threads_.empty()) return;
    look_for([this] { return working_ == 0; });
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return working_ == 0; });
}

void Team::follow(unsigned number) {
    std::uint64_t seen = 0;
    for (;;) {
        look_for([&] { return round_ != seen; });
        std::unique_lock lock(mutex_);
        begin_.wait(lock, [&] { return end_ || round_ != seen; });
        if (end_) return;
        seen = round_;
        const auto* const work = work_;
        lock.unlock();
        (*work)(number);
        lock.lock();
        if (--working_ == 0) done_.notify_one();
    }
}

}  // namespace vmemcheck::checker
