/* SPDX-License-Identifier: MIT */
/* Limits of numbers, and arithmetic. */
#ifndef VMEMCHECK_SHIM_KERNEL_MATH_H
#define VMEMCHECK_SHIM_KERNEL_MATH_H

#include "kernel/types.h"

#define INT_MAX 2147483647
#define U64_MAX (~0ull)
#define UINT_MAX (~0u)
#define ULONG_MAX (~0ul)

#define BITS_PER_LONG 64
#define BITS_PER_BYTE 8
#define BIT(n) (1ul << (n))
#define BIT_ULL(n) (1ull << (n))
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define BITS_TO_LONGS(n) DIV_ROUND_UP(n, BITS_PER_LONG)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define SHIM_MIN(type, x, y)              \
    ({                                    \
        type shim_x = (x), shim_y = (y);  \
        shim_x < shim_y ? shim_x : shim_y; \
    })
#define SHIM_MAX(type, x, y)              \
    ({                                    \
        type shim_x = (x), shim_y = (y);  \
        shim_x > shim_y ? shim_x : shim_y; \
    })
#define min_t(type, x, y) SHIM_MIN(type, x, y)
#define max_t(type, x, y) SHIM_MAX(type, x, y)
#define min(x, y) SHIM_MIN(__typeof__(x), x, y)
#define max(x, y) SHIM_MAX(__typeof__(x), x, y)
#define clamp_t(type, v, lo, hi) min_t(type, max_t(type, v, lo), hi)
#define swap(a, b)                     \
    do {                               \
        __typeof__(a) shim_t = (a);    \
        (a) = (b);                     \
        (b) = shim_t;                  \
    } while (0)
#define ALIGN(x, a) (((x) + ((__typeof__(x))(a) - 1)) & ~((__typeof__(x))(a) - 1))
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a) - 1))
#define IS_ALIGNED(x, a) (((x) & ((__typeof__(x))(a) - 1)) == 0)
#define round_up(x, y) ALIGN(x, y)
#define round_down(x, y) ALIGN_DOWN(x, y)
#define is_power_of_2(n) ((n) != 0 && (((n) & ((n) - 1)) == 0))
#define ilog2(n) (63 - __builtin_clzll((unsigned long long)(n)))
#define do_div(n, base)                  \
    ({                                   \
        uint32_t shim_r = (n) % (base);  \
        (n) = (n) / (base);              \
        shim_r;                          \
    })

#endif
