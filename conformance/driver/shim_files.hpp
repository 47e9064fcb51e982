// SPDX-License-Identifier: MIT
/// \file
/// The files of shim/, compiled in: the program needs no more than a C compiler beside it.
#pragma once

#include <string_view>

namespace vmemcheck::conformance {

struct ShimFiles {
    std::string_view abi, kernel, wrapper;
};
[[nodiscard]] ShimFiles shim_files();

}  // namespace vmemcheck::conformance
