/* SPDX-License-Identifier: MIT */
/* What the driver under test and the machine that runs it have in common: plain C, seen by both.
 *
 * The driver's source is compiled against kernel.h, which turns the kernel's functions into calls of the table
 * shim_host. Nothing here is taken from the kernel: only names, and as much of each structure as the driver touches. */
#ifndef VMEMCHECK_SHIM_ABI_H
#define VMEMCHECK_SHIM_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum shim_zone { SHIM_ZONE_NORMAL = 2, SHIM_ZONE_MOVABLE = 3 };

enum shim_page_type { SHIM_PAGE_PLAIN = 0, SHIM_PAGE_BUDDY = 1, SHIM_PAGE_OFFLINE = 2 };

struct page {
    int32_t refcount;
    uint8_t type; /* enum shim_page_type */
    uint8_t dirty;
    uint8_t reserved;
    uint8_t zone;
};

struct shim_mutex {
    uint32_t initialised;
    uint32_t owner; /* task + 1, or 0 */
};

struct shim_work {
    void (*func)(struct shim_work *work);
    uint32_t pending;
};

struct shim_hrtimer {
    int (*function)(struct shim_hrtimer *timer); /* returns 0 for HRTIMER_NORESTART */
    uint32_t armed;
};

struct shim_waitqueue {
    uint32_t wakeups;
};

struct shim_notifier {
    int (*notifier_call)(struct shim_notifier *nb, unsigned long action, void *data);
    struct shim_notifier *next;
    int priority;
};

/* struct memory_notify */
struct shim_memory_notify {
    unsigned long start_pfn;
    unsigned long nr_pages;
};

struct shim_device {
    const char *name;
};

struct shim_virtqueue;
struct shim_virtio_device;

struct shim_config_ops {
    void (*get)(struct shim_virtio_device *vdev, unsigned offset, void *buf, unsigned len);
    void (*del_vqs)(struct shim_virtio_device *vdev);
};

struct shim_virtio_device {
    struct shim_device dev;
    const struct shim_config_ops *config;
    void *priv;
};

struct shim_virtqueue {
    void (*callback)(struct shim_virtqueue *vq);
    struct shim_virtio_device *vdev;
};

/* struct virtio_driver, as much of it as there is in every release */
struct shim_driver {
    int (*probe)(struct shim_virtio_device *vdev);
    void (*remove)(struct shim_virtio_device *vdev);
    void (*config_changed)(struct shim_virtio_device *vdev);
    int (*freeze)(struct shim_virtio_device *vdev);
    int (*restore)(struct shim_virtio_device *vdev);
};

struct shim_resource {
    const char *name;
    uint64_t start, end;
    unsigned long flags;
};

/* A module parameter. */
struct shim_param {
    const char *name;
    void *value;
    size_t size;
    size_t unused; /* they lie one after the other in a section: no gaps for alignment */
};

/* What the driver's private state says of itself (struct virtio_mem). */
struct shim_observed {
    int in_sbm;
    const uint8_t *states; /* of big blocks, or of memory blocks in Sub Block Mode; may be null */
    uint64_t first_id, next_id;
    uint64_t counts[8];
    uint64_t block_size; /* of what `states` is about, in bytes */
    uint64_t plugged_size, requested_size, offline_size, offline_threshold;
    int hotplug_active, config_changed, wq_active, broken, removing, unplug_all_required;
    unsigned retry_timer_ms;
    const struct shim_mutex *hotplug_mutex;
    const struct shim_work *work;
    const struct shim_hrtimer *timer;
    const unsigned long *subblocks; /* Sub Block Mode: a bit for each, set if plugged; may be null */
    uint64_t subblock_size;
};

/* Why the driver calls shim_host->point(): every one is a point at which another task may go on. */
enum shim_point {
    SHIM_ATOMIC_READ,
    SHIM_ATOMIC_WRITE,
    SHIM_COND_RESCHED,
    SHIM_RCU_READ_LOCK,
    SHIM_RCU_READ_UNLOCK,
    SHIM_PAGE_OFFLINE_BEGIN,
    SHIM_PAGE_OFFLINE_END,
};

/* The machine. Functions bear the names of the kernel's. */
struct shim_host {
    /* sizes of this machine, all powers of two */
    unsigned page_shift;
    unsigned long pages_per_section;
    unsigned pageblock_order;
    unsigned max_order; /* the largest */
    uint64_t memory_block_size;

