// SPDX-License-Identifier: MIT
#include "checker/memory.hpp"

#include <sys/resource.h>

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

std::size_t peak_resident_bytes() {
    rusage usage{};
    if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
    return static_cast<std::size_t>(usage.ru_maxrss) * 1024U;  // Linux counts in KiB
}

}  // namespace vmemcheck::checker
