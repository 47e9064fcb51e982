// SPDX-License-Identifier: MIT
#include "checker/memory.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace vmemcheck::checker {

void detail::FreeWords::operator()(std::uint32_t* block) const { ::operator delete(block, alignment); }

bool Words::allocate(std::size_t count, bool zeroed) {
    constexpr std::size_t huge_page = std::size_t{2} << 20;
    constexpr std::size_t cache_line = 64;
    reset();
    const std::size_t bytes = count * sizeof(std::uint32_t);
    const std::align_val_t alignment{bytes >= huge_page ? huge_page : cache_line};
    void* const block = ::operator new(bytes, alignment, std::nothrow);
    if (block == nullptr) return false;
#ifdef __linux__
    if (bytes >= huge_page) madvise(block, bytes, MADV_HUGEPAGE);  // a hint: refusal does no harm
#endif
    if (zeroed) std::memset(block, 0, bytes);
    data_ = {static_cast<std::uint32_t*>(block), detail::FreeWords{alignment}};
    count_ = count;
    return true;
}

void ask_for_pages(void* begin, std::size_t bytes) {
#ifdef MADV_POPULATE_WRITE
    constexpr std::size_t worth_a_call = std::size_t{1} << 15;
    if (bytes < worth_a_call) return;
    static const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    const auto at = reinterpret_cast<std::uintptr_t>(begin);
    const std::uintptr_t first = (at + page - 1) / page * page;
    const std::uintptr_t end = (at + bytes) / page * page;
    // Older systems refuse.
    if (first < end) ::madvise(static_cast<unsigned char*>(begin) + (first - at), end - first, MADV_POPULATE_WRITE);
#else
    static_cast<void>(begin);
    static_cast<void>(bytes);
#endif
}

std::size_t peak_resident_bytes() {
    rusage usage{};
    if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
    return static_cast<std::size_t>(usage.ru_maxrss) * 1024U;  // Linux counts in KiB
}

}  // namespace vmemcheck::checker
