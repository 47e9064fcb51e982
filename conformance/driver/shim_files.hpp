// SPDX-License-Identifier: MIT
/// \file
/// The files of shim/, compiled in: the program needs no more than a C compiler beside it.
#pragma once

#include <span>
#include <string_view>

namespace vmemcheck::conformance {

struct ShimFile {
    std::string_view name;  ///< from shim/ on
    std::string_view text;
};
[[nodiscard]] std::span<const ShimFile> shim_files();

}  // namespace vmemcheck::conformance
