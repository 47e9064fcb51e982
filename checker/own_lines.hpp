// SPDX-License-Identifier: MIT
/// \file
/// Memory that one thread writes to, and no other one reads or writes next to.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace vmemcheck::checker {

/// Bytes of a cache line, or of the two that a processor fetches together.
inline constexpr std::size_t line_bytes = 128;

/// Allocates whole cache lines. Of two threads that write to one line, each waits for the other at each write.
template <class T>
class OwnLines {
 public:
    using value_type = T;

    OwnLines() = default;
    template <class U>
    OwnLines(const OwnLines<U>&) {}  // NOLINT(google-explicit-constructor): as allocators are

    [[nodiscard]] T* allocate(std::size_t count) {
        if (count > (~std::size_t{0} - line_bytes) / sizeof(T)) throw std::bad_array_new_length();
        return static_cast<T*>(::operator new (whole_lines(count), std::align_val_t{line_bytes}));
    }
    void deallocate(T* at, std::size_t) noexcept { ::operator delete (at, std::align_val_t{line_bytes}); }

    friend bool operator==(const OwnLines&, const OwnLines&) { return true; }

 private:
    static std::size_t whole_lines(std::size_t count) {
        return (count * sizeof(T) + line_bytes - 1) / line_bytes * line_bytes;
    }
};

/// A vector that shares no cache line with anything else.
template <class T>
using OwnVector = std::vector<T, OwnLines<T>>;

}  // namespace vmemcheck::checker
