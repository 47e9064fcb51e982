/* SPDX-License-Identifier: MIT */
/* Bits and bitmaps. */
#ifndef VMEMCHECK_SHIM_KERNEL_BITMAP_H
#define VMEMCHECK_SHIM_KERNEL_BITMAP_H

#include "kernel/host.h"
#include "kernel/types.h"

SHIM_OWN bool test_bit(long n, const unsigned long *map) {
    shim_host->access(&map[n / 64], sizeof(*map), 0, SHIM_CALLER);
    return map[n / 64] >> (n % 64) & 1;
}
SHIM_OWN void __set_bit(long n, unsigned long *map) {
    shim_host->access(&map[n / 64], sizeof(*map), 1, SHIM_CALLER);
    map[n / 64] |= 1ul << (n % 64);
}
SHIM_OWN void __clear_bit(long n, unsigned long *map) {
    shim_host->access(&map[n / 64], sizeof(*map), 1, SHIM_CALLER);
    map[n / 64] &= ~(1ul << (n % 64));
}
SHIM_OWN void __bitmap_set(unsigned long *map, unsigned start, int count) {
    for (; count > 0; --count) __set_bit(start++, map);
}
SHIM_OWN void __bitmap_clear(unsigned long *map, unsigned start, int count) {
    for (; count > 0; --count) __clear_bit(start++, map);
}
SHIM_OWN unsigned long shim_find_next(const unsigned long *map, unsigned long size, unsigned long from, bool set) {
    for (; from < size; ++from) {
        if (test_bit((long)from, map) == set) return from;
    }
    return size;
}
#define set_bit __set_bit
#define clear_bit __clear_bit
#define bitmap_set __bitmap_set
#define bitmap_clear __bitmap_clear
#define find_next_bit(map, size, from) shim_find_next(map, size, from, true)
#define find_next_zero_bit(map, size, from) shim_find_next(map, size, from, false)
#define find_first_bit(map, size) shim_find_next(map, size, 0, true)
#define find_first_zero_bit(map, size) shim_find_next(map, size, 0, false)

#endif
