/* SPDX-License-Identifier: MIT */
/* As much of the kernel's interface as a virtio-mem driver is compiled against, over the functions of the machine
 * (abi.h). Included before the driver's source; its own #includes find empty files, but for the device's interface. */
#ifndef VMEMCHECK_SHIM_KERNEL_H
#define VMEMCHECK_SHIM_KERNEL_H

#include "abi.h"
#include <stdbool.h>
#include <string.h>

extern const struct shim_host *shim_host;

/* ---- configuration ---- */

#define CONFIG_NUMA 1
#define CONFIG_ACPI_NUMA 1
#define CONFIG_MEMORY_HOTPLUG 1
#define CONFIG_PM_SLEEP 1
#define KBUILD_MODNAME "virtio_mem"
#define IS_ENABLED(option) 1

/* ---- types ---- */

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
typedef unsigned gfp_t;
typedef unsigned long ktime_t_raw;
typedef int64_t ktime_t;
typedef long ssize_t;

#define GFP_KERNEL 0xcc0u
#define GFP_ATOMIC 0xa20u
#define GFP_NOWAIT 0x800u
#define __GFP_NOWARN 0x2000u
#define __GFP_DIRECT_RECLAIM 0x400u
#define __GFP_ZERO 0x100u

#define __init
#define __exit
#define __ref
#define __user
#define __iomem
#define __rcu
#define __force
#define __bitwise
#define __packed __attribute__((packed))
#define __maybe_unused __attribute__((unused))
#define __always_unused __attribute__((unused))
#define __must_check
#define __cold
#define noinline __attribute__((noinline))
#define fallthrough __attribute__((fallthrough))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define barrier() __asm__ __volatile__("" ::: "memory")
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value) (*(volatile __typeof__(x) *)&(x) = (value))
#define smp_mb() barrier()
#define smp_rmb() barrier()
#define smp_wmb() barrier()

/* Not the driver's: neither its accesses nor its entries are reported. */
#define SHIM_OWN static inline __attribute__((no_sanitize_thread, no_instrument_function, unused))

/* Of such a function: the driver's code that calls it. */
#define SHIM_CALLER __builtin_return_address(0)

/* ---- numbers ---- */

#define ENOMEM 12
#define EAGAIN 11
#define EPERM 1
#define EINTR 4
#define EIO 5
#define ENODEV 19
#define EINVAL 22
#define EBUSY 16
#define EEXIST 17
#define ENOENT 2
#define ENOSPC 28
#define ETXTBSY 26
#define ERANGE 34
#define EOPNOTSUPP 95
#define ETIMEDOUT 110
#define ERESTARTSYS 512

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

#define container_of(pointer, type, member) ((type *)((char *)(pointer) - offsetof(type, member)))

/* ---- diagnostics ---- */

