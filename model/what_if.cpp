// SPDX-License-Identifier: MIT
#include "model/what_if.hpp"

#include <algorithm>
#include <array>

#include "model/config.hpp"

namespace vmemcheck::bbm {

namespace {

constexpr std::array<WhatIfInfo, static_cast<std::size_t>(WhatIf::count)> known{{
    {WhatIf::undo_own_isolation_only, "undo-own-isolation-only",
     "alloc_contig_range() returns without undo_isolate_page_range() when start_isolate_page_range() failed",
     "linux-5.11's behaviour; protocol F31", "offlining-ends"},
    {WhatIf::recheck_after_idle, "recheck-after-idle",
     "virtio_mem_run_wq(), when it gave up as too much memory is offline, looks once more whether memory can be added "
     "after it has set wq_active to 0, and if so queues itself",
     "derived from protocol S2", "target-reached"},
    {WhatIf::convert_offline_errors, "convert-offline-errors",
     "virtio_mem_offline_and_remove_memory() makes -EBUSY of every error but -ENOMEM", "ddf409851461 (v6.6)",
     "not-broken"},
    {WhatIf::convert_add_errors, "convert-add-errors",
     "virtio_mem_add_memory() makes -EBUSY of every error but -ENOMEM", "derived from ddf409851461", "not-broken"},
    {WhatIf::reonline_despite_removal, "reonline-despite-removal",
     "MEM_GOING_ONLINE is not refused for the driver's removal when the driver's own work onlines memory, for which "
     "the removal waits",
     "derived from protocol S4", "online-set-lost"},
    {WhatIf::stop_when_removing, "stop-when-removing",
     "virtio_mem_run_wq() ends when the driver is being removed: each time it has looked at the config it tests "
     "`removing`, before it requests anything",
     "derived from the lasso of removal-ends", "removal-ends"},
}};

}  // namespace

std::span<const WhatIfInfo> what_ifs() { return known; }

const WhatIfInfo* find_what_if(std::string_view name) {
    const auto* const found =
        std::find_if(known.begin(), known.end(), [name](const WhatIfInfo& info) { return info.name == name; });
    return found == known.end() ? nullptr : &*found;
}

std::optional<std::string> changes_nothing(WhatIf what_if, const Config& config) {
    const Release& release = config.release;
    switch (what_if) {
        case WhatIf::undo_own_isolation_only:
            if (!release.contig_undoes_foreign_isolation) {
                return "its alloc_contig_range() returns at once when start_isolate_page_range() fails";
            }
            if (!config.safe_unplug) return "without safe unplug there is no alloc_contig_range()";
            return std::nullopt;
        case WhatIf::convert_offline_errors:
            if (release.converts_offline_errors) return "it converts the errors of offlining already";
            return std::nullopt;
        case WhatIf::stop_when_removing:
            if (config.scope.removals == 0) return "the driver stays bound in this scope";
            return std::nullopt;
        default:
            return std::nullopt;
    }
}

}  // namespace vmemcheck::bbm
