/* SPDX-License-Identifier: MIT */
/* Work, timers, and waiting. */
#ifndef VMEMCHECK_SHIM_KERNEL_WORK_H
#define VMEMCHECK_SHIM_KERNEL_WORK_H

#include "kernel/host.h"
#include "kernel/types.h"

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

#define might_sleep() ((void)0)
#define cond_resched() shim_host->point(SHIM_COND_RESCHED, (const void *)0, (const void *)0)
#define msleep(ms) shim_host->msleep()

#endif