#define BUILD_BUG_ON(condition) _Static_assert(!(condition), "BUILD_BUG_ON: " #condition)
#define static_assert_shim _Static_assert
#define WARN_ON(condition)                                                      \
    ({                                                                          \
        const bool shim_warn = !!(condition);                                   \
        if (shim_warn) shim_host->warn(#condition, __func__, __LINE__);         \
        shim_warn;                                                              \
    })
#define WARN_ON_ONCE(condition) WARN_ON(condition)
#define WARN(condition, ...) WARN_ON(condition)
#define WARN_ONCE(condition, ...) WARN_ON(condition)
#define VM_WARN_ON(condition) WARN_ON(condition)
#define VM_WARN_ON_ONCE(condition) WARN_ON(condition)
#define VM_BUG_ON(condition) BUG_ON(condition)
#define BUG() shim_host->bug("BUG()", __func__, __LINE__)
#define BUG_ON(condition)                                                       \
    do {                                                                        \
        if (condition) shim_host->bug(#condition, __func__, __LINE__);          \
    } while (0)

int snprintf(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
#define SHIM_PRINT(...)                                         \
    do {                                                        \
        char shim_text[160];                                    \
        snprintf(shim_text, sizeof(shim_text), __VA_ARGS__);    \
        shim_host->print(shim_text);                            \
    } while (0)
#define dev_err(dev, ...) SHIM_PRINT(__VA_ARGS__)
#define dev_warn(dev, ...) SHIM_PRINT(__VA_ARGS__)
#define dev_warn_ratelimited(dev, ...) SHIM_PRINT(__VA_ARGS__)
#define dev_warn_once(dev, ...) SHIM_PRINT(__VA_ARGS__)
#define dev_notice(dev, ...) SHIM_PRINT(__VA_ARGS__)
#define dev_info(dev, ...) SHIM_PRINT(__VA_ARGS__)
#define dev_dbg(dev, ...) SHIM_PRINT(__VA_ARGS__)
#define pr_err(...) SHIM_PRINT(__VA_ARGS__)
#define pr_warn(...) SHIM_PRINT(__VA_ARGS__)
#define pr_info(...) SHIM_PRINT(__VA_ARGS__)
#define pr_debug(...) SHIM_PRINT(__VA_ARGS__)
#define dump_page(page, reason) ((void)(page), shim_host->print(reason))
#define dump_stack() ((void)0)

#define lockdep_off() ((void)0)
#define lockdep_on() ((void)0)
#define lockdep_assert_held(lock) WARN_ON((lock)->shim.owner == 0)
#define might_sleep() ((void)0)
#define might_lock(lock) ((void)0)
#define cond_resched() shim_host->point(SHIM_COND_RESCHED, (const void *)0, (const void *)0)
#define msleep(ms) shim_host->msleep()

/* ---- modules ---- */

#define module_param(variable, type, mode) module_param_named(variable, variable, type, mode)
#define module_param_named(parameter, variable, type, mode)                                                    \
    static const struct shim_param shim_param_##parameter __attribute__((used, section("shim_params"))) = {    \
        #parameter, &variable, sizeof(variable), 0}
#define MODULE_PARM_DESC(parameter, text) _Static_assert(1, "")
#define MODULE_AUTHOR(text) _Static_assert(1, "")
#define MODULE_DESCRIPTION(text) _Static_assert(1, "")
#define MODULE_LICENSE(text) _Static_assert(1, "")
#define MODULE_ALIAS(text) _Static_assert(1, "")
#define MODULE_DEVICE_TABLE(type, name) _Static_assert(1, "")
#define EXPORT_SYMBOL_GPL(name) _Static_assert(1, "")
#define THIS_MODULE ((struct module *)0)
struct module;

/* ---- memory ---- */

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

/* ---- lists ---- */

struct list_head {
    struct list_head *next, *prev;
};
#define LIST_HEAD_INIT(name) {&(name), &(name)}
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)
SHIM_OWN void INIT_LIST_HEAD(struct list_head *head) {
    head->next = head;
    head->prev = head;
}
#define list_empty(head) ((head)->next == (head))
SHIM_OWN void list_add(struct list_head *entry, struct list_head *head) {
    shim_host->access(entry, sizeof(*entry), 1, SHIM_CALLER);
    shim_host->access(head, sizeof(*head), 1, SHIM_CALLER);
    entry->next = head->next;
    entry->prev = head;
    head->next->prev = entry;
    head->next = entry;
}
SHIM_OWN void list_add_tail(struct list_head *entry, struct list_head *head) { list_add(entry, head->prev); }
SHIM_OWN void list_del_rcu(struct list_head *entry) {
    shim_host->access(entry, sizeof(*entry), 1, SHIM_CALLER);
    shim_host->access(&entry->next->prev, sizeof(entry->prev), 1, SHIM_CALLER);
    shim_host->access(&entry->prev->next, sizeof(entry->next), 1, SHIM_CALLER);
    entry->next->prev = entry->prev;
    entry->prev->next = entry->next;
}
SHIM_OWN void list_del(struct list_head *entry) {
    list_del_rcu(entry);
    entry->next = (struct list_head *)0x100;
    entry->prev = (struct list_head *)0x122;
}
#define list_add_rcu list_add
#define list_entry(pointer, type, member) container_of(pointer, type, member)
#define list_first_entry(head, type, member) list_entry((head)->next, type, member)
#define list_for_each_entry(entry, head, member)                                       \
    for (entry = list_entry((head)->next, __typeof__(*entry), member); &entry->member != (head); \
         entry = list_entry(entry->member.next, __typeof__(*entry), member))
#define list_for_each_entry_rcu(entry, head, member, ...) list_for_each_entry(entry, head, member)

#define rcu_read_lock() shim_host->point(SHIM_RCU_READ_LOCK, (const void *)0, (const void *)0)
#define rcu_read_unlock() shim_host->point(SHIM_RCU_READ_UNLOCK, (const void *)0, (const void *)0)
#define synchronize_rcu() shim_host->synchronize_rcu()

/* ---- atomics and locks ---- */

typedef struct {
    int counter;
} atomic_t;
typedef struct {
    s64 counter;
} atomic64_t;
#define ATOMIC_INIT(n) {n}
#define ATOMIC64_INIT(n) {n}
#define SHIM_ATOMIC(prefix, atomic, value)                                            \
    SHIM_OWN value prefix##_read(const atomic *v) {                                   \
        shim_host->point(SHIM_ATOMIC_READ, v, SHIM_CALLER);                                        \
        return v->counter;                                                            \
    }                                                                                 \
    SHIM_OWN void prefix##_set(atomic *v, value i) {                                  \
        shim_host->point(SHIM_ATOMIC_WRITE, v, SHIM_CALLER);                                       \
        v->counter = i;                                                               \
    }                                                                                 \
    SHIM_OWN value prefix##_add_return(value i, atomic *v) {                          \
        shim_host->point(SHIM_ATOMIC_WRITE, v, SHIM_CALLER);                                       \
        return v->counter += i;                                                       \
    }                                                                                 \
    SHIM_OWN value prefix##_xchg(atomic *v, value i) {                                \
        value old;                                                                    \
        shim_host->point(SHIM_ATOMIC_WRITE, v, SHIM_CALLER);                                       \
        old = v->counter;                                                             \
        v->counter = i;                                                               \
        return old;                                                                   \
    }                                                                                 \
    SHIM_OWN value prefix##_cmpxchg(atomic *v, value from, value to) {                \
        value old;                                                                    \
        shim_host->point(SHIM_ATOMIC_WRITE, v, SHIM_CALLER);                                       \
        old = v->counter;                                                             \
        if (old == from) v->counter = to;                                             \
        return old;                                                                   \
    }                                                                                 \
    SHIM_OWN void prefix##_add(value i, atomic *v) { prefix##_add_return(i, v); }     \
    SHIM_OWN void prefix##_sub(value i, atomic *v) { prefix##_add_return(-i, v); }    \
    SHIM_OWN value prefix##_sub_return(value i, atomic *v) { return prefix##_add_return(-i, v); } \
    SHIM_OWN void prefix##_inc(atomic *v) { prefix##_add_return(1, v); }              \
    SHIM_OWN void prefix##_dec(atomic *v) { prefix##_add_return(-1, v); }             \
    SHIM_OWN value prefix##_inc_return(atomic *v) { return prefix##_add_return(1, v); } \
    SHIM_OWN value prefix##_dec_return(atomic *v) { return prefix##_add_return(-1, v); } \
    SHIM_OWN bool prefix##_dec_and_test(atomic *v) { return prefix##_add_return(-1, v) == 0; }
