/* SPDX-License-Identifier: MIT */
/* Ranges of addresses, and who has them. */
#ifndef VMEMCHECK_SHIM_KERNEL_RESOURCE_H
#define VMEMCHECK_SHIM_KERNEL_RESOURCE_H

#include "kernel/err.h"
#include "kernel/host.h"
#include "kernel/types.h"

struct resource {
    union {
        struct shim_resource shim;
        struct {
            const char *name;
            resource_size_t start, end;
            unsigned long flags;
        };
    };
};
#define IORESOURCE_SYSTEM_RAM 0x01000000ul
#define IORESOURCE_BUSY 0x80000000ul
#define IORESOURCE_EXCLUSIVE 0x08000000ul
#define IORES_DESC_NONE 0
#define __request_mem_region(start, size, name, flags) \
    ((struct resource *)shim_host->request_region(start, size, name, flags))
#define release_resource(resource) shim_host->release_resource(&(resource)->shim)
SHIM_OWN int walk_iomem_res_desc(unsigned long desc, unsigned long flags, u64 start, u64 end, void *arg,
                                 int (*function)(struct resource *resource, void *arg)) {
    struct resource found = {.start = start, .end = end};
    (void)desc;
    (void)flags;
    return shim_host->has_system_ram(start, end) ? function(&found, arg) : -EINVAL;
}

#endif
