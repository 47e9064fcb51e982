// SPDX-License-Identifier: MIT
/// \file
/// Work that threads share.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "checker/own_lines.hpp"

namespace vmemcheck::checker::detail {

/// Pieces of work, 0 .. count - 1, each done by one of several threads. Each thread begins with a share of its own,
/// which is the same for equal counts: what it wrote the last time is in its cache, and in no other's. One that has
/// done its share helps others.
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
    explicit Shares(unsigned threads) : shares_(threads) {}

    /// Divides anew; not while work is done.
    void divide(std::size_t count, Helps helps) {
        helps_ = helps;
        for (std::size_t i = 0; i < shares_.size(); ++i) {
            shares_[i].begin = begin_of(i, count);
            shares_[i].end = begin_of(i + 1, count);
            shares_[i].next.store(shares_[i].begin, std::memory_order_relaxed);
        }
    }
    /// Calls work(i) for pieces until all are done, or others do the last ones. Each thread is to call this once.
    template <class Work>
    void do_share(unsigned thread, Work&& work) {
        const std::size_t count = shares_.size();
        const std::size_t helped = helps_ == Helps::all ? count : count - thread;
        for (std::size_t i = 0; i < helped; ++i) {
            Share& share = shares_[(thread + i) % count];
            for (;;) {
                const std::size_t piece = share.next.fetch_add(1, std::memory_order_relaxed);
                if (piece >= share.end) break;
                work(piece);
            }
        }
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
    };

    [[nodiscard]] std::size_t begin_of(std::size_t share, std::size_t count) const {
        const std::size_t threads = shares_.size();
        if (helps_ == Helps::all) return count * share / threads;
        // Earlier by a fifth of how much is still to come: of two threads, neither waits if the first is the slower one
        // by a fifth.
        constexpr std::size_t fifths = 5;
        return count * share * (fifths * threads - (threads - share)) / (fifths * threads * threads);
    }

    std::vector<Share> shares_;
    Helps helps_ = Helps::all;
};

}  // namespace vmemcheck::checker::detail