SHIM_ATOMIC(atomic, atomic_t, int)
SHIM_ATOMIC(atomic64, atomic64_t, s64)

struct mutex {
    struct shim_mutex shim;
};
#define DEFINE_MUTEX(name) struct mutex name = {{1, 0}}
#define mutex_init(lock) ((lock)->shim.initialised = 1, (lock)->shim.owner = 0)
#define mutex_destroy(lock) ((void)(lock))
#define mutex_lock(lock) shim_host->mutex_lock(&(lock)->shim)
#define mutex_lock_nested(lock, subclass) mutex_lock(lock)
#define mutex_trylock(lock) shim_host->mutex_trylock(&(lock)->shim)
#define mutex_unlock(lock) shim_host->mutex_unlock(&(lock)->shim)
#define mutex_is_locked(lock) ((lock)->shim.owner != 0)

typedef struct {
    struct shim_mutex shim;
} spinlock_t;
#define DEFINE_SPINLOCK(name) spinlock_t name = {{1, 0}}
#define spin_lock_init(lock) mutex_init(lock)
#define spin_lock(lock) shim_host->spin_lock(&(lock)->shim)
#define spin_unlock(lock) shim_host->spin_unlock(&(lock)->shim)
#define spin_lock_irq spin_lock
#define spin_unlock_irq spin_unlock
#define spin_lock_irqsave(lock, flags) ((flags) = 0, spin_lock(lock))
#define spin_unlock_irqrestore(lock, flags) ((void)(flags), spin_unlock(lock))
#define guard(kind) SHIM_GUARD_##kind

