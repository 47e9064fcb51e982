/* SPDX-License-Identifier: MIT */
/* Types of numbers, and the structure that a member is of. */
#ifndef VMEMCHECK_SHIM_KERNEL_TYPES_H
#define VMEMCHECK_SHIM_KERNEL_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8, __u8;
typedef uint16_t u16, __u16, __le16, __virtio16;
typedef uint32_t u32, __u32, __le32, __virtio32;
typedef uint64_t u64, __u64, __le64, __virtio64;
typedef int8_t s8, __s8;
typedef int16_t s16, __s16;
typedef int32_t s32, __s32;
typedef int64_t s64, __s64;
typedef unsigned int uint;
typedef unsigned long ulong;
typedef unsigned long long ullong;
typedef uint64_t phys_addr_t, resource_size_t, dma_addr_t;
typedef unsigned long ktime_t_raw;
typedef int64_t ktime_t;
typedef long ssize_t;

#define container_of(pointer, type, member) ((type *)((char *)(pointer) - offsetof(type, member)))

#endif
