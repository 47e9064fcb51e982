// SPDX-License-Identifier: MIT
// What must hold of the driver's state, of the pages and of the accounts.
#include <algorithm>

#include "conformance/driver/machine.hpp"

namespace vmemcheck::conformance {

using bbm::EventKind;
using checker::ProgramEnd;

namespace {
enum BigBlock : std::uint8_t { unused, plugged, added, fake_offline, big_block_states };
/// enum virtio_mem_sbm_mb_state
enum SubBlockState : std::uint8_t { sbm_unused, sbm_plugged, sbm_offline, sbm_offline_partial, sbm_movable = 6 };
constexpr std::array<const char*, big_block_states> names{"UNUSED", "PLUGGED", "ADDED", "FAKE_OFFLINE"};

/// Moves that the driver's comments allow, by old and new state.
constexpr bool legal(std::uint8_t from, std::uint8_t to) {
    switch (from) {
        case unused:
            return to == added;
        case plugged:
            return to == unused;
        case added:
            return to == fake_offline || to == unused || to == plugged;
        default:
            return to == added || to == unused || to == plugged;
    }
}
}  // namespace

bool Machine::kept_fake_offline(int block) const {
    shim_observed seen{};
    if (!observe(seen) || seen.in_sbm != 0 || seen.states == nullptr) return false;
    const auto id = static_cast<std::uint64_t>(big_block_of(block));
    return id < seen.next_id - seen.first_id && seen.states[id] == fake_offline;
}

/// Sees each store to a big block's state soon after it is made.
void Machine::watch_states() {
    shim_observed seen{};
    if (!observe(seen)) return;
    if (seen.broken != 0 && world_->broken_seen == 0) {
        world_->broken_seen = 1;
        if (world_->broken_by_device == 0) {
            finish_run(ProgramEnd::Kind::violation, "not-broken",
                       "a recoverable failure marks the device broken: it is never served again");
        }
    }
    if (seen.in_sbm != 0 || seen.states == nullptr) return;
    const std::size_t count =
        std::min<std::size_t>(static_cast<std::size_t>(seen.next_id - seen.first_id), max_driver_memory_blocks);
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint8_t from = world_->seen_state[i];
        const std::uint8_t to = seen.states[i];
        if (from == to) continue;
        world_->seen_state[i] = to;
        show(EventKind::bbset, static_cast<int>(i), to, from);
        if (to >= big_block_states || from >= big_block_states || !legal(from, to)) {
            finish_run(ProgramEnd::Kind::violation, "legal-transitions",
                       "big block " + std::to_string(i) + " goes from " + names.at(from % big_block_states) + " to " +
                           names.at(to % big_block_states));
        }
        if (from == fake_offline && to == added) check_rolled_back(static_cast<int>(i));
    }
}

void Machine::check_rolled_back(int big_block) {
    const int first = first_page_of(big_block * setup_.memory_blocks);
    for (int i = first; i < first + setup_.memory_blocks * setup_.pages; ++i) {
        if (world_->block[static_cast<std::size_t>(block_of_page(i))].online == 0) continue;
        const page& p = world_->memmap[static_cast<std::size_t>(i)];
        const PageUse use = world_->info[static_cast<std::size_t>(i)].use;
        if (p.type == SHIM_PAGE_OFFLINE || use == PageUse::contig || use == PageUse::init) {
            finish_run(
                ProgramEnd::Kind::violation, "rollback-restores-added",
                "big block " + std::to_string(big_block) + " is ADDED again, and a page of it is still the driver's");
            return;
        }
    }
}

void Machine::check_unplug(int i) {
    const BlockInfo& block = world_->block[static_cast<std::size_t>(block_of_page(i))];
    if (setup_.mode == DriverMode::bbm) {
        if (block.state != BlockState::absent)
            violation("never-touch-unplugged", "UNPLUG is sent for memory that is still added to Linux");
        return;
    }
    if (block.online != 0 && world_->memmap[static_cast<std::size_t>(i)].type != SHIM_PAGE_OFFLINE) {
        violation("never-touch-unplugged", "UNPLUG is sent for a page that is not PageOffline");
    }
}