/* ---- work, timers, waiting ---- */

struct work_struct {
    struct shim_work shim;
};
typedef void (*work_func_t)(struct work_struct *work);
struct workqueue_struct;
#define system_wq ((struct workqueue_struct *)0)
#define system_freezable_wq ((struct workqueue_struct *)0)
#define INIT_WORK(work, function)                                              \
    do {                                                                       \
        (work)->shim.func = (void (*)(struct shim_work *))(work_func_t)(function); \
        (work)->shim.pending = 0;                                              \
    } while (0)
#define queue_work(queue, work) ((void)(queue), (bool)shim_host->queue_work(&(work)->shim))
#define schedule_work(work) queue_work(system_wq, work)
#define cancel_work_sync(work) ((bool)shim_host->cancel_work_sync(&(work)->shim))
#define flush_work(work) shim_host->flush_work(&(work)->shim)

enum hrtimer_restart { HRTIMER_NORESTART, HRTIMER_RESTART };
enum hrtimer_mode { HRTIMER_MODE_ABS, HRTIMER_MODE_REL };
#define CLOCK_MONOTONIC 1
struct hrtimer {
    union {
        struct shim_hrtimer shim;
        enum hrtimer_restart (*function)(struct hrtimer *timer);
    };
};
#define hrtimer_init(timer, clock, mode) ((timer)->shim.armed = 0)
#define hrtimer_setup(timer, callback, clock, mode) ((timer)->shim.armed = 0, (timer)->function = (callback))
#define hrtimer_start(timer, time, mode) ((void)(time), shim_host->hrtimer_start(&(timer)->shim))
#define hrtimer_cancel(timer) shim_host->hrtimer_cancel(&(timer)->shim)
#define hrtimer_active(timer) ((timer)->shim.armed != 0)
#define ms_to_ktime(ms) ((ktime_t)(ms) * 1000000)

typedef struct shim_waitqueue wait_queue_head_t;
#define init_waitqueue_head(queue) ((queue)->wakeups = 0)
#define wait_event(queue, condition)                          \
    do {                                                      \
        const uint32_t shim_seen = (queue).wakeups;           \
        if (condition) break;                                 \
        shim_host->wait(&(queue), shim_seen);                 \
    } while (1)
#define wake_up(queue) shim_host->wake_up(queue)
#define wake_up_all(queue) wake_up(queue)

/* ---- allocation ---- */

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

/* ---- bits ---- */

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

/* ---- pages ---- */

#define PAGE_SHIFT (shim_host->page_shift)
#define PAGE_SIZE (1ul << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define PAGES_PER_SECTION (shim_host->pages_per_section)
#define pageblock_order (shim_host->pageblock_order)
#define pageblock_nr_pages (1ul << pageblock_order)
#define MAX_PAGE_ORDER (shim_host->max_order)
/* Until v6.3 MAX_ORDER was one more than the largest order. */
#define MAX_ORDER (shim_host->max_order + 1)
#define MAX_ORDER_NR_PAGES (1ul << MAX_PAGE_ORDER)
#define PFN_UP(x) (((x) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define PFN_DOWN(x) ((x) >> PAGE_SHIFT)
#define PFN_PHYS(pfn) ((phys_addr_t)(pfn) << PAGE_SHIFT)
#define PHYS_PFN(address) ((unsigned long)((address) >> PAGE_SHIFT))
#define memory_block_size_bytes() ((unsigned long)shim_host->memory_block_size)

