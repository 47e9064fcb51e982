// SPDX-License-Identifier: MIT
#include "checker/team.hpp"

#include <system_error>

namespace vmemcheck::checker {

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
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return working_ == 0; });
}

void Team::follow(unsigned number) {
    std::uint64_t seen = 0;
    std::unique_lock lock(mutex_);
    for (;;) {
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