    /* \param site the driver's code that calls, null: the code that calls this */
    void (*point)(enum shim_point what, const void *object, const void *site);
    /* Called in a WARN or BUG whose condition holds. */
    void (*warn)(const char *condition, const char *function, int line);
    void (*bug)(const char *condition, const char *function, int line) __attribute__((noreturn));
    void (*print)(const char *text);

    void (*mutex_lock)(struct shim_mutex *lock);
    int (*mutex_trylock)(struct shim_mutex *lock);
    void (*mutex_unlock)(struct shim_mutex *lock);
    void (*spin_lock)(struct shim_mutex *lock);
    void (*spin_unlock)(struct shim_mutex *lock);

    int (*queue_work)(struct shim_work *work);
    int (*cancel_work_sync)(struct shim_work *work);
    void (*flush_work)(struct shim_work *work);
    void (*hrtimer_start)(struct shim_hrtimer *timer);
    int (*hrtimer_cancel)(struct shim_hrtimer *timer);
    void (*wait)(struct shim_waitqueue *queue, uint32_t seen);
    void (*wake_up)(struct shim_waitqueue *queue);
    void (*synchronize_rcu)(void);
    void (*msleep)(void);

    void *(*allocate)(size_t size, int zeroed, int may_sleep);
    void (*release)(const void *memory);

    int (*register_memory_notifier)(struct shim_notifier *nb);
    void (*unregister_memory_notifier)(struct shim_notifier *nb);
    int (*set_online_page_callback)(void (*callback)(struct page *page, unsigned order));
    int (*restore_online_page_callback)(void (*callback)(struct page *page, unsigned order));

    int (*add_memory)(uint64_t start, uint64_t size);
    int (*remove_memory)(uint64_t start, uint64_t size);
    int (*offline_and_remove_memory)(uint64_t start, uint64_t size);
    int (*alloc_contig_range)(unsigned long start, unsigned long end);
    void (*free_contig_range)(unsigned long pfn, unsigned long nr_pages);
    void (*generic_online_page)(struct page *page, unsigned order);
    void (*adjust_managed_page_count)(struct page *page, long count);
    struct page *(*pfn_to_page)(unsigned long pfn);
    struct page *(*pfn_to_online_page)(unsigned long pfn);
    unsigned long (*page_to_pfn)(const struct page *page);
    int (*page_ref_add)(struct page *page, int delta); /* returns the new count */
    void (*set_page_offline)(struct page *page, int offline);
    void (*set_page_dirty)(struct page *page, int dirty);
    void (*set_page_reserved)(struct page *page, int reserved);

    struct shim_resource *(*request_region)(uint64_t start, uint64_t size, const char *name, unsigned long flags);
    int (*release_resource)(struct shim_resource *resource);
    int (*has_system_ram)(uint64_t start, uint64_t end);

    struct shim_virtqueue *(*find_vq)(struct shim_virtio_device *vdev, void (*callback)(struct shim_virtqueue *vq));
    int (*add_request)(struct shim_virtqueue *vq, const void *request, void *response, void *token);
    int (*kick)(struct shim_virtqueue *vq);
    void *(*get_response)(struct shim_virtqueue *vq, unsigned *length);
    int (*has_feature)(unsigned bit);
    void (*device_ready)(struct shim_virtio_device *vdev);
    void (*reset_device)(struct shim_virtio_device *vdev);

    /* from the compiler: every access of the driver to memory, and the entry of its functions */
    void (*access)(const void *address, size_t size, int write, const void *site);
    /* \param registers the first six arguments. \return what to go on with at the end of the function, or null */
    void (*enter)(void *function, const unsigned long *registers, void **return_address);
    void *(*leave)(unsigned long result);
};

/* What the driver's shared object exports. */
struct shim_plugin {
    unsigned version;
    const struct shim_host **host;
    const struct shim_param *params, *params_end;
    void (*driver)(struct shim_driver *driver);
    void (*observe)(const void *vm, struct shim_observed *observed);
    size_t request_size, response_size;
    size_t device_size; /* of the driver's private state, which observe() looks at */
    void *trampoline; /* a return address to exchange for a function's own: leave() is then called at its end */
    void (*dump_coverage)(void), (*reset_coverage)(void); /* null if lines are not counted */
};
#define SHIM_VERSION 1

#ifdef __cplusplus
}
#endif

#endif