/// After each step. Others may look at any time.
void Machine::check_always() {
    const World& w = *world_;
    for (int i = 0; i < setup_.total_pages(); ++i) {
        const PageUse use = w.info[static_cast<std::size_t>(i)].use;
        const bool handed_out =
            use == PageUse::buddy || use == PageUse::pcp || use == PageUse::movable || use == PageUse::unmovable;
        if (handed_out && !device_has(i)) {
            finish_run(ProgramEnd::Kind::violation, "never-touch-unplugged",
                       "a page of memory block " + std::to_string(block_of_page(i)) +
                           " is with the buddy or in use, and the device has it unplugged");
            return;
        }
    }
    shim_observed seen{};
    if (!observe(seen) || seen.in_sbm != 0 || seen.states == nullptr) return;
    if (seen.hotplug_mutex->owner != 0) return;
    // While nobody holds hotplug_mutex, each fake-offline page has exactly the driver's reference.
    for (int i = 0; i < setup_.total_pages(); ++i) {
        const page& p = w.memmap[static_cast<std::size_t>(i)];
        const PageInfo& info = w.info[static_cast<std::size_t>(i)];
        if (p.type != SHIM_PAGE_OFFLINE || info.pin != PinKind::none) continue;
        if (info.use != PageUse::contig && info.use != PageUse::init) continue;
        if (w.block[static_cast<std::size_t>(block_of_page(i))].online == 0) continue;
        if (p.refcount != 1) {
            finish_run(ProgramEnd::Kind::violation, "refcount-restored-on-cancel",
                       "a fake-offline page of memory block " + std::to_string(block_of_page(i)) + " has refcount " +
                           std::to_string(p.refcount) + " while no offlining is in progress");
            return;
        }
    }
}

void Machine::check_locks_released() {
    const unsigned me = static_cast<unsigned>(current_) + 1;
    if (self().rcu != 0) violation("lock-discipline", "a task ends in an RCU read side section");
    if (self().spin_locks != 0) violation("lock-discipline", "a task ends with a spinlock held");
    if (self().mutexes != 0) violation("lock-discipline", "a task ends with a mutex held");
    if (world_->device_hotplug_lock == me || world_->mem_hotplug_lock == me)
        violation("lock-discipline", "a task ends with a hotplug lock held");
}

/// The requested size has not been reached, and nothing is in the way.
bool Machine::target_missed() const {
    const World& w = *world_;
    shim_observed seen{};
    if (w.bound == 0 || !observe(seen) || seen.broken != 0) return false;
    if (std::any_of(w.info.begin(), w.info.end(),
                    [](const PageInfo& p) { return p.pin == PinKind::eternal || p.use == PageUse::unmovable; }))
        return false;
    const std::uint64_t has = plugged_bytes();
    if (has == w.requested) return false;
    if (has > w.requested && !setup_.unplug_online) return false;
    return true;
}

/// Nothing is going on, nothing is pending, and all users are benign by now.
void Machine::check_at_rest() {
    const World& w = *world_;
    shim_observed seen{};
    if (w.bound == 0 || !observe(seen)) return;
    const auto fail = [this](std::string_view property, const std::string& text) {
        finish_run(ProgramEnd::Kind::violation, property, "at rest " + text);
    };
    if (target_missed()) {
        return fail("target-reached", "the device has " + std::to_string(plugged_bytes() >> 20U) + " MiB plugged, " +
                                          std::to_string(w.requested >> 20U) +
                                          " MiB are requested, and nothing is going to change that");
    }
    if (seen.broken != 0) return;
    if (seen.hotplug_active != 0) return fail("lock-discipline", "hotplug_active is set");
    std::uint64_t offline = 0;
    for (const BlockInfo& block : w.block) {
        if (block.state == BlockState::offline) offline += setup_.memory_block_bytes();
    }
    if (seen.offline_size != offline) {
        return fail("offline-size-exact",
                    "offline_size is " + std::to_string(static_cast<std::int64_t>(seen.offline_size) >> 20) +
                        " MiB, and " + std::to_string(offline >> 20U) + " MiB are added and offline");
    }
    if (seen.plugged_size != plugged_bytes()) {
        return fail("plugged-size-exact", "plugged_size is " + std::to_string(seen.plugged_size >> 20U) +
                                              " MiB, and the device has " + std::to_string(plugged_bytes() >> 20U) +
                                              " MiB plugged");
    }
    std::array<std::int64_t, 2> managed{};
    for (int i = 0; i < setup_.total_pages(); ++i) {
        const PageUse use = w.info[static_cast<std::size_t>(i)].use;
        if (use == PageUse::buddy || use == PageUse::pcp || use == PageUse::movable || use == PageUse::unmovable) {
            ++managed[zone_index(w.block[static_cast<std::size_t>(block_of_page(i))].zone)];
        }
    }
    for (std::size_t z = 0; z < managed.size(); ++z) {
        if (managed[z] != w.managed[z]) {
            return fail("managed-count-conserved",
                        "a zone has " + std::to_string(w.managed[z]) + " managed pages (of this machine), and " +
                            std::to_string(managed[z]) + " that are with the buddy or in use");
        }
    }
    if (seen.states == nullptr) return;
    std::array<std::uint64_t, 8> counts{};
    for (std::uint64_t id = seen.first_id; id < seen.next_id && id - seen.first_id < max_driver_memory_blocks; ++id) {
        counts[seen.states[id - seen.first_id] % counts.size()]++;
    }
    if (!std::equal(counts.begin(), counts.end(), std::begin(seen.counts)))
        return fail("counts-consistent", "the counts of states and the states do not agree");
    for (std::uint64_t id = seen.first_id; id < seen.next_id && id - seen.first_id < max_driver_memory_blocks; ++id) {
        check_block_at_rest(seen, static_cast<int>(id - seen.first_id));
        if (over_) return;
    }
}