enum zone_type { ZONE_DMA, ZONE_DMA32, ZONE_NORMAL, ZONE_MOVABLE, ZONE_DEVICE };
enum migratetype { MIGRATE_UNMOVABLE, MIGRATE_MOVABLE, MIGRATE_CMA };
#define pfn_to_page(pfn) shim_host->pfn_to_page(pfn)
#define page_to_pfn(page) shim_host->page_to_pfn(page)
#define page_to_phys(page) PFN_PHYS(page_to_pfn(page))
#define pfn_to_online_page(pfn) shim_host->pfn_to_online_page(pfn)
SHIM_OWN enum zone_type page_zonenum(const struct page *page) {
    shim_host->access(page, sizeof(*page), 0, SHIM_CALLER);
    return page->zone;
}
#define is_zone_movable_page(page) (page_zonenum(page) == ZONE_MOVABLE)
#define page_offline_begin() shim_host->point(SHIM_PAGE_OFFLINE_BEGIN, (const void *)0, (const void *)0)
#define page_offline_end() shim_host->point(SHIM_PAGE_OFFLINE_END, (const void *)0, (const void *)0)
SHIM_OWN bool PageOffline(const struct page *page) {
    shim_host->access(page, sizeof(*page), 0, SHIM_CALLER);
    return page->type == SHIM_PAGE_OFFLINE;
}
SHIM_OWN bool PageDirty(const struct page *page) {
    shim_host->access(page, sizeof(*page), 0, SHIM_CALLER);
    return page->dirty;
}
#define __SetPageOffline(page) shim_host->set_page_offline(page, 1)
#define __ClearPageOffline(page) shim_host->set_page_offline(page, 0)
#define SetPageReserved(page) shim_host->set_page_reserved(page, 1)
#define ClearPageReserved(page) shim_host->set_page_reserved(page, 0)
#define SetPageDirty(page) shim_host->set_page_dirty(page, 1)
#define ClearPageDirty(page) shim_host->set_page_dirty(page, 0)
#define page_ref_dec_and_test(page) (shim_host->page_ref_add(page, -1) == 0)
#define page_ref_inc(page) ((void)shim_host->page_ref_add(page, 1))
#define page_ref_dec(page) ((void)shim_host->page_ref_add(page, -1))
SHIM_OWN int page_count(const struct page *page) {
    shim_host->access(page, sizeof(*page), 0, SHIM_CALLER);
    return page->refcount;
}
#define page_ref_count page_count
#define adjust_managed_page_count(page, count) shim_host->adjust_managed_page_count(page, (long)(count))
#define generic_online_page(page, order) shim_host->generic_online_page(page, (unsigned)(order))
#define alloc_contig_range(start, end, ...) shim_host->alloc_contig_range(start, end)
#define free_contig_range(pfn, nr) shim_host->free_contig_range(pfn, nr)
typedef void (*online_page_callback_t)(struct page *page, unsigned int order);
#define set_online_page_callback(callback) shim_host->set_online_page_callback(callback)
#define restore_online_page_callback(callback) shim_host->restore_online_page_callback(callback)

/* ---- memory hotplug ---- */

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
#define register_pm_notifier(nb) ((void)(nb), 0)
#define unregister_pm_notifier(nb) ((void)(nb))
#define PM_HIBERNATION_PREPARE 1
#define PM_POST_HIBERNATION 2
#define PM_SUSPEND_PREPARE 3
#define PM_POST_SUSPEND 4
#define PM_RESTORE_PREPARE 5
#define PM_SUSPEND_TO_IDLE 1
#define PM_SUSPEND_MEM 3
#define pm_suspend_target_state PM_SUSPEND_TO_IDLE

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

