/* SPDX-License-Identifier: MIT */
/* As much of the kernel's interface as a virtio-mem driver is compiled against, over the functions of the machine
 * (abi.h). Included before the driver's source; its own #includes find empty files, but for the device's interface.
 * The kernel's configuration is here, the rest in kernel/. */
#ifndef VMEMCHECK_SHIM_KERNEL_H
#define VMEMCHECK_SHIM_KERNEL_H

#include "abi.h"
#include "kernel/bitmap.h"
#include "kernel/compiler.h"
#include "kernel/diagnostics.h"
#include "kernel/err.h"
#include "kernel/host.h"
#include "kernel/list.h"
#include "kernel/locks.h"
#include "kernel/math.h"
#include "kernel/memory.h"
#include "kernel/memory_hotplug.h"
#include "kernel/module.h"
#include "kernel/pages.h"
#include "kernel/resource.h"
#include "kernel/suspend.h"
#include "kernel/types.h"
#include "kernel/virtio.h"
#include "kernel/work.h"

#define CONFIG_NUMA 1
#define CONFIG_ACPI_NUMA 1
#define CONFIG_MEMORY_HOTPLUG 1
#define CONFIG_PM_SLEEP 1
#define KBUILD_MODNAME "virtio_mem"
#define IS_ENABLED(option) 1
#define is_kdump_kernel() false

#endif