/// What a state says of its block must be so.
void Machine::check_block_at_rest(const shim_observed& seen, int id) {
    const World& w = *world_;
    const bool sbm = seen.in_sbm != 0;
    const int blocks = sbm ? 1 : setup_.memory_blocks;
    const std::uint8_t state = seen.states[id];
    bool some_plugged = false;
    bool all_plugged = true;
    bool some_added = false;
    bool some_kept = false;
    bool plugged_and_kept = false;
    for (int i = first_page_of(id * blocks); i < first_page_of((id + 1) * blocks); ++i) {
        some_plugged = some_plugged || device_has(i);
        all_plugged = all_plugged && device_has(i);
        const BlockInfo& block = w.block[static_cast<std::size_t>(block_of_page(i))];
        some_added = some_added || block.state != BlockState::absent;
        const bool kept = block.online != 0 && w.memmap[static_cast<std::size_t>(i)].type == SHIM_PAGE_OFFLINE;
        some_kept = some_kept || kept;
        plugged_and_kept = plugged_and_kept || (kept && device_has(i));
    }
    const std::string which = (sbm ? "memory block " : "big block ") + std::to_string(id);
    const auto fail = [this, &which](std::string_view property, const std::string& text) {
        finish_run(ProgramEnd::Kind::violation, property, "at rest " + which + " " + text);
    };
    if (sbm) {
        const BlockInfo& block = w.block[static_cast<std::size_t>(id)];
        if (state == sbm_unused && (some_plugged || some_added))
            return fail("legal-transitions", "is UNUSED, and plugged or added");
        if (state >= sbm_offline && !some_added) return fail("legal-transitions", "is not UNUSED, and not added");
        if (state >= sbm_offline && (state % 2 == 0) != all_plugged) {
            return fail("legal-transitions", all_plugged ? "counts as partially plugged, and is wholly"
                                                         : "counts as wholly plugged, and is not");
        }
        if (state >= sbm_offline && (state > sbm_offline_partial) != (block.online != 0))
            return fail("legal-transitions",
                        block.online != 0 ? "counts as offline, and is not" : "counts as online, and is not");
        if (state > sbm_offline_partial && (state >= sbm_movable) != (block.zone == SHIM_ZONE_MOVABLE))
            return fail("legal-transitions", "is not in the zone that its state says");
        if (plugged_and_kept)
            return fail("rollback-restores-added", "has a page that is plugged and online, and still the driver's");
        return;
    }
    if (state == unused && (some_plugged || some_added))
        return fail("legal-transitions", "is UNUSED, and plugged or added");
    if (state == plugged && (!all_plugged || some_added))
        return fail("legal-transitions", "is PLUGGED, and added, or not plugged");
    if (state == added && (!all_plugged || !some_added))
        return fail("legal-transitions", "is ADDED, and not plugged or not added");
    if (state == added && some_kept)
        return fail("rollback-restores-added", "is ADDED, and a page of it is PageOffline");
    if (state == fake_offline) return fail("rollback-restores-added", "is FAKE_OFFLINE");
}

}  // namespace vmemcheck::conformance
