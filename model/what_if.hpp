// SPDX-License-Identifier: MIT
/// \file
/// Proposed changes of the kernel, to be tried before anybody writes a patch.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace vmemcheck::bbm {

struct Config;

/// A named change of the kernel in one place.
enum class WhatIf : std::uint8_t {
    undo_own_isolation_only,
    recheck_after_idle,
    stop_when_removing,
    convert_offline_errors,
    convert_add_errors,
    count
};

struct WhatIfInfo {
    WhatIf what_if;
    std::string_view name;
    std::string_view sentence;  ///< what the kernel would do
    std::string_view source;    ///< where the change comes from
    std::string_view mends;     ///< id of the property that is meant to hold then
    std::string_view release;   ///< one in which it does not hold without
    /// Whether the change makes a difference in a configuration.
    bool (*applies)(const Config&);
    /// Makes the change, if it is one of what the release does; else null, and the step functions look at the
    /// configuration.
    void (*apply)(Config&);
};
[[nodiscard]] std::span<const WhatIfInfo> what_ifs();
[[nodiscard]] const WhatIfInfo* find_what_if(std::string_view name);

/// Makes a change in a configuration in which it applies.
void adopt(Config& config, const WhatIfInfo& info);

}  // namespace vmemcheck::bbm
