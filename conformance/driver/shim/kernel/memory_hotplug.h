/* SPDX-License-Identifier: MIT */
/* Memory that comes and goes, and the notifiers that are told of it. */
#ifndef VMEMCHECK_SHIM_KERNEL_MEMORY_HOTPLUG_H
#define VMEMCHECK_SHIM_KERNEL_MEMORY_HOTPLUG_H

#include "kernel/host.h"
#include "kernel/types.h"

/* Single bits until v6.12's enum, which has two more. */
#if SHIM_KERNEL_VERSION >= 612
enum {
    MEM_ONLINE,
    MEM_GOING_OFFLINE,
    MEM_OFFLINE,
    MEM_GOING_ONLINE,
    MEM_CANCEL_ONLINE,
    MEM_CANCEL_OFFLINE,
    MEM_PREPARE_ONLINE,
    MEM_FINISH_OFFLINE
};
#else
#define MEM_ONLINE 1
#define MEM_GOING_OFFLINE 2
#define MEM_OFFLINE 4
#define MEM_GOING_ONLINE 8
#define MEM_CANCEL_ONLINE 16
#define MEM_CANCEL_OFFLINE 32
#endif
#define NOTIFY_DONE 0
#define NOTIFY_OK 1
#define NOTIFY_STOP_MASK 0x8000
#define NOTIFY_BAD (NOTIFY_STOP_MASK | 2)
#define NOTIFY_STOP (NOTIFY_OK | NOTIFY_STOP_MASK)
#define notifier_from_errno(error) ((error) ? (NOTIFY_STOP_MASK | (NOTIFY_OK - (error))) : NOTIFY_OK)
struct notifier_block {
    union {
        struct shim_notifier shim;
        struct {
            int (*notifier_call)(struct notifier_block *nb, unsigned long action, void *data);
            struct notifier_block *next;
            int priority;
        };
    };
};
struct memory_notify {
    unsigned long start_pfn;
    unsigned long nr_pages;
    int status_change_nid_normal, status_change_nid;
};
#define register_memory_notifier(nb) shim_host->register_memory_notifier(&(nb)->shim)
#define unregister_memory_notifier(nb) shim_host->unregister_memory_notifier(&(nb)->shim)

typedef int mhp_t;
#define MHP_NONE 0
#define MHP_MERGE_RESOURCE 1
#define MHP_MEMMAP_ON_MEMORY 2
#define MHP_NID_IS_MGID 4
#define add_memory_driver_managed(id, start, size, name, flags) \
    ((void)(id), (void)(name), shim_host->add_memory(start, size))
#define remove_memory(start, size) shim_host->remove_memory(start, size)
#define offline_and_remove_memory(start, size) shim_host->offline_and_remove_memory(start, size)
struct range {
    u64 start, end;
};
SHIM_OWN struct range mhp_get_pluggable_range(bool need_mapping) {
    const struct range all = {0, (1ull << 46) - 1};
    (void)need_mapping;
    return all;
}
#define memory_group_register_dynamic(nid, unit_pages) ((void)(nid), (void)(unit_pages), 0)
#define memory_group_unregister(id) ((void)(id), 0)
#define NUMA_NO_NODE (-1)
#define pxm_to_node(pxm) ((void)(pxm), 0)
#define memory_add_physaddr_to_nid(address) ((void)(address), 0)

#endif
