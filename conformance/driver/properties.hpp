// SPDX-License-Identifier: MIT
/// \file
/// What is checked of a driver that runs on the machine. Ids that the model has, too, mean the same as there.
#pragma once

#include <span>
#include <string_view>

namespace vmemcheck::conformance {

struct DriverProperty {
    std::string_view id;
    bool liveness = false;  ///< something ends or is reached; else safety
    std::string_view sentence;
    std::string_view source;  ///< the kernel function or clause it comes from
};

[[nodiscard]] std::span<const DriverProperty> driver_properties();

}  // namespace vmemcheck::conformance
