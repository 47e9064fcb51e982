// SPDX-License-Identifier: MIT
/// \file
/// Which infinite runs of the system are fair: what tasks and devices owe, and what a property may take to end.
#pragma once

#include <initializer_list>
#include <span>

#include "checker/fairness.hpp"

namespace vmemcheck::bbm {

/// Numbers of the assumptions, in the order of fairness_infos().
namespace fairness {
enum Id : unsigned {
    worker,
    user_task,
    remover,
    device,
    config_interrupt,
    retry_timer,
    unpin,
    no_resizes,
    no_user_requests,
    no_page_use,
    no_timer,
    no_veto_before,
    no_veto_after,
    no_stop,
    no_allocation_failures,
    no_migration_failures,
    no_add_failures,
    no_device_refusals,
    count
};

/// The set of some assumptions.
[[nodiscard]] constexpr checker::FairnessSet set(std::initializer_list<Id> ids) {
    checker::FairnessSet all = 0;
    for (const Id id : ids) all |= checker::FairnessSet{1} << id;
    return all;
}

/// The kernel's tasks get on: the scheduler runs whoever can run, and a mutex is handed to a waiter in the end.
inline constexpr checker::FairnessSet tasks = set({worker, user_task, remover});
/// All that happens without anybody's doing.
inline constexpr checker::FairnessSet machine = tasks | set({device, config_interrupt, retry_timer, unpin});
/// Faults that end.
inline constexpr checker::FairnessSet no_faults = set({no_veto_before, no_veto_after, no_stop, no_allocation_failures,
                                                       no_migration_failures, no_add_failures, no_device_refusals});
}  // namespace fairness

[[nodiscard]] std::span<const checker::FairnessInfo> fairness_infos();

}  // namespace vmemcheck::bbm
