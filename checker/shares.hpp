// SPDX-License-Identifier: MIT
/// \file
/// Work that threads share.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "checker/own_lines.hpp"

namespace vmemcheck::checker::detail {

/// Pieces of work, 0 .. count - 1, each done by one of several threads. Each thread begins with a share of its own,
/// which is nearly the same for equal counts: what it wrote the last time is in its cache, and in no other's. One that
/// has done its share helps others. Shares are as large as threads were fast, as one of two cores may be half as
/// fast again: they become so in some tens of divisions.
class Shares {
 public:
    /// Whom a thread helps.
    enum class Helps : std::uint8_t {
        all,
        /// Those whose shares come after its own, so the pieces that it does have rising numbers. Later shares are
        /// larger, as more threads help with them.
        later,
    };

    /// \param threads at least 1
    Shares(unsigned threads, Helps helps)
        : helps_(helps), shares_(threads), speeds_(threads, 1.0 / static_cast<double>(threads)) {}

    /// Divides anew; not while work is done.
    void divide(std::size_t count) {
        double before = 0;
        std::size_t begin = 0;
        for (std::size_t i = 0; i < shares_.size(); ++i) {
            Share& share = shares_[i];
            before += speeds_[i];
            share.begin = begin;
            share.end = begin = i + 1 == shares_.size() ? count : std::max(begin, end_of(before, count));
            share.next.store(share.begin, std::memory_order_relaxed);
        }
    }
    /// Calls work(i) for pieces until all are done, or others do the last ones. Each thread is to call this once.
    template <class Work>
    void do_share(unsigned thread, Work&& work) {
        const std::size_t count = shares_.size();
        const std::size_t helped = helps_ == Helps::all ? count : count - thread;
        std::size_t done = 0;
        const auto begin = std::chrono::steady_clock::now();
        for (std::size_t i = 0; i < helped; ++i) {
            Share& share = shares_[(thread + i) % count];
            for (;;) {
                const std::size_t piece = share.next.fetch_add(1, std::memory_order_relaxed);
                if (piece >= share.end) break;
                work(piece);
                ++done;
            }
        }
        note(thread, done, std::chrono::steady_clock::now() - begin);
    }
    /// Takes note of how many pieces a thread did, and how long that took. do_share() does so.
    void note(unsigned thread, std::size_t done, std::chrono::nanoseconds took) {
        // A clock may stand still meanwhile.
        shares_[thread].speed =
            static_cast<double>(done) / static_cast<double>(std::max<std::int64_t>(1, took.count()));
    }
    /// Takes into account how fast threads were the last time. To be called if all worked at the same time.
    void learn() {
        // Slowly, as a thread may have been kept from its work; and none is given up, as it would not come back.
        constexpr double weight = 1.0 / 16;
        const double least = 0.25 / static_cast<double>(shares_.size());
        double all = 0;
        for (const Share& share : shares_) {
            if (share.speed == 0) return;  // there was nothing left for it
            all += share.speed;
        }
        double sum = 0;
        for (std::size_t i = 0; i < shares_.size(); ++i) {
            speeds_[i] = std::max(least, speeds_[i] + (shares_[i].speed / all - speeds_[i]) * weight);
            sum += speeds_[i];
        }
        for (double& speed : speeds_) speed /= sum;
    }
    /// Calls visit(begin, end) for each share.
    template <class Visit>
    void for_each(Visit&& visit) const {
        for (const Share& share : shares_) visit(share.begin, share.end);
    }

 private:
    struct alignas(line_bytes) Share {
        std::atomic<std::size_t> next = 0;
        std::size_t begin = 0;
        std::size_t end = 0;
        double speed = 0;  ///< of its thread, the last time: pieces a nanosecond
    };

    /// Where the shares end of threads that are so fast, 1 being all.
    [[nodiscard]] std::size_t end_of(double speed, std::size_t count) const {
        // Those that others help end earlier, by a tenth of how much is still to come.
        const double part = helps_ == Helps::all ? speed : speed * (1 - (1 - speed) / 10);
        return std::min(count, static_cast<std::size_t>(std::llround(part * static_cast<double>(count))));
    }

    Helps helps_;
    std::vector<Share> shares_;
    std::vector<double> speeds_;  ///< of each thread; their sum is 1
};

}  // namespace vmemcheck::checker::detail
