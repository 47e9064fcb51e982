// SPDX-License-Identifier: MIT
/// \file
/// Whether this program is built with AddressSanitizer: VMEMCHECK_ADDRESS_SANITIZER is 1 or 0.
#pragma once

#if defined(__SANITIZE_ADDRESS__)  // GCC
#define VMEMCHECK_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define VMEMCHECK_ADDRESS_SANITIZER 1
#endif
#endif
#if !defined(VMEMCHECK_ADDRESS_SANITIZER)
#define VMEMCHECK_ADDRESS_SANITIZER 0
#endif
