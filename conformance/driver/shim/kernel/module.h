/* SPDX-License-Identifier: MIT */
/* What a module says of itself, and its parameters. */
#ifndef VMEMCHECK_SHIM_KERNEL_MODULE_H
#define VMEMCHECK_SHIM_KERNEL_MODULE_H

#include "kernel/host.h"

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

#endif
