/* SPDX-License-Identifier: MIT */
/* Atomics, mutexes and spin locks. */
#ifndef VMEMCHECK_SHIM_KERNEL_LOCKS_H
#define VMEMCHECK_SHIM_KERNEL_LOCKS_H

#include "kernel/diagnostics.h"
#include "kernel/host.h"
#include "kernel/types.h"

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

#define lockdep_off() ((void)0)
#define lockdep_on() ((void)0)
#define lockdep_assert_held(lock) WARN_ON((lock)->shim.owner == 0)
#define might_lock(lock) ((void)0)

#endif
