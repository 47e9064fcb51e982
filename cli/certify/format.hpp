// SPDX-License-Identifier: MIT
/// \file
/// What a certificate begins with; docs/certificates-of-states.md has the whole format.
#pragma once

#include <cstdint>
#include <string_view>

namespace vmemcheck::certify {

inline constexpr std::string_view magic = "VMEMCERT";
inline constexpr std::uint32_t version = 1;

}  // namespace vmemcheck::certify
