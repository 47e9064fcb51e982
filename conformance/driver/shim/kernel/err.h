/* SPDX-License-Identifier: MIT */
/* Error numbers, and pointers that are such. */
#ifndef VMEMCHECK_SHIM_KERNEL_ERR_H
#define VMEMCHECK_SHIM_KERNEL_ERR_H

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

#define MAX_ERRNO 4095
#define IS_ERR(pointer) ((unsigned long)(pointer) >= (unsigned long)-MAX_ERRNO)
#define PTR_ERR(pointer) ((long)(pointer))
#define ERR_PTR(error) ((void *)(long)(error))

#endif
