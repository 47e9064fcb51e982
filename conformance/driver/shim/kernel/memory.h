/* SPDX-License-Identifier: MIT */
/* Memory: filled and copied, allocated and freed. */
#ifndef VMEMCHECK_SHIM_KERNEL_MEMORY_H
#define VMEMCHECK_SHIM_KERNEL_MEMORY_H

#include "kernel/host.h"
#include "kernel/types.h"
#include <string.h>

/* The compiler reports no access of these. */
SHIM_OWN void *shim_memset(void *to, int byte, size_t size) {
    if (size != 0) shim_host->access(to, size, 1, SHIM_CALLER);
    return memset(to, byte, size);
}
SHIM_OWN void *shim_memmove(void *to, const void *from, size_t size) {
    if (size != 0) shim_host->access(from, size, 0, SHIM_CALLER);
    if (size != 0) shim_host->access(to, size, 1, SHIM_CALLER);
    return memmove(to, from, size);
}
#define memset shim_memset
#define memcpy shim_memmove
#define memmove shim_memmove

typedef unsigned gfp_t;
#define GFP_KERNEL 0xcc0u
#define GFP_ATOMIC 0xa20u
#define GFP_NOWAIT 0x800u
#define __GFP_NOWARN 0x2000u
#define __GFP_DIRECT_RECLAIM 0x400u
#define __GFP_ZERO 0x100u

#define SHIM_ALLOCATE(size, flags, zeroed) \
    shim_host->allocate(size, zeroed, ((flags) & __GFP_DIRECT_RECLAIM) != 0)
#define kmalloc(size, flags) SHIM_ALLOCATE(size, flags, ((flags) & __GFP_ZERO) != 0)
#define kzalloc(size, flags) SHIM_ALLOCATE(size, flags, 1)
#define kcalloc(n, size, flags) SHIM_ALLOCATE((size_t)(n) * (size), flags, 1)
#define kmalloc_array(n, size, flags) SHIM_ALLOCATE((size_t)(n) * (size), flags, 0)
#define kvmalloc kmalloc
#define kvzalloc kzalloc
#define vmalloc(size) SHIM_ALLOCATE(size, GFP_KERNEL, 0)
#define vzalloc(size) SHIM_ALLOCATE(size, GFP_KERNEL, 1)
#define kfree(memory) shim_host->release(memory)
#define kvfree(memory) shim_host->release(memory)
#define vfree(memory) shim_host->release(memory)
SHIM_OWN char *kstrdup(const char *text, gfp_t flags) {
    char *copy = SHIM_ALLOCATE(strlen(text) + 1, flags, 0);
    if (copy) strcpy(copy, text);
    return copy;
}
#define kstrdup_const kstrdup
#define kfree_const kfree

#endif
