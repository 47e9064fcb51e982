// SPDX-License-Identifier: MIT
#pragma once

namespace vmemcheck::checker {

/// Under the sanitizers, and where nothing is optimized, tests that take many samples take fewer.
#ifdef VMEMCHECK_SLOW_BUILD
constexpr bool few_samples = true;
#else
constexpr bool few_samples = false;
#endif

}  // namespace vmemcheck::checker
