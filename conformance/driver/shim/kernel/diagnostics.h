/* SPDX-License-Identifier: MIT */
/* Warnings, bugs and messages. */
#ifndef VMEMCHECK_SHIM_KERNEL_DIAGNOSTICS_H
#define VMEMCHECK_SHIM_KERNEL_DIAGNOSTICS_H

#include "kernel/host.h"
#include "kernel/types.h"

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

#endif