/* ---- resources ---- */

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
#define is_kdump_kernel() false

/* ---- virtio ---- */

struct device {
    struct shim_device shim;
};
#define dev_name(device) ((device)->shim.name)
struct virtio_device;
struct virtqueue {
    union {
        struct shim_virtqueue shim;
        struct {
            void (*callback)(struct virtqueue *vq);
            struct virtio_device *vdev;
        };
    };
};
struct virtio_config_ops {
    void (*get)(struct virtio_device *vdev, unsigned offset, void *buf, unsigned len);
    void (*del_vqs)(struct virtio_device *vdev);
};
struct virtio_device {
    struct device dev;
    const struct virtio_config_ops *config;
    void *priv;
};
struct virtio_device_id {
    u32 device, vendor;
};
#define VIRTIO_ID_MEM 24
#define VIRTIO_DEV_ANY_ID 0xffffffff
#define VIRTIO_F_VERSION_1 32
struct device_driver {
    const char *name;
    struct module *owner;
};
struct virtio_driver {
    struct device_driver driver;
    const struct virtio_device_id *id_table;
    const unsigned int *feature_table;
    unsigned int feature_table_size;
    int (*validate)(struct virtio_device *vdev);
    int (*probe)(struct virtio_device *vdev);
    void (*scan)(struct virtio_device *vdev);
    void (*remove)(struct virtio_device *vdev);
    void (*shutdown)(struct virtio_device *vdev);
    void (*config_changed)(struct virtio_device *vdev);
    int (*freeze)(struct virtio_device *vdev);
    int (*restore)(struct virtio_device *vdev);
};
#define module_virtio_driver(driver) \
    SHIM_OWN struct virtio_driver *shim_virtio_driver(void) { return &(driver); }

#define virtio_has_feature(vdev, bit) ((void)(vdev), (bool)shim_host->has_feature(bit))
#define virtio_device_ready(vdev) shim_host->device_ready((struct shim_virtio_device *)(vdev))
#define virtio_reset_device(vdev) shim_host->reset_device((struct shim_virtio_device *)(vdev))
#define virtio_cread_le(vdev, structure, member, pointer) \
    ((vdev)->config->get(vdev, offsetof(structure, member), pointer, sizeof(((structure *)0)->member)))
#define virtio_cread virtio_cread_le
#define virtio16_to_cpu(vdev, value) ((void)(vdev), (u16)(value))
#define virtio32_to_cpu(vdev, value) ((void)(vdev), (u32)(value))
#define virtio64_to_cpu(vdev, value) ((void)(vdev), (u64)(value))
#define cpu_to_virtio16(vdev, value) ((u16)(value))
#define cpu_to_virtio32(vdev, value) ((u32)(value))
#define cpu_to_virtio64(vdev, value) ((u64)(value))
#define le16_to_cpu(value) (value)
#define le64_to_cpu(value) (value)
typedef void vq_callback_t(struct virtqueue *vq);
#define virtio_find_single_vq(device, function, name)                          \
    ((struct virtqueue *)shim_host->find_vq((struct shim_virtio_device *)(device), \
                                            (void (*)(struct shim_virtqueue *))(function)))
#define MAX_ERRNO 4095
#define IS_ERR(pointer) ((unsigned long)(pointer) >= (unsigned long)-MAX_ERRNO)
#define PTR_ERR(pointer) ((long)(pointer))
#define ERR_PTR(error) ((void *)(long)(error))
struct scatterlist {
    void *address;
    unsigned length;
};
SHIM_OWN void sg_init_one(struct scatterlist *sg, void *buf, unsigned length) {
    sg->address = buf;
    sg->length = length;
}
#define virtqueue_add_sgs(vq, sgs, out, in, data, gfp) \
    shim_host->add_request(&(vq)->shim, (sgs)[0]->address, (sgs)[1]->address, data)
#define virtqueue_kick(vq) ((bool)shim_host->kick(&(vq)->shim))
#define virtqueue_get_buf(vq, length) shim_host->get_response(&(vq)->shim, length)

#endif
