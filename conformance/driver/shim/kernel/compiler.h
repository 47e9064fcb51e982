/* SPDX-License-Identifier: MIT */
/* What the source says to the compiler, and of the order of accesses. */
#ifndef VMEMCHECK_SHIM_KERNEL_COMPILER_H
#define VMEMCHECK_SHIM_KERNEL_COMPILER_H

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

#endif
