/* SPDX-License-Identifier: MIT */
/* The machine, which the kernel's functions call, and what is ours in the driver's object. */
#ifndef VMEMCHECK_SHIM_KERNEL_HOST_H
#define VMEMCHECK_SHIM_KERNEL_HOST_H

#include "abi.h"

extern const struct shim_host *shim_host;

/* Not the driver's: neither its accesses nor its entries are reported. */
#define SHIM_OWN static inline __attribute__((no_sanitize_thread, no_instrument_function, unused))

/* Of such a function: the driver's code that calls it. */
#define SHIM_CALLER __builtin_return_address(0)

#endif
