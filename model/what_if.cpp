// SPDX-License-Identifier: MIT
#include "model/what_if.hpp"

#include <algorithm>
#include <array>

#include "model/config.hpp"

namespace vmemcheck::bbm {

namespace {

bool always(const Config&) { return true; }

constexpr std::array<WhatIfInfo, static_cast<std::size_t>(WhatIf::count)> known{{
    {WhatIf::undo_own_isolation_only, "undo-own-isolation-only",
     "alloc_contig_range() returns without undo_isolate_page_range() when start_isolate_page_range() failed, so it "
     "never "
     "takes another task's isolation away",
     "linux-5.11's code; protocol F31", "offlining-ends", "linux-6.12",
     [](const Config& c) { return c.release.contig_undoes_foreign_isolation; },
     [](Config& c) { c.release.contig_undoes_foreign_isolation = false; }},
    {WhatIf::recheck_after_idle, "recheck-after-idle",
     "after virtio_mem_run_wq() has given up with -ENOSPC and cleared wq_active it asks virtio_mem_could_add_memory() "
     "once more, and queues itself if memory can be added now",
     "protocol S2", "target-reached", "linux-6.12", always, nullptr},
    {WhatIf::stop_when_removing, "stop-when-removing",
     "virtio_mem_run_wq() ends when the driver is being removed: each time it has looked at the config it tests "
     "`removing`, before it requests anything",
     "found by this checker: removal-ends", "removal-ends", "linux-6.12",
     [](const Config& c) { return c.scope.removals > 0; }, nullptr},
    {WhatIf::convert_offline_errors, "convert-offline-errors",
     "virtio_mem_offline_and_remove_memory() makes -EBUSY of every error but -ENOMEM", "linux-6.6's code; ddf409851461",
     "not-broken", "linux-6.1", [](const Config& c) { return !c.release.converts_offline_errors; },
     [](Config& c) { c.release.converts_offline_errors = true; }},
    {WhatIf::convert_add_errors, "convert-add-errors",
     "virtio_mem_add_memory() makes -ENOMEM of every error, so that the worker tries again later rather than mark the "
     "device broken",
     "protocol S22", "not-broken", "linux-6.12", [](const Config& c) { return c.faults.add_eexist; }, nullptr},
}};

}  // namespace

std::span<const WhatIfInfo> what_ifs() { return known; }

const WhatIfInfo* find_what_if(std::string_view name) {
    const auto found =
        std::find_if(known.begin(), known.end(), [&](const WhatIfInfo& info) { return info.name == name; });
    return found == known.end() ? nullptr : &*found;
}

void adopt(Config& config, const WhatIfInfo& info) {
    config.what_ifs |= 1U << static_cast<unsigned>(info.what_if);
    if (info.apply != nullptr) info.apply(config);
}

}  // namespace vmemcheck::bbm
