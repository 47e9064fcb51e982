// SPDX-License-Identifier: MIT
/// \file
/// What-ifs: proposed changes of the kernel, each in one place of the model, as mutants are known bugs in one place.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace vmemcheck::bbm {

struct Config;

/// A named, one-place change of the kernel that is to mend a finding (docs/what-ifs.md).
enum class WhatIf : std::uint8_t {
    undo_own_isolation_only,
    recheck_after_idle,
    convert_offline_errors,
    convert_add_errors,
    reonline_despite_removal,
    stop_when_removing,
    count
};

/// A set of what-ifs.
class WhatIfs {
 public:
    constexpr void add(WhatIf what_if) { bits_ |= bit(what_if); }
    [[nodiscard]] constexpr bool has(WhatIf what_if) const { return (bits_ & bit(what_if)) != 0; }
    [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }

 private:
    [[nodiscard]] static constexpr std::uint32_t bit(WhatIf what_if) {
        return std::uint32_t{1} << static_cast<unsigned>(what_if);
    }
    std::uint32_t bits_ = 0;
};

struct WhatIfInfo {
    WhatIf what_if;
    std::string_view name;
    std::string_view sentence;  ///< what the kernel would do
    std::string_view source;    ///< where it is proposed, or derived from
    std::string_view mends;     ///< id of the property that fails, or the situation that is reached, without it
};
/// Every what-if, in the order of the enum.
[[nodiscard]] std::span<const WhatIfInfo> what_ifs();
[[nodiscard]] const WhatIfInfo* find_what_if(std::string_view name);

/// Says why a what-if changes nothing in a release and mode, or nothing if it does change something there.
[[nodiscard]] std::optional<std::string> changes_nothing(WhatIf what_if, const Config& config);

}  // namespace vmemcheck::bbm
