/* SPDX-License-Identifier: MIT */
/* Suspending and hibernating: their notifiers are never called. */
#ifndef VMEMCHECK_SHIM_KERNEL_SUSPEND_H
#define VMEMCHECK_SHIM_KERNEL_SUSPEND_H

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

#endif
